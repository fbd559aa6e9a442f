//! Chapter 5, part 11: a deadline that comes again and again.

use std::time::Duration;

use rt_executor::{Executor, Fifo};
use rt_testkit::within;
use rt_timer::{Clock, Instant, Interval, MissedTickBehavior, TimerDriver, Timers};
use rt_timer::{interval, interval_at};
use rt_waker::Parker;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Runs `body` under a clock that stands, and goes on by itself when everything waits.
fn paused<F: Future<Output = ()>>(body: impl FnOnce(Timers) -> F + Send + 'static) {
    within(Duration::from_secs(10), move || {
        let clock = Clock::real();
        clock.pause();
        let driver = TimerDriver::new(Parker::new(), clock);
        let timers = driver.timers();
        let executor = Executor::with(driver, Fifo::new(), ());
        let _entered = timers.enter();
        executor.run(body(timers.clone()));
    });
}

/// When the next ticks come, in milliseconds since `start`.
async fn ticks(interval: &mut Interval, start: Instant, count: usize) -> Vec<u128> {
    let mut seen = Vec::new();
    for _ in 0..count {
        interval.tick().await;
        seen.push(start.elapsed().as_millis());
    }
    seen
}

#[test]
fn the_first_tick_comes_at_once_and_the_others_keep_time() {
    paused(|_| async {
        let start = Instant::now();
        let mut interval = interval(ms(10));
        let seen = ticks(&mut interval, start, 4).await;
        assert_eq!(seen, [0, 10, 20, 30], "[IV1] ticks came at other times");
    });
}

#[test]
fn an_interval_does_not_drift_when_its_user_is_a_little_slow() {
    paused(|_| async {
        let start = Instant::now();
        let mut interval = interval(ms(10));
        for expected in [0, 10, 20, 30] {
            let due = interval.tick().await;
            assert_eq!((due - start).as_millis(), expected, "[IV1] the interval drifts");
            rt_timer::sleep(ms(4)).await;
        }
    });
}

#[test]
fn a_tick_that_comes_a_little_late_does_not_move_the_next_ones() {
    paused(|timers| async move {
        let start = Instant::now();
        let mut interval = interval(ms(10));
        interval.tick().await;
        timers.advance(ms(12)); // a busy machine
        let seen = ticks(&mut interval, start, 3).await;
        assert_eq!(seen, [12, 20, 30], "[IV1] the interval drifts");
    });
}

#[test]
fn a_start_in_the_future_is_waited_for() {
    paused(|_| async {
        let start = Instant::now();
        let mut interval = interval_at(start + ms(25), ms(10));
        let seen = ticks(&mut interval, start, 3).await;
        assert_eq!(seen, [25, 35, 45], "[IV1] ticks came at other times");
    });
}

/// The ticks after the user was away from 0 to 35 with a period of 10.
async fn after_a_pause(behavior: MissedTickBehavior, timers: Timers) -> Vec<u128> {
    let start = Instant::now();
    let mut interval = interval(ms(10));
    interval.set_missed_tick_behavior(behavior);
    assert_eq!(interval.missed_tick_behavior(), behavior);
    interval.tick().await;
    timers.advance(ms(35));
    ticks(&mut interval, start, 5).await
}

#[test]
fn burst_catches_up() {
    paused(|timers| async {
        let seen = after_a_pause(MissedTickBehavior::Burst, timers).await;
        assert_eq!(seen, [35, 35, 35, 40, 50], "[IV1] 10, 20 and 30 at once, then on time");
    });
}

#[test]
fn delay_starts_anew_from_each_late_tick() {
    paused(|timers| async {
        let seen = after_a_pause(MissedTickBehavior::Delay, timers).await;
        assert_eq!(seen, [35, 45, 55, 65, 75], "[IV1] a period from each late tick");
    });
}

#[test]
fn skip_keeps_to_multiples_of_the_period() {
    paused(|timers| async {
        let seen = after_a_pause(MissedTickBehavior::Skip, timers).await;
        assert_eq!(seen, [35, 40, 50, 60, 70], "[IV1] what was missed is left out");
    });
}

#[test]
fn resets_move_the_next_tick() {
    paused(|timers| async move {
        let start = Instant::now();
        let mut interval = interval(ms(10));
        interval.tick().await;
        timers.advance(ms(4));
        interval.reset();
        let seen = ticks(&mut interval, start, 1).await;
        assert_eq!(seen, [14], "[TI4] a reset is forgotten");
        interval.reset_immediately();
        let seen = ticks(&mut interval, start, 1).await;
        assert_eq!(seen, [14], "[TI4] a reset is forgotten");
        interval.reset_after(ms(3));
        let seen = ticks(&mut interval, start, 1).await;
        assert_eq!(seen, [17], "[TI4] a reset is forgotten");
        interval.reset_at(start + ms(40));
        let seen = ticks(&mut interval, start, 2).await;
        assert_eq!(seen, [40, 50], "[TI4] a reset is forgotten");
    });
}

#[test]
fn the_longest_period_ticks_once() {
    paused(|_| async {
        let mut interval = interval(Duration::MAX);
        assert_eq!(interval.period(), Duration::MAX);
        interval.tick().await;
        let second = rt_timer::timeout(Duration::from_secs(1 << 30), interval.tick()).await;
        assert!(second.is_err(), "[IV1] the second tick is never");
    });
}

#[test]
fn a_tick_that_nobody_got_comes_again() {
    paused(|_| async {
        let start = Instant::now();
        let mut interval = interval(ms(10));
        interval.tick().await;
        let cancelled = rt_timer::timeout(ms(5), interval.tick()).await;
        assert!(cancelled.is_err());
        assert_eq!(
            ticks(&mut interval, start, 1).await,
            [10],
            "[IV1] a tick that was cancelled is lost"
        );
    });
}

#[test]
#[should_panic = "give it a period above zero"]
fn a_period_of_zero_is_refused_with_advice() {
    drop(interval(Duration::ZERO));
}
