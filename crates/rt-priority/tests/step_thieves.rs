//! Chapter 9, part 3: what thieves take of which class, and what they leave behind.

#[path = "queue/fill.rs"]
mod fill;

use fill::{classes, popped, push_each, within};
use rt_executor::{RunQueue, Stealable, Victim};
use rt_priority::Lanes;
use rt_steal::{CAPACITY, Ring};
use rt_task::Priority::{self, High, Low, Normal};

#[test]
fn a_thief_takes_half_of_the_most_urgent_class() {
    within(|| {
        let (mut owner, mut thief) = (Lanes::<Ring>::default(), Lanes::<Ring>::default());
        let stealer = owner.stealer();
        assert!(stealer.is_empty());
        assert_eq!(thief.steal(&stealer), 0, "there was nothing to take");
        let low = push_each(&mut owner, &[Low; 4]);
        let high = push_each(&mut owner, &[High; 4]);
        assert!(!stealer.is_empty());
        assert_eq!(thief.steal(&stealer), 2);
        assert_eq!(popped(&mut thief), high[..2], "the oldest of the highest class");
        assert_eq!(thief.steal(&stealer), 1);
        assert_eq!(thief.steal(&stealer), 1);
        assert_eq!(thief.steal(&stealer), 2, "then those of the next one");
        assert_eq!(popped(&mut thief), [high[2], high[3], low[0], low[1]]);
        assert_eq!(popped(&mut owner), low[2..]);
    });
}

#[test]
fn what_a_thief_took_keeps_its_class() {
    within(|| {
        let (mut owner, mut thief) = (Lanes::<Ring>::default(), Lanes::<Ring>::default());
        let stealer = owner.stealer();
        push_each(&mut thief, &[Normal]);
        for class in [Low, High] {
            push_each(&mut owner, &[class]);
            assert_eq!(thief.steal(&stealer), 1);
            assert!(!thief.is_empty(), "the thief sleeps on what it took");
        }
        assert_eq!(classes(&mut thief), [High, Normal, Low]);
    });
}

#[test]
fn a_thief_that_has_no_room_for_one_class_takes_of_the_next() {
    within(|| {
        let (mut owner, mut thief) = (Lanes::<Ring>::default(), Lanes::<Ring>::default());
        let stealer = owner.stealer();
        push_each(&mut thief, &[High; CAPACITY]);
        push_each(&mut owner, &[High, Low, Low]);
        assert_eq!(thief.steal(&stealer), 1, "a thief went away with nothing, beside two tasks");
        assert_eq!(classes(&mut owner), [High, Low]);
        assert_eq!(classes(&mut thief).len(), CAPACITY + 1);
    });
}

#[test]
fn a_look_from_outside_sees_every_class() {
    within(|| {
        for class in Priority::ALL {
            let mut owner = Lanes::<Ring>::default();
            let stealer = owner.stealer();
            assert!(stealer.is_empty(), "there is nothing to steal");
            let before = stealer.mark();
            push_each(&mut owner, &[class]);
            assert!(!stealer.is_empty(), "a worker sleeps beside a {class:?} task");
            assert_eq!(stealer.len(), 1, "a {class:?} task is not seen in the depth of the queue");
            assert!(!stealer.lasts(before), "a {class:?} task is taken that has just come");
            let behind = stealer.mark();
            assert!(stealer.lasts(behind), "a {class:?} task that lasts is left");
            drop(owner.pop());
            assert!(stealer.is_empty() && !stealer.lasts(behind), "a {class:?} task is gone");
        }
    });
}

#[test]
fn a_thief_that_takes_what_lasts_passes_a_class_where_nothing_does() {
    within(|| {
        let (mut owner, mut thief) = (Lanes::<Ring>::default(), Lanes::<Ring>::default());
        let stealer = owner.stealer();
        let low = push_each(&mut owner, &[Low; 2]);
        push_each(&mut owner, &[High]);
        let mark = stealer.mark();
        assert!(stealer.lasts(mark));
        drop(owner.pop()); // the High one
        let later = push_each(&mut owner, &[High]);
        assert_eq!(thief.steal_what_lasts(&stealer, mark), 1);
        assert_eq!(popped(&mut thief), low[..1], "what was taken had not lasted");
        assert_eq!(thief.steal_what_lasts(&stealer, mark), 1);
        assert!(!stealer.lasts(mark));
        assert_eq!(thief.steal_what_lasts(&stealer, mark), 0);
        assert_eq!(popped(&mut owner), later);
    });
}

#[test]
fn what_thieves_have_emptied_holds_nobody_up() {
    within(|| {
        let (mut owner, mut thief) = (Lanes::<Ring>::default(), Lanes::<Ring>::default());
        let stealer = owner.stealer();
        push_each(&mut owner, &[High]);
        let low = push_each(&mut owner, &[Low]);
        assert_eq!(thief.steal(&stealer), 1);
        assert_eq!(owner.pop().map(|task| task.id()), Some(low[0]), "the owner finds nothing");
        assert!(owner.is_empty() && owner.pop().is_none());
        // A lane that was emptied, and whose owner has seen that, is a lane like before.
        let ids = push_each(&mut owner, &[Normal, High]);
        assert_eq!(popped(&mut owner), [ids[1], ids[0]]);
    });
}
