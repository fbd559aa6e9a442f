//! Chapter 9: who is polled before whom, and what becomes of a class that is changed.

mod priorities {
    pub(crate) mod start;
}

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use rt::runtime::{Builder, LocalRuntime};
use rt::task::Priority::{self, High, Low, Normal};
use rt::task::{JoinHandle, yield_now};
use rt_testkit::within;

use crate::priorities::start::{inside, one_thread, spawn, workers};

const LIMIT: Duration = Duration::from_secs(60);

/// The classes of those that were polled, in order.
#[derive(Clone, Default)]
struct Log {
    polls: Arc<Mutex<Vec<Priority>>>,
    is_over: Arc<AtomicBool>,
}

impl Log {
    fn note(&self, class: Priority) {
        self.polls.lock().unwrap().push(class);
    }

    fn len(&self) -> usize {
        self.polls.lock().unwrap().len()
    }

    fn take(&self) -> Vec<Priority> {
        std::mem::take(&mut *self.polls.lock().unwrap())
    }

    /// Wakes itself until it is over, and is noted at each poll.
    async fn endless(self, class: Priority) {
        while !self.is_over.load(Ordering::Relaxed) {
            self.note(class);
            yield_now().await;
        }
    }

    async fn once(self, class: Priority) {
        self.note(class);
    }
}

#[test]
fn the_slot_lets_no_low_task_pass_a_high_one() {
    within(LIMIT, || {
        let (runtime, log) = (workers(1, 1_000), Log::default());
        let inner = log.clone();
        inside(&runtime, async move {
            // Each takes the slot, and puts the one before it into the queue.
            for class in [High, Low, High, Normal, Low] {
                drop(spawn(class, inner.clone().once(class)));
            }
        });
        inside(&runtime, yield_now());
        while log.len() < 5 {
            thread::yield_now();
        }
        assert_eq!(log.take(), [High, High, Normal, Low, Low], "spawned, the last one Low");

        let (wakes, woken): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel::<()>()).unzip();
        let inner = log.clone();
        inside(&runtime, async move {
            let tasks = woken.into_iter().zip([Low, High, Low]).map(|(woken, class)| {
                let log = inner.clone();
                spawn(class, async move {
                    woken.await.unwrap();
                    log.note(class);
                })
            });
            let tasks: Vec<JoinHandle<()>> = tasks.collect();
            yield_now().await; // all of them wait
            yield_now().await;
            wakes.into_iter().for_each(|wakes| wakes.send(()).unwrap());
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(log.take(), [High, Low, Low], "woken, the last one Low");
    });
}

/// What a task does to be polled three times: it yields, and it is woken by a thread.
async fn yields_and_waits(log: Log, woken: oneshot::Receiver<()>) {
    log.note(High);
    yield_now().await;
    log.note(High);
    woken.await.unwrap();
    log.note(High);
}

#[test]
fn a_task_keeps_its_class_when_it_yields_is_woken_and_is_aborted() {
    within(LIMIT, || {
        for runtime in [one_thread(1_000), workers(1, 1_000)] {
            let log = Log::default();
            let inner = log.clone();
            let body = async move {
                let (wakes, woken) = oneshot::channel();
                let lows: Vec<_> = (0..3).map(|_| spawn(Low, inner.clone().endless(Low))).collect();
                let high = spawn(High, yields_and_waits(inner.clone(), woken));
                while inner.len() < 20 {
                    yield_now().await;
                }
                let order = inner.take();
                assert_eq!((order[0], order[1]), (High, High), "it yielded, and came later");
                thread::spawn(move || wakes.send(()).unwrap()).join().unwrap();
                assert_eq!(high.priority(), High);
                let aborted = spawn(High, pending::<()>());
                yield_now().await;
                aborted.abort();
                assert_eq!(aborted.priority(), High, "an abort changes the class");
                let (task, handle) = (aborted, high.abort_handle());
                assert!(task.await.unwrap_err().is_cancelled());
                high.await.unwrap();
                assert_eq!(handle.priority(), High, "its end changes the class");
                inner.is_over.store(true, Ordering::Relaxed);
                for low in lows {
                    low.await.unwrap();
                }
            };
            // Of the class that is first, so that only High tasks come before it.
            let entered = runtime.enter();
            let task = spawn(High, body);
            drop(entered);
            runtime.block_on(task).unwrap();
        }
    });
}

/// Dropped in the order in which they are polled: an abort goes through the queue.
#[test]
fn an_aborted_task_is_dropped_in_the_order_of_its_class() {
    struct Notes(Log, Priority);
    impl Drop for Notes {
        fn drop(&mut self) {
            self.0.note(self.1);
        }
    }
    within(LIMIT, || {
        for runtime in [one_thread(1_000), workers(1, 1_000)] {
            let log = Log::default();
            let inner = log.clone();
            inside(&runtime, async move {
                let tasks = [Low, Normal, High].map(|class| {
                    let notes = Notes(inner.clone(), class);
                    spawn(class, async move {
                        let _notes = notes;
                        pending::<()>().await;
                    })
                });
                while tasks.iter().any(|task| task.task().word().is_queued()) {
                    yield_now().await;
                }
                tasks.iter().for_each(JoinHandle::abort);
                for task in tasks {
                    assert!(task.await.unwrap_err().is_cancelled());
                }
            });
            assert_eq!(log.take(), [High, Normal, Low]);
        }
    });
}

#[test]
fn a_class_that_is_changed_while_the_task_is_queued_counts_from_its_next_queueing() {
    within(LIMIT, || {
        for runtime in [one_thread(1_000), workers(1, 1_000)] {
            let order = Arc::new(Mutex::new(Vec::new()));
            let seen = order.clone();
            inside(&runtime, async move {
                let twice = |name: &'static str, class| {
                    let seen = seen.clone();
                    spawn(class, async move {
                        seen.lock().unwrap().push(name);
                        yield_now().await;
                        seen.lock().unwrap().push(name);
                    })
                };
                let (a, b, c) = (twice("a", Low), twice("b", Low), twice("c", Normal));
                a.set_priority(High);
                b.abort_handle().set_priority(Normal);
                for task in [a, b, c] {
                    task.await.unwrap();
                }
            });
            // In the lanes in which they stood, and then in the new ones.
            assert_eq!(*order.lock().unwrap(), ["c", "c", "a", "a", "b", "b"]);
        }
    });
}

