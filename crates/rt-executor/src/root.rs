//! The waker of a future that is no task: the one that `block_on` was called with.
//!
//! * **[O1]** The flag is set before the thread is woken, and taken before the root is polled: a
//!   wake during the poll leaves the flag set, and the root is polled again.
//! * **[O2]** Woken on its own thread, the thread is not parked: the flag is enough.

use std::sync::Arc;
use std::task::{Wake, Waker};

use rt_task::ThreadNumber;
use rt_task::sync::{AtomicBool, Ordering};

/// A flag of its own, so that the root is polled when it was woken and not whenever a task was.
#[derive(Debug)]
pub(crate) struct Root {
    is_woken: AtomicBool,
    thread: ThreadNumber,
    bell: Waker,
}

impl Root {
    /// A root of this thread, which `bell` wakes. It is woken already: for its first poll.
    #[must_use]
    pub(crate) fn new(bell: Waker) -> Arc<Root> {
        Arc::new(Root { is_woken: AtomicBool::new(true), thread: ThreadNumber::current(), bell })
    }

    /// Whether it was woken since the last call. Then what was done before the wake is visible.
    #[must_use]
    #[inline]
    // COURSE(4.7) stub: todo
    pub(crate) fn take(&self) -> bool {
        // ORDER(root): receives what was done before the wake [O1].
        self.is_woken() && self.is_woken.swap(false, Ordering::Acquire)
    }

    /// Whether it was woken.
    #[must_use]
    #[inline]
    pub(crate) fn is_woken(&self) -> bool {
        self.is_woken.load(Ordering::Relaxed)
    }
}

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Sets the flag, and then wakes the thread [O1], unless this is it [O2]. Publishes what was done
    /// before, also if the flag is set already.
    #[inline]
    // COURSE(4.7) stub: todo
    fn wake_by_ref(self: &Arc<Self>) {
        // ORDER(root): publishes what was done before [O1].
        self.is_woken.swap(true, Ordering::Release);
        if ThreadNumber::current() != self.thread {
            self.bell.wake_by_ref();
        }
    }
}
