//! What an executor does when it has nothing to do.

use std::task::Waker;
use std::time::Duration;

use crate::batch::WakeBatch;

/// Waiting: for a wake-up, for time, for sockets.
///
/// Parks wrap each other: the timers' wraps the sockets', which waits in the kernel; each asks the
/// inner one to wait no longer than it may itself. None of them wakes anybody: who is ready is put
/// into the batch, and the executor wakes them when every borrow and lock is gone.
///
/// ```
/// use rt_waker::{Park, Parker, WakeBatch};
/// use std::time::Duration;
///
/// let mut park = Parker::new();
/// park.waker().wake(); // before: the park below returns at once
/// park.park(None, &mut WakeBatch::new());
/// park.park(Some(Duration::ZERO), &mut WakeBatch::new()); // only looks, never waits
/// ```
pub trait Park {
    /// Waits until something is ready, [`waker`](Park::waker) was woken since the last park, or
    /// `timeout` has passed; `None` is for ever. It may return early for no reason.
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch);

    /// How long from now until `park` must be called again although nobody wakes; `None` is for
    /// ever. For whoever embeds an executor in another event loop.
    fn due(&self) -> Option<Duration> {
        None
    }

    /// Whether what it waits for may come from other processes, and as often as they like: who looks again and
    /// again lets them run in between, and who runs no tasks leaves the waiting to those who do.
    fn is_fed_from_outside(&self) -> bool {
        false
    }

    /// Ends the park that goes on, or else the next one, from any thread.
    fn waker(&self) -> Waker;
}
