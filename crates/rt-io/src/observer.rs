//! One hook for what the kernel says of sockets. Off by default: one relaxed load and a branch a turn.

use rt_task::Hook;

/// Is told what happens to the sockets of the process, on the thread that asked the kernel, under no lock.
/// It must not block, and use no sockets. A panic of it ends there.
pub trait Observer: Send + Sync {
    /// Something happened to so many sockets: this thread wakes who waits for that next.
    fn ready(&self, sockets: usize) {
        let _ = sockets;
    }
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
