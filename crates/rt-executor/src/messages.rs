//! What is said when the crate is used wrongly: what happened, then what to do.

use std::io::{self, Write};

#[cold]
#[track_caller]
pub(crate) fn no_executor() -> ! {
    panic!(
        "no executor runs on this thread: call `rt_executor::spawn` inside `Executor::run`, or use \
         `Executor::spawn`"
    )
}

#[cold]
#[track_caller]
pub(crate) fn runs_already() -> ! {
    panic!(
        "this executor runs already: a task must not run the executor that polls it. Await the \
         future instead, or give it an executor of its own with `rt_executor::block_on`"
    )
}

#[cold]
#[track_caller]
pub(crate) fn too_many() -> ! {
    panic!("16,383 executors live in this process, and there is no room for more: drop some")
}

#[cold]
#[track_caller]
pub(crate) fn forgotten() -> ! {
    panic!(
        "a `Running` of this core was leaked by `mem::forget`, and with it the tasks that were ready: \
         drop it before you enter the core again"
    )
}

/// Said in a drop: unlike `eprintln!` it never panics.
#[cold]
pub(crate) fn leaked() {
    let _ = writeln!(
        io::stderr(),
        "rt: a `Running` was leaked by `mem::forget`; the tasks of its core can not be dropped and are \
         leaked too: drop a `Running` before its core"
    );
}
