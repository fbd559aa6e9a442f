//! Chapter 5, part 8: timers in front of a park. How long it waits, and how often.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use rt_testkit::{CountingWaker, within};
use rt_timer::{Clock, Timer, TimerDriver, sleep};
use rt_waker::{Park, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(10);

/// Writes down how long it was told to wait, and never waits.
#[derive(Clone, Default)]
struct Recorded {
    waits: Arc<Mutex<Vec<Option<Duration>>>>,
}

impl Park for Recorded {
    fn park(&mut self, timeout: Option<Duration>, _ready: &mut WakeBatch) {
        self.waits.lock().unwrap().push(timeout);
    }

    fn waker(&self) -> Waker {
        Waker::noop().clone()
    }
}

fn arm(timer: &mut Timer, waker: &Waker) {
    assert!(Pin::new(timer).poll(&mut Context::from_waker(waker)).is_pending());
}

#[test]
fn without_timers_it_waits_as_long_as_it_is_told_to() {
    within(DEADLINE, || {
        let park = Recorded::default();
        let mut driver = TimerDriver::new(park.clone(), Clock::real());
        let mut ready = WakeBatch::new();
        driver.park(None, &mut ready);
        driver.park(Some(Duration::from_secs(7)), &mut ready);
        driver.park(Some(Duration::ZERO), &mut ready);
        let expected = [None, Some(Duration::from_secs(7)), Some(Duration::ZERO)];
        assert_eq!(*park.waits.lock().unwrap(), expected, "[V4] it wakes for nobody");
        assert_eq!(driver.due(), None, "[V4] nothing will ever be due");
    });
}

#[test]
fn it_waits_for_the_next_timer_and_no_longer() {
    within(DEADLINE, || {
        let park = Recorded::default();
        let mut driver = TimerDriver::new(park.clone(), Clock::real());
        let _entered = driver.timers().enter();
        let (waker, _) = CountingWaker::new();
        let mut timers = [Duration::from_secs(9), Duration::from_secs(5)].map(sleep);
        timers.iter_mut().for_each(|timer| arm(timer, &waker));
        let mut ready = WakeBatch::new();
        driver.park(None, &mut ready);
        driver.park(Some(Duration::from_secs(2)), &mut ready);
        let waits = park.waits.lock().unwrap().clone();
        let wait = waits[0].expect("it waits for a timer");
        assert!(
            wait <= Duration::from_secs(5),
            "[V4] it would wait beyond the next timer: {wait:?}"
        );
        assert!(wait > Duration::from_secs(4), "[V4] it would wake for nothing: {wait:?}");
        assert_eq!(waits[1], Some(Duration::from_secs(2)), "[V4] the caller's time is shorter");
        let due = driver.due().expect("a timer waits");
        assert!(due <= Duration::from_secs(5) && due > Duration::from_secs(4), "{due:?}");
    });
}

/// Waits as it is told to.
struct Sleeping {
    waits: Recorded,
}

impl Park for Sleeping {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        self.waits.park(timeout, ready);
        let real = timeout.unwrap_or_default().min(Duration::from_millis(1));
        std::thread::sleep(real); // as a park does: the real clock goes on
    }

    fn waker(&self) -> Waker {
        self.waits.waker()
    }
}

#[test]
fn a_lone_timer_fires_at_its_time_and_those_close_to_it_are_gathered() {
    within(DEADLINE, || {
        let hour = Duration::from_secs(3600);
        let waits = Recorded::default();
        let park = Sleeping { waits: waits.clone() };
        let mut driver = TimerDriver::new(park, Clock::real()).gathering(hour);
        let _entered = driver.timers().enter();
        let (waker, wakes) = CountingWaker::new();
        let mut ready = WakeBatch::new();
        let mut lone = sleep(Duration::from_millis(1));
        arm(&mut lone, &waker);
        driver.park(None, &mut ready);
        let told = waits.waits.lock().unwrap()[0].expect("a timer waits");
        assert!(told <= Duration::from_millis(1), "[V3] a lone timer would be late: {told:?}");
        assert_eq!((ready.wake_all(), wakes.count()), (1, 1), "[V1] nobody looks after the wait");
        let mut close = sleep(Duration::from_secs(60));
        arm(&mut close, &waker);
        driver.park(None, &mut ready);
        driver.park(Some(Duration::from_millis(1)), &mut ready);
        let waits = waits.waits.lock().unwrap().clone();
        let told = waits[1].expect("a timer waits");
        assert!(told <= hour && told > hour - DEADLINE, "[V3] a wake-up of its own: {told:?}");
        assert_eq!(waits[2], Some(Duration::from_millis(1)), "[V4] the caller's time is shorter");
    });
}

