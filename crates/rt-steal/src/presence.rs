//! Who has not left yet.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rt_executor::Lease;

use crate::commons::Commons;

/// How many places of a team are taken.
#[derive(Debug)]
pub(crate) struct Presence {
    present: Mutex<usize>,
    left: Condvar,
    lease: Lease,
}

impl Presence {
    pub(crate) fn new(present: usize, lease: Lease) -> Presence {
        Presence { present: Mutex::new(present), left: Condvar::new(), lease }
    }

    /// Somebody leaves. The last one gives the commons back, if no task is alive: else it is never used
    /// again.
    pub(crate) fn leave(&self, commons: &'static Commons) {
        let mut present = self.lock();
        *present -= 1;
        if *present == 0 && self.lease.alive() == 0 {
            commons.release();
        }
        drop(present);
        self.left.notify_all();
    }

    pub(crate) fn lease(&self) -> Lease {
        self.lease
    }

    /// Waits until at most `others` have not left. `false` if that took longer than `timeout`; `None` is
    /// for ever.
    pub(crate) fn wait(&self, others: usize, timeout: Option<Duration>) -> bool {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut present = self.lock();
        while *present > others {
            present = match deadline {
                None => self.left.wait(present).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    let waited = self.left.wait_timeout(present, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
