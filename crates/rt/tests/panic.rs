//! Chapter 6, part 8: a panic is contained where it happens.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt::task::yield_now;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// A drop that panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        // Not `panic!`: two at once would be the process's end, and that is not the runtime's.
        if !thread::panicking() {
            resume_unwind(Box::new("the bomb"));
        }
    }
}

#[test]
fn a_task_that_panics_does_not_take_the_others_along() {
    within(LIMIT, || {
        rt::block_on(async {
            let bad = rt::spawn(async { panic!("this one only") });
            let good = rt::spawn(async {
                yield_now().await;
                1
            });
            let error = bad.await.unwrap_err();
            assert!(error.is_panic());
            assert_eq!(error.to_string(), format!("task {} panicked: this one only", error.id()));
            assert_eq!(error.into_panic().downcast_ref(), Some(&"this one only"));
            assert_eq!(good.await.unwrap(), 1);
        });
    });
}

#[test]
fn a_task_that_panics_in_its_drop_does_not_take_the_runtime_down() {
    within(LIMIT, || {
        let runtime = one_thread();
        let aborted = runtime.spawn(async {
            let _bomb = Bomb;
            pending::<()>().await;
        });
        let untaken = runtime.spawn(async { Bomb });
        let left = runtime.spawn(async {
            let _bomb = Bomb;
            pending::<()>().await;
        });
        runtime.block_on(async {
            yield_now().await;
            aborted.abort();
            assert!(aborted.await.is_err());
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(untaken)));
            assert!(dropped.is_err(), "the drop of an output is its owner's");
            assert_eq!(rt::spawn(async { 1 }).await.unwrap(), 1);
        });
        drop(runtime);
        assert!(left.is_finished(), "a bomb in one future kept another from its end");
    });
}

#[test]
fn a_root_that_panics_leaves_the_runtime_usable() {
    within(LIMIT, || {
        let runtime = one_thread();
        let (sender, receiver) = oneshot::channel();
        let task = runtime.spawn(receiver);
        for _ in 0..3 {
            let panicking = AssertUnwindSafe(|| {
                runtime.block_on(async {
                    yield_now().await;
                    resume_unwind(Box::new("the root"));
                })
            });
            let payload = catch_unwind(panicking).unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&"the root"));
        }
        sender.send(4).unwrap();
        assert_eq!(runtime.block_on(task).unwrap(), Ok(4), "a task was lost with the root");
        runtime.block_on(rt::time::sleep(Duration::from_millis(1)));
    });
}

#[test]
fn a_root_that_panics_on_a_local_runtime_leaves_it_usable() {
    within(LIMIT, || {
        let runtime = LocalRuntime::new().unwrap();
        let (sender, receiver) = oneshot::channel();
        let task = runtime.spawn_local(receiver);
        let panicking = AssertUnwindSafe(|| runtime.block_on(async { resume_unwind(Box::new(1)) }));
        catch_unwind(panicking).unwrap_err();
        sender.send(5).unwrap();
        assert_eq!(runtime.block_on(task).unwrap(), Ok(5));
    });
}

#[test]
fn a_root_that_panics_hands_the_seat_over() {
    within(LIMIT, || {
        let runtime = Arc::new(one_thread());
        let (is_driving, driving) = mpsc::channel();
        let (kick, kicked) = oneshot::channel::<()>();
        let driver = thread::spawn({
            let runtime = runtime.clone();
            move || {
                runtime.block_on(async {
                    is_driving.send(()).unwrap();
                    kicked.await.unwrap();
                    resume_unwind(Box::new("the driver"));
                });
            }
        });
        driving.recv().unwrap();
        let place = runtime.block_on(async {
            kick.send(()).unwrap();
            poll_fn(|cx| {
                // By now the driver is told to end; what is spawned then runs here.
                cx.waker().wake_by_ref();
                if driver.is_finished() { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            rt::spawn(async { thread::current().id() }).await.unwrap()
        });
        assert_eq!(place, thread::current().id(), "nobody took the seat of a thread that panicked");
        driver.join().unwrap_err();
    });
}

#[test]
fn a_root_that_panics_while_it_waits_for_the_seat_disturbs_nobody() {
    within(LIMIT, || {
        let runtime = Arc::new(one_thread());
        let (is_driving, driving) = mpsc::channel();
        let (end, may_end) = oneshot::channel::<()>();
        let driver = thread::spawn({
            let runtime = runtime.clone();
            move || {
                runtime.block_on(async {
                    is_driving.send(()).unwrap();
                    may_end.await.unwrap();
                });
            }
        });
        driving.recv().unwrap();
        let panicking = AssertUnwindSafe(|| {
            runtime.block_on(async {
                yield_now().await;
                resume_unwind(Box::new("a waiting root"));
            })
        });
        catch_unwind(panicking).unwrap_err();
        assert_eq!(runtime.block_on(runtime.spawn(async { 9 })).unwrap(), 9);
        end.send(()).unwrap();
        driver.join().unwrap();
    });
}

#[test]
fn a_waker_that_panics_does_not_keep_a_timer_from_the_others() {
    struct Angry;
    impl Wake for Angry {
        fn wake(self: Arc<Self>) {
            resume_unwind(Box::new("an angry waker"));
        }
    }
    within(LIMIT, || {
        let runtime = one_thread();
        let mut timer = rt::time::sleep(Duration::from_millis(1));
        runtime.block_on(async {
            let angry = Waker::from(Arc::new(Angry));
            let polled =
                std::pin::Pin::new(&mut timer).poll(&mut std::task::Context::from_waker(&angry));
            assert!(polled.is_pending());
            rt::time::sleep(Duration::from_millis(2)).await;
        });
        runtime.block_on(timer);
    });
}
