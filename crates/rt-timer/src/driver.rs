//! Time as a park: wait no longer than until the next timer.
//!
//! * **[V1]** Each look at the wheels asks for one reading of the clock, and for none if no timer
//!   waits. A park that waits looks once more, after it.
//! * **[V2]** A paused clock moves on by itself only when the executor has nothing to do, twice in
//!   a row: the first of the two parks may have ended because something came in from elsewhere. And
//!   only when nobody [holds](Timers::hold) it.
//! * **[V3]** After a wait that a timer ended, the next wait ends no sooner than [the time to
//!   gather](TimerDriver::gathering) later: timers that are due close to each other fire together, and a
//!   lone one fires at its time.
//! * **[V4]** A park waits no longer than until the earliest deadline, nor than it is told to, and
//!   not at all if somebody is due.

use std::fmt;
use std::task::Waker;
use std::time::Duration;

use rt_waker::{Park, WakeBatch};

use crate::clock::Clock;
use crate::timers::Timers;
use crate::wheels::{Sleep, Wheels};

/// Puts timers in front of any [`Park`].
///
/// ```
/// use rt_executor::{Executor, Fifo};
/// use rt_timer::{Clock, TimerDriver, sleep};
/// use rt_waker::Parker;
/// use std::time::{Duration, Instant};
///
/// let driver = TimerDriver::new(Parker::new(), Clock::real());
/// let timers = driver.timers();
/// let executor = Executor::with(driver, Fifo::new(), ());
///
/// let _entered = timers.enter(); // timers made on this thread go to this driver
/// let start = Instant::now();
/// executor.run(sleep(Duration::from_millis(5)));
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// ```
pub struct TimerDriver<P: Park> {
    inner: P,
    wheels: Wheels,
    /// When the clock stood and there was nothing to do at the last park: what `polls_here` said.
    idle_since: Option<u64>,
    /// See [V3].
    gather: Duration,
    /// The tick at which a timer ended a wait last.
    fired: Option<u64>,
}

impl<P: Park> TimerDriver<P> {
    /// A driver of one wheel, that goes by `clock`.
    #[must_use]
    pub fn new(inner: P, clock: Clock) -> TimerDriver<P> {
        TimerDriver::with_wheels(inner, clock, 1)
    }

    /// A driver of so many wheels, that go by `clock`: one for each thread that has timers of its
    /// own. Whoever parks with the driver serves them all, one thread at a time.
    ///
    /// # Panics
    ///
    /// If there shall be none.
    #[must_use]
    #[track_caller]
    pub fn with_wheels(inner: P, clock: Clock, count: usize) -> TimerDriver<P> {
        let wheels = Wheels::new(clock, inner.waker(), count);
        TimerDriver { inner, wheels, idle_since: None, gather: Duration::ZERO, fired: None }
    }

    /// Timers that are due within so long after one that ended a wait fire together, up to so much late: one
    /// wake-up for many. Not at all unless this is called: for who waits more precisely than the system does by
    /// itself, which on Linux lets each wait with a timeout be 50 µs late.
    #[must_use]
    pub fn gathering(mut self, gather: Duration) -> TimerDriver<P> {
        self.gather = gather;
        self
    }

    /// What is left of `left`, the time until `next`, and of the time to gather [V3].
    fn gather(&self, next: u64, left: Duration) -> Duration {
        let Some(fired) = self.fired else { return left };
        let elapsed = next.saturating_sub(fired).saturating_sub(ticks(left));
        left.max(self.gather.saturating_sub(Duration::from_nanos(elapsed)))
    }

    /// The park inside.
    pub fn inner(&self) -> &P {
        &self.inner
    }

    /// A handle to the timers: to the first wheel, if there are more.
    #[must_use]
    pub fn timers(&self) -> Timers {
        self.wheels.timers(0)
    }

    /// A handle to all wheels.
    #[must_use]
    pub fn wheels(&self) -> Wheels {
        self.wheels.clone()
    }

    /// Nothing is to be done before `next`: a clock that stands goes there.
    fn skip_ahead(&mut self, next: u64, ready: &mut WakeBatch) {
        self.inner.park(Some(Duration::ZERO), ready);
        let polls = rt_task::polls_here();
        let was_idle = self.idle_since.replace(polls) == Some(polls);
        if !ready.is_empty() || !was_idle {
            return;
        }
        self.idle_since = None;
        let clock = self.wheels.clock();
        if clock.skip_to(clock.instant(next)) {
            let _fired = self.wheels.awake(ready);
        }
    }
}

impl<P: Park> Park for TimerDriver<P> {
    /// Collects who is due, and only if nobody is, waits: `[V4]`, or for `[V3]`. Looks again after a wait
    /// `[V1]`. A clock that stands is not waited for: it skips ahead `[V2]`, or is held, and then does
    /// not count.
    // COURSE(5.8) stub: todo
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        let may_sleep = timeout != Some(Duration::ZERO);
        let timeout = match (self.wheels.expire_or_sleep(may_sleep, ready), timeout) {
            (Sleep::No, _) => {
                self.idle_since = None;
                return self.inner.park(Some(Duration::ZERO), ready);
            }
            (Sleep::For(..), timeout) if self.wheels.clock().is_held_still() => timeout,
            (Sleep::For(next, _), _) if self.wheels.clock().is_paused() => {
                return self.skip_ahead(next, ready);
            }
            (Sleep::For(next, left), timeout) => {
                let left = self.gather(next, left);
                Some(timeout.map_or(left, |timeout| timeout.min(left)))
            }
            (Sleep::ForEver, timeout) => timeout,
        };
        self.inner.park(timeout, ready);
        if let Some(now) = self.wheels.awake(ready) {
            self.fired = Some(now);
        }
    }

    fn due(&self) -> Option<Duration> {
        match (self.wheels.due(), self.inner.due()) {
            (Some(timers), Some(inner)) => Some(timers.min(inner)),
            (timers, inner) => timers.or(inner),
        }
    }

    fn is_fed_from_outside(&self) -> bool {
        self.inner.is_fed_from_outside()
    }

    fn waker(&self) -> Waker {
        self.inner.waker()
    }
}

fn ticks(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl<P: Park> Drop for TimerDriver<P> {
    /// Nobody looks at its wheels any more: who waits there is woken, and finds others `[E3]`.
    // COURSE(5.6) stub: leak
    fn drop(&mut self) {
        self.wheels.close();
    }
}

impl<P: Park> fmt::Debug for TimerDriver<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerDriver").field("wheels", &self.wheels).finish_non_exhaustive()
    }
}
