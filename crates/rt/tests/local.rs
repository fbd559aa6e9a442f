//! Chapter 6, part 2: tasks that stay on their thread.

#![allow(clippy::async_yields_async, reason = "what is made inside is awaited outside")]

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use rt::runtime::{Builder, Handle, LocalRuntime, Runtime};
use rt::task::yield_now;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// What happened to a future, and on which thread.
type Log = Arc<Mutex<Vec<(&'static str, ThreadId)>>>;

/// Not `Send`; pends until it is told to end, and logs its polls and its drop.
struct Homebody {
    log: Log,
    waker: Arc<Mutex<Option<Waker>>>,
    not_send: Rc<()>,
}

impl Homebody {
    fn new(log: &Log, waker: &Arc<Mutex<Option<Waker>>>) -> Homebody {
        Homebody { log: log.clone(), waker: waker.clone(), not_send: Rc::new(()) }
    }

    fn note(&self, what: &'static str) {
        self.log.lock().unwrap().push((what, thread::current().id()));
    }
}

impl Future for Homebody {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.note("poll");
        let _count = self.not_send.clone();
        *self.waker.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Homebody {
    fn drop(&mut self) {
        self.note(if Handle::try_current().is_ok() { "drop" } else { "drop outside" });
        if Handle::try_current().is_ok() {
            let is_refused = rt::spawn_local(async {}).now_or_never().is_some_and(|it| it.is_err());
            self.note(if is_refused { "late spawn cancelled" } else { "late spawn queued" });
        }
    }
}

#[test]
fn spawn_local_takes_futures_that_are_not_send() {
    within(LIMIT, || {
        let shared = Rc::new(Cell::new(0));
        one_thread().block_on(async {
            let tasks: Vec<_> = (1..=3)
                .map(|number| {
                    let shared = shared.clone();
                    rt::spawn_local(async move {
                        yield_now().await;
                        shared.set(shared.get() + number);
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(shared.get(), 6);
    });
}

#[test]
fn a_task_that_may_move_may_spawn_local_ones_where_it_runs() {
    within(LIMIT, || {
        let place = one_thread().block_on(async {
            rt::spawn(async { rt::spawn_local(async { thread::current().id() }) })
                .await
                .unwrap()
                .await
        });
        assert_eq!(place.unwrap(), thread::current().id());
    });
}

#[test]
fn local_tasks_end_with_block_on_and_are_dropped_on_their_thread_inside_of_the_runtime() {
    within(LIMIT, || {
        let (log, waker) = (Log::default(), Arc::default());
        let runtime = one_thread();
        let handle = runtime.block_on(async {
            let handle = rt::spawn_local(Homebody::new(&log, &waker));
            yield_now().await;
            handle
        });
        let here = thread::current().id();
        let seen = log.lock().unwrap().clone();
        let expected = [("poll", here), ("drop", here), ("late spawn cancelled", here)];
        assert_eq!(seen, expected, "what happened to a local task that was not done");
        let outcome = runtime.block_on(handle);
        assert!(outcome.unwrap_err().is_cancelled(), "the handle outlives the task and says so");
    });
}

#[test]
fn a_local_runtime_keeps_local_tasks_from_one_call_to_the_next() {
    within(LIMIT, || {
        let (log, waker) = (Log::default(), Arc::<Mutex<Option<Waker>>>::default());
        let runtime = LocalRuntime::new().unwrap();
        let early = runtime.spawn_local(Homebody::new(&log, &waker));
        assert!(log.lock().unwrap().is_empty(), "a task ran although nobody blocks");
        runtime.block_on(yield_now());
        waker.lock().unwrap().take().unwrap().wake();
        runtime.block_on(yield_now());
        let here = thread::current().id();
        assert_eq!(*log.lock().unwrap(), [("poll", here), ("poll", here)]);
        drop(runtime);
        assert!(rt::parts::executor::block_on(early).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_local_runtime_drops_its_tasks_on_its_thread_inside_of_its_context() {
    within(LIMIT, || {
        let (log, waker) = (Log::default(), Arc::default());
        let runtime = LocalRuntime::new().unwrap();
        let _handle = runtime.spawn_local(Homebody::new(&log, &waker));
        runtime.block_on(yield_now());
        drop(runtime);
        let here = thread::current().id();
        let expected = [("poll", here), ("drop", here), ("late spawn cancelled", here)];
        assert_eq!(*log.lock().unwrap(), expected, "how the end of a local runtime ends its tasks");
    });
}

#[test]
fn a_local_runtime_takes_sendable_tasks_from_other_threads() {
    within(LIMIT, || {
        let runtime = LocalRuntime::new().unwrap();
        let handle = runtime.handle().clone();
        let (sender, receiver) = oneshot::channel();
        let other = thread::spawn(move || {
            drop(handle.spawn(async move { sender.send(thread::current().id()).unwrap() }));
        });
        assert_eq!(runtime.block_on(receiver), Ok(thread::current().id()));
        other.join().unwrap();
    });
}

#[test]
fn handle_block_on_has_local_tasks_too() {
    within(LIMIT, || {
        let (log, waker) = (Log::default(), Arc::default());
        let runtime = one_thread();
        let handle = runtime.handle().clone();
        let place = thread::spawn({
            let log = log.clone();
            move || {
                handle.block_on(async {
                    drop(rt::spawn_local(Homebody::new(&log, &waker)));
                    let shared = Rc::new(RefCell::new(7));
                    let task = rt::spawn_local(async move { *shared.borrow() });
                    assert_eq!(task.await.unwrap(), 7);
                });
                thread::current().id()
            }
        });
        let place = place.join().unwrap();
        let expected = [("poll", place), ("drop", place), ("late spawn cancelled", place)];
        assert_eq!(*log.lock().unwrap(), expected);
    });
}

#[test]
fn two_threads_that_block_in_turn_touch_no_local_task_of_the_other() {
    within(LIMIT, || {
        let (log, waker) = (Log::default(), Arc::<Mutex<Option<Waker>>>::default());
        let runtime = Arc::new(one_thread());
        let first = thread::spawn({
            let (runtime, log, waker) = (runtime.clone(), log.clone(), waker.clone());
            move || {
                runtime.block_on(async {
                    let handle = rt::spawn_local(Homebody::new(&log, &waker));
                    yield_now().await;
                    handle
                })
            }
        });
        let place = first.thread().id();
        let handle = first.join().unwrap();
        let second = thread::spawn({
            let (runtime, waker) = (runtime.clone(), waker.clone());
            move || {
                runtime.block_on(async {
                    waker.lock().unwrap().take().unwrap().wake();
                    yield_now().await;
                    handle.await
                })
            }
        });
        assert!(second.join().unwrap().unwrap_err().is_cancelled());
        let expected = [("poll", place), ("drop", place), ("late spawn cancelled", place)];
        assert_eq!(*log.lock().unwrap(), expected, "a local task was touched away from its thread");
    });
}

#[test]
fn a_local_task_woken_by_the_thread_that_drives_is_polled_on_its_own() {
    within(LIMIT, || {
        let (log, waker) = (Log::default(), Arc::<Mutex<Option<Waker>>>::default());
        let runtime = Arc::new(one_thread());
        let (is_driving, driving) = mpsc::channel();
        let (kick, kicked) = oneshot::channel::<()>();
        let (end, may_end) = oneshot::channel::<()>();
        let driver = thread::spawn({
            let (runtime, waker) = (runtime.clone(), waker.clone());
            move || {
                runtime.block_on(async {
                    is_driving.send(()).unwrap();
                    kicked.await.unwrap();
                    waker.lock().unwrap().take().unwrap().wake();
                    may_end.await.unwrap();
                });
            }
        });
        driving.recv().unwrap();
        runtime.block_on(async {
            let _task = rt::spawn_local(Homebody::new(&log, &waker));
            yield_now().await;
            kick.send(()).unwrap();
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                let polls = log.lock().unwrap().len();
                if polls < 2 { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
        });
        end.send(()).unwrap();
        driver.join().unwrap();
        let here = thread::current().id();
        assert!(log.lock().unwrap().iter().all(|(_, place)| *place == here), "{log:?}");
    });
}

#[test]
fn abort_from_another_thread_drops_a_local_future_on_its_own() {
    within(LIMIT, || {
        let (log, waker) = (Log::default(), Arc::default());
        let outcome = one_thread().block_on(async {
            let task = rt::spawn_local(Homebody::new(&log, &waker));
            yield_now().await;
            let abort = task.abort_handle();
            thread::spawn(move || abort.abort()).join().unwrap();
            task.await
        });
        assert!(outcome.unwrap_err().is_cancelled());
        let here = thread::current().id();
        assert!(log.lock().unwrap().iter().all(|(_, place)| *place == here), "{log:?}");
        assert!(log.lock().unwrap().contains(&("drop", here)));
    });
}

#[test]
fn a_local_task_woken_from_elsewhere_while_its_home_ends_resolves() {
    within(LIMIT, || {
        let runtime = one_thread();
        for _ in 0..300 {
            let start = Arc::new(Barrier::new(2));
            let waker = Arc::<Mutex<Option<Waker>>>::default();
            let log = Log::default();
            let (handle, waking) = runtime.block_on(async {
                let handle = rt::spawn_local(Homebody::new(&log, &waker));
                yield_now().await;
                let woken = waker.lock().unwrap().take().unwrap();
                let waking = thread::spawn({
                    let start = start.clone();
                    move || {
                        start.wait();
                        woken.wake_by_ref();
                        woken.wake();
                    }
                });
                start.wait();
                (handle, waking)
            });
            let outcome = runtime.block_on(handle);
            assert!(outcome.unwrap_err().is_cancelled());
            waking.join().unwrap();
            let here = thread::current().id();
            assert!(log.lock().unwrap().iter().all(|(_, place)| *place == here), "{log:?}");
        }
    });
}

#[test]
fn an_output_that_is_not_send_and_that_nobody_took_is_dropped_on_its_thread() {
    struct Output(Arc<Mutex<Option<ThreadId>>>, #[allow(dead_code)] Rc<()>);
    impl Drop for Output {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = Some(thread::current().id());
        }
    }
    within(LIMIT, || {
        let place = Arc::<Mutex<Option<ThreadId>>>::default();
        one_thread().block_on(async {
            let output = Output(place.clone(), Rc::new(()));
            let task = rt::spawn_local(async move { output });
            yield_now().await;
            assert!(task.is_finished());
        });
        assert_eq!(*place.lock().unwrap(), Some(thread::current().id()));
    });
}

#[test]
fn local_tasks_of_a_block_on_that_panics_are_dropped_on_their_thread() {
    within(LIMIT, || {
        let (log, waker) = (Log::default(), Arc::default());
        let runtime = one_thread();
        let panicking = std::panic::AssertUnwindSafe(|| {
            runtime.block_on(async {
                let _task = rt::spawn_local(Homebody::new(&log, &waker));
                yield_now().await;
                panic!("the root gives up");
            });
        });
        std::panic::catch_unwind(panicking).unwrap_err();
        let here = thread::current().id();
        assert_eq!(log.lock().unwrap()[..2], [("poll", here), ("drop", here)]);
        runtime.block_on(async {
            drop(rt::spawn_local(pending::<()>()));
            assert_eq!(rt::spawn_local(async { 1 }).await.unwrap(), 1);
        });
    });
}
