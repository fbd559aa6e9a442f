//! User code that may panic: hooks around a thread, what starts one, and wakers.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Runs user code. A panic ends here, after its message went where the panic hook sends it.
pub(crate) fn contained<R>(user_code: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(user_code)) {
        Ok(result) => Some(result),
        Err(payload) => {
            discard(payload);
            None
        }
    }
}

/// Wakes who was granted a place: if there is anybody, and whatever his waker does.
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        contained(|| waker.wake());
    }
}

/// Drops what a panic left behind. Its drop may panic too: what that leaves behind is leaked.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}
