//! One wheel of a driver, and what anybody may do with it.
//!
//! Owns nothing but the names: the wheel is behind its lock (`axle.rs`), the driver's promise is in
//! its alarm (`alarm.rs`).

use std::fmt;
use std::time::Duration;

use rt_waker::WakeBatch;

use crate::axle::{Mount, TimerCounts};
use crate::clock::{Clock, Instant, NEVER};
use crate::messages;
use crate::wheels::Wheels;

/// A handle to one wheel of a [`TimerDriver`](crate::TimerDriver): cheap to clone, for any thread.
#[derive(Clone)]
pub struct Timers {
    wheels: Wheels,
    mount: Mount,
}

static_assertions::assert_impl_all!(Timers: Send, Sync);

impl Wheels {
    /// One of the wheels. Enter it on the thread whose timers it shall hold.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    #[must_use]
    #[track_caller]
    pub fn timers(&self, index: usize) -> Timers {
        match self.mount(index) {
            Some(mount) => Timers { wheels: self.clone(), mount },
            None => messages::no_such_wheel(index, self.len()),
        }
    }
}

impl Timers {
    /// The clock that the deadlines go by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.wheels.clock()
    }

    /// This wheel and the others of its driver.
    #[must_use]
    pub fn wheels(&self) -> &Wheels {
        &self.wheels
    }

    /// How many timers wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.mount.waiting()
    }

    /// What the wheel has done so far.
    ///
    /// ```
    /// use rt_timer::{Clock, TimerDriver, sleep};
    /// use rt_waker::Parker;
    /// use std::time::Duration;
    ///
    /// let driver = TimerDriver::new(Parker::new(), Clock::real());
    /// let _entered = driver.timers().enter();
    /// let mut sleep = Box::pin(sleep(Duration::from_secs(1)));
    /// let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    /// assert!(sleep.as_mut().poll(&mut cx).is_pending());
    /// drop(sleep);
    /// let counts = driver.timers().counts();
    /// assert_eq!((counts.armed, counts.fired, counts.cancelled), (1, 0, 1));
    /// ```
    #[must_use]
    pub fn counts(&self) -> TimerCounts {
        self.mount.counts()
    }

    /// Gives back what memory a peak of timers left behind.
    pub fn trim(&self) {
        self.mount.trim();
    }

    /// Whether a timer of this wheel may be due at `now`. Takes no lock: it costs the owner of the
    /// wheel a load from a line that is its own.
    ///
    /// `true` for a timer that was cancelled too, until [`expire_due`](Timers::expire_due) has
    /// looked.
    #[must_use]
    #[inline]
    pub fn is_overdue(&self, now: Instant) -> bool {
        match self.mount.next() {
            NEVER => false,
            next => next <= self.clock().tick(now),
        }
    }

    /// Takes out who is due on this wheel, in the order of their deadlines, and says how many. The
    /// owner may do so, and anybody else: of two at once, each timer goes to one.
    ///
    /// ```
    /// use rt_timer::{Clock, TimerDriver, sleep};
    /// use rt_waker::{Parker, WakeBatch};
    /// use std::time::Duration;
    ///
    /// let clock = Clock::manual();
    /// let driver = TimerDriver::with_wheels(Parker::new(), clock.clone(), 2);
    /// let busy = driver.wheels().timers(1);
    /// let entered = busy.enter();
    /// let mut sleep = Box::pin(sleep(Duration::from_millis(5)));
    /// let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    /// assert!(sleep.as_mut().poll(&mut cx).is_pending());
    /// drop(entered);
    ///
    /// clock.advance(Duration::from_millis(15));
    /// let overdue = driver.wheels().overdue(Duration::from_millis(10));
    /// assert_eq!(overdue, Some(1));
    /// let mut ready = WakeBatch::new();
    /// assert_eq!(busy.expire_due(&mut ready), 1);
    /// assert_eq!(ready.wake_all(), 1);
    /// ```
    pub fn expire_due(&self, ready: &mut WakeBatch) -> usize {
        match self.mount.next() {
            NEVER => 0,
            _ => self.mount.expire(self.clock().now_to_fire(), ready),
        }
    }

    /// Stops the clock, as [`Clock::pause`], and wakes the driver, which sleeps by the machine's clock.
    pub fn pause(&self) {
        self.clock().pause();
        self.wheels.rouse();
    }

    /// Lets the clock run again, as [`Clock::resume`], and wakes the driver.
    pub fn resume(&self) {
        self.clock().resume();
        self.wheels.rouse();
    }

    /// While the guard lives, a clock that stands does not go on by itself when the executor is idle:
    /// something is under way elsewhere that will wake it.
    pub fn hold(&self) -> ClockHold {
        self.clock().hold();
        ClockHold { wheels: self.wheels.clone() }
    }

    /// Moves a paused clock on by `by` and fires what is due then on all wheels that go by it, on
    /// each in the order of the deadlines.
    ///
    /// # Panics
    ///
    /// If the clock runs.
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        self.clock().advance(by);
        let mut ready = WakeBatch::new();
        self.wheels.expire_all(&mut ready);
        ready.wake_all();
    }

    pub(crate) fn mount(&self) -> Mount {
        self.mount
    }
}

/// See [`Timers::hold`].
#[derive(Debug)]
#[must_use = "dropped, the clock may go on"]
pub struct ClockHold {
    wheels: Wheels,
}

impl Drop for ClockHold {
    fn drop(&mut self) {
        if self.wheels.clock().let_go() && self.wheels.clock().is_paused() {
            self.wheels.ring();
        }
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("waiting", &self.waiting())
            .field("clock", self.clock())
            .finish_non_exhaustive()
    }
}
