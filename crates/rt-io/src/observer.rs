//! One hook for what the kernel says of sockets. Off by default: one relaxed load and a branch a turn.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use rt_task::unwind::contained;

/// Is told what happens to the sockets of the process, on the thread that asked the kernel, under no lock.
/// It must not block, and use no sockets. A panic of it ends there.
pub trait Observer: Send + Sync {
    /// Something happened to so many sockets: this thread wakes who waits for that next.
    fn ready(&self, sockets: usize) {
        let _ = sockets;
    }
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
        let observer = *OBSERVER.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(observer) = observer {
            contained(|| what(observer));
        }
    }
}
