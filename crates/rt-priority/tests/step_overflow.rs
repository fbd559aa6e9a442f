//! Chapter 9, part 4: how many have room, and what has none.

#[path = "queue/fill.rs"]
mod fill;

use std::iter;

use fill::{popped, push_each, task, within};
use rt_executor::{RunQueue, Stealable};
use rt_priority::Lanes;
use rt_steal::{CAPACITY, Ring};
use rt_task::Id;
use rt_task::Priority::{self, High, Low, Normal};

#[test]
fn each_class_has_room_of_its_own() {
    within(|| {
        let mut queue = Lanes::<Ring>::default();
        assert_eq!(Priority::ALL.map(|class| queue.room(class)), [CAPACITY; 3]);
        push_each(&mut queue, &[Normal; CAPACITY]);
        push_each(&mut queue, &[High, Low, Low]);
        let room = Priority::ALL.map(|class| queue.room(class));
        assert_eq!(room, [CAPACITY - 1, 0, CAPACITY - 2], "a full lane keeps other classes out");
    });
}

#[test]
fn only_the_lane_that_is_full_overflows() {
    within(|| {
        let mut queue = Lanes::<Ring>::default();
        let normal = push_each(&mut queue, &[Normal; CAPACITY]);
        let others = push_each(&mut queue, &[High, Low]);
        let (over, _handle) = task(Normal);
        let id = over.id();
        let back = queue.push(over).expect_err("a full lane took one more");
        let mut batch = queue.overflow(back);
        let moved: Vec<Id> = iter::from_fn(|| batch.pop_front()).map(|task| task.id()).collect();
        let older = &normal[..CAPACITY / 2];
        assert_eq!(moved, [older, &[id]].concat(), "the older half, and the one behind it");
        let left = popped(&mut queue);
        assert_eq!(left.len(), CAPACITY / 2 + 2, "tasks are lost, or come twice");
        assert!(others.iter().all(|other| left.contains(other)), "another lane overflowed");
    });
}

#[test]
fn one_whose_class_changes_between_push_and_overflow_is_not_lost() {
    within(|| {
        let mut queue = Lanes::<Ring>::default();
        push_each(&mut queue, &[Low; CAPACITY]);
        let (over, handle) = task(Low);
        let id = over.id();
        let back = queue.push(over).expect_err("a full lane took one more");
        handle.set_priority(High);
        assert!(queue.overflow(back).is_empty(), "there is room in its lane");
        assert_eq!(
            queue.pop().map(|task| task.id()),
            Some(id),
            "it is in no lane that is looked at"
        );
    });
}
