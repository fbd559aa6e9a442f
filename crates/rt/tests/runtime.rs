//! Chapter 6, part 1: a runtime, and who runs its tasks.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use rt::runtime::{Builder, Handle, Runtime};
use rt::task::yield_now;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// A future that is dropped, or a value: it says so.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn block_on_gives_the_output_of_its_future() {
    within(LIMIT, || {
        assert_eq!(one_thread().block_on(async { 6 * 7 }), 42);
        let runtime = one_thread();
        assert_eq!(runtime.block_on(async { "a" }), "a");
        assert_eq!(runtime.block_on(async { "b" }), "b", "a runtime is there for many calls");
    });
}

#[test]
fn the_future_of_block_on_may_borrow_and_need_not_be_send() {
    within(LIMIT, || {
        let shared = std::rc::Rc::new(std::cell::Cell::new(1));
        let borrowed = &shared;
        one_thread().block_on(async {
            borrowed.set(2);
            yield_now().await;
            borrowed.set(borrowed.get() + 1);
        });
        assert_eq!(shared.get(), 3);
    });
}

#[test]
fn a_task_spawned_before_block_on_runs_only_inside_of_it() {
    within(LIMIT, || {
        let has_run = Arc::new(AtomicBool::new(false));
        let runtime = one_thread();
        let task = runtime.spawn({
            let has_run = has_run.clone();
            async move { has_run.store(true, Ordering::SeqCst) }
        });
        assert!(
            !has_run.load(Ordering::SeqCst),
            "a task ran although nobody blocks on the runtime"
        );
        runtime.block_on(task).unwrap();
        assert!(has_run.load(Ordering::SeqCst), "the task was joined and has not run");
    });
}

#[test]
fn a_task_whose_handle_was_dropped_runs_all_the_same() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let (sender, receiver) = oneshot::channel();
            drop(rt::spawn(async move { sender.send("detached").unwrap() }));
            assert_eq!(receiver.await, Ok("detached"), "dropping a handle cancelled the task");
        });
    });
}

#[test]
fn tasks_run_in_the_order_in_which_they_were_spawned_and_take_turns() {
    within(LIMIT, || {
        let trace = Arc::new(Mutex::new(String::new()));
        one_thread().block_on(async {
            let spawned: Vec<_> =
                "abc".chars().map(|name| rt::spawn(twice(name, &trace))).collect();
            for task in spawned {
                task.await.unwrap();
            }
        });
        assert_eq!(*trace.lock().unwrap(), "abcabc");
    });
}

fn twice(name: char, trace: &Arc<Mutex<String>>) -> impl Future<Output = ()> + Send + use<> {
    let trace = trace.clone();
    async move {
        trace.lock().unwrap().push(name);
        yield_now().await;
        trace.lock().unwrap().push(name);
    }
}

#[test]
fn the_root_is_polled_when_it_is_woken_and_not_whenever_a_task_is() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let busy = rt::spawn(async {
                for _ in 0..1000 {
                    yield_now().await;
                }
            });
            let polls = AtomicUsize::new(0);
            let mut busy = pin!(busy);
            let joined = poll_fn(|cx| {
                polls.fetch_add(1, Ordering::SeqCst);
                busy.as_mut().poll(cx)
            });
            joined.await.unwrap();
            assert_eq!(polls.load(Ordering::SeqCst), 2, "a task's wake polled the root as well");
        });
    });
}

#[test]
fn what_is_not_done_waits_for_the_next_block_on() {
    within(LIMIT, || {
        let runtime = one_thread();
        let (sender, receiver) = oneshot::channel();
        let task = runtime.spawn(async move { receiver.await.unwrap() + 1 });
        runtime.block_on(yield_now());
        assert!(!task.is_finished());
        sender.send(1).unwrap(); // nobody blocks on the runtime: the wake must be kept
        assert!(!task.is_finished(), "a wake polled the task");
        assert_eq!(runtime.block_on(task).unwrap(), 2, "a wake between two calls was lost");
    });
}

#[test]
fn a_timer_whose_time_comes_between_two_calls_fires_in_the_next() {
    within(LIMIT, || {
        let runtime = one_thread();
        let task = runtime.spawn(rt::time::sleep(Duration::from_millis(1)));
        runtime.block_on(yield_now());
        sleep_without_a_runtime(Duration::from_millis(3));
        runtime.block_on(task).unwrap();
    });
}

