//! Chapter 5, parts 6, 8 and 9: one deadline as a future.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use rt_testkit::{CountingWaker, within};
use rt_timer::{Clock, Instant, Timer, TimerDriver, Timers, sleep, sleep_until};
use rt_waker::{Park, Parker, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(10);
const HOUR: Duration = Duration::from_secs(3600);

/// A driver whose clock stands, in the hand of the test.
struct Bench {
    driver: TimerDriver<Parker>,
    timers: Timers,
}

impl Bench {
    fn new() -> Bench {
        let driver = TimerDriver::new(Parker::new(), Clock::manual());
        let timers = driver.timers();
        Bench { driver, timers }
    }

    /// Moves the clock, takes out who is due, and wakes them.
    fn pass(&mut self, time: Duration) -> usize {
        self.timers.clock().advance(time);
        let mut ready = WakeBatch::new();
        self.driver.wheels().expire_all(&mut ready);
        ready.wake_all()
    }
}

/// A waker whose end asks the timers something, as the end of a task that holds one may.
struct Nosy {
    timers: Timers,
    ends: Arc<AtomicUsize>,
}

impl Nosy {
    fn waker(timers: &Timers) -> (Waker, Arc<AtomicUsize>) {
        let ends = Arc::new(AtomicUsize::new(0));
        let nosy = Nosy { timers: timers.clone(), ends: ends.clone() };
        (Waker::from(Arc::new(nosy)), ends)
    }
}

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Nosy {
    fn drop(&mut self) {
        let _waiting = self.timers.waiting(); // takes the lock
        self.ends.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll(timer: &mut Timer, waker: &Waker) -> Poll<()> {
    Pin::new(timer).poll(&mut Context::from_waker(waker))
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

// 5.6: the newest waker wins, never early

#[test]
fn a_timer_wakes_at_its_deadline_and_not_a_nanosecond_before() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        let (waker, wakes) = CountingWaker::new();
        let mut timer = sleep(ms(10));
        assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        bench.pass(ms(10) - Duration::from_nanos(1));
        assert_eq!(wakes.count(), 0, "[TI2] the timer fired early");
        assert_eq!(poll(&mut timer, &waker), Poll::Pending, "[TI2] a sleep ended early");
        bench.pass(Duration::from_nanos(1));
        assert_eq!(wakes.count(), 1, "[TI2] a sleep did not end");
        assert_eq!(poll(&mut timer, &waker), Poll::Ready(()), "[TI2] woken, and not ready");
        assert_eq!(poll(&mut timer, &waker), Poll::Ready(()), "it does not stay ready");
    });
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        let wakers: Vec<_> = (0..3).map(|_| CountingWaker::new()).collect();
        let mut timers = [ms(30), ms(10), ms(20)].map(sleep);
        for (timer, (waker, _)) in timers.iter_mut().zip(&wakers) {
            assert_eq!(poll(timer, waker), Poll::Pending);
        }
        for expected in [1, 2, 0] {
            assert_eq!(bench.pass(ms(10)), 1, "[TI2] one deadline every ten milliseconds");
            assert_eq!(wakers[expected].1.count(), 1, "[W3] timer {expected} was next");
        }
    });
}

#[test]
fn the_newest_waker_wins() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        let (old, old_wakes) = CountingWaker::new();
        let (new, new_wakes) = CountingWaker::new();
        let mut timer = sleep(ms(1));
        assert_eq!(poll(&mut timer, &old), Poll::Pending);
        assert_eq!(poll(&mut timer, &new), Poll::Pending);
        bench.pass(ms(1));
        assert_eq!(
            (old_wakes.count(), new_wakes.count()),
            (0, 1),
            "[TI1] the task that waits now is not woken"
        );
    });
}

#[test]
fn a_timer_that_is_polled_again_is_in_one_wheel_once() {
    within(DEADLINE, || {
        let (mut first, second) = (Bench::new(), Bench::new());
        let (waker, wakes) = CountingWaker::new();
        let mut timer = sleep(ms(10));
        for bench in [&first, &second, &first] {
            let _entered = bench.timers.enter(); // a task that moves from thread to thread
            assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        }
        let waiting = (first.timers.waiting(), second.timers.waiting());
        assert_eq!(waiting, (1, 0), "[TI1] each poll puts a timer into a wheel");
        first.pass(ms(20));
        assert_eq!(wakes.count(), 1, "[TI1] one sleep wakes its task twice");
    });
}

