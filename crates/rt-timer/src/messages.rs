//! What is said when the crate is used wrongly: what happened, then what to do.

use std::io;

#[cold]
pub(crate) fn no_thread(error: &io::Error) -> ! {
    panic!(
        "a timer outside of any runtime needs a thread, and none could be created ({error}): raise \
         the limit of threads, or use the timer inside a runtime"
    )
}

#[cold]
#[track_caller]
pub(crate) fn zero_period() -> ! {
    panic!("an interval of zero would never let anybody else run: give it a period above zero")
}

#[cold]
#[track_caller]
pub(crate) fn no_wheel() -> ! {
    panic!("a driver of no wheels has nowhere to put a timer: give it one wheel or more")
}

#[cold]
#[track_caller]
pub(crate) fn no_such_wheel(index: usize, count: usize) -> ! {
    panic!("there is no wheel {index}, the driver has {count}: count from zero")
}
