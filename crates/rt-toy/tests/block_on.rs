//! Step 1.1: one future, and a thread that sleeps until it is woken.
use rt_testkit::within;
use rt_toy::block_on;
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

/// The processor time that this thread has used; none where the system does not say.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().map(Duration::from_nanos).ok()
}

#[test]
fn a_ready_future_is_polled_once_and_its_output_returned() {
    within(DEADLINE, || {
        let polls = Rc::new(Cell::new(0)); // neither `Send` nor `'static` is asked of a root
        let output = block_on(poll_fn(|_| {
            polls.set(polls.get() + 1);
            Poll::Ready("done")
        }));
        assert_eq!(output, "done", "block_on lost the output");
        assert_eq!(polls.get(), 1, "a future that was ready at once was polled again");
    });
}

#[test]
fn a_pending_future_is_polled_again_only_when_it_is_woken() {
    within(DEADLINE, || {
        let (to_thread, wakers) = mpsc::channel::<Waker>();
        let waking = thread::spawn(move || {
            let waker = wakers.recv().expect("the first poll sends its waker");
            thread::sleep(Duration::from_millis(20)); // time in which a busy loop would show
            waker.wake();
        });
        let mut polls = 0;
        block_on(poll_fn(|cx| {
            polls += 1;
            if polls > 1 {
                return Poll::Ready(());
            }
            to_thread.send(cx.waker().clone()).expect("the thread waits for it");
            thread::sleep(Duration::from_millis(1)); // time in which a wake during the poll would show
            Poll::Pending
        }));
        waking.join().expect("wake does not panic");
        assert_eq!(polls, 2, "one wake is one poll: the thread did not sleep in between");
    });
}

#[test]
fn an_idle_block_on_is_not_polled_while_nobody_wakes_it() {
    within(DEADLINE, || {
        let (to_thread, wakers) = mpsc::channel::<Waker>();
        let idle = Duration::from_millis(100);
        let waking = thread::spawn(move || {
            let waker = wakers.recv().expect("the first poll sends its waker");
            thread::sleep(idle); // time in which a busy loop would show
            waker.wake();
        });
        let mut polls = 0;
        let mut sent = false;
        let start = std::time::Instant::now();
        let before = cpu_time();
        block_on(poll_fn(|cx| {
            polls += 1;
            if !std::mem::replace(&mut sent, true) {
                to_thread.send(cx.waker().clone()).expect("the thread waits for it");
            }
            if start.elapsed() < idle { Poll::Pending } else { Poll::Ready(()) }
        }));
        waking.join().expect("wake does not panic");
        assert_eq!(polls, 2, "an idle program burned a core: it polled without having been woken");
        if let (Some(before), Some(after)) = (before, cpu_time()) {
            let used = after - before;
            assert!(used < idle / 2, "an idle program burned a core: {used:?} of {idle:?}");
        }
    });
}

#[test]
fn a_wake_before_the_thread_parks_is_not_lost() {
    within(DEADLINE, || {
        let mut polls = 0;
        block_on(poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref(); // during the poll, so before any park
            if polls < 10_000 { Poll::Pending } else { Poll::Ready(()) }
        }));
        assert_eq!(polls, 10_000, "a future that woke itself during its poll was left alone");
    });
}

#[test]
fn a_wake_by_another_thread_during_the_poll_is_not_lost() {
    within(DEADLINE, || {
        let mut polls = 0;
        block_on(poll_fn(|cx| {
            polls += 1;
            let waker = cx.waker().clone();
            thread::spawn(move || waker.wake()).join().expect("wake does not panic");
            if polls < 100 { Poll::Pending } else { Poll::Ready(()) }
        }));
        assert_eq!(polls, 100, "a wake that came during the poll did not cause another one");
    });
}

#[test]
fn wakes_that_race_with_the_park_all_arrive() {
    within(DEADLINE, || {
        const ROUNDS: usize = 20_000;
        let (to_thread, wakers) = mpsc::channel::<Waker>();
        let waking = thread::spawn(move || wakers.into_iter().for_each(Waker::wake));
        let mut polls = 0;
        block_on(poll_fn(|cx| {
            polls += 1;
            if polls > ROUNDS {
                return Poll::Ready(());
            }
            to_thread.send(cx.waker().clone()).expect("the thread runs until we hang up");
            Poll::Pending
        }));
        drop(to_thread);
        waking.join().expect("wake does not panic");
        assert_eq!(polls, ROUNDS + 1, "every wake is answered by one poll");
    });
}

#[test]
fn a_nested_block_on_does_not_eat_the_outer_ones_wake() {
    within(DEADLINE, || {
        let mut outer_polls = 0;
        let mut inner_polls = 0;
        block_on(poll_fn(|cx| {
            outer_polls += 1;
            if outer_polls > 1 {
                return Poll::Ready(());
            }
            let outer = cx.waker().clone();
            block_on(poll_fn(|cx| {
                inner_polls += 1;
                if inner_polls > 1 {
                    return Poll::Ready(());
                }
                // Both wakes unpark the same thread, whose parking has one token only.
                let (outer, inner) = (outer.clone(), cx.waker().clone());
                let waking = thread::spawn(move || {
                    outer.wake();
                    inner.wake();
                });
                waking.join().expect("wake does not panic");
                Poll::Pending
            }));
            Poll::Pending
        }));
        assert_eq!(outer_polls, 2, "the outer future was woken once while the inner one waited");
        assert_eq!(inner_polls, 2, "the inner future was woken once, the outer's wake is not its");
    });
}

#[test]
fn a_wake_of_the_outer_future_does_not_poll_the_inner_one() {
    within(DEADLINE, || {
        let mut inner_polls = 0;
        let mut nested = false;
        block_on(poll_fn(|outer| {
            if std::mem::replace(&mut nested, true) {
                return Poll::Ready(());
            }
            let its_turn = Arc::new(AtomicBool::new(false));
            block_on(poll_fn(|inner| {
                inner_polls += 1;
                if its_turn.load(Ordering::Relaxed) {
                    return Poll::Ready(());
                }
                outer.waker().wake_by_ref(); // a token for the park that follows
                let (its_turn, inner) = (its_turn.clone(), inner.waker().clone());
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(10)); // time for a wrong poll
                    its_turn.store(true, Ordering::Relaxed);
                    inner.wake();
                });
                Poll::Pending
            }));
            Poll::Pending
        }));
        assert_eq!(inner_polls, 2, "somebody else's wake polled the inner future");
    });
}

#[test]
fn a_late_wake_after_block_on_returned_does_nothing() {
    within(DEADLINE, || {
        let waker = block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
        waker.wake_by_ref();
        let mut polls = 0;
        block_on(poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                let waker = cx.waker().clone();
                thread::spawn(move || waker.wake());
                return Poll::Pending;
            }
            Poll::Ready(())
        }));
        assert_eq!(polls, 2, "the wake of an earlier call counted for a later one");
    });
}
