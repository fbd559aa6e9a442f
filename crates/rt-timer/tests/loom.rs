//! Models: every order in which the threads can meet is explored, or all with so many preemptions.
//!
//! ```sh
//! RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-timer --test loom -- --nocapture
//! ```
//!
//! A ring that is lost is a driver that sleeps too long. The park of these models would sleep for
//! ever then: a deadlock, which loom reports.
#![cfg(rt_loom)]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use rt_task::sync::{Condvar, Mutex, lock, thread};
use rt_testkit::{CountingWaker, explore};
use rt_timer::{Clock, Instant, Timer, TimerDriver, Timers};
use rt_waker::{Park, WakeBatch};

const HOUR: Duration = Duration::from_secs(3600);

/// A park of the textbook. A wait that ends in time of itself is over at once; a longer one is for
/// ever, unless somebody rings.
struct Bed {
    bell: Arc<Bell>,
    in_time: Duration,
    /// Whether a wait was short enough.
    was_in_time: bool,
}

struct Bell {
    is_rung: Mutex<bool>,
    rung: Condvar,
}

impl Bed {
    fn new(in_time: Duration) -> Bed {
        let bell = Arc::new(Bell { is_rung: Mutex::new(false), rung: Condvar::new() });
        Bed { bell, in_time, was_in_time: false }
    }
}

impl Park for Bed {
    fn park(&mut self, timeout: Option<Duration>, _ready: &mut WakeBatch) {
        if timeout.is_some_and(|timeout| timeout <= self.in_time) {
            self.was_in_time = true;
            return;
        }
        let mut is_rung = lock(&self.bell.is_rung);
        while !*is_rung {
            is_rung = self.bell.rung.wait(is_rung).expect("nobody panics under it");
        }
        *is_rung = false;
    }

    fn waker(&self) -> Waker {
        Waker::from(self.bell.clone())
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *lock(&self.is_rung) = true;
        self.rung.notify_one();
    }
}

fn poll(timer: &mut Timer, waker: &Waker) -> Poll<()> {
    Pin::new(timer).poll(&mut Context::from_waker(waker))
}

/// A timer that waits on that wheel.
fn armed(timers: &Timers, deadline: Instant, waker: &Waker) -> Timer {
    let _entered = timers.enter();
    let mut timer = Timer::at(deadline);
    assert_eq!(poll(&mut timer, waker), Poll::Pending);
    timer
}

#[test]
fn a_timer_armed_as_the_driver_goes_to_sleep_on_a_later_one() {
    explore("armed_against_sleep", 2, || {
        let clock = Clock::real();
        let start = clock.now();
        let mut driver = TimerDriver::with_wheels(Bed::new(HOUR), clock, 2);
        let wheels = driver.wheels();
        let _late = armed(&wheels.timers(0), start + 2 * HOUR, Waker::noop());
        let thread = thread::spawn(move || armed(&wheels.timers(1), start + HOUR, Waker::noop()));
        driver.park(None, &mut WakeBatch::new());
        drop(thread.join().expect("arming does not panic"));
    });
}

#[test]
fn a_timer_reset_to_an_earlier_deadline_as_the_driver_goes_to_sleep() {
    explore("reset_against_sleep", 2, || {
        let clock = Clock::real();
        let start = clock.now();
        let mut driver = TimerDriver::new(Bed::new(HOUR), clock);
        let mut timer = armed(&driver.timers(), start + 2 * HOUR, Waker::noop());
        let thread = thread::spawn(move || {
            timer.reset(start + HOUR);
            timer
        });
        driver.park(None, &mut WakeBatch::new());
        drop(thread.join().expect("a reset does not panic"));
    });
}

#[test]
fn two_timers_armed_as_the_driver_goes_to_sleep() {
    explore("two_armed_against_sleep", 3, || {
        let clock = Clock::real();
        let start = clock.now();
        let mut driver = TimerDriver::with_wheels(Bed::new(HOUR), clock, 2);
        let wheels = driver.wheels();
        let threads = [HOUR, 2 * HOUR].into_iter().enumerate().map(|(index, after)| {
            let timers = wheels.timers(index);
            thread::spawn(move || armed(&timers, start + after, Waker::noop()))
        });
        let threads: Vec<_> = threads.collect();
        // The ring of the later one may end the first park; the earlier one then is seen, or rings.
        while !driver.inner().was_in_time {
            driver.park(None, &mut WakeBatch::new());
        }
        for thread in threads {
            drop(thread.join().expect("arming does not panic"));
        }
    });
}

