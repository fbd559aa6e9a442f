//! Every interleaving of two threads at the places where an executor meets the world.
//!
//! `RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-executor --test loom -- --nocapture`
#![cfg(rt_loom)]

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use loom::sync::Arc as Counted;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use rt_executor::{Executor, Handle};
use rt_task::JoinHandle;
use rt_testkit::Exploration;

fn model(name: &str, preemptions: Option<usize>, body: impl Fn() + Sync + Send + 'static) {
    Exploration::bounded(preemptions).branches(10_000).run(name, body);
}

type Slot = Arc<Mutex<Option<Waker>>>;

/// Gives its waker away, and is ready when the flag is set.
fn flagged(slot: Slot, flag: Counted<AtomicBool>) -> impl Future<Output = ()> + Send {
    poll_fn(move |cx| {
        *slot.lock().unwrap() = Some(cx.waker().clone());
        if flag.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// Says on which thread it is dropped.
struct Home {
    thread: thread::ThreadId,
    _leak_check: Counted<()>,
}

impl Drop for Home {
    fn drop(&mut self) {
        assert_eq!(thread::current().id(), self.thread, "dropped away from home");
    }
}

#[test]
fn a_spawn_from_another_thread_races_with_the_end() {
    model("spawn against shutdown", None, || {
        let executor = Executor::new();
        let handle: Handle = executor.handle();
        let token = Counted::new(());
        let held = token.clone();
        let other = thread::spawn(move || -> JoinHandle<()> {
            handle.spawn(async move {
                pending::<()>().await;
                drop(held);
            })
        });
        drop(executor);
        let task = other.join().unwrap();
        assert!(task.is_finished(), "a join handle that never resolves");
        assert_eq!(Counted::strong_count(&token), 1, "a future outlived its executor");
    });
}

#[test]
fn a_wake_from_another_thread_races_with_the_park() {
    model("wake against park", None, || {
        let executor = Executor::new();
        let (slot, flag) = (Slot::default(), Counted::new(AtomicBool::new(false)));
        let task = executor.spawn(flagged(slot.clone(), flag.clone()));
        executor.run_ready();
        let waker = slot.lock().unwrap().take().unwrap();
        let other = thread::spawn(move || {
            flag.store(true, Ordering::Relaxed);
            waker.wake();
        });
        // A wake that is lost is a deadlock here; one that does not publish the flag is one too.
        while !task.is_finished() {
            executor.wait(None);
        }
        other.join().unwrap();
    });
}

#[test]
fn a_root_is_woken_by_another_thread_while_it_goes_to_sleep() {
    model("root against park", None, || {
        let executor = Executor::new();
        let (slot, flag) = (Slot::default(), Counted::new(AtomicBool::new(false)));
        let mut other = None;
        let mut root = std::pin::pin!(flagged(slot.clone(), flag.clone()));
        executor.run(poll_fn(|cx| {
            let polled = root.as_mut().poll(cx);
            let waker = slot.lock().unwrap().take().unwrap();
            if other.is_none() {
                let flag = flag.clone();
                other = Some(thread::spawn(move || {
                    flag.store(true, Ordering::Relaxed);
                    waker.wake();
                }));
            }
            polled
        }));
        other.unwrap().join().unwrap();
    });
}

#[test]
fn a_local_task_is_woken_from_elsewhere_while_its_home_ends() {
    // Five, not none: that takes more executions than a process has executors, 16,383.
    model("foreign wake against the end of home", Some(5), || {
        let executor = Executor::new();
        let slot = Slot::default();
        let token = Counted::new(());
        let home = Home { thread: thread::current().id(), _leak_check: token.clone() };
        let exposed = slot.clone();
        let task = executor.spawn(async move {
            let _home = home;
            poll_fn(|cx| {
                *exposed.lock().unwrap() = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
        });
        executor.run_ready();
        let waker = slot.lock().unwrap().take().unwrap();
        // The wake uses the waker up: its reference may be the last one.
        let other = thread::spawn(move || waker.wake());
        drop(executor);
        assert!(task.is_finished(), "a join handle that never resolves");
        assert_eq!(Counted::strong_count(&token), 1, "a future outlived its home");
        other.join().unwrap();
    });
}
