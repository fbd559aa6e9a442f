//! One deadline as a future.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rt_testkit::{CountingWaker, within};
use rt_timer::{Clock, Instant, Timer, TimerDriver, Timers, sleep, sleep_until};
use rt_waker::{Park, Parker, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(20);

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

    /// Moves the clock and looks, as an executor under load would.
    fn pass(&mut self, time: Duration) -> usize {
        self.timers.clock().advance(time);
        let mut ready = WakeBatch::new();
        self.driver.park(Some(Duration::ZERO), &mut ready);
        ready.wake_all()
    }
}

fn poll(timer: &mut Timer, waker: &Waker) -> Poll<()> {
    Pin::new(timer).poll(&mut Context::from_waker(waker))
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_timer_wakes_at_its_deadline_and_not_a_nanosecond_before() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        let (waker, wakes) = CountingWaker::new();
        let mut timer = sleep(ms(10));
        assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        bench.pass(ms(10) - Duration::from_nanos(1));
        assert_eq!(wakes.count(), 0, "the timer fired early");
        assert_eq!(poll(&mut timer, &waker), Poll::Pending, "the timer was ready early");
        bench.pass(Duration::from_nanos(1));
        assert_eq!(wakes.count(), 1, "the timer did not fire at its deadline");
        assert_eq!(poll(&mut timer, &waker), Poll::Ready(()));
        assert_eq!(poll(&mut timer, &waker), Poll::Ready(()), "and stays ready");
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
            assert_eq!(bench.pass(ms(10)), 1, "one deadline every ten milliseconds");
            assert_eq!(wakers[expected].1.count(), 1, "timer {expected} was next");
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
        assert_eq!((old_wakes.count(), new_wakes.count()), (0, 1), "who polled last is woken");
    });
}

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
        assert_eq!(bench.timers.waiting(), 0, "a dropped timer still waits");
        drop(waker);
        assert_eq!(std::sync::Arc::strong_count(&wakes), 1, "a dropped timer keeps its waker");
        assert_eq!(bench.pass(ms(5)), 0);
    });
}

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
        assert_eq!(bench.pass(ms(1)), 2);
        drop(timers);
        let mut next = sleep(ms(1)); // takes a place that was theirs
        assert_eq!(poll(&mut next, &waker), Poll::Pending);
        assert_eq!(bench.pass(ms(1)), 1);
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
        assert_eq!(wakes.count(), 0, "it fired at the deadline before the reset");
        bench.pass(ms(10));
        assert_eq!(wakes.count(), 1);
        assert_eq!(poll(&mut timer, &waker), Poll::Ready(()));
        timer.reset(start + ms(40));
        assert_eq!(poll(&mut timer, &waker), Poll::Pending, "a timer that fired waits again");
        timer.reset(start + ms(35));
        assert_eq!(bench.pass(ms(5)), 1, "a reset to an earlier deadline");
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
            assert_eq!(poll(timer, &waker), Poll::Pending);
        }
        bench.pass(Duration::from_secs(u32::MAX.into()));
        assert_eq!(wakes.count(), 0);
        timers[0].reset(Instant::now());
        assert_eq!(bench.pass(Duration::ZERO), 1, "until it is reset");
        assert_eq!(poll(&mut timers[0], &waker), Poll::Ready(()));
    });
}

#[test]
fn a_deadline_that_has_passed_is_ready_at_the_next_look() {
    within(DEADLINE, || {
        let mut bench = Bench::new();
        let _entered = bench.timers.enter();
        bench.pass(ms(10));
        let (waker, _) = CountingWaker::new();
        assert_eq!(poll(&mut sleep(Duration::ZERO), &waker), Poll::Ready(()));
        assert_eq!(poll(&mut sleep_until(Instant::now() - ms(5)), &waker), Poll::Ready(()));
    });
}

#[test]
fn a_driver_that_ends_wakes_its_timers_and_they_find_another() {
    within(DEADLINE, || {
        let (waker, wakes) = CountingWaker::new();
        let mut timer = {
            let bench = Bench::new();
            let _entered = bench.timers.enter();
            let mut timer = sleep(ms(1));
            assert_eq!(poll(&mut timer, &waker), Poll::Pending);
            timer
        };
        assert_eq!(wakes.count(), 1, "a timer of a driver that is gone would wait for ever");
        let mut next = Bench::new();
        let _entered = next.timers.enter();
        timer.reset(Instant::now() + ms(5));
        assert_eq!(poll(&mut timer, &waker), Poll::Pending);
        assert_eq!(next.timers.waiting(), 1, "it waits where it was polled");
        assert_eq!(next.pass(ms(5)), 1);
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
        assert_eq!(next.timers.waiting(), 1, "the drop of an old timer took a new one's place");
        assert_eq!(next.pass(ms(1)), 1);
    });
}

#[test]
fn outside_of_any_runtime_a_thread_in_the_background_serves_it() {
    within(DEADLINE, || {
        let start = std::time::Instant::now();
        rt_executor::block_on(async {
            let mut late = pin!(sleep(ms(6)));
            sleep(ms(3)).await; // an earlier one, armed after a later one would be
            late.as_mut().await;
        });
        assert!(start.elapsed() >= ms(6), "it fired early: {:?}", start.elapsed());
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
