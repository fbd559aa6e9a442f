//! What is said when the crate is used wrongly: what happened, then what to do.

use std::io::{self, Write};

use crate::reference::TaskRef;

/// A task with its name and place, for people.
fn describe(task: &TaskRef) -> String {
    match task.name() {
        Some(name) => format!("task {} ({name:?}, spawned at {})", task.id(), task.place()),
        None => format!("task {} (spawned at {})", task.id(), task.place()),
    }
}

#[cold]
#[track_caller]
pub(crate) fn polled_away_from_home(task: &TaskRef) -> ! {
    panic!(
        "local {} was about to be polled on a thread that it does not belong to: \
         a task of `Task::new_local` may only be polled on the thread that made it",
        describe(task)
    )
}

/// Nobody is there to be told that stderr can not be written to: unlike `eprintln!` it never panics.
#[cold]
pub(crate) fn lost_its_home(task: &TaskRef) {
    let _ = writeln!(
        io::stderr(),
        "rt: local {} was held on another thread when the executor of its own thread was gone; \
         its future can be dropped nowhere and is leaked: keep the executor until its tasks are done",
        describe(task)
    );
}

#[cold]
#[track_caller]
pub(crate) fn joined_twice() -> ! {
    panic!(
        "a `JoinHandle` was polled after it had given its output: \
         poll it once to the end, or fuse it with `futures::FutureExt::fuse`"
    )
}
