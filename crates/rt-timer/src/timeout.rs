//! A future with a deadline.
//!
//! * **[TO1]** The future is asked first: one that is ready wins over a deadline that has passed.
//! * **[TO2]** The deadline is asked whenever the future is pending, also if that has used up the
//!   budget of its task.
//! * **[TO3]** The time counts from the call, as exactly as `call.rs` says, not from the first poll.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rt_task::coop;

use crate::call::{Call, When};
use crate::clock::Instant;
use crate::timer::Timer;

/// Gives `future` so much time, from this call on: its output, or [`Elapsed`].
///
/// "From this call on" is exact to the rest of the poll in which it is made: later by that at most, never
/// earlier.
///
/// The future is polled first: one that is ready wins over a deadline that has passed. When the
/// time is up the future is not polled again; it is dropped with the `Timeout`.
///
/// Cancel safe if `future` is.
///
/// ```
/// # use std::{future::pending, time::Duration};
/// # rt_executor::block_on(async {
/// assert!(rt_timer::timeout(Duration::from_millis(2), pending::<()>()).await.is_err());
/// assert_eq!(rt_timer::timeout(Duration::ZERO, async { 1 }).await, Ok(1));
/// # });
/// ```
#[inline]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    let deadline = Deadline::After { call: Call::now(), duration };
    Timeout { future: future.into_future(), deadline }
}

/// As [`timeout`], with the deadline itself.
#[inline]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    let deadline = Deadline::Timer { timer: Timer::at(deadline) };
    Timeout { future: future.into_future(), deadline }
}

pin_project_lite::pin_project! {
    /// See [`timeout`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        deadline: Deadline,
    }
}

#[derive(Debug)]
enum Deadline {
    /// Until the future is pending for the first time.
    After {
        call: Call,
        duration: Duration,
    },
    Timer {
        timer: Timer,
    },
}

impl Deadline {
    /// The timer, made when it is asked for first, with the deadline that was meant at the call
    /// [TO3]. It reads the clock once at most.
    // COURSE(5.10) stub: todo
    fn timer(&mut self) -> Pin<&mut Timer> {
        if let Deadline::After { call, duration } = self {
            let timer = match call.when() {
                When::Now(now) => Timer::since(now, *duration),
                When::Past(call) => Timer::at(call + *duration),
            };
            *self = Deadline::Timer { timer };
        }
        match self {
            Deadline::Timer { timer } => Pin::new(timer),
            Deadline::After { .. } => unreachable!("[Q1] it has just been replaced"),
        }
    }
}

impl<F> Timeout<F> {
    /// The future inside.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future inside.
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// The future inside, without its deadline.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    /// The output of the future `[TO1]`, or that the time is up `[TO2]`.
    #[inline]
    // COURSE(5.10) stub: todo
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let timer = this.deadline.timer();
        if coop::has_budget_remaining() {
            ready!(timer.poll(cx));
        } else {
            // The future used up the budget: the deadline holds all the same.
            ready!(coop::with_budget(|| timer.poll(cx)));
        }
        Poll::Ready(Err(Elapsed))
    }
}

/// The time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(_: Elapsed) -> io::Error {
        io::ErrorKind::TimedOut.into()
    }
}
