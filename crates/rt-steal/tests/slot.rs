//! Chapter 7, part 4: the slot. One task, put by its owner, taken by anybody, once.

use std::future::pending;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rt_steal::Slot;
use rt_task::{Id, Task};
use rt_testkit::{ByHand, Tally};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
}

fn task() -> Task {
    Task::new(pending::<()>(), ByHand::new()).0
}

/// Ends the threads of a test, also of one that fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn what_is_put_can_be_taken_once() {
    within(|| {
        let mut slot = Slot::new();
        assert!(slot.is_empty() && slot.take().is_none(), "[LS2] a task that nobody put");
        let one = task();
        let id = one.id();
        assert!(slot.put(one).is_none(), "[LS2] nothing stood there");
        assert!(!slot.is_empty() && !slot.taker().is_empty(), "[LS2] nobody sees the task");
        assert_eq!(slot.take().map(|task| task.id()), Some(id), "[LS1] the task is lost");
        let again = slot.take().or_else(|| slot.taker().take());
        assert!(slot.is_empty() && again.is_none(), "[LS1] a task is taken twice");
    });
}

#[test]
fn a_put_gives_back_the_one_that_stood_there() {
    within(|| {
        let mut slot = Slot::default();
        let mut before = None;
        for _ in 0..5 {
            let task = task();
            let id = task.id();
            assert_eq!(
                slot.put(task).map(|task| task.id()),
                before,
                "[LS1] a task was overwritten"
            );
            before = Some(id);
        }
        assert_eq!(slot.take().map(|task| task.id()), before, "[LS1] the newest is lost");
    });
}

#[test]
fn another_thread_takes_what_the_owner_has_put() {
    within(|| {
        let mut slot = Slot::new();
        let (taker, one) = (slot.taker(), task());
        let id = one.id();
        let _ = slot.put(one);
        let there = thread::spawn(move || (taker.take().map(|task| task.id()), taker.is_empty()));
        assert_eq!(
            there.join().expect("no panic"),
            (Some(id), true),
            "[LS1] it waits for a long poll"
        );
        assert!(slot.take().is_none(), "[LS1] the owner polls what another thread polls");
        assert!(slot.put(task()).is_none(), "[LS1] the slot can not be used again");
    });
}

#[test]
fn a_slot_that_is_dropped_cancels_what_stands_there() {
    within(|| {
        let (mut slot, tally) = (Slot::new(), Tally::new());
        let held = tally.witness();
        let (task, handle) = Task::new(async move { drop(held) }, ByHand::new());
        let _ = slot.put(task);
        let taker = slot.taker();
        drop(slot);
        assert_eq!(tally.dropped(), 1, "a dropped slot leaks a future");
        assert!(handle.is_finished(), "a joiner hangs");
        assert!(taker.take().is_none(), "[LS1] a task is polled after its end");
    });
}

#[test]
fn nothing_is_lost_and_nothing_comes_twice_between_an_owner_and_two_takers() {
    within(|| {
        const TASKS: usize = 20_000;
        let mut slot = Slot::new();
        let takers = [slot.taker(), slot.taker()];
        let (start, is_over) = (Barrier::new(3), AtomicBool::new(false));
        let (mut pushed, mut got): (Vec<Id>, Vec<Id>) = (Vec::new(), Vec::new());
        thread::scope(|scope| {
            let over = Over(&is_over);
            let threads = takers.map(|taker| {
                let (start, is_over) = (&start, &is_over);
                scope.spawn(move || {
                    start.wait();
                    let mut got = Vec::new();
                    while !is_over.load(Ordering::Relaxed) {
                        got.extend(taker.take().map(|task| task.id()));
                    }
                    got
                })
            });
            start.wait();
            for number in 0..TASKS {
                let task = task();
                pushed.push(task.id());
                got.extend(slot.put(task).map(|task| task.id()));
                if number % 3 == 0 {
                    got.extend(slot.take().map(|task| task.id()));
                }
            }
            drop(over);
            got.extend(threads.into_iter().flat_map(|thread| thread.join().expect("no panic")));
        });
        got.extend(slot.take().map(|task| task.id()));
        pushed.sort();
        got.sort();
        assert_eq!(got, pushed, "[LS1] a task was lost in the slot, or taken twice");
    });
}
