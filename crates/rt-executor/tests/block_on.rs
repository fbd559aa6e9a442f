//! One future, one thread, no tasks: on any thread, at any depth.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn, ready};
use std::panic::catch_unwind;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use rt_executor::{Executor, block_on};
use rt_task::coop;
use rt_testkit::{within, woken_at_once};

const DEADLINE: Duration = Duration::from_secs(10);

/// Pending once. The waker goes to `wakers`.
fn once(wakers: mpsc::Sender<Waker>, polls: &Cell<usize>) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        polls.set(polls.get() + 1);
        if polls.get() > 1 {
            return Poll::Ready(());
        }
        wakers.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
}

#[test]
fn it_polls_a_future_to_its_end_on_this_thread() {
    within(DEADLINE, || {
        let here = thread::current().id();
        let borrowed = String::from("here");
        let there = block_on(async {
            woken_at_once().await; // hangs if a wake during the poll is lost [BK2]
            (thread::current().id(), borrowed.as_str())
        });
        assert_eq!(there, (here, "here"), "a future that may not move was polled elsewhere");
    });
}

#[test]
fn it_sleeps_until_another_thread_wakes_it() {
    within(DEADLINE, || {
        let (send, wakers) = mpsc::channel::<Waker>();
        let is_set = Arc::new(AtomicBool::new(false));
        let (flag, polls) = (is_set.clone(), Cell::new(0));
        let waking = thread::spawn(move || {
            let waker = wakers.recv().unwrap();
            // A second poll would send a second waker. It must not come, so this waits for nothing.
            let early = wakers.recv_timeout(Duration::from_millis(50)).is_ok();
            is_set.store(true, Ordering::Relaxed);
            waker.wake();
            early
        });
        block_on(poll_fn(|cx| {
            polls.set(polls.get() + 1);
            if flag.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            let _ = send.send(cx.waker().clone());
            Poll::Pending
        }));
        let early = waking.join().expect("a wake does not panic");
        assert!(!early, "a thread that waits burns a core: polls without a wake [BK2]");
        assert_eq!(polls.get(), 2, "polls: the first one, and one for the wake [BK2]");
    });
}