/// Passes time on this thread, without any runtime.
fn sleep_without_a_runtime(duration: Duration) {
    rt::parts::executor::block_on(rt::time::sleep(duration));
}

#[test]
fn the_runtime_may_be_driven_and_dropped_on_any_thread() {
    within(LIMIT, || {
        let runtime = one_thread();
        let (sender, receiver) = oneshot::channel::<()>();
        let task = runtime.spawn(receiver);
        runtime.block_on(yield_now());
        let runtime = thread::spawn(move || {
            sender.send(()).unwrap();
            runtime.block_on(task).unwrap().unwrap();
            runtime
        });
        drop(runtime.join().unwrap());
    });
}

#[test]
fn of_two_threads_one_drives_and_the_other_takes_over() {
    within(LIMIT, || {
        let runtime = Arc::new(one_thread());
        let where_it_ran = || async { thread::current().id() };

        let (first_runs, is_first_running) = mpsc::channel();
        let (end_first, first_may_end) = oneshot::channel::<()>();
        let first = thread::spawn({
            let runtime = runtime.clone();
            move || {
                runtime.block_on(async {
                    first_runs.send(()).unwrap();
                    first_may_end.await.unwrap();
                });
            }
        });
        is_first_running.recv().unwrap();

        let (second_runs, is_second_running) = mpsc::channel();
        let (end_second, second_may_end) = oneshot::channel::<()>();
        let second = thread::spawn({
            let runtime = runtime.clone();
            move || {
                runtime.block_on(async {
                    second_runs.send(()).unwrap();
                    second_may_end.await.unwrap();
                });
            }
        });
        is_second_running.recv().unwrap();

        let by_first = rt::parts::executor::block_on(runtime.spawn(where_it_ran())).unwrap();
        assert_eq!(by_first, first.thread().id(), "the thread that came first drives");
        end_first.send(()).unwrap();
        first.join().unwrap();

        let by_second = rt::parts::executor::block_on(runtime.spawn(where_it_ran())).unwrap();
        assert_eq!(by_second, second.thread().id(), "the thread that waited took over");
        end_second.send(()).unwrap();
        second.join().unwrap();
    });
}

#[test]
fn a_thread_that_waits_for_the_seat_goes_on_with_what_is_its_own() {
    within(LIMIT, || {
        let runtime = Arc::new(one_thread());
        let (is_inside, inside) = mpsc::channel();
        let (let_go, may_go) = mpsc::channel::<()>();
        let driver = thread::spawn({
            let runtime = runtime.clone();
            move || {
                runtime.block_on(async {
                    is_inside.send(()).unwrap();
                    may_go.recv().unwrap(); // a long poll: nobody drives meanwhile
                });
            }
        });
        inside.recv().unwrap();
        let output = runtime.block_on(async {
            let local = rt::spawn_local(async {
                yield_now().await;
                thread::current().id()
            });
            yield_now().await;
            local.await.unwrap()
        });
        assert_eq!(output, thread::current().id(), "a local task ran elsewhere");
        let_go.send(()).unwrap();
        driver.join().unwrap();
    });
}

#[test]
fn the_timers_of_a_thread_that_waits_are_kept_by_the_one_that_drives() {
    within(LIMIT, || {
        let runtime = Arc::new(one_thread());
        let (is_driving, driving) = mpsc::channel();
        let (end, may_end) = oneshot::channel::<()>();
        let driver = thread::spawn({
            let runtime = runtime.clone();
            move || {
                runtime.block_on(async {
                    is_driving.send(()).unwrap();
                    may_end.await.unwrap(); // and sleeps without a deadline
                });
            }
        });
        driving.recv().unwrap();
        runtime.block_on(rt::time::sleep(Duration::from_millis(5)));
        end.send(()).unwrap();
        driver.join().unwrap();
    });
}

#[test]
fn a_timer_of_a_thread_that_waits_survives_the_end_of_the_one_that_drove() {
    within(LIMIT, || {
        for round in 0..50 {
            let runtime = Arc::new(one_thread());
            let start = Arc::new(Barrier::new(4));
            let threads: Vec<_> = (0..4)
                .map(|index: u64| {
                    let (runtime, start) = (runtime.clone(), start.clone());
                    thread::spawn(move || {
                        start.wait();
                        let micros = (index * 700 + round * 13) % 2000;
                        runtime.block_on(rt::time::sleep(Duration::from_micros(micros)));
                    })
                })
                .collect();
            for thread in threads {
                thread.join().unwrap();
            }
        }
    });
}

