//! Wakers that are ready, on their way out from under a lock.
//!
//! * **[WB1]** All in a batch are woken in the order they came in, and the panic of one keeps no
//!   other waiting.
//! * **[WB2]** A batch loses nobody: who is in when it is dropped is woken, also by a panic.

use std::task::Waker;

use rt_task::unwind::contained;

/// Collects wakers while a lock is held, to wake them when it is not.
///
/// What is still in when it is dropped is woken then: a batch loses no wake-up.
///
/// ```
/// use rt_waker::WakeBatch;
/// let (waker, wakes) = rt_testkit::CountingWaker::new();
/// let mut batch = WakeBatch::new();
/// batch.push(waker);
/// assert_eq!(wakes.count(), 0);
/// assert_eq!(batch.wake_all(), 1);
/// assert_eq!(wakes.count(), 1);
/// ```
#[derive(Debug, Default)]
pub struct WakeBatch {
    wakers: Vec<Waker>,
}

impl WakeBatch {
    /// A batch keeps room for so many wakers; what a burst took beyond is given back.
    const KEPT: usize = 1024;

    /// An empty one. Allocates with the first waker.
    #[must_use]
    pub const fn new() -> WakeBatch {
        WakeBatch { wakers: Vec::new() }
    }

    /// Puts a waker in.
    #[inline]
    pub fn push(&mut self, waker: Waker) {
        self.wakers.push(waker);
    }

    /// How many are in.
    #[must_use]
    pub fn len(&self) -> usize {
        self.wakers.len()
    }

    /// Whether none is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    /// Wakes all, in the order they came in, and says how many. A waker that panics is skipped, and
    /// counted all the same. The batch is empty then, and can be used again.
    // COURSE(3.6) stub: todo
    pub fn wake_all(&mut self) -> usize {
        let count = self.wakers.len();
        for waker in self.wakers.drain(..) {
            contained(|| waker.wake());
        }
        self.wakers.shrink_to(WakeBatch::KEPT);
        count
    }
}

impl Drop for WakeBatch {
    /// Wakes who is in (`[WB2]`).
    // COURSE(3.6) stub: leak
    fn drop(&mut self) {
        self.wake_all();
    }
}
