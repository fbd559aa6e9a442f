//! Chapter 7, part 10: a poll that blocks gives the place of its worker away.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures::channel::oneshot;
use rt::runtime::{Builder, Handle, LocalRuntime, Runtime};
use rt::task::{self, block_in_place, yield_now};
use rt::time::sleep;
use rt_testkit::{Tally, within};

const LIMIT: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(30);

fn workers(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
}

fn here() -> ThreadId {
    thread::current().id()
}

#[test]
fn what_waits_for_the_only_worker_goes_on_while_a_poll_blocks() {
    within(LIMIT, || {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            let (sender, receiver) = mpsc::channel();
            let send = |what: &'static str| {
                let sender = sender.clone();
                move || sender.send(what).unwrap()
            };
            // In the ring, in the slot, on the wheel, and from outside, all behind this poll.
            let (ring, slot, timer, outside) =
                (send("ring"), send("slot"), send("timer"), send("outside"));
            drop(rt::spawn(async move { ring() }));
            drop(rt::spawn(async move {
                sleep(Duration::from_millis(1)).await;
                timer();
            }));
            drop(rt::spawn(async move { slot() }));
            let handle = Handle::current();
            let spawner = thread::spawn(move || drop(handle.spawn(async move { outside() })));
            let mut seen = block_in_place(|| [(); 4].map(|()| receiver.recv().unwrap()));
            spawner.join().unwrap();
            seen.sort_unstable();
            seen
        });
        assert_eq!(runtime.block_on(task).unwrap(), ["outside", "ring", "slot", "timer"]);
    });
}

#[test]
fn a_local_task_waits_for_the_closure_and_completes_on_its_own_thread() {
    within(LIMIT, || {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            let at_home = here();
            let local = task::spawn_local(async move {
                yield_now().await;
                here()
            });
            let (sender, receiver) = mpsc::channel();
            drop(rt::spawn(async move { sender.send(here()).unwrap() }));
            let replacement = block_in_place(|| receiver.recv().unwrap());
            assert_ne!(replacement, at_home, "the closure blocked the worker");
            assert!(!local.is_finished(), "a local task ran elsewhere, or the closure was no poll");
            assert_eq!(local.await.unwrap(), at_home, "a local task left its thread");
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn a_thread_without_a_place_goes_on_with_its_local_tasks_and_their_timers() {
    within(LIMIT, || {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            let at_home = here();
            let (sender, receiver) = mpsc::channel();
            drop(task::spawn_local(async move {
                for _ in 0..20 {
                    sleep(Duration::from_millis(1)).await;
                    assert_eq!(here(), at_home);
                }
                drop(task::spawn_local(async move { sender.send(here()).unwrap() }));
            }));
            block_in_place(|| ());
            (at_home, receiver)
        });
        let (at_home, receiver) = runtime.block_on(task).unwrap();
        assert_eq!(receiver.recv().unwrap(), at_home);
    });
}

#[test]
fn a_place_does_not_wait_behind_a_local_task_of_the_thread_that_is_called_to_it() {
    within(LIMIT, || {
        let runtime = workers(1);
        let (wake, woken) = oneshot::channel::<()>();
        let (gate, wait) = mpsc::channel::<()>();
        let leaves = runtime.spawn(async move {
            drop(task::spawn_local(async move {
                let _woken = woken.await;
                let _opened = wait.recv(); // a long poll
            }));
            yield_now().await; // the local task waits
            let (sender, receiver) = mpsc::channel();
            drop(rt::spawn(async move { sender.send(()).unwrap() }));
            block_in_place(|| receiver.recv().unwrap()); // until another thread has the place
        });
        runtime.block_on(leaves).unwrap();
        // Its thread has no place, and waits for one by now, or is about to.
        thread::sleep(Duration::from_millis(20));
        let task = runtime.spawn(async {
            let (sender, receiver) = mpsc::channel();
            drop(rt::spawn(async move { sender.send(()).unwrap() }));
            // Woken for its local task, and called to this place before it is awake.
            drop(wake);
            block_in_place(|| receiver.recv_timeout(LONG))
        });
        let served = runtime.block_on(task).unwrap();
        drop(gate);
        assert!(served.is_ok(), "nobody was at the place");
    });
}

#[test]
fn all_workers_may_block_at_once() {
    within(LIMIT, || {
        let runtime = workers(2);
        let gate = Arc::new(Barrier::new(9));
        let blocked: Vec<_> = (0..8)
            .map(|_| {
                let gate = gate.clone();
                runtime.spawn(async move { block_in_place(|| gate.wait()) })
            })
            .collect();
        let opens = runtime.spawn(async move { gate.wait() });
        runtime.block_on(async {
            for task in blocked {
                task.await.unwrap();
            }
            opens.await.unwrap();
        });
    });
}

#[test]
fn a_thousand_closures_one_after_the_other_need_few_threads() {
    within(LIMIT, || {
        let started = Arc::new(AtomicUsize::new(0));
        let count = started.clone();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .on_thread_start(move || {
                count.fetch_add(1, Ordering::Relaxed);
            })
            .build()
            .unwrap();
        let task = runtime.spawn(async {
            for _ in 0..1000 {
                // Somebody else must run while this one blocks.
                let (sender, receiver) = mpsc::channel();
                drop(rt::spawn(async move { sender.send(()).unwrap() }));
                block_in_place(|| receiver.recv().unwrap());
                yield_now().await;
            }
        });
        runtime.block_on(task).unwrap();
        let started = started.load(Ordering::Relaxed);
        // One blocks, one works; more if a thread is still on its way to the line when the next one blocks.
        assert!((2..50).contains(&started), "{started} threads");
    });
}

#[test]
fn in_the_closure_a_thread_may_block_on_a_runtime() {
    within(LIMIT, || {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            let nested = block_in_place(|| {
                let spawned = rt::spawn(async { 20 });
                Handle::current().block_on(async {
                    sleep(Duration::from_millis(1)).await;
                    let local = task::spawn_local(async { 20 });
                    spawned.await.unwrap() + local.await.unwrap()
                })
            });
            let other = block_in_place(|| rt::block_on(async { 2 }));
            nested + other
        });
        assert_eq!(runtime.block_on(task).unwrap(), 42);
    });
}

