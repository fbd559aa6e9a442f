//! User code that may panic.
//!
//! It is public for the crates of this workspace and hidden from everybody else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Payload = Box<dyn Any + Send + 'static>;

/// Runs user code where nobody can be told of its panic: that ends here, after its message went
/// where the panic hook sends it.
#[inline]
pub fn contained<R>(user_code: impl FnOnce() -> R) -> Option<R> {
    caught(user_code).map_err(discard).ok()
}

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
