//! What is said when an adapter is used wrongly: what happened, then what to do.

use std::io;

#[cold]
#[track_caller]
pub(crate) fn no_runtime(error: &io::Error) -> ! {
    panic!(
        "tokio's runtime for `compat` does not start: {error}; start one where it may fail, and use `compat_on`"
    )
}

#[cold]
#[track_caller]
pub(crate) fn polled_again() -> ! {
    panic!("`Compat` was polled after its end: keep its output, or use `FutureExt::fuse`")
}

#[cold]
#[track_caller]
pub(crate) fn no_threads() -> ! {
    panic!("a tokio runtime with no thread runs nothing: give it one at least")
}