#[test]
fn a_wheel_looked_at_by_all_as_its_owner_arms() {
    explore("look_against_arm", 3, || {
        let clock = Clock::real();
        let start = clock.now();
        let mut driver = TimerDriver::with_wheels(Bed::new(HOUR), clock, 2);
        let wheels = driver.wheels();
        let _late = armed(&wheels.timers(0), start + 2 * HOUR, Waker::noop());
        // What the wheel shows is earlier than what is in it, until somebody looks.
        drop(armed(&wheels.timers(1), start + HOUR / 2, Waker::noop()));
        let [owned, looked_at] = [wheels.timers(1), wheels.timers(1)];
        let owner = thread::spawn(move || armed(&owned, start + HOUR, Waker::noop()));
        let other = thread::spawn(move || looked_at.expire_due(&mut WakeBatch::new()));
        driver.park(None, &mut WakeBatch::new());
        assert_eq!(other.join().expect("expiry does not panic"), 0);
        drop(owner.join().expect("arming does not panic"));
    });
}

#[test]
fn a_wheel_expired_by_another_worker_against_cancel() {
    explore("expiry_against_cancel", 2, || {
        let clock = Clock::manual();
        let driver = TimerDriver::with_wheels(Bed::new(HOUR), clock.clone(), 2);
        let timers = driver.wheels().timers(1);
        let (waker, wakes) = CountingWaker::new();
        let timer = armed(&timers, clock.instant(5), &waker);
        clock.advance_to(clock.instant(10));
        let other = timers.clone();
        let thread = thread::spawn(move || {
            let mut ready = WakeBatch::new();
            other.expire_due(&mut ready);
            ready.wake_all();
        });
        drop(timer);
        let next = armed(&timers, clock.instant(20), Waker::noop());
        thread.join().expect("expiry does not panic");

        let counts = timers.counts();
        assert_eq!(counts.fired, wakes.count() as u64, "who was taken out is woken, nobody else");
        assert_eq!(counts.fired + counts.cancelled, 1, "fired and cancelled, or neither");
        drop(waker);
        assert_eq!(Arc::strong_count(&wakes), 1, "a timer that is gone keeps its waker");
        assert_eq!(timers.waiting(), 1);
        assert!(timers.is_overdue(clock.instant(20)), "the next timer waits, and nobody looks");
        drop(next);
    });
}

#[test]
fn a_reset_from_elsewhere_against_expiry() {
    explore("reset_against_expiry", 2, || {
        let clock = Clock::manual();
        let driver = TimerDriver::with_wheels(Bed::new(HOUR), clock.clone(), 2);
        let timers = driver.wheels().timers(1);
        let (waker, wakes) = CountingWaker::new();
        let mut timer = armed(&timers, clock.instant(5), &waker);
        clock.advance_to(clock.instant(10));
        let other = timers.clone();
        let thread = thread::spawn(move || {
            let mut ready = WakeBatch::new();
            other.expire_due(&mut ready);
            ready.wake_all();
        });
        timer.reset(clock.instant(50));
        thread.join().expect("expiry does not panic");

        let before = wakes.count();
        let _entered = timers.enter();
        assert_eq!(poll(&mut timer, &waker), Poll::Pending, "it fired at the deadline before");
        assert!(timers.is_overdue(clock.instant(50)), "it waits, and nobody looks");
        clock.advance_to(clock.instant(50));
        let mut ready = WakeBatch::new();
        assert_eq!(timers.expire_due(&mut ready), 1);
        ready.wake_all();
        assert_eq!(wakes.count(), before + 1, "it did not fire at its deadline");
        assert_eq!(poll(&mut timer, &waker), Poll::Ready(()));
    });
}
