//! What the tests of the workspace share.
//!
//! * [`within`] runs a test body with a deadline, so that no test can hang.
//! * [`CountingWaker`] counts how often it was woken, a [`Tally`] what was dropped.
//! * A [`Timeline`] says what happened, in order.
//! * [`ByHand`] collects tasks, and the test is their executor.
#![forbid(unsafe_code)]

mod by_hand;
#[cfg(rt_loom)]
mod model;
mod tally;
mod timeline;
mod watch;

pub use by_hand::{ByHand, poll, poll_once, poll_with_waker, waker_of, woken_at_once};
#[cfg(rt_loom)]
pub use model::{Exploration, explore};
pub use tally::{Tally, Witness};
pub use timeline::Timeline;

use std::env;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

/// Runs `body` on a thread of its own and returns what it returns.
///
/// Where the environment has `RT_DEADLINE`, a number of seconds, none waits for longer than that: the
/// course sets it, whose tests are expected to hang when a part is not right yet. With `RT_WATCH` it
/// prints what happens to every task: of a test that hangs, the course asks for that.
///
/// # Panics
///
/// If `body` panics, with its payload; if it is not done after `deadline`, with a message. The
/// thread is left behind then: the process is about to end with a failed test.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(rt_testkit::within(Duration::from_secs(5), || 2 + 2), 4);
/// ```
#[track_caller]
pub fn within<T, F>(deadline: Duration, body: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let cap = env::var("RT_DEADLINE").ok().and_then(|seconds| seconds.parse().ok());
    let deadline = cap.map_or(deadline, |cap| deadline.min(Duration::from_secs(cap)));
    if env::var_os("RT_WATCH").is_some() {
        watch::watch();
    }
    let (done, is_done) = mpsc::channel::<()>();
    let name = thread::current().name().unwrap_or("test").to_owned();
    let runner = thread::Builder::new()
        .name(name)
        .spawn(move || {
            let result = body();
            drop(done);
            result
        })
        .expect("a thread for the test body can be created");
    if let Err(RecvTimeoutError::Timeout) = is_done.recv_timeout(deadline) {
        panic!("not done after {deadline:?}: something waits for a wake-up that does not come");
    }
    match runner.join() {
        Ok(result) => result,
        Err(payload) => panic::resume_unwind(payload),
    }
}

/// A waker that counts.
///
/// ```
/// let (waker, wakes) = rt_testkit::CountingWaker::new();
/// waker.wake_by_ref();
/// assert_eq!(wakes.count(), 1);
/// ```
#[derive(Debug, Default)]
pub struct CountingWaker {
    wakes: AtomicUsize,
}

impl CountingWaker {
    /// A waker, and the counter it counts in.
    #[allow(clippy::new_ret_no_self, reason = "the waker is what is asked for")]
    #[must_use]
    pub fn new() -> (Waker, Arc<CountingWaker>) {
        let counter = Arc::new(CountingWaker::default());
        (Waker::from(counter.clone()), counter)
    }

    /// How often the waker or one of its clones was woken.
    #[must_use]
    pub fn count(&self) -> usize {
        // ORDER(counted): receives what was done before the wakes that are counted.
        self.wakes.load(Ordering::Acquire)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // ORDER(counted): publishes what was done before the wake.
        self.wakes.fetch_add(1, Ordering::Release);
    }
}
