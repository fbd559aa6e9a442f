//! One hook for what happens to timers on any thread. Off by default: one relaxed load and a branch.

use rt_task::Hook;

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

static HOOK: Hook<dyn Observer> = Hook::new();

/// Puts an observer in place of the one before, which is returned. `None` switches it off.
pub fn observe(observer: Option<&'static dyn Observer>) -> Option<&'static dyn Observer> {
    HOOK.set(observer)
}

/// Tells the observer, if there is one.
#[inline]
pub(crate) fn tell(what: impl FnOnce(&'static dyn Observer)) {
    HOOK.tell(what);
}