#[test]
fn eight_threads_that_need_each_others_tasks_all_come_to_their_end() {
    within(LIMIT, || {
        for _ in 0..50 {
            let runtime = Arc::new(one_thread());
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..8).map(|_| oneshot::channel::<usize>()).unzip();
            // A ring: each thread gets from the task that the one before it spawned.
            let mut senders = senders;
            senders.rotate_left(1);
            let start = Arc::new(Barrier::new(8));
            let pairs = senders.into_iter().zip(receivers).enumerate();
            let threads: Vec<_> = pairs
                .map(|(index, (sender, receiver))| {
                    let (runtime, start) = (runtime.clone(), start.clone());
                    thread::spawn(move || {
                        start.wait();
                        runtime.block_on(async {
                            let _detached = rt::spawn(async move {
                                yield_now().await;
                                sender.send(index).unwrap();
                            });
                            receiver.await.unwrap()
                        })
                    })
                })
                .collect();
            let got: Vec<usize> = threads.into_iter().map(|it| it.join().unwrap()).collect();
            assert_eq!(got, [7, 0, 1, 2, 3, 4, 5, 6], "a thread got what was not for it");
        }
    });
}

#[test]
fn dropping_the_runtime_drops_every_future_inside_of_its_context() {
    within(LIMIT, || {
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let runtime = one_thread();
        let handles: Vec<_> = (0..3)
            .map(|index| {
                let dropped = dropped.clone();
                let guard = OnDrop(move || {
                    let has_runtime = Handle::try_current().is_ok();
                    let late = rt::spawn(async {});
                    dropped.lock().unwrap().push((index, has_runtime, late));
                });
                runtime.spawn(async move {
                    let _guard = guard;
                    if index > 0 {
                        pending::<()>().await;
                    }
                })
            })
            .collect();
        runtime.block_on(yield_now());
        let unpolled = runtime.spawn(async {});
        drop(runtime);
        let dropped = std::mem::take(&mut *dropped.lock().unwrap());
        assert_eq!(dropped.len(), 3, "a future was dropped twice or not at all");
        for (index, has_runtime, late) in dropped {
            assert!(has_runtime, "the drop of future {index} found no runtime");
            let late = rt::parts::executor::block_on(late);
            assert_eq!(late.is_err(), index > 0, "spawned by the drop of future {index}: {late:?}");
        }
        let outcomes = handles.into_iter().map(rt::parts::executor::block_on);
        let cancelled: Vec<bool> = outcomes.map(|it| it.is_err_and(|e| e.is_cancelled())).collect();
        assert_eq!(cancelled, [false, true, true]);
        assert!(rt::parts::executor::block_on(unpolled).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_future_that_wakes_another_task_when_it_is_dropped_does_no_harm_to_the_end() {
    within(LIMIT, || {
        let runtime = one_thread();
        let (sender, receiver) = oneshot::channel::<()>();
        let wakes = runtime.spawn(async move {
            let _sender = sender; // its drop wakes the other
            pending::<()>().await;
        });
        let woken = runtime.spawn(receiver);
        runtime.block_on(yield_now());
        drop(runtime);
        assert!(rt::parts::executor::block_on(wakes).unwrap_err().is_cancelled());
        assert!(woken.is_finished(), "the handle of a task of a dead runtime never resolves");
    });
}

#[test]
fn many_runtimes_live_beside_each_other_and_one_after_another() {
    within(LIMIT, || {
        let all: Vec<Runtime> = (0..100).map(|_| one_thread()).collect();
        for (index, runtime) in all.iter().enumerate() {
            let task = runtime.spawn(async move { index });
            assert_eq!(runtime.block_on(task).unwrap(), index);
        }
        drop(all);
        for index in 0..1000 {
            assert_eq!(
                one_thread().block_on(async { rt::spawn(async move { index }).await.unwrap() }),
                index
            );
        }
    });
}

#[test]
fn a_waker_of_the_root_that_outlives_its_call_does_no_harm() {
    within(LIMIT, || {
        let runtime = one_thread();
        let old = runtime.block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
        old.wake_by_ref();
        let mut polls = 0;
        runtime.block_on(poll_fn(|cx| {
            polls += 1;
            old.wake_by_ref();
            if polls == 1 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        }));
        assert_eq!(polls, 2, "an old root's waker polled the new root");
        drop(runtime);
        old.wake();
    });
}