#[test]
fn after_the_closure_the_task_is_in_a_runtime_again() {
    within(LIMIT, || {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            let id = task::id();
            block_in_place(|| assert_eq!(task::id(), id, "another task"));
            block_in_place(|| block_in_place(|| ()));
            let nested = catch_unwind(|| Handle::current().block_on(async {}));
            assert!(nested.is_err(), "a worker may be blocked after the closure");
            assert_eq!(rt::spawn(async { 1 }).await.unwrap(), 1);
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn in_the_closure_operations_are_not_counted() {
    within(LIMIT, || {
        let runtime = workers(1);
        let task = runtime.spawn(async {
            for _ in 0..100 {
                task::consume_budget().await;
            }
            let in_closure = block_in_place(|| {
                (0..1000).all(|_| task::coop::has_budget_remaining() && spend_one())
            });
            assert!(in_closure, "the budget of the poll holds in the closure");
            let mut left = 0;
            while spend_one() {
                left += 1;
            }
            assert!(left <= 28, "the closure gave the poll {left} operations back");
        });
        runtime.block_on(task).unwrap();
    });

    /// Whether an operation was granted.
    fn spend_one() -> bool {
        let mut consume = std::pin::pin!(task::consume_budget());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        consume.as_mut().poll(&mut cx).is_ready()
    }
}

#[test]
fn a_panic_in_the_closure_is_the_tasks_and_the_worker_goes_on() {
    within(LIMIT, || {
        let runtime = workers(1);
        for _ in 0..10 {
            let task = runtime.spawn(async { block_in_place(|| resume_unwind(Box::new("oh"))) });
            let _: &task::JoinHandle<()> = &task;
            assert!(runtime.block_on(task).unwrap_err().is_panic());
            let next = runtime.spawn(async { catch_unwind(|| rt::block_on(async {})).is_err() });
            assert!(runtime.block_on(next).unwrap(), "a worker counts as one that may block");
        }
    });
}

#[test]
fn where_nobody_elses_tasks_run_it_is_a_plain_call() {
    within(LIMIT, || {
        assert_eq!(block_in_place(|| 1), 1, "outside of a runtime");
        let runtime = workers(1);
        {
            let _entered = runtime.enter();
            assert_eq!(block_in_place(|| 2), 2, "under a guard");
        }
        let root = here();
        let in_root = async { block_in_place(|| (here(), rt::block_on(async { 3 }))) };
        assert_eq!(runtime.block_on(in_root), (root, 3), "in a root");
        let job = runtime.spawn_blocking(|| block_in_place(|| 4));
        assert_eq!(runtime.block_on(job).unwrap(), 4, "in a job");
    });
}

#[test]
fn on_a_runtime_of_one_thread_it_says_what_to_do() {
    within(LIMIT, || {
        let message = |call: &dyn Fn()| {
            let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
            (*payload.downcast::<&str>().unwrap()).to_owned()
        };
        let misuse = async { block_in_place(|| unreachable!("it is not called")) };
        let _: &dyn Future<Output = ()> = &misuse;
        let runtime = Builder::new_current_thread().build().unwrap();
        let expected = "`task::block_in_place` on a current-thread runtime: nobody else could run its \
                        tasks meanwhile. Use `spawn_blocking`, or a multi-threaded runtime";
        let misused = std::cell::RefCell::new(Some(misuse));
        assert_eq!(message(&|| runtime.block_on(misused.take().unwrap())), expected);
        let local = LocalRuntime::new().unwrap();
        assert_eq!(message(&|| local.block_on(async { block_in_place(|| ()) })), expected);
    });
}

#[test]
fn a_guard_of_another_runtime_does_not_change_whose_place_it_is() {
    within(LIMIT, || {
        let (runtime, other) = (workers(1), Arc::new(workers(1)));
        let task = runtime.spawn({
            let other = other.clone();
            async move {
                let handle = Handle::current();
                let (sender, receiver) = mpsc::channel();
                drop(rt::spawn(async move {
                    sender.send(Handle::current().runtime_flavor()).unwrap();
                }));
                let _entered = other.enter();
                block_in_place(|| receiver.recv().unwrap());
                handle
            }
        });
        let handle = runtime.block_on(task).unwrap();
        // The thread that took over runs in the context of the runtime whose place it has.
        let (sender, receiver) = mpsc::channel();
        drop(handle.spawn(async move {
            drop(rt::spawn(async move { sender.send(()).unwrap() }));
        }));
        receiver.recv().unwrap();
        drop(other);
        drop(runtime);
    });
}

#[test]
fn the_end_drops_local_tasks_of_a_thread_without_a_place_at_home() {
    within(LIMIT, || {
        struct OnDrop(Arc<Mutex<Vec<ThreadId>>>);
        impl Drop for OnDrop {
            fn drop(&mut self) {
                self.0.lock().unwrap().push(here());
            }
        }
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let runtime = workers(1);
        let homes: Vec<_> = (0..3)
            .map(|_| {
                let held = OnDrop(dropped.clone());
                let task = runtime.spawn(async move {
                    drop(task::spawn_local(async move {
                        let _held = held;
                        pending::<()>().await;
                    }));
                    block_in_place(|| thread::sleep(Duration::from_millis(1)));
                    here()
                });
                runtime.block_on(task).unwrap()
            })
            .collect();
        drop(runtime);
        let (mut homes, mut dropped) = (homes, std::mem::take(&mut *dropped.lock().unwrap()));
        homes.sort_by_key(|id| format!("{id:?}"));
        dropped.sort_by_key(|id| format!("{id:?}"));
        assert_eq!(dropped, homes, "a local future was dropped elsewhere, or not at all");
    });
}

#[test]
fn a_shutdown_does_not_wait_for_a_closure_and_the_drop_does() {
    within(LIMIT, || {
        let runtime = workers(2);
        let (begun, has_begun) = mpsc::channel();
        let (gate, wait) = mpsc::channel::<()>();
        let blocks = task::Builder::new().name("blocks");
        let _entered = runtime.enter();
        let blocks = blocks.spawn(async move {
            block_in_place(|| {
                begun.send(()).unwrap();
                let _is_over = wait.recv();
            });
            7
        });
        drop(_entered);
        has_begun.recv().unwrap();
        let tally = Tally::new();
        let witness = tally.witness();
        drop(runtime.spawn(async move {
            let _held = witness;
            pending::<()>().await;
        }));
        let report = runtime.shutdown(Duration::from_millis(200));
        assert_eq!((report.cancelled, report.left.len()), (1, 1), "{report}");
        assert_eq!(report.left[0].name.as_deref(), Some("blocks"));
        assert_eq!(tally.dropped(), 1, "the others wait for it");
        drop(gate);
        assert_eq!(rt::parts::executor::block_on(blocks).unwrap(), 7);

        let runtime = workers(1);
        let ended = Arc::new(AtomicUsize::new(0));
        let (begun, has_begun) = mpsc::channel();
        let counted = ended.clone();
        drop(runtime.spawn(async move {
            block_in_place(|| {
                begun.send(()).unwrap();
                thread::sleep(Duration::from_millis(20));
                counted.fetch_add(1, Ordering::Relaxed);
            });
        }));
        has_begun.recv().unwrap();
        drop(runtime);
        assert_eq!(ended.load(Ordering::Relaxed), 1, "the drop did not wait");
    });
}

#[test]
fn a_runtime_may_be_dropped_in_a_closure_of_its_own() {
    within(LIMIT, || {
        let runtime = workers(2);
        let handle = runtime.handle().clone();
        let (sender, receiver) = mpsc::channel();
        let task = handle.spawn(async move {
            block_in_place(|| drop(runtime));
            sender.send(()).unwrap();
        });
        receiver.recv().unwrap();
        let _either = rt::parts::executor::block_on(task);
        let runtime = workers(1);
        let handle = runtime.handle().clone();
        let task = handle.spawn(async move { block_in_place(|| runtime.shutdown(LONG)) });
        let report = rt::parts::executor::block_on(task).unwrap();
        assert_eq!((report.completed, report.cancelled), (0, 0), "{report}");
    });
}

#[test]
fn closures_race_with_the_end_and_nobody_is_left() {
    within(LIMIT, || {
        for round in 0..200 {
            let runtime = workers(1 + round % 3);
            let tally = Tally::new();
            let spawned = 20;
            for number in 0..spawned {
                let witness = tally.witness();
                drop(runtime.spawn(async move {
                    let _held = witness;
                    drop(task::spawn_local(pending::<()>()));
                    for _ in 0..number % 4 {
                        block_in_place(thread::yield_now);
                        yield_now().await;
                    }
                    if number % 5 == 0 {
                        pending::<()>().await;
                    }
                }));
            }
            if round % 2 == 0 {
                thread::yield_now();
            }
            drop(runtime);
            assert_eq!(tally.dropped(), spawned, "in round {round}");
        }
    });
}

#[test]
fn in_a_hook_it_is_a_plain_call() {
    within(LIMIT, || {
        let (sender, called) = mpsc::channel();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .on_thread_park(move || {
                let _ = sender.send(block_in_place(|| 1));
            })
            .build()
            .unwrap();
        for _ in 0..100 {
            let task = runtime.spawn(sleep(Duration::from_micros(50)));
            runtime.block_on(task).unwrap();
        }
        assert_eq!(called.recv().unwrap(), 1);
    });
}

#[test]
fn who_blocks_in_place_finds_another_thread_also_behind_a_shutdown_that_waits_for_nobody() {
    within(LIMIT, || {
        let runtime = workers(1);
        let handle = runtime.handle().clone();
        let ((begun, has_begun), (gate, wait)) = (mpsc::channel(), mpsc::channel::<()>());
        let joins = runtime.spawn(async move {
            let waits = rt::spawn(std::future::pending::<()>()); // next on the only worker
            begun.send(()).unwrap();
            let _opened = wait.recv();
            // It was cancelled meanwhile; somebody must drop it.
            block_in_place(|| handle.block_on(waits)).unwrap_err().is_cancelled()
        });
        has_begun.recv().unwrap();
        runtime.shutdown_background();
        drop(gate);
        assert!(rt::parts::executor::block_on(joins).unwrap());
    });
}
