//! One hook for what happens to timers on any thread. Off by default: one relaxed load and a branch.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use rt_task::unwind::contained;

use crate::clock::Instant;

/// Is told what happens to every timer of the process, on the thread where it does, under no lock. It must
/// not block, and neither make nor drop timers. A panic of it ends there.
pub trait Observer: Send + Sync {
    /// A timer was polled that waits now.
    fn armed(&self, deadline: Instant) {
        let _ = deadline;
    }

    /// So many timers of a wheel were due: this thread wakes who waits for them next.
    fn fired(&self, count: usize) {
        let _ = count;
    }

    /// A timer was dropped before its time.
    fn cancelled(&self) {}
}

static IS_ON: AtomicBool = AtomicBool::new(false);
static OBSERVER: RwLock<Option<&'static dyn Observer>> = RwLock::new(None);

/// Puts an observer in place of the one before, which is returned. `None` switches it off.
pub fn observe(observer: Option<&'static dyn Observer>) -> Option<&'static dyn Observer> {
    let mut place = OBSERVER.write().unwrap_or_else(PoisonError::into_inner);
    IS_ON.store(observer.is_some(), Ordering::Relaxed);
    std::mem::replace(&mut *place, observer)
}

/// Tells the observer, if there is one.
#[inline]
pub(crate) fn tell(what: impl FnOnce(&'static dyn Observer)) {
    if IS_ON.load(Ordering::Relaxed) {
        tell_it(what);
    }
}

#[cold]
fn tell_it(what: impl FnOnce(&'static dyn Observer)) {
    let observer = *OBSERVER.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(observer) = observer {
        contained(|| what(observer));
    }
}