/// Wakes an outer level while its thread sleeps in an inner one. Says whether the inner one, which is
/// run by `inside`, was polled for that.
fn wakes_the_outer_level(inside: impl Fn(&mut dyn FnMut(&mut Context<'_>) -> Poll<()>)) -> bool {
    let (to_outer, outer_waker) = mpsc::channel::<Waker>();
    let (to_inner, inner_waker) = mpsc::channel::<Waker>();
    let is_set = Arc::new(AtomicBool::new(false));
    let flag = is_set.clone();
    let waking = thread::spawn(move || {
        let inner = inner_waker.recv().unwrap();
        outer_waker.recv().unwrap().wake();
        // A second poll of the inner one would send its waker again. It must not come, so this waits
        // for nothing.
        let early = inner_waker.recv_timeout(Duration::from_millis(50)).is_ok();
        is_set.store(true, Ordering::Relaxed);
        inner.wake();
        early
    });
    let outer_polls = Cell::new(0);
    block_on(poll_fn(|cx| {
        outer_polls.set(outer_polls.get() + 1);
        if outer_polls.get() == 2 {
            return Poll::Ready(());
        }
        to_outer.send(cx.waker().clone()).unwrap();
        inside(&mut |cx| {
            if flag.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            let _ = to_inner.send(cx.waker().clone());
            Poll::Pending
        });
        Poll::Pending // hangs if the inner level took the wake-up
    }));
    waking.join().unwrap()
}

#[test]
fn an_inner_level_takes_no_wake_up_of_an_outer_one() {
    within(DEADLINE, || {
        let early = wakes_the_outer_level(|inner| block_on(poll_fn(inner)));
        assert!(!early, "the outer one's wake-up polled the inner one [BK1]");
    });
}

#[test]
fn an_outer_level_takes_no_wake_up_of_an_inner_one() {
    within(DEADLINE, || {
        let (send, receive) = oneshot::channel();
        let kept: RefCell<Option<Waker>> = RefCell::new(None);
        let polls = Cell::new(0);
        let waking = Cell::new(None);
        let mut receive = std::pin::pin!(receive);
        let mut send = Some(send);
        let got = block_on(poll_fn(|cx| {
            polls.set(polls.get() + 1);
            if polls.get() == 1 {
                block_on(poll_fn(|cx| {
                    *kept.borrow_mut() = Some(cx.waker().clone());
                    Poll::Ready(())
                }));
                assert!(receive.as_mut().poll(cx).is_pending(), "nobody has sent yet");
                // The inner level is over; its waker wakes nobody.
                kept.take().expect("polled").wake();
                let send = send.take().expect("once");
                waking.set(Some(thread::spawn(move || send.send(3).unwrap())));
                return Poll::Pending;
            }
            receive.as_mut().poll(cx)
        }));
        assert_eq!(got, Ok(3), "the outer level missed its wake-up [BK1]");
        assert_eq!(polls.get(), 2, "the waker of a level that is over polled another one [BK1]");
        waking.take().expect("started").join().unwrap();
    });
}

#[test]
fn levels_nest_deeply() {
    fn level(depth: u32) -> u32 {
        block_on(async move {
            woken_at_once().await;
            if depth == 0 { 0 } else { level(depth - 1) + 1 }
        })
    }
    within(DEADLINE, || assert_eq!(level(64), 64, "a level was lost"));
}

#[test]
fn a_panic_goes_through_and_the_next_one_works() {
    within(DEADLINE, || {
        let payload = catch_unwind(|| block_on(async { panic!("on purpose") }));
        assert_eq!(payload.unwrap_err().downcast_ref(), Some(&"on purpose"), "a panic was changed");
        assert_eq!(block_on(ready(1)), 1, "after a panic `block_on` is broken on this thread");
    });
}

#[test]
fn a_waker_that_outlives_it_is_harmless() {
    within(DEADLINE, || {
        let mut kept = None;
        block_on(poll_fn(|cx| {
            kept = Some(cx.waker().clone());
            Poll::Ready(())
        }));
        kept.take().expect("polled").wake();
        let (send, wakers) = mpsc::channel();
        let waking = thread::spawn(move || wakers.iter().for_each(Waker::wake));
        block_on(async {
            let (result, done) = oneshot::channel();
            thread::spawn(move || result.send(9).unwrap());
            assert_eq!(done.await, Ok(9), "an old waker ended the wait of another level");
        });
        drop(send);
        waking.join().unwrap();
    });
}

#[test]
fn it_has_a_budget_as_a_task_has() {
    within(DEADLINE, || {
        let polls = Cell::new(0);
        let mut work = Box::pin(async {
            for _ in 0..1000 {
                coop::consume_budget().await;
            }
        });
        block_on(poll_fn(|cx| {
            polls.set(polls.get() + 1);
            work.as_mut().poll(cx)
        }));
        let expected = 1000_usize.div_ceil(coop::BUDGET as usize);
        assert_eq!(
            polls.get(),
            expected,
            "polls of a future that never waits: no budget, or none new"
        );
    });
}

#[test]
fn it_works_in_a_thread_that_ends() {
    struct AtExit(mpsc::Sender<Option<i32>>);
    impl Drop for AtExit {
        fn drop(&mut self) {
            let value = catch_unwind(|| {
                block_on(async {
                    woken_at_once().await;
                    11
                })
            });
            self.0.send(value.ok()).unwrap();
        }
    }
    thread_local! {
        static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
    }
    within(DEADLINE, || {
        let (send, values) = mpsc::channel();
        let ending = thread::spawn(move || {
            AT_EXIT.set(Some(AtExit(send)));
            block_on(ready(()));
        });
        assert_eq!(values.recv(), Ok(Some(11)), "what a thread does at its end may not wait");
        ending.join().unwrap();
    });
}

// With executors, inside and around.

#[test]
fn an_executor_runs_inside_of_it() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let early = wakes_the_outer_level(|inner| executor.run(poll_fn(inner)));
        assert!(!early, "the outer one's wake-up polled the root of the inner one [BK1]");
    });
}

#[test]
fn it_runs_inside_of_a_task_and_what_was_woken_meanwhile_runs_after() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (to_task, task_waker) = mpsc::channel::<Waker>();
        let (to_inner, inner_waker) = mpsc::channel::<Waker>();
        let waking = thread::spawn(move || {
            let inner = inner_waker.recv().unwrap();
            task_waker.recv().unwrap().wake();
            inner.wake();
        });
        let polls = Rc::new(Cell::new(0));
        let woken = executor.spawn({
            let polls = polls.clone();
            async move { once(to_task, &polls).await }
        });
        let blocking = executor.spawn(async move {
            block_on(once(to_inner, &Cell::new(0)));
        });
        executor.run(async {
            blocking.await.unwrap();
            woken.await.unwrap();
        });
        assert_eq!(
            polls.get(),
            2,
            "what was woken while its thread blocked was lost, or polled twice"
        );
        waking.join().unwrap();
    });
}

#[test]
fn a_root_is_woken_on_its_own_thread_by_what_blocks_there() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (send, receive) = oneshot::channel();
        let _detached = executor.spawn(async move {
            let inner = Executor::new();
            let task = inner.spawn(async move { send.send(5).unwrap() });
            inner.run(task).unwrap();
        });
        assert_eq!(executor.run(receive), Ok(5), "the root got another message");
    });
}
