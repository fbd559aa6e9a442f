//! Nobody waits for ever, and the bounds are numbers.

mod hired {
    pub(crate) mod team;
}

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use rt_executor::{Handle, TURN, block_on, yield_now};
use rt_steal::STREAK;
use rt_testkit::within;

use crate::hired::team::{end, start};

const LIMIT: Duration = Duration::from_secs(60);
/// What the bounds in milliseconds may be exceeded by on a machine that does other things too.
const SLACK: Duration = Duration::from_millis(400);

fn compute_while(is_on: impl Fn() -> bool) {
    while is_on() {
        std::hint::spin_loop();
    }
}

/// Two tasks that wake each other for ever, through the slot.
fn ping_pong(handle: &Handle, is_over: &Arc<AtomicBool>, polls: &Arc<AtomicUsize>) {
    let wakers = Arc::new([(); 2].map(|()| std::sync::Mutex::new(None::<Waker>)));
    for side in 0..2 {
        let (wakers, is_over, polls) = (wakers.clone(), is_over.clone(), polls.clone());
        drop(handle.spawn(poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            *wakers[side].lock().unwrap() = Some(cx.waker().clone());
            let other = wakers[1 - side].lock().unwrap().take();
            other.into_iter().for_each(Waker::wake);
            if is_over.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
        })));
    }
}

#[test]
fn a_ping_pong_through_the_slot_gives_way_after_its_streak() {
    within(LIMIT, || {
        let team = start(1);
        let (is_over, polls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let handle = team.handle();
        let (inner, over, counted) = (handle.clone(), is_over.clone(), polls.clone());
        // On the one worker, so that all three are its own.
        let waited = block_on(handle.spawn(async move {
            ping_pong(&inner, &over, &counted);
            let victim = inner.spawn({
                let counted = counted.clone();
                async move {
                    let mut longest = 0;
                    for _ in 0..100 {
                        let before = counted.load(Ordering::Relaxed);
                        yield_now().await;
                        longest = longest.max(counted.load(Ordering::Relaxed) - before);
                    }
                    longest
                }
            });
            victim.await.unwrap()
        }));
        is_over.store(true, Ordering::Relaxed);
        let waited = waited.unwrap();
        println!("at most {waited} polls of a ping-pong between two of another task");
        // A streak, the one that goes behind the ring, and the one that stands in the ring already.
        assert!(waited <= STREAK as usize + 2, "{waited}");
        end(&team);
    });
}

#[test]
fn a_task_from_outside_waits_for_a_turn_of_those_that_never_wait() {
    within(LIMIT, || {
        let team = start(1);
        let handle = team.handle();
        let (is_over, polls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let inner = handle.clone();
        let (over, counted) = (is_over.clone(), polls.clone());
        block_on(handle.spawn(async move {
            for _ in 0..8 {
                let (over, counted) = (over.clone(), counted.clone());
                drop(inner.spawn(async move {
                    while !over.load(Ordering::Relaxed) {
                        counted.fetch_add(1, Ordering::Relaxed);
                        yield_now().await;
                    }
                }));
            }
        }))
        .unwrap();
        let (mut shortest, mut longest) = (usize::MAX, 0);
        for _ in 0..50 {
            let before = polls.load(Ordering::Relaxed);
            let counted = polls.clone();
            let after = block_on(handle.spawn(async move { counted.load(Ordering::Relaxed) }));
            let polls = after.unwrap().saturating_sub(before);
            (shortest, longest) = (shortest.min(polls), longest.max(polls));
        }
        is_over.store(true, Ordering::Relaxed);
        println!("at most {longest} polls before an injected task, {TURN} in a turn");
        // Polls between the count and the spawn are not its wait: the least of fifty has hardly any.
        assert!(shortest <= 2 * TURN, "each waited for {shortest} polls, and longer");
        end(&team);
    });
}

/// W2: woken, or spawned, by a task that then computes.
#[test]
fn what_stands_in_the_slot_behind_a_long_poll_is_run_by_another() {
    within(LIMIT, || {
        let team = start(2);
        let handle = team.handle();
        for _ in 0..5 {
            let (ran, has_run) = mpsc::channel();
            let is_over = Arc::new(AtomicBool::new(false));
            let (over, inner) = (is_over.clone(), handle.clone());
            let long = handle.spawn(async move {
                let start = Instant::now();
                drop(inner.spawn(async move { ran.send(start.elapsed()).unwrap() }));
                compute_while(|| !over.load(Ordering::Relaxed));
            });
            let after = has_run.recv().unwrap();
            assert!(!long.is_finished());
            is_over.store(true, Ordering::Relaxed);
            block_on(long).unwrap();
            println!("spawned, and run by another after {after:?}");
            assert!(after < Duration::from_millis(20) + SLACK, "{after:?}");
        }
        end(&team);
    });
}

/// W1: two at once.
#[test]
fn of_two_tasks_that_are_spawned_at_once_each_has_a_worker_soon() {
    within(LIMIT, || {
        let team = start(2);
        let handle = team.handle();
        for _ in 0..5 {
            let inner = handle.clone();
            let both = block_on(handle.spawn(async move {
                let start = Instant::now();
                let meet = Arc::new(AtomicUsize::new(0));
                [(); 2].map(|()| {
                    let meet = meet.clone();
                    inner.spawn(async move {
                        meet.fetch_add(1, Ordering::Relaxed);
                        // Only together they get on.
                        compute_while(|| meet.load(Ordering::Relaxed) < 2);
                        start.elapsed()
                    })
                })
            }));
            for task in both.unwrap() {
                let after = block_on(task).unwrap();
                println!("both run after {after:?}");
                assert!(after < SLACK, "{after:?}");
            }
        }
        end(&team);
    });
}

#[test]
fn a_task_from_outside_finds_a_worker_while_another_polls_for_long() {
    within(LIMIT, || {
        let team = start(2);
        let handle = team.handle();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let long = handle.spawn(async move { compute_while(|| !over.load(Ordering::Relaxed)) });
        for _ in 0..100 {
            block_on(handle.spawn(yield_now())).unwrap();
        }
        assert!(!long.is_finished());
        is_over.store(true, Ordering::Relaxed);
        block_on(long).unwrap();
        end(&team);
    });
}
