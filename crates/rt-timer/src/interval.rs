//! A deadline that comes again and again.
//!
//! * **[IV1]** The next tick is due a period after the last one *was due*, not after it came: an
//!   interval does not drift. Of a missed one, [`MissedTickBehavior`] says when the next is due.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::clock::Instant;
use crate::messages;
use crate::timer::Timer;

/// Ticks at once, and then every `period`.
///
/// # Panics
///
/// If `period` is zero.
///
/// ```
/// # use std::time::{Duration, Instant};
/// # rt_executor::block_on(async {
/// let start = Instant::now();
/// let mut interval = rt_timer::interval(Duration::from_millis(2));
/// for _ in 0..3 {
///     interval.tick().await; // at 0, 2 and 4 ms
/// }
/// assert!(start.elapsed() >= Duration::from_millis(4));
/// # });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks at `start`, and then every `period`.
///
/// # Panics
///
/// If `period` is zero.
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    if period.is_zero() {
        messages::zero_period();
    }
    Interval { timer: Timer::at(start), period, missed: MissedTickBehavior::default() }
}

/// What an [`Interval`] does about ticks that nobody waited for in time.
///
/// A tick is missed when it is more than five milliseconds late.
///
/// ```text
/// due      0     1     2     3     4     5     6
/// Burst    ×     ×─ busy ──────── ×××    ×     ×     all of them, then on time
/// Delay    ×     ×─ busy ──────── ×     ×     ×      a whole period from each tick
/// Skip     ×     ×─ busy ──────── ×      ×     ×     only what is still to come
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Tick as fast as it can until it has caught up.
    #[default]
    Burst,
    /// Tick a whole period after the late one, and from there on.
    Delay,
    /// Leave out what was missed, and keep to multiples of the period.
    Skip,
}

impl MissedTickBehavior {
    /// A tick that is so late is missed: less is the way of timers on a busy machine.
    const LATE: Duration = Duration::from_millis(5);

    /// When the next tick is due after the one that was due at `due` and came at `now` [IV1].
    // COURSE(5.11) stub: todo
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        if now <= due + MissedTickBehavior::LATE {
            return due + period;
        }
        match self {
            MissedTickBehavior::Burst => due + period,
            MissedTickBehavior::Delay => now + period,
            MissedTickBehavior::Skip => now + (period - remainder(now - due, period)),
        }
    }
}

/// How far a late tick is into its period. In nanoseconds a `u128` holds every duration.
fn remainder(late: Duration, period: Duration) -> Duration {
    let nanos = late.as_nanos() % period.as_nanos();
    let per_second = Duration::from_secs(1).as_nanos();
    // Less than `period`: both parts fit.
    let seconds = u64::try_from(nanos / per_second).unwrap_or(u64::MAX);
    let rest = u32::try_from(nanos % per_second).unwrap_or(0);
    Duration::new(seconds, rest)
}

/// See [`interval`].
#[derive(Debug)]
pub struct Interval {
    timer: Timer,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick, and gives the instant at which it was due.
    ///
    /// Cancel safe: a tick that nobody got comes again.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick, and gives the instant at which it was due. Then the one after it is
    /// waited for.
    // COURSE(5.11) stub: todo
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Future::poll(Pin::new(&mut self.timer), cx));
        let due = self.timer.deadline();
        self.timer.reset(self.missed.next(due, Instant::now(), self.period));
        Poll::Ready(due)
    }

    /// The next tick comes a period from now.
    pub fn reset(&mut self) {
        self.timer.reset(Instant::now() + self.period);
    }

    /// The next tick comes at once.
    pub fn reset_immediately(&mut self) {
        self.timer.reset(Instant::now());
    }

    /// The next tick comes so long from now.
    pub fn reset_after(&mut self, after: Duration) {
        self.timer.reset(Instant::now() + after);
    }

    /// The next tick comes at `deadline`.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.timer.reset(deadline);
    }

    /// The period.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// What is done about missed ticks.
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Changes what is done about missed ticks. [`MissedTickBehavior::Burst`] unless called.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }
}
