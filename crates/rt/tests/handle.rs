//! Chapter 6, part 3: handles of a runtime, also of one that is gone.

#![allow(clippy::async_yields_async, reason = "what is made inside is awaited outside")]

use std::future::{Future, pending, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use rt::parts::executor;
use rt::runtime::{Builder, Handle, LocalRuntime, Runtime, RuntimeFlavor};
use rt::task::yield_now;
use rt::time::{Instant, Timer, sleep};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn current_is_the_runtime_that_blocks_on_this_thread() {
    within(LIMIT, || {
        assert!(Handle::try_current().is_err(), "a runtime out of nowhere");
        let value =
            one_thread().block_on(async { Handle::current().spawn(async { 5 }).await.unwrap() });
        assert_eq!(value, 5);
        assert!(Handle::try_current().is_err(), "the runtime was not left");
    });
}

#[test]
fn try_current_says_that_there_is_no_runtime() {
    within(LIMIT, || {
        let error = Handle::try_current().unwrap_err();
        assert!(error.is_missing_context());
        assert_eq!(error.to_string(), "no runtime on this thread");
    });
}

#[test]
fn enter_makes_spawn_go_to_the_runtime() {
    within(LIMIT, || {
        let runtime = one_thread();
        let task = {
            let _entered = runtime.enter();
            rt::spawn(async { 3 })
        };
        assert!(
            Handle::try_current().is_err(),
            "the guard was dropped and the runtime is still there"
        );
        assert_eq!(runtime.block_on(task).unwrap(), 3);
    });
}

#[test]
fn guards_of_enter_nest() {
    within(LIMIT, || {
        let (outer, inner) = (one_thread(), one_thread());
        let first = outer.enter();
        let second = inner.enter();
        let of_inner = rt::spawn(async {});
        drop(second);
        let of_outer = rt::spawn(async {});
        drop(first);
        outer.block_on(of_outer).unwrap();
        assert!(!of_inner.is_finished(), "a task of one runtime ran on another");
        inner.block_on(of_inner).unwrap();
    });
}

#[test]
fn a_runtime_may_be_entered_while_it_blocks_on_another() {
    within(LIMIT, || {
        let other = one_thread();
        let task = one_thread().block_on(async {
            let entered = other.enter();
            let task = rt::spawn(async { 1 });
            drop(entered);
            assert_eq!(rt::spawn(async { 2 }).await.unwrap(), 2);
            task
        });
        assert_eq!(other.block_on(task).unwrap(), 1);
    });
}

#[test]
fn a_handle_spawns_from_other_threads_and_wakes_a_runtime_that_sleeps() {
    within(LIMIT, || {
        let runtime = one_thread();
        let handle = runtime.handle().clone();
        assert_eq!(handle.runtime_flavor(), RuntimeFlavor::CurrentThread);
        let (sender, receiver) = oneshot::channel();
        let other = thread::spawn(move || {
            for number in 0..100 {
                let output = executor::block_on(handle.spawn(async move { number })).unwrap();
                assert_eq!(output, number);
            }
            sender.send(()).unwrap();
        });
        runtime.block_on(receiver).unwrap();
        other.join().unwrap();
    });
}

#[test]
fn handle_block_on_runs_its_future_while_another_thread_runs_the_tasks() {
    within(LIMIT, || {
        let runtime = one_thread();
        let handle = runtime.handle().clone();
        let (sender, receiver) = oneshot::channel();
        let other = thread::spawn(move || {
            let place = handle.block_on(async {
                sleep(Duration::from_millis(1)).await;
                rt::spawn(async { thread::current().id() }).await.unwrap()
            });
            sender.send(place).unwrap();
        });
        assert_eq!(runtime.block_on(receiver), Ok(thread::current().id()));
        other.join().unwrap();
    });
}

#[test]
fn handle_block_on_runs_none_of_the_tasks_itself() {
    within(LIMIT, || {
        let runtime = one_thread();
        let task = runtime.spawn(async {});
        runtime.handle().block_on(sleep(Duration::from_millis(2)));
        assert!(!task.is_finished(), "`Handle::block_on` ran a task");
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn a_handle_does_not_keep_its_runtime_alive() {
    within(LIMIT, || {
        let runtime = one_thread();
        let (handle, held) = (runtime.handle().clone(), Arc::new(()));
        let task = handle.spawn({
            let held = held.clone();
            async move {
                pending::<()>().await;
                drop(held);
            }
        });
        drop(runtime);
        assert_eq!(Arc::strong_count(&held), 1, "the future outlived its runtime");
        assert!(executor::block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn spawning_on_a_dead_runtime_drops_the_future_and_says_cancelled() {
    within(LIMIT, || {
        let held = Arc::new(());
        let handle = one_thread().handle().clone();
        let next = one_thread();
        let task = handle.spawn({
            let held = held.clone();
            async move { drop(held) }
        });
        assert_eq!(Arc::strong_count(&held), 1, "the future was kept");
        assert!(executor::block_on(task).unwrap_err().is_cancelled());
        let entered = handle.enter();
        assert!(executor::block_on(rt::spawn(async {})).unwrap_err().is_cancelled());
        drop(entered);
        assert_eq!(handle.block_on(async { 1 }), 1);
        assert_eq!(next.block_on(async { rt::spawn(async { 2 }).await.unwrap() }), 2);
    });
}

/// Everything that a program can keep of a runtime, used while the next one runs in its place.
#[test]
fn what_is_left_of_a_dead_runtime_touches_nothing_of_the_next() {
    within(LIMIT, || {
        for _ in 0..20 {
            let (old_handle, old_join, old_abort, old_waker, mut old_timer) = {
                let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
                let (sender, receiver) = mpsc::channel();
                let join = runtime.spawn(poll_fn(move |cx| {
                    sender.send(cx.waker().clone()).unwrap();
                    Poll::<()>::Pending
                }));
                let mut timer = Timer::after(Duration::from_secs(3600));
                runtime.block_on(async {
                    assert!((&mut timer).now_or_never().is_none());
                    yield_now().await;
                });
                let abort = join.abort_handle();
                (runtime.handle().clone(), join, abort, receiver.recv().unwrap(), timer)
            };

            // As many tasks and timers as there may be places that could be confused.
            let polls = Arc::new(AtomicUsize::new(0));
            let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let waiting: Vec<_> = (0..32)
                    .map(|_| {
                        let polls = polls.clone();
                        rt::spawn(async move {
                            let mut timer = pin!(sleep(Duration::from_secs(10)));
                            poll_fn(|cx| {
                                polls.fetch_add(1, Ordering::SeqCst);
                                timer.as_mut().poll(cx)
                            })
                            .await;
                        })
                    })
                    .collect();
                yield_now().await;
                assert_eq!(polls.load(Ordering::SeqCst), 32);

                old_waker.wake_by_ref();
                old_abort.abort();
                old_join.abort();
                assert!(old_handle.spawn(async {}).await.unwrap_err().is_cancelled());
                assert!(old_join.await.unwrap_err().is_cancelled());
                old_waker.wake();
                old_timer.reset(Instant::now() + Duration::from_millis(1));
                assert!((&mut old_timer).now_or_never().is_none());
                old_timer.reset(Instant::now() + Duration::from_secs(100_000));
                drop(old_timer);
                yield_now().await;
                assert_eq!(
                    polls.load(Ordering::SeqCst),
                    32,
                    "a task of the next runtime was woken"
                );
                assert!(waiting.iter().all(|task| !task.is_finished()), "one was aborted");

                let start = Instant::now();
                for task in waiting {
                    task.await.unwrap();
                }
                assert_eq!(start.elapsed(), Duration::from_secs(10), "a timer was moved");
                assert_eq!(polls.load(Ordering::SeqCst), 64, "a task was polled too often");
            });
        }
    });
}

#[test]
fn a_timer_of_a_dead_runtime_goes_on_in_the_next_and_outside_of_any() {
    within(LIMIT, || {
        let armed_in_a_dead_runtime = || {
            let runtime = one_thread();
            let mut timer = sleep(Duration::from_millis(3));
            runtime.block_on(async { assert!((&mut timer).now_or_never().is_none()) });
            timer
        };
        let start = Instant::now();
        one_thread().block_on(armed_in_a_dead_runtime());
        executor::block_on(armed_in_a_dead_runtime());
        assert!(start.elapsed() >= Duration::from_millis(6), "a timer was early");
    });
}

#[test]
fn a_task_that_waits_for_a_timer_elsewhere_is_woken_when_the_timers_runtime_ends() {
    within(LIMIT, || {
        let runtime = one_thread();
        let mut timer = sleep(Duration::from_millis(5));
        runtime.block_on(async { assert!((&mut timer).now_or_never().is_none()) });
        let (sender, receiver) = mpsc::channel();
        let waiting = thread::spawn(move || {
            let mut timer = pin!(timer);
            executor::block_on(poll_fn(|cx| {
                let polled = timer.as_mut().poll(cx);
                let _ = sender.send(());
                polled
            }));
        });
        receiver.recv().unwrap();
        drop(runtime); // closes its wheel: the timer needs another
        waiting.join().unwrap();
    });
}

#[test]
fn a_handle_of_a_local_runtime_is_dead_when_that_is() {
    within(LIMIT, || {
        let runtime = LocalRuntime::new().unwrap();
        let handle = runtime.handle().clone();
        let joined = runtime.block_on(handle.spawn(async { 1 }));
        assert_eq!(joined.unwrap(), 1);
        drop(runtime);
        assert!(executor::block_on(handle.spawn(async {})).unwrap_err().is_cancelled());
    });
}

#[test]
fn local_tasks_belong_to_the_block_on_also_under_the_guard_of_another_runtime() {
    within(LIMIT, || {
        let other = one_thread();
        one_thread().block_on(async {
            let shared = Rc::new(3);
            let guard = other.enter();
            let task = rt::spawn_local({
                let shared = shared.clone();
                async move { *shared }
            });
            drop(guard);
            assert_eq!(task.await.unwrap(), 3);
        });
    });
}

#[test]
fn a_local_runtime_takes_local_tasks_under_its_guard() {
    within(LIMIT, || {
        let runtime = LocalRuntime::new().unwrap();
        let shared = Rc::new(4);
        let guard = runtime.enter();
        let task = rt::spawn_local(async move { *shared });
        drop(guard);
        assert_eq!(runtime.block_on(task).unwrap(), 4);
    });
}

#[test]
fn who_panics_while_another_thread_drives_waits_for_the_seat_no_more() {
    within(LIMIT, || {
        let runtime = one_thread();
        let (stop, stopped) = oneshot::channel::<()>();
        let (drives, is_driving) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                runtime.block_on(async {
                    drives.send(()).unwrap();
                    stopped.await.unwrap();
                });
            });
            is_driving.recv().unwrap();
            for _ in 0..100 {
                let root = AssertUnwindSafe(|| {
                    runtime.block_on(async { std::panic::resume_unwind(Box::new("oh")) })
                });
                assert!(std::panic::catch_unwind(root).is_err());
            }
            assert!(format!("{runtime:?}").contains("waiting: 0"), "{runtime:?}");
            stop.send(()).unwrap();
        });
    });
}

#[test]
fn handle_block_on_waits_for_no_long_poll_of_a_worker() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (gate, wait) = mpsc::channel::<()>();
        let (begins, has_begun) = mpsc::channel();
        let long = runtime.spawn(async move {
            begins.send(()).unwrap();
            wait.recv().unwrap_or(()); // until the others are done: the only worker looks at nothing
        });
        has_begun.recv().unwrap();
        let handle = runtime.handle().clone();
        let other = thread::spawn(move || {
            handle.block_on(async {
                sleep(Duration::from_millis(1)).await;
                let socket = rt::net::UdpSocket::bind("127.0.0.1:0").await?;
                let to = socket.local_addr()?;
                assert!(socket.recv(&mut [0]).now_or_never().is_none(), "nobody has sent yet");
                std::net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"x", to)?;
                socket.recv(&mut [0]).await
            })
        });
        assert_eq!(other.join().unwrap().unwrap(), 1);
        drop(gate);
        runtime.block_on(long).unwrap();
    });
}
