//! Parking a thread: the token is never lost, and it is nobody else's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rt_testkit::within;
use rt_waker::{Park, Parker, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(10);

// The token.

#[test]
fn many_tokens_count_as_one() {
    within(DEADLINE, || {
        let parker = Parker::new();
        let unparker = parker.unparker();
        let waker = parker.waker();
        unparker.unpark();
        unparker.clone().unpark();
        waker.wake_by_ref();
        waker.wake();
        assert!(
            parker.try_take(),
            "four unparks left no token: the executor sleeps on a ready task [P1]"
        );
        assert!(!parker.try_take(), "four unparks are one wake-up: the executor would spin [P1]");
    });
}

#[test]
fn a_timeout_of_zero_only_looks() {
    within(DEADLINE, || {
        let parker = Parker::new();
        assert!(!parker.wait_timeout(Duration::ZERO), "a token that nobody sent");
        parker.unparker().unpark();
        assert!(parker.wait_timeout(Duration::ZERO), "the token was there and was not seen [P1]");
        assert!(
            !parker.wait_timeout(Duration::ZERO),
            "the token was seen and not taken: a spin [P1]"
        );
    });
}

#[test]
fn the_other_half_may_be_used_after_the_parker_is_gone() {
    within(DEADLINE, || {
        let parker = Parker::new();
        let (unparker, waker) = (parker.unparker(), parker.waker());
        drop(parker);
        unparker.unpark();
        waker.wake_by_ref();
        waker.wake();
        let next = Parker::new();
        assert!(!next.try_take(), "a late wake-up reached the next runtime's parker [P1]");
    });
}

#[test]
fn a_token_waits_for_its_own_parker() {
    within(DEADLINE, || {
        let (outer, inner) = (Parker::new(), Parker::new());
        outer.unparker().unpark();
        assert!(!inner.try_take(), "a nested block_on ate the outer one's wake-up [P1]");
        let unparker = inner.unparker();
        thread::spawn(move || unparker.unpark()).join().expect("unpark does not panic");
        assert!(inner.try_take(), "a wake-up from another thread was lost [P1]");
        assert!(outer.try_take(), "a nested block_on ate the outer one's wake-up [P1]");
    });
}

// The thread that waits for it.

#[test]
fn a_token_that_came_before_the_park_ends_it_at_once() {
    within(DEADLINE, || {
        let parker = Parker::new();
        parker.unparker().unpark();
        parker.wait(); // hangs if the token was lost
        assert!(!parker.try_take(), "one unpark ended two parks: the executor would spin [P1]");
    });
}

#[test]
fn a_timeout_is_never_early() {
    within(DEADLINE, || {
        let parker = Parker::new();
        for timeout in [1, 1_000, 100_000, 3_000_000, 20_000_000].map(Duration::from_nanos) {
            let start = Instant::now();
            assert!(!parker.wait_timeout(timeout), "a token that nobody sent");
            let waited = start.elapsed();
            assert!(waited >= timeout, "a timer would fire early: {waited:?} of {timeout:?}");
        }
    });
}

#[test]
fn the_longest_timeout_is_for_ever() {
    within(DEADLINE, || {
        for timeout in [Duration::MAX, Duration::from_secs(u64::MAX / 2)] {
            let parker = Parker::new();
            let unparker = parker.unparker();
            let thread = thread::spawn(move || unparker.unpark());
            assert!(parker.wait_timeout(timeout), "the park ended before the end of time");
            thread.join().expect("unpark does not panic");
        }
    });
}

#[test]
fn a_park_that_timed_out_leaves_the_parker_as_it_was() {
    within(DEADLINE, || {
        let parker = Parker::new();
        assert!(!parker.wait_timeout(Duration::from_micros(50)), "a token that nobody sent");
        assert!(!parker.try_take(), "the end of the time left a token [P1]");
        parker.unparker().unpark();
        parker.wait();
    });
}

#[test]
fn an_unpark_reaches_a_thread_that_waits_and_brings_what_was_written_before() {
    within(DEADLINE, || {
        const ROUNDS: usize = 20_000;
        let (ours, theirs) = (Parker::new(), Parker::new());
        let (to_us, to_them) = (ours.unparker(), theirs.unparker());
        let ball = Arc::new(AtomicUsize::new(0));
        let other = ball.clone();
        let thread = thread::spawn(move || {
            for round in 0..ROUNDS {
                theirs.wait();
                assert_eq!(
                    other.load(Ordering::Relaxed),
                    2 * round + 1,
                    "woken, and blind to what it was woken for [P2]"
                );
                other.fetch_add(1, Ordering::Relaxed);
                to_us.unpark();
            }
        });
        for round in 0..ROUNDS {
            ball.fetch_add(1, Ordering::Relaxed);
            to_them.unpark();
            ours.wait();
            assert_eq!(
                ball.load(Ordering::Relaxed),
                2 * round + 2,
                "woken, and blind to what it was woken for [P2]"
            );
        }
        thread.join().expect("the other thread sees what we see");
    });
}

#[test]
fn a_token_that_comes_as_the_time_ends_is_taken_or_kept() {
    within(DEADLINE, || {
        const ROUNDS: usize = 3_000;
        let (ours, theirs) = (Parker::new(), Parker::new());
        let (to_us, to_them) = (ours.unparker(), theirs.unparker());
        let thread = thread::spawn(move || {
            for _ in 0..ROUNDS {
                // Times out again and again, while the unpark comes.
                while !theirs.wait_timeout(Duration::from_nanos(500)) {}
                to_us.unpark();
            }
        });
        for _ in 0..ROUNDS {
            to_them.unpark();
            ours.wait(); // hangs if the token fell between two of their parks
        }
        thread.join().expect("no panic");
    });
}

#[test]
fn nested_parkers_do_not_take_each_others_tokens() {
    within(DEADLINE, || {
        let outer = Parker::new();
        let inner = Parker::new();
        outer.unparker().unpark();
        assert!(!inner.try_take(), "the inner one has the outer one's token");
        assert!(!inner.wait_timeout(Duration::from_micros(50)), "the inner one was woken for it");
        inner.unparker().unpark();
        inner.wait();
        assert!(outer.try_take(), "a nested block_on ate the outer one's wake-up [P1]");
    });
}

#[test]
fn the_token_of_the_thread_itself_is_not_touched() {
    within(DEADLINE, || {
        let parker = Parker::new();
        thread::current().unpark();
        assert!(!parker.try_take(), "the thread's token passed for the parker's");
        assert!(!parker.wait_timeout(Duration::from_millis(1)), "woken by the thread's token");
        parker.unparker().unpark();
        parker.wait();
        thread::park(); // hangs if the parker took the token
    });
}

#[test]
fn wakers_of_one_parker_would_wake_the_same_and_those_of_two_not() {
    within(DEADLINE, || {
        let parker = Parker::new();
        let waker = parker.waker();
        assert!(waker.will_wake(&parker.waker()), "each poll of a root would clone its waker");
        assert!(waker.will_wake(&waker.clone()), "each poll of a root would clone its waker");
        assert!(!waker.will_wake(&Parker::new().waker()), "the wrong thread would be woken");
    });
}

#[test]
fn a_parker_may_move_to_another_thread_with_its_token() {
    within(DEADLINE, || {
        let parker = Parker::new();
        let unparker = parker.unparker();
        unparker.unpark();
        let parker = thread::spawn(move || {
            parker.wait(); // hangs if the token stayed behind
            parker
        });
        let parker = parker.join().expect("no panic");
        assert!(!parker.try_take(), "the token was taken over there");
    });
}

#[test]
fn as_a_park_it_waits_for_its_waker_or_for_the_time() {
    within(DEADLINE, || {
        let mut park = Parker::new();
        let mut ready = WakeBatch::new();
        assert_eq!(park.due(), None, "a parker has nothing of its own to do");
        Park::waker(&park).wake();
        park.park(None, &mut ready);
        let start = Instant::now();
        park.park(Some(Duration::from_millis(2)), &mut ready);
        assert!(start.elapsed() >= Duration::from_millis(2), "the token was there twice");
        park.park(Some(Duration::ZERO), &mut ready);
        assert!(ready.is_empty(), "a parker wakes nobody");
    });
}
