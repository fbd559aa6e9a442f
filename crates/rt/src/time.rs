//! Waiting for time: timers, timeouts, intervals, and a clock that tests can stop.
//!
//! ```
//! use rt::time::{Duration, sleep, timeout};
//!
//! rt::block_on(async {
//!     sleep(Duration::from_millis(1)).await;
//!     let late = timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
//!     assert!(late.is_err());
//! });
//! ```
//!
//! A timer is never early. How late it is: until its thread has come to it. On a multi-threaded runtime those that
//! are due within 200 µs of each other fire together, and a lone one at its time; on a current-thread runtime the
//! system decides, Linux by up to 50 µs.

pub use std::time::Duration;

pub use rt_timer::{
    Instant, Interval, MissedTickBehavior, Timeout, Timer, interval, interval_at, sleep,
    sleep_until, timeout, timeout_at,
};

/// tokio's name of [`Timer`].
pub type Sleep = Timer;

/// Why a timeout has no output.
pub mod error {
    pub use rt_timer::Elapsed;
}

use rt_timer::Timers;

use crate::context;
use crate::inner::{Inner, RuntimeFlavor};
use crate::messages;

/// Stops the clock of the current-thread runtime that this is called in. Timers then wait until
/// [`advance`] is called, or until every task waits: the clock goes on to the next timer by itself
/// then.
///
/// ```
/// use rt::time::{self, Duration, Instant};
///
/// let runtime = rt::runtime::Builder::new_current_thread().build()?;
/// runtime.block_on(async {
///     time::pause();
///     let start = Instant::now();
///     time::sleep(Duration::from_secs(3600)).await; // returns at once
///     assert_eq!(start.elapsed(), Duration::from_secs(3600));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
///
/// Anywhere else.
#[track_caller]
pub fn pause() {
    timers("`time::pause`").pause();
}

/// Lets the clock go on from where it stands.
///
/// # Panics
///
/// Outside of a current-thread runtime.
#[track_caller]
pub fn resume() {
    timers("`time::resume`").resume();
}

/// Moves a clock that stands on by `duration`, wakes whose time has come, in order, and lets them
/// run.
///
/// ```
/// use rt::time::{self, Duration, Instant};
///
/// let runtime = rt::runtime::Builder::new_current_thread().build()?;
/// runtime.block_on(async {
///     time::pause();
///     let start = Instant::now();
///     time::advance(Duration::from_secs(60)).await;
///     assert_eq!(start.elapsed(), Duration::from_secs(60));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
///
/// If the clock runs, and outside of a current-thread runtime: in the call if that is inside of a
/// runtime, else when the future is polled.
#[track_caller]
pub fn advance(duration: Duration) -> impl Future<Output = ()> {
    const WHAT: &str = "`time::advance`";
    if context::runtime().is_some() {
        drop(standing(WHAT)); // a panic in a poll could not say who called
    }
    async move {
        standing(WHAT).advance(duration);
        crate::task::yield_now().await;
    }
}

/// The timers of the current-thread runtime that blocks on this thread and whose clock stands.
#[track_caller]
fn standing(what: &str) -> Timers {
    let timers = timers(what);
    if !timers.clock().is_paused() {
        messages::clock_runs(what);
    }
    timers
}

/// The timers of the current-thread runtime that blocks on this thread.
#[track_caller]
fn timers(what: &str) -> Timers {
    let runtime = context::runtime().filter(|it| it.flavor == RuntimeFlavor::CurrentThread);
    // Under the guard of another runtime, the timers of this thread are not that one's.
    let is_its = |timers: &Timers, it: &Inner| timers.wheels().is_same(it.timers.wheels());
    let timers = runtime.and_then(|it| Timers::entered().filter(|timers| is_its(timers, &it)));
    match timers {
        Some(timers) => timers,
        None => messages::cannot_pause(what),
    }
}