#[test]
fn a_class_that_is_changed_all_the_time_loses_no_task() {
    within(LIMIT, || {
        for runtime in [one_thread(2), workers(2, 2)] {
            let yields = || async {
                for _ in 0..200 {
                    yield_now().await;
                }
            };
            let tasks: Vec<_> = {
                let _entered = runtime.enter();
                (0..600).map(|number| spawn(Priority::ALL[number % 3], yields())).collect()
            };
            let aborts: Vec<_> = tasks.iter().map(JoinHandle::abort_handle).collect();
            let is_over = Arc::new(AtomicBool::new(false));
            let over = is_over.clone();
            let changes = thread::spawn(move || {
                for round in 0.. {
                    for (number, task) in aborts.iter().enumerate() {
                        task.set_priority(Priority::ALL[(number + round) % 3]);
                    }
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
            runtime.block_on(async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
            is_over.store(true, Ordering::Relaxed);
            changes.join().unwrap();
        }
    });
}

/// Spawns local tasks of all classes, and says in which order they are polled.
async fn local_order() -> Vec<Priority> {
    let log = Log::default();
    let spawn =
        |class| rt::task::Builder::new().priority(class).spawn_local(log.clone().once(class));
    let tasks = [Low, High, Normal, High].map(spawn);
    for task in tasks {
        task.await.unwrap();
    }
    log.take()
}

#[test]
fn local_tasks_have_classes_wherever_they_run() {
    within(LIMIT, || {
        let expected = [High, Low, High, Normal]; // each second poll is a lower one's

        let local: LocalRuntime =
            Builder::new_current_thread().priority_ageing(2).build_local().unwrap();
        assert_eq!(local.block_on(local_order()), expected, "on a local runtime");
        let one = one_thread(2);
        assert_eq!(one.block_on(local_order()), expected, "in `block_on` on one thread");
        let many = workers(2, 2);
        assert_eq!(many.block_on(local_order()), expected, "in `block_on` beside workers");
        assert_eq!(inside(&many, local_order()), expected, "on a worker");
        // And when a worker has left its place: whoever takes over has such a queue, too.
        let order = inside(&workers(1, 2), async {
            rt::task::block_in_place(|| ());
            let task = rt::spawn(local_order());
            task.await.unwrap()
        });
        assert_eq!(order, expected, "on a worker that is not the first at its desk");
    });
}

#[test]
#[should_panic(expected = "`Builder::priority_ageing` is 0: no lower class would ever be polled")]
fn an_ageing_of_never_is_refused() {
    Builder::new_current_thread().priority_ageing(0);
}
