//! A waker is user code, and may panic where nobody can be told.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes. A panic ends here, after its message went where the panic hook sends it.
pub(crate) fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake()))
        && let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        // The drop of a payload may panic too; what that leaves behind is leaked.
        std::mem::forget(again);
    }
}
