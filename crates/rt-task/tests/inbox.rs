//! The inbox: many push, one takes; nothing is lost, and the oldest comes first.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use rt_task::{Id, Inbox, Push, Task};
use rt_testkit::{ByHand, Tally};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

fn task() -> Task {
    Task::new(pending::<()>(), ByHand::new()).0
}

#[test]
fn the_oldest_comes_out_first() {
    within(|| {
        let inbox = Inbox::new();
        let tasks = [task(), task(), task()];
        let pushed: Vec<Id> = tasks.iter().map(|task| task.id()).collect();
        for task in tasks {
            let _ = inbox.push(task);
        }
        let mut taken = Vec::new();
        inbox.take(|task| taken.push(task.id()));
        assert_eq!(taken, pushed, "who came first is served later");
        assert!(inbox.is_empty());
    });
}

#[test]
fn only_the_first_push_asks_to_wake_the_owner() {
    within(|| {
        let inbox = Inbox::new();
        assert_eq!(inbox.push(task()), Push::First, "a sleeping owner is not woken: it hangs");
        assert_eq!(inbox.push(task()), Push::Follower, "every push signals the owner's thread");
        inbox.take(drop);
        assert_eq!(inbox.push(task()), Push::First, "the owner sleeps again, and is not woken");
    });
}

#[test]
fn a_task_may_come_again_after_it_was_taken() {
    within(|| {
        let inbox = Inbox::new();
        let mut next = Some(task());
        for _ in 0..3 {
            let task = next.take().expect("it came out");
            let _ = inbox.push(task);
            inbox.take(|task| next = Some(task));
        }
        assert!(inbox.is_empty() && next.is_some());
    });
}

#[test]
fn what_is_pushed_during_a_take_waits_for_the_next() {
    within(|| {
        let inbox = Inbox::new();
        let _ = inbox.push(task());
        let mut taken = 0;
        inbox.take(|_| {
            taken += 1;
            if taken < 10 {
                let _ = inbox.push(task());
            }
        });
        assert_eq!(taken, 1, "a task that respawns itself keeps the owner in the inbox for ever");
        assert!(!inbox.is_empty(), "what came during the take is lost");
    });
}

#[test]
fn an_inbox_that_is_dropped_cancels_what_is_in() {
    within(|| {
        let (inbox, tally) = (Inbox::default(), Tally::new());
        let handles: Vec<_> = (0..3)
            .map(|_| {
                let held = tally.witness();
                let (task, handle) = Task::new(async move { drop(held) }, ByHand::new());
                let _ = inbox.push(task);
                handle
            })
            .collect();
        drop(inbox);
        assert_eq!(tally.dropped(), 3, "a dropped inbox leaks futures");
        assert!(handles.iter().all(|handle| handle.is_finished()), "a joiner hangs");
    });
}

#[test]
fn a_panic_while_taking_cancels_the_rest() {
    within(|| {
        let (inbox, tally) = (Inbox::new(), Tally::new());
        for _ in 0..3 {
            let held = tally.witness();
            let _ = inbox.push(Task::new(async move { drop(held) }, ByHand::new()).0);
        }
        let taking = AssertUnwindSafe(|| {
            inbox.take(|_| std::panic::resume_unwind(Box::new("owner")));
        });
        assert!(catch_unwind(taking).is_err());
        assert_eq!(tally.dropped(), 3, "a panic in the owner leaks tasks");
    });
}

#[test]
fn nothing_is_lost_between_four_threads_and_the_owner() {
    within(|| {
        const THREADS: usize = 4;
        const EACH: usize = 500;
        let (inbox, start) = (Inbox::new(), Barrier::new(THREADS + 1));
        let mut taken: Vec<Id> = Vec::new();
        let mut pushed: Vec<Id> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        let push = |_| {
                            let task = task();
                            let id = task.id();
                            let _ = inbox.push(task);
                            id
                        };
                        (0..EACH).map(push).collect::<Vec<Id>>()
                    })
                })
                .collect();
            start.wait();
            let mut is_last = false;
            while !is_last {
                is_last = threads.iter().all(|thread| thread.is_finished());
                inbox.take(|task| taken.push(task.id()));
                thread::yield_now();
            }
            threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
        });
        pushed.sort();
        taken.sort();
        assert_eq!(taken, pushed, "a task was lost on its way, or came twice");
    });
}
