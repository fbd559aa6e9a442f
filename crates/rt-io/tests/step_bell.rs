//! Chapter 8, part 3: a ring ends a wait in the kernel, and asks the kernel only then.

use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rt_io::Bell;
use rt_waker::Parker;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
}

#[test]
fn a_ring_before_the_wait_leaves_a_token_and_asks_nobody() {
    within(|| {
        let parker = Parker::new();
        let bell = Bell::new(&parker);
        bell.ring(|| unreachable!("a system call, though nobody waits in the kernel"));
        let may_wait = bell.select(&parker, |may_wait| may_wait);
        assert!(!may_wait, "[BE1] the thread sleeps on a task that was woken");
        assert!(bell.select(&parker, |may_wait| may_wait), "the thread spins on an old token");
    });
}

#[test]
fn a_ring_during_the_wait_goes_through_the_kernel_once() {
    within(|| {
        let parker = Parker::new();
        let bell = Bell::new(&parker);
        let mut rings = 0;
        let selected = bell.select(&parker, |may_wait| {
            assert!(may_wait, "there is no token, and the thread spins");
            for _ in 0..3 {
                bell.ring(|| rings += 1);
            }
            "events"
        });
        assert_eq!(
            rings, 1,
            "[BE2] a wait that is not ended, or one that is ended again and again"
        );
        assert_eq!(selected, "events", "the events of the wait are lost");
    });
}

#[test]
fn the_token_of_a_ring_goes_with_the_wait_that_it_has_ended() {
    within(|| {
        let parker = Parker::new();
        let bell = Bell::new(&parker);
        bell.select(&parker, |_| bell.ring(|| ()));
        assert!(bell.select(&parker, |may_wait| may_wait), "each wake costs a turn for nothing");
        bell.ring(|| ());
        parker.wait(); // returns at once, or the test hangs
    });
}

#[test]
fn after_the_wait_nobody_goes_through_the_kernel() {
    within(|| {
        let parker = Parker::new();
        let bell = Bell::new(&parker);
        bell.select(&parker, |_| ());
        bell.ring(|| unreachable!("[BE2] a system call for a thread that is busy"));
        assert!(!bell.select(&parker, |may_wait| may_wait), "[BE1] a ring was lost");
    });
}

#[test]
fn a_ring_ends_a_wait_at_the_parker() {
    within(|| {
        let parker = Parker::new();
        let bell = Bell::new(&parker);
        thread::scope(|scope| {
            scope.spawn(|| bell.ring(|| unreachable!("a parker waits in no kernel of ours")));
            parker.wait();
        });
    });
}

/// What was done before a ring is seen by the thread that was rung for, whenever the ring comes.
#[test]
fn no_ring_is_lost_between_the_look_for_a_token_and_the_wait() {
    within(|| {
        const RINGS: usize = 20_000;
        const OVER: usize = usize::MAX;
        let (parker, kernel) = (Parker::new(), Parker::new());
        let (bell, wakes_kernel) = (Bell::new(&parker), kernel.unparker());
        let (asked, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                let start = Instant::now();
                // Fewer on a machine that is busy with others.
                for round in (1..=RINGS).take_while(|_| start.elapsed() < Duration::from_secs(1)) {
                    asked.store(round, Ordering::Release);
                    bell.ring(|| wakes_kernel.unpark());
                    while answered.load(Ordering::Acquire) < round {
                        thread::yield_now();
                    }
                    for _ in 0..round % 64 {
                        hint::spin_loop(); // so that both meet at each of their steps
                    }
                }
                asked.store(OVER, Ordering::Release);
                bell.ring(|| wakes_kernel.unpark());
            });
            let mut seen = 0;
            while seen != OVER {
                bell.select(&parker, |may_wait| {
                    if may_wait {
                        kernel.wait();
                    }
                });
                seen = asked.load(Ordering::Acquire);
                answered.store(seen, Ordering::Release);
            }
        });
    });
}
