//! One deadline as a future.
//!
//! ```text
//!   Idle ── poll: arm ──► Armed ── its deadline comes ──► Fired
//!    ▲  ╲                   │ ▲                             ▲ │
//!    │   ╲                  │ └─ poll: renew                │ │
//!    │    └──── poll, and the deadline has passed ──────────┘ │
//!    └───────── its driver ends ── reset ─────────────────────┘
//! ```
//!
//! * **[TI1]** Of several wakers that a timer was polled with, the newest is woken, and no other.
//! * **[TI2]** It is ready when its deadline has passed, and not a tick earlier.
//! * **[TI3]** A timer that was dropped is in no wheel: it wakes nobody, and holds no waker.
//! * **[TI4]** After a reset only the new deadline counts, whether the timer waited, had been taken
//!   out a moment ago, or had fired.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use rt_task::coop;

use crate::axle::{Arm, Mount, Renew};
use crate::clock::Instant;
use crate::wheel::Key;

/// Waits until `duration` has passed since this call. [`Duration::MAX`] is for ever.
///
/// The deadline is exact, never early; on a busy executor it is as late as the bound of its loop.
///
/// ```
/// # use std::time::{Duration, Instant};
/// let start = Instant::now();
/// rt_executor::block_on(rt_timer::sleep(Duration::from_millis(3)));
/// assert!(start.elapsed() >= Duration::from_millis(3));
/// ```
#[inline]
pub fn sleep(duration: Duration) -> Timer {
    Timer::after(duration)
}

/// Waits until `deadline`; not at all if it has passed.
#[inline]
pub fn sleep_until(deadline: Instant) -> Timer {
    Timer::at(deadline)
}

/// A future that is ready when its deadline has passed, and stays ready.
///
/// It belongs to the driver of the thread that polls it first; outside any runtime one thread in
/// the background serves it, so that it works on every executor. Of several wakers that it was
/// polled with, the newest is woken.
///
/// Its driver must be driven: a `block_on` of another executor inside a poll of a current-thread runtime
/// holds up the driver of that very thread, and a timer that it waits for does not fire.
///
/// Cancel safe. Dropped, it is forgotten at once.
#[must_use = "futures do nothing unless polled"]
pub struct Timer {
    deadline: Instant,
    state: State,
}

enum State {
    /// In no wheel. The deadline may have passed, unless it was made as a time from now on.
    Idle {
        may_have_passed: bool,
    },
    Armed(Mount, Key),
    Fired,
}

static_assertions::assert_impl_all!(Timer: Send, Sync, Unpin);

impl Timer {
    /// As [`sleep`].
    #[inline]
    pub fn after(duration: Duration) -> Timer {
        Timer::since(Instant::now(), duration)
    }

    /// As [`after`](Timer::after), for who has just read the clock.
    #[inline]
    pub(crate) fn since(now: Instant, duration: Duration) -> Timer {
        let state = State::Idle { may_have_passed: duration.is_zero() };
        Timer { deadline: now + duration, state }
    }

    /// As [`sleep_until`].
    #[inline]
    pub fn at(deadline: Instant) -> Timer {
        Timer { deadline, state: State::Idle { may_have_passed: true } }
    }

    /// Waits for ever, until it is [`reset`](Timer::reset).
    pub fn never() -> Timer {
        Timer::at(Instant::far_future())
    }

    /// The deadline.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the deadline has passed.
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, State::Fired) || Instant::now() >= self.deadline
    }

    /// Changes the deadline, also of a timer that has fired. Who waits for it already goes on
    /// waiting, for the new one.
    // COURSE(5.9) stub: todo
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        let still_armed = match &self.state {
            State::Armed(wheel, key) => wheel.reset(*key, deadline),
            State::Idle { .. } | State::Fired => false,
        };
        if !still_armed {
            self.state = State::Idle { may_have_passed: true };
        }
    }

    /// Whether it has fired [TI2]. If not, it is in a wheel, in one, and `waker` is woken [TI1]. A
    /// timer whose driver is gone goes to another.
    #[inline]
    // COURSE(5.6) stub: todo
    fn poll_fired(&mut self, waker: &Waker) -> Poll<()> {
        if let State::Armed(wheel, key) = &self.state {
            match wheel.renew(*key, waker) {
                Renew::Waiting => return Poll::Pending,
                Renew::Fired => self.state = State::Fired,
                Renew::Closed => self.state = State::Idle { may_have_passed: true },
            }
        }
        match self.state {
            State::Fired => Poll::Ready(()),
            _ => self.arm(waker),
        }
    }

    /// Puts a timer that is in no wheel into that of this thread, unless its deadline has passed.
    #[inline]
    fn arm(&mut self, waker: &Waker) -> Poll<()> {
        let may_have_passed = !matches!(self.state, State::Idle { may_have_passed: false });
        let mut wheel = Mount::here();
        loop {
            match wheel.arm(self.deadline, may_have_passed, waker) {
                Arm::Armed(key) => {
                    self.state = State::Armed(wheel, key);
                    return Poll::Pending;
                }
                Arm::Due => {
                    self.state = State::Fired;
                    return Poll::Ready(());
                }
                // Its driver ended while this thread still has it entered.
                Arm::Closed => wheel = Mount::outside(),
            }
        }
    }
}

impl Future for Timer {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !coop::has_budget_remaining() {
            ready!(coop::poll_proceed(cx)).made_progress(); // asks to be polled again
        }
        ready!(self.poll_fired(cx.waker()));
        // Spent by who is ready alone: to take it first and give it back would be for nothing.
        ready!(coop::poll_proceed(cx)).made_progress();
        Poll::Ready(())
    }
}

impl Drop for Timer {
    /// Leaves the wheel, if it is in one `[TI3]`.
    #[inline]
    // COURSE(5.9) stub: leak
    fn drop(&mut self) {
        if let State::Armed(wheel, key) = &self.state {
            wheel.disarm(*key);
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Idle { .. } => "idle",
            State::Armed(..) => "armed",
            State::Fired => "fired",
        };
        f.debug_struct("Timer").field("deadline", &self.deadline).field("state", &state).finish()
    }
}
