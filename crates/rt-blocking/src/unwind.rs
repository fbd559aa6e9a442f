//! User code that may panic: hooks around a thread, what starts one, and wakers.

use std::task::Waker;

pub(crate) use rt_task::unwind::contained;

/// Wakes who was granted a place: if there is anybody, and whatever his waker does.
pub(crate) fn wake(waker: Option<Waker>) {
    contained(|| waker.into_iter().for_each(Waker::wake));
}
