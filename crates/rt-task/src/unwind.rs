//! User code that may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::header::Payload;

/// Runs user code.
#[inline]
pub(crate) fn caught<R>(user_code: impl FnOnce() -> R) -> Result<R, Payload> {
    catch_unwind(AssertUnwindSafe(user_code))
}

/// Drops what a panic left behind. Its drop may panic too: what that leaves behind is leaked.
pub(crate) fn discard(payload: Payload) {
    if let Err(again) = caught(|| drop(payload)) {
        std::mem::forget(again);
    }
}
