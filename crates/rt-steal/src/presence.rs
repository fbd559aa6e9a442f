//! Who has not left yet.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rt_executor::Lease;

use crate::commons::Commons;

/// How many have to do with a team: its owner, its places, and threads that have none.
struct Presence {
    commons: &'static Commons,
    lease: Lease,
    present: Mutex<usize>,
    left: Condvar,
}

/// Evidence of being counted. The last one that is dropped gives the commons back, if no task is alive:
/// else it is never used again.
pub(crate) struct Present {
    presence: Arc<Presence>,
}

impl Present {
    /// The first one.
    pub(crate) fn new(commons: &'static Commons, lease: Lease) -> Present {
        let (present, left) = (Mutex::new(1), Condvar::new());
        Present { presence: Arc::new(Presence { commons, lease, present, left }) }
    }

    pub(crate) fn another(&self) -> Present {
        *self.presence.lock() += 1;
        Present { presence: self.presence.clone() }
    }

    pub(crate) fn commons(&self) -> &'static Commons {
        self.presence.commons
    }

    pub(crate) fn lease(&self) -> Lease {
        self.presence.lease
    }

    /// Waits until at most so many others are there. `false` if that took longer than `timeout`; `None`
    /// is for ever.
    pub(crate) fn wait(&self, others: usize, timeout: Option<Duration>) -> bool {
        self.presence.wait(1 + others, timeout)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let Presence { commons, lease, left, .. } = &*self.presence;
        let mut present = self.presence.lock();
        *present -= 1;
        let is_last = *present == 0;
        drop(present);
        left.notify_all();
        // Under no lock: this drops the hook for panics, which is the user's. Nobody else is left who could come.
        if is_last && lease.alive() == 0 {
            lease.end();
            commons.release();
        }
    }
}

impl Presence {
    fn wait(&self, most: usize, timeout: Option<Duration>) -> bool {
        let (present, are_more) = (self.lock(), |present: &mut usize| *present > most);
        let Some(timeout) = timeout else {
            drop(self.left.wait_while(present, are_more));
            return true;
        };
        let waited = self.left.wait_timeout_while(present, timeout, are_more);
        *waited.unwrap_or_else(PoisonError::into_inner).0 <= most
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
