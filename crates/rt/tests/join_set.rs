//! Chapter 6, part 4: many tasks, joined as they end.

use std::future::{pending, poll_fn};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use rt::runtime::{Builder, Runtime};
use rt::task::{JoinSet, yield_now};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn every_task_is_joined_once() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set: JoinSet<usize> = (0..1000).map(|number| async move { number }).collect();
            assert_eq!(set.len(), 1000);
            let mut seen = vec![0; 1000];
            while let Some(outcome) = set.join_next().await {
                seen[outcome.unwrap()] += 1;
            }
            assert!(seen.iter().all(|times| *times == 1), "a task was joined twice or never");
            assert!(set.is_empty());
            assert!(set.join_next().await.is_none());
        });
    });
}

#[test]
fn tasks_are_joined_in_the_order_in_which_they_end() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            for number in 0..5 {
                set.spawn(async move {
                    rt::time::sleep(Duration::from_secs(5 - number)).await;
                    number
                });
            }
            rt::time::pause();
            assert_eq!(set.join_all().await, [4, 3, 2, 1, 0]);
        });
    });
}

#[test]
fn tasks_that_ended_before_anybody_asked_are_joined_in_the_order_of_their_ends() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            for number in 0..3 {
                set.spawn(async move {
                    for _ in number..3 {
                        yield_now().await;
                    }
                    number
                });
            }
            for _ in 0..10 {
                yield_now().await;
            }
            assert_eq!(set.join_all().await, [2, 1, 0], "the last that was spawned ended first");
        });
    });
}

#[test]
fn join_next_waits_and_is_cancel_safe() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            let (sender, receiver) = oneshot::channel();
            set.spawn(receiver);
            assert!(set.join_next().now_or_never().is_none());
            assert!(set.try_join_next().is_none(), "nobody is done");
            sender.send("late").unwrap();
            yield_now().await;
            assert_eq!(set.join_next().await.unwrap().unwrap(), Ok("late"));
        });
    });
}

#[test]
fn try_join_next_gives_what_is_there_and_never_waits() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            set.spawn(async { 1 });
            assert!(set.try_join_next().is_none());
            yield_now().await;
            assert_eq!(set.try_join_next().unwrap().unwrap(), 1);
            assert!(set.try_join_next().is_none());
        });
    });
}

#[test]
fn the_number_of_the_task_comes_along() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            let good = set.spawn(async { 1 }).id();
            let bad = set.spawn(async { panic!("task 2 gives up") }).id();
            let mut numbers = Vec::new();
            while let Some(outcome) = set.join_next_with_id().await {
                numbers.push(outcome.map_or_else(|error| error.id(), |(id, _)| id));
            }
            assert_eq!(numbers, [good, bad]);
        });
    });
}

#[test]
fn try_join_next_with_id_says_whose_outcome_is_there() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            let good = set.spawn(async { 1 }).id();
            let bad = set.spawn(pending()).id();
            assert!(set.try_join_next_with_id().is_none(), "nobody ran yet");
            yield_now().await;
            assert_eq!(set.try_join_next_with_id().unwrap().unwrap(), (good, 1));
            assert!(set.try_join_next_with_id().is_none(), "the other one waits");
            set.abort_all();
            yield_now().await;
            assert_eq!(set.try_join_next_with_id().unwrap().unwrap_err().id(), bad);
        });
    });
}

#[test]
fn dropping_the_set_aborts_its_tasks() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let held = Arc::new(());
            let mut set = JoinSet::new();
            for _ in 0..10 {
                let held = held.clone();
                set.spawn(async move {
                    pending::<()>().await;
                    drop(held);
                });
            }
            yield_now().await;
            drop(set);
            yield_now().await;
            assert_eq!(Arc::strong_count(&held), 1, "a task outlived its set");
        });
    });
}

#[test]
fn abort_all_leaves_the_tasks_to_be_joined_and_shutdown_joins_them() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            set.spawn(pending::<()>());
            set.spawn(pending::<()>());
            set.abort_all();
            assert_eq!(set.len(), 2);
            assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
            set.shutdown().await;
            assert!(set.is_empty());
        });
    });
}