#[test]
fn who_is_due_is_collected_and_woken_by_the_executor() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let mut driver = TimerDriver::new(Recorded::default(), clock.clone());
        let _entered = driver.timers().enter();
        let (waker, wakes) = CountingWaker::new();
        let mut timer = sleep(Duration::from_millis(1));
        arm(&mut timer, &waker);
        clock.advance(Duration::from_millis(1));
        let mut ready = WakeBatch::new();
        driver.park(Some(Duration::ZERO), &mut ready);
        assert_eq!(wakes.count(), 0, "[E2] the park itself wakes somebody");
        assert_eq!(ready.wake_all(), 1, "[V4] a timer is due, and nobody looks");
        assert_eq!(wakes.count(), 1, "[TI2] a sleep did not end");
    });
}

#[test]
fn a_park_that_finds_somebody_due_does_not_wait() {
    within(DEADLINE, || {
        let park = Recorded::default();
        let clock = Clock::manual();
        let mut driver = TimerDriver::new(park.clone(), clock.clone());
        let _entered = driver.timers().enter();
        let mut timer = sleep(Duration::from_millis(1));
        arm(&mut timer, Waker::noop());
        clock.advance(Duration::from_millis(1));
        driver.park(None, &mut WakeBatch::new());
        let waits = park.waits.lock().unwrap();
        assert_eq!(*waits, [Some(Duration::ZERO)], "[V4] who is ready waits for the park");
    });
}

#[test]
fn a_clock_that_stands_goes_on_by_itself_at_the_second_idle_park() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let mut driver = TimerDriver::new(Recorded::default(), clock.clone());
        let _entered = driver.timers().enter();
        let hour = Duration::from_secs(3600);
        let mut timer = sleep(hour);
        arm(&mut timer, Waker::noop());
        let start = clock.now();
        let mut ready = WakeBatch::new();
        driver.park(None, &mut ready);
        assert_eq!(clock.now(), start, "[V2] the first park may have ended for something else");
        driver.park(None, &mut ready);
        assert_eq!(clock.now() - start, hour, "[V2] idle, it stands for ever");
        assert_eq!(ready.len(), 1, "[V2] the clock has come to a timer, and nobody looks");
    });
}

#[test]
fn under_load_a_clock_that_stands_stays() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let mut driver = TimerDriver::new(Recorded::default(), clock.clone());
        let _entered = driver.timers().enter();
        let mut timer = sleep(Duration::from_secs(1));
        arm(&mut timer, Waker::noop());
        let start = clock.now();
        for _ in 0..10 {
            driver.park(Some(Duration::ZERO), &mut WakeBatch::new());
        }
        assert_eq!(clock.now(), start, "[V2] time went on while there was something to do");
    });
}

#[test]
fn a_clock_that_stands_does_not_skip_over_what_was_polled_between_two_parks() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let mut driver = TimerDriver::new(Recorded::default(), clock.clone());
        let _entered = driver.timers().enter();
        let (waker, wakes) = CountingWaker::new();
        let mut timer = sleep(Duration::from_secs(3600));
        arm(&mut timer, &waker);
        let mut ready = WakeBatch::new();
        for _ in 0..3 {
            driver.park(None, &mut ready);
            assert_eq!(clock.now_tick(), 0, "[V2] the clock went on although something was polled");
            rt_executor::block_on(async {}); // what had come in at the park
        }
        driver.park(None, &mut ready);
        driver.park(None, &mut ready);
        assert_eq!((ready.wake_all(), wakes.count()), (1, 1), "[V2] idle, it stands for ever");
    });
}