#[test]
fn a_waker_that_is_replaced_is_dropped_when_the_lock_is_free() {
    within(DEADLINE, || {
        let bench = Bench::new();
        let _entered = bench.timers.enter();
        let (waker, ends) = Nosy::waker(&bench.timers);
        let mut timer = sleep(ms(10));
        assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        drop(waker);
        assert_eq!(poll(&mut timer, Waker::noop()), Poll::Pending); // [E2] or it waits for itself
        assert_eq!(ends.load(Ordering::Relaxed), 1, "[TI1] a timer keeps a waker of before");
    });
}

#[test]
fn never_and_the_longest_duration_wait_for_ever() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        let (waker, wakes) = CountingWaker::new();
        let mut timers = [Timer::never(), sleep(Duration::MAX), sleep_until(Instant::far_future())];
        for timer in &mut timers {
            assert_eq!(poll(timer, &waker), Poll::Pending, "[TI2] for ever is over");
        }
        bench.pass(Duration::from_secs(u32::MAX.into()));
        assert_eq!(wakes.count(), 0, "[TI2] for ever is over");
    });
}

#[test]
fn a_deadline_that_has_passed_is_ready_at_the_next_look() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        bench.pass(ms(10));
        let (waker, _) = CountingWaker::new();
        assert_eq!(poll(&mut sleep(Duration::ZERO), &waker), Poll::Ready(()), "[TI2] late");
        let mut past = sleep_until(Instant::now() - ms(5));
        assert_eq!(poll(&mut past, &waker), Poll::Ready(()), "[TI2] what has passed is waited for");
    });
}

#[test]
fn a_driver_that_ends_wakes_its_timers_and_they_find_another() {
    within(DEADLINE, || {
        let (waker, wakes) = CountingWaker::new();
        let mut timer = {
            let bench = Bench::new();
            let _entered = bench.timers.enter();
            let mut timer = sleep(HOUR);
            assert_eq!(poll(&mut timer, &waker), Poll::Pending);
            timer
        };
        assert_eq!(wakes.count(), 1, "[E3] a timer of a driver that is gone waits for ever");
        let mut next = Bench::new();
        let _entered = next.timers.enter();
        assert_eq!(poll(&mut timer, &waker), Poll::Pending, "[TI2] a sleep ended early");
        assert_eq!(next.timers.waiting(), 1, "[E3] it waits where nobody looks");
        assert_eq!(next.pass(HOUR), 1, "[E3] a sleep did not end");
    });
}

// 5.8: a park that knows its deadline

#[test]
fn outside_of_any_runtime_a_thread_in_the_background_serves_it() {
    within(DEADLINE, || {
        let start = std::time::Instant::now();
        rt_executor::block_on(async {
            let mut late = pin!(sleep(ms(6)));
            sleep(ms(3)).await; // an earlier one, armed after a later one would be
            late.as_mut().await;
        });
        assert!(start.elapsed() >= ms(6), "[TI2] it fired early: {:?}", start.elapsed());
    });
}

#[test]
fn an_earlier_timer_from_another_thread_ends_the_park() {
    within(DEADLINE, || {
        let mut driver = TimerDriver::new(Parker::new(), Clock::real());
        let timers = driver.timers();
        let (waker, wakes) = CountingWaker::new();
        let mut far = Timer::after(Duration::from_secs(3600));
        let entered = timers.enter();
        assert_eq!(poll(&mut far, &waker), Poll::Pending);
        drop(entered);
        let armed = std::thread::spawn({
            let waker = waker.clone();
            move || {
                let _entered = timers.enter();
                let mut near = sleep(ms(5));
                let _ = poll(&mut near, &waker);
                near
            }
        });
        let mut ready = WakeBatch::new();
        while wakes.count() == 0 {
            driver.park(None, &mut ready); // an hour, unless somebody rings
            ready.wake_all();
        }
        drop(armed.join());
    });
}

// 5.9: cancel and reset

#[test]
fn a_dropped_timer_wakes_nobody_and_lets_go_of_its_waker() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        let (waker, wakes) = CountingWaker::new();
        let mut timer = sleep(ms(1));
        assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        assert_eq!(bench.timers.waiting(), 1);
        drop(timer);
        assert_eq!(bench.timers.waiting(), 0, "[TI3] a dropped timer still waits");
        drop(waker);
        assert_eq!(Arc::strong_count(&wakes), 1, "[TI3] a dropped timer keeps its waker");
        assert_eq!(bench.pass(ms(5)), 0, "[TI3] a dropped timer wakes somebody");
    });
}

