//! Chapter 8, part 2: who waits for a socket leaves a waker, and an event takes all of them.

use std::future::Future;
use std::hint;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rt_io::{Direction, Flags, Source, Wait};
use rt_testkit::CountingWaker;
use rt_waker::WakeBatch;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
}

fn polls(source: &Source, direction: Direction, waker: &Waker) -> bool {
    source.poll_ready(direction, Flags::CALL, &mut Context::from_waker(waker)).is_ready()
}

fn waits(wait: Pin<&mut Wait<'_>>, waker: &Waker) -> bool {
    wait.poll(&mut Context::from_waker(waker)).is_ready()
}

/// How many were woken by an event of one direction.
fn event(source: &Source, direction: Direction) -> usize {
    let mut ready = WakeBatch::new();
    match direction {
        Direction::Read => source.event(Flags::READY, Flags::NONE, &mut ready),
        Direction::Write => source.event(Flags::NONE, Flags::READY, &mut ready),
    }
    ready.wake_all()
}

#[test]
fn who_polls_is_woken_by_an_event_of_its_direction_alone() {
    within(|| {
        let (source, (waker, wakes)) = (Source::new(), CountingWaker::new());
        assert!(!polls(&source, Direction::Read, &waker), "a read of nothing: no event came");
        assert_eq!(event(&source, Direction::Write), 0, "a reader is woken for room to write");
        assert!(!polls(&source, Direction::Read, &waker), "one direction's event for the other");
        assert_eq!(event(&source, Direction::Read), 1, "[SO1] the reader sleeps on its bytes");
        assert_eq!(wakes.count(), 1, "[SO1] the reader sleeps on its bytes");
        assert!(polls(&source, Direction::Read, &waker), "it was woken, and is told to wait");
        assert_eq!(event(&source, Direction::Read), 0, "nobody waits, and somebody is woken");
    });
}

#[test]
fn of_two_who_poll_one_direction_the_last_is_woken() {
    within(|| {
        let source = Source::new();
        let [(first, first_wakes), (last, last_wakes)] =
            [CountingWaker::new(), CountingWaker::new()];
        let (writer, writer_wakes) = CountingWaker::new();
        polls(&source, Direction::Write, &writer);
        polls(&source, Direction::Read, &first);
        polls(&source, Direction::Read, &last);
        event(&source, Direction::Read);
        assert_eq!(last_wakes.count(), 1, "[SO4] the task moved, and its old place is woken");
        assert_eq!((first_wakes.count(), writer_wakes.count()), (0, 0), "[SO4] a wake for nothing");
    });
}

#[test]
fn an_event_wakes_all_futures_that_wait() {
    within(|| {
        let source = Source::new();
        let wakers: Vec<_> = (0..5).map(|_| CountingWaker::new()).collect();
        let mut futures: Vec<_> =
            wakers.iter().map(|_| Box::pin(source.ready(Direction::Read, Flags::CALL))).collect();
        for (future, (waker, _)) in futures.iter_mut().zip(&wakers) {
            assert!(!waits(future.as_mut(), waker), "no event came");
        }
        assert_eq!(event(&source, Direction::Read), 5, "[SO3] some wait on though bytes are there");
        for (future, (waker, wakes)) in futures.iter_mut().zip(&wakers) {
            assert_eq!(wakes.count(), 1, "[SO3] one task was woken in place of another");
            assert!(waits(future.as_mut(), waker), "it was woken, and is told to wait");
        }
    });
}

#[test]
fn a_future_that_moves_to_another_task_is_woken_there() {
    within(|| {
        let source = Source::new();
        let [(old, old_wakes), (new, new_wakes)] = [CountingWaker::new(), CountingWaker::new()];
        let mut future = pin!(source.ready(Direction::Read, Flags::CALL));
        assert!(!waits(future.as_mut(), &old) && !waits(future.as_mut(), &new), "no event came");
        assert_eq!(event(&source, Direction::Read), 1, "one future waits");
        assert_eq!((old_wakes.count(), new_wakes.count()), (0, 1), "the newest waker wins");
    });
}

#[test]
fn who_polls_again_and_again_leaves_one_waker() {
    within(|| {
        let (source, (waker, wakes)) = (Source::new(), CountingWaker::new());
        let before = Arc::strong_count(&wakes);
        let mut future = pin!(source.ready(Direction::Read, Flags::CALL));
        for _ in 0..10 {
            assert!(!waits(future.as_mut(), &waker), "no event came");
            assert!(!polls(&source, Direction::Read, &waker), "no event came");
        }
        assert_eq!(Arc::strong_count(&wakes), before + 2, "each poll of an idle socket leaks");
        assert_eq!(event(&source, Direction::Read), 2, "a task is woken once for each poll");
    });
}

