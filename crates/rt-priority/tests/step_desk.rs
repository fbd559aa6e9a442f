//! Chapter 9, part 5: what a worker asks of its queue: may this one run next, a queue for its local tasks, and
//! to begin again for the next runtime.

#[path = "queue/fill.rs"]
mod fill;

use fill::{classes, push_each, within};
use rt_executor::{RunQueue, Stealable, Victim};
use rt_priority::{Ageing, Lanes};
use rt_steal::Ring;
use rt_task::Priority::{self, High, Low, Normal};

#[test]
fn a_task_may_run_next_only_while_no_other_class_waits() {
    within(|| {
        for waits in Priority::ALL {
            let mut queue = Lanes::<Ring>::default();
            push_each(&mut queue, &[waits, waits]);
            for woken in Priority::ALL {
                let is_another = woken != waits;
                assert_eq!(
                    queue.has_others(woken),
                    is_another,
                    "a {woken:?} task was woken while {waits:?} ones wait"
                );
            }
        }
        assert!(!Lanes::<Ring>::default().has_others(High), "nobody waits at all");
    });
}

#[test]
fn a_class_that_has_run_out_holds_up_nobody_who_was_woken() {
    within(|| {
        let (mut owner, mut thief) = (Lanes::<Ring>::default(), Lanes::<Ring>::default());
        let stealer = owner.stealer();
        push_each(&mut owner, &[Low]);
        drop(owner.pop());
        assert!(!owner.has_others(Normal), "a class that has run out is said to wait");
        push_each(&mut owner, &[High, Normal]);
        assert!(owner.has_others(Normal));
        assert_eq!(thief.steal(&stealer), 1);
        assert!(!owner.has_others(Normal), "a class that thieves have emptied is said to wait");
    });
}

#[test]
fn a_queue_of_local_tasks_has_the_same_rule() {
    within(|| {
        let mut queue = Lanes::<Ring>::aged(Ageing::every(2));
        push_each(&mut queue, &[High, High, Low]);
        drop(queue.pop());
        let mut local = queue.local();
        push_each(&mut local, &[Low, High, High]);
        assert_eq!(classes(&mut local), [High, Low, High]);
    });
}

#[test]
fn a_queue_that_begins_again_has_the_rule_of_the_new_one() {
    within(|| {
        let mut queue = Lanes::<Ring>::aged(Ageing::every(50));
        let stealer = queue.stealer();
        queue.renew(Lanes::aged(Ageing::every(2)));
        push_each(&mut queue, &[Low, High, High]);
        assert!(!stealer.is_empty(), "the thieves look at another queue");
        assert_eq!(classes(&mut queue), [High, Low, High]);
    });
}