#[test]
fn one_task_of_a_set_can_be_aborted() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            let abort = set.spawn(pending::<u32>());
            set.spawn(async { 1 });
            abort.abort();
            let mut outcomes = Vec::new();
            while let Some(outcome) = set.join_next().await {
                outcomes.push(outcome.ok());
            }
            outcomes.sort_unstable();
            assert_eq!(outcomes, [None, Some(1)]);
        });
    });
}

#[test]
fn detached_tasks_run_on() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let (sender, receiver) = oneshot::channel();
            let mut set = JoinSet::new();
            set.spawn(async move {
                yield_now().await;
                sender.send(1).unwrap();
            });
            set.detach_all();
            assert!(set.is_empty());
            drop(set);
            assert_eq!(receiver.await, Ok(1), "a detached task was aborted");
        });
    });
}

#[test]
fn join_all_gives_the_panic_of_a_task_to_the_caller() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            set.spawn(async { panic!("one of many") });
            let payload = AssertUnwindSafe(set.join_all()).catch_unwind().await.unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&"one of many"));
        });
    });
}

#[test]
fn a_set_takes_local_tasks_and_tasks_of_other_runtimes() {
    within(LIMIT, || {
        let other = one_thread();
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            let shared = Rc::new(20);
            set.spawn_local(async move { *shared });
            assert_eq!(set.join_next().await.unwrap().unwrap(), 20);

            set.spawn_on(async { 22 }, other.handle());
            yield_now().await;
            assert!(set.try_join_next().is_none(), "a task ran on a runtime that is not its own");
            let thread = std::thread::spawn(move || other.block_on(yield_now()));
            assert_eq!(set.join_next().await.unwrap().unwrap(), 22);
            thread.join().unwrap();
        });
    });
}

#[test]
fn a_set_that_is_always_ready_lets_other_tasks_run() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut set: JoinSet<()> = (0..2000).map(|_| async {}).collect();
            for _ in 0..100 {
                yield_now().await; // all are done now
            }
            let other = rt::spawn(async {});
            let joined = async {
                let mut joined = 0;
                while !other.is_finished() && set.join_next().await.is_some() {
                    joined += 1;
                }
                joined
            };
            let joined = joined.await;
            assert!(joined < 1000, "a task waited for {joined} joins of another");
        });
    });
}

/// Polls the set, does what is asked while it waits, and says whether the first member is joined by its
/// own wake: nothing else here polls again.
fn joined_although(meanwhile: impl FnOnce(&mut JoinSet<u32>) + Send + 'static) {
    within(LIMIT, || {
        one_thread().block_on(async {
            let (end, ends) = oneshot::channel();
            let mut set = JoinSet::new();
            set.spawn(async move { ends.await.unwrap() });
            let mut meanwhile = Some(meanwhile);
            let joined = poll_fn(move |cx| {
                let polled = set.poll_join_next(cx);
                if let Some(meanwhile) = meanwhile.take() {
                    assert!(polled.is_pending());
                    meanwhile(&mut set);
                }
                polled
            });
            let joined = rt::spawn(joined);
            yield_now().await;
            yield_now().await;
            end.send(7).unwrap();
            assert_eq!(joined.await.unwrap().unwrap().unwrap(), 7);
        });
    });
}

#[test]
fn who_waits_for_the_set_is_woken_also_after_another_spawn() {
    joined_although(|set| drop(set.spawn(pending())));
}

#[test]
fn who_waits_for_the_set_is_woken_also_after_a_try() {
    joined_although(|set| assert!(set.try_join_next().is_none()));
}

#[test]
fn who_waits_for_the_set_is_told_of_a_spawn_that_is_refused() {
    within(LIMIT, || {
        let gone = one_thread().handle().clone();
        one_thread().block_on(async {
            let mut set = JoinSet::new();
            set.spawn(pending::<()>());
            let mut is_first = true;
            let joined = poll_fn(|cx| {
                let polled = set.poll_join_next(cx);
                if std::mem::take(&mut is_first) {
                    set.spawn_on(pending(), &gone);
                }
                polled
            });
            assert!(joined.await.unwrap().unwrap_err().is_cancelled());
        });
    });
}