#[test]
fn a_future_that_is_dropped_waits_no_more() {
    within(|| {
        let source = Source::new();
        let [(gone, gone_wakes), (stays, stays_wakes)] =
            [CountingWaker::new(), CountingWaker::new()];
        let before = Arc::strong_count(&gone_wakes);
        let mut wait = Box::pin(source.ready(Direction::Read, Flags::CALL));
        assert!(!waits(wait.as_mut(), &gone), "no event came");
        let mut other = pin!(source.ready(Direction::Read, Flags::CALL));
        assert!(!waits(other.as_mut(), &stays), "no event came");
        drop(wait);
        assert_eq!(Arc::strong_count(&gone_wakes), before, "each cancelled read leaks a waker");
        assert_eq!(event(&source, Direction::Read), 1, "who has gone away is woken");
        assert_eq!((gone_wakes.count(), stays_wakes.count()), (0, 1), "another left in its place");
    });
}

#[test]
fn a_shutdown_wakes_who_waits_for_either_direction() {
    within(|| {
        let (source, (waker, wakes)) = (Source::new(), CountingWaker::new());
        let mut write = pin!(source.ready(Direction::Write, Flags::CALL));
        assert!(!waits(write.as_mut(), &waker) && !polls(&source, Direction::Read, &waker));
        let mut ready = WakeBatch::new();
        source.shut_down(&mut ready);
        assert_eq!((ready.wake_all(), wakes.count()), (2, 2), "[RD3] it waits for a dead runtime");
        assert!(source.get(Direction::Read).is_shut_down(), "[RD3] the reader is not told why");
        assert!(waits(write.as_mut(), &waker), "[RD3] the writer waits for a dead runtime");
    });
}

/// Its last count looks at a socket.
struct LooksWhenDropped(Arc<Source>, Arc<AtomicUsize>);

impl Wake for LooksWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for LooksWhenDropped {
    fn drop(&mut self) {
        polls(&self.0, Direction::Read, Waker::noop());
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_waker_that_is_replaced_is_dropped_when_the_lock_is_free() {
    within(|| {
        let (source, drops) = (Arc::new(Source::new()), Arc::new(AtomicUsize::new(0)));
        let waker = || Waker::from(Arc::new(LooksWhenDropped(source.clone(), drops.clone())));
        polls(&source, Direction::Read, &waker());
        polls(&source, Direction::Read, Waker::noop());
        assert_eq!(drops.load(Ordering::Relaxed), 1, "the waker that was replaced is kept");
        let mut future = pin!(source.ready(Direction::Read, Flags::CALL));
        waits(future.as_mut(), &waker());
        waits(future.as_mut(), Waker::noop());
        assert_eq!(drops.load(Ordering::Relaxed), 2, "the waker that was replaced is kept");
    });
}

/// A task of one thread, and the events of another: nobody may sleep on an event.
#[test]
fn an_event_that_comes_while_a_waker_is_left_is_not_lost() {
    within(|| {
        const ROUNDS: u64 = 50_000;
        const OVER: u64 = u64::MAX;
        let source = Mutex::new(Arc::new(Source::new()));
        let current = || source.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (begun, done) = (AtomicU64::new(0), AtomicU64::new(0));
        assert_eq!(event(&current(), Direction::Write), 0, "nobody waits");
        let mut lost = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1.. {
                    wait_for(&begun, round);
                    if begun.load(Ordering::Acquire) == OVER {
                        break;
                    }
                    let one = current();
                    delay(round, 1);
                    event(&one, Direction::Read);
                    done.store(round, Ordering::Release);
                }
            });
            let (waker, wakes) = CountingWaker::new();
            let start = Instant::now();
            // Fewer on a machine that is busy with others.
            for round in (1..=ROUNDS).take_while(|_| start.elapsed() < Duration::from_secs(1)) {
                let one = current();
                let before = wakes.count();
                begun.store(round, Ordering::Release);
                delay(round, 0);
                let is_ready = polls(&one, Direction::Read, &waker);
                wait_for(&done, round);
                lost += u64::from(!is_ready && wakes.count() == before);
                *source.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
            }
            begun.store(OVER, Ordering::Release);
        });
        assert_eq!(lost, 0, "[SO1] so many reads sleep on bytes that are there");
    });
}

/// One of both threads waits, for some nanoseconds to some microseconds, so that they meet at each of their
/// steps.
fn delay(round: u64, thread: u64) {
    if round % 2 == thread {
        for step in 0..(round / 2 % 64) << (round / 128 % 6) {
            hint::black_box(step);
        }
    }
}

/// Waits until the other thread is in this round.
fn wait_for(counter: &AtomicU64, round: u64) {
    for spins in 1_u64.. {
        if counter.load(Ordering::Acquire) >= round {
            break;
        }
        if spins % 1_000 == 0 {
            thread::yield_now();
        }
        hint::spin_loop();
    }
}

#[test]
fn what_is_there_already_is_not_waited_for() {
    within(|| {
        let source = Source::new();
        event(&source, Direction::Read);
        let mut future = pin!(source.ready(Direction::Read, Flags::CALL));
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(seen) = polled else { panic!("a read waits though bytes are there") };
        source.clear(Direction::Read, Flags::CALL, seen);
        assert!(!polls(&source, Direction::Read, Waker::noop()), "the read spins");
    });
}