#[test]
fn the_waker_of_a_dropped_timer_is_dropped_when_the_lock_is_free() {
    within(DEADLINE, || {
        let bench = Bench::new();
        let _entered = bench.timers.enter();
        let (waker, ends) = Nosy::waker(&bench.timers);
        let mut timer = sleep(ms(10));
        assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        drop(waker);
        drop(timer); // [E2] or it waits for itself
        assert_eq!(ends.load(Ordering::Relaxed), 1, "[TI3] a dropped timer keeps its waker");
    });
}

#[test]
fn a_reset_timer_fires_at_the_new_deadline_only() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        let (waker, wakes) = CountingWaker::new();
        let start = Instant::now();
        let mut timer = sleep(ms(10));
        assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        timer.reset(start + ms(30)); // who waits goes on waiting, without a poll
        bench.pass(ms(20));
        assert_eq!(wakes.count(), 0, "[TI4] it fired at the deadline before the reset");
        bench.pass(ms(10));
        assert_eq!(wakes.count(), 1, "[TI4] it did not fire at the new deadline");
        assert_eq!(poll(&mut timer, &waker), Poll::Ready(()));
        timer.reset(start + ms(40));
        assert_eq!(
            poll(&mut timer, &waker),
            Poll::Pending,
            "[TI4] a timer that fired does not wait again"
        );
        timer.reset(start + ms(35));
        assert_eq!(bench.pass(ms(5)), 1, "[TI4] a reset to an earlier deadline is lost");
    });
}

#[test]
fn a_reset_of_a_timer_that_was_taken_out_a_moment_ago_counts() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        let (waker, wakes) = CountingWaker::new();
        let mut timer = sleep(ms(10));
        assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        assert_eq!(bench.pass(ms(10)), 1);
        timer.reset(Instant::now() + ms(50)); // its task was woken, and has not polled yet
        assert_eq!(poll(&mut timer, &waker), Poll::Pending, "[TI4] ready before its new deadline");
        assert_eq!(bench.pass(ms(50)), 1, "[TI4] it does not wait for its new deadline");
        assert_eq!(wakes.count(), 2);
    });
}

#[test]
fn a_timer_that_waits_for_ever_can_be_reset() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        let (waker, wakes) = CountingWaker::new();
        let mut timer = Timer::never();
        assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        timer.reset(Instant::now());
        assert_eq!(bench.pass(Duration::ZERO), 1, "[TI4] it waits for ever, until it is reset");
        assert_eq!(wakes.count(), 1);
        assert_eq!(poll(&mut timer, &waker), Poll::Ready(()), "[TI4] a reset is forgotten");
    });
}

#[test]
fn a_timer_of_a_dead_driver_touches_no_timer_of_the_next() {
    within(DEADLINE, || {
        let (waker, _) = CountingWaker::new();
        let first = Bench::new();
        let mut stale = sleep(ms(1));
        {
            let _entered = first.timers.enter();
            assert_eq!(poll(&mut stale, &waker), Poll::Pending);
        }
        drop(first);
        let mut next = Bench::new();
        let _entered = next.timers.enter();
        let mut timer = sleep(ms(1));
        assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        stale.reset(Instant::now() + ms(500));
        drop(stale);
        assert_eq!(
            next.timers.waiting(),
            1,
            "[E6] the drop of an old timer took a new one's place"
        );
        assert_eq!(next.pass(ms(1)), 1, "[E6] the reset of an old timer moved a new one");
    });
}

// The whole of it

#[test]
fn a_timer_that_is_dropped_on_the_tick_it_fires_on_is_fine() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        let (waker, _wakes) = CountingWaker::new();
        let mut timers = [sleep(ms(1)), sleep(ms(1))];
        for timer in &mut timers {
            assert_eq!(poll(timer, &waker), Poll::Pending);
        }
        assert_eq!(bench.pass(ms(1)), 2, "[TI2] two sleeps end on this tick");
        drop(timers);
        let mut next = sleep(ms(1)); // takes a place that was theirs
        assert_eq!(poll(&mut next, &waker), Poll::Pending);
        assert_eq!(bench.pass(ms(1)), 1, "[TI3] the drop of an old timer cancels a new one");
    });
}
