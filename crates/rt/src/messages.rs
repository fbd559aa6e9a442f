//! What is said when the runtime is used wrongly: what happened, then what to do.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

#[cold]
#[track_caller]
pub(crate) fn no_runtime(what: &str) -> ! {
    panic!(
        "{what}: no runtime on this thread: call this inside `Runtime::block_on`, or hold the guard \
         of `Handle::enter`"
    )
}

/// The guard of `Handle::enter` would not help here: who spawns local tasks must block.
#[cold]
#[track_caller]
pub(crate) fn no_local_runtime(what: &str) -> ! {
    panic!("{what}: no runtime on this thread: call this inside `block_on`")
}

#[cold]
#[track_caller]
pub(crate) fn no_local_context(what: &str) -> ! {
    panic!(
        "{what}: no local tasks can be spawned here, because nothing on this thread would run them: \
         call this inside `block_on`, not under the guard of `Handle::enter` alone; or use \
         `spawn` with a future that is `Send`"
    )
}

#[cold]
#[track_caller]
pub(crate) fn no_such_worker(index: usize, count: usize) -> ! {
    panic!("worker {index}: the runtime has {count}, and their numbers begin with zero")
}

#[cold]
#[track_caller]
pub(crate) fn nested(what: &str) -> ! {
    panic!(
        "{what} inside of a runtime: it would block the thread that runs the tasks. `.await` the \
         future instead, or block inside of `spawn_blocking` or `task::block_in_place`"
    )
}

#[cold]
#[track_caller]
pub(crate) fn cannot_pause(what: &str) -> ! {
    panic!(
        "{what}: time is stopped for one thread only: call this inside `block_on` of a \
         current-thread runtime (`Builder::new_current_thread`, `#[rt::test]`)"
    )
}

#[cold]
#[track_caller]
pub(crate) fn clock_runs(what: &str) -> ! {
    panic!("{what} on a clock that runs: call `time::pause` first, or start with a paused clock")
}

#[cold]
#[track_caller]
pub(crate) fn no_runtime_made(error: &io::Error) -> ! {
    panic!("no runtime could be made: {error}")
}

#[cold]
#[track_caller]
pub(crate) fn no_blocking_threads() -> ! {
    panic!("`Builder::max_blocking_threads` is 0: `spawn_blocking` needs at least one thread")
}

#[cold]
#[track_caller]
pub(crate) fn no_ageing() -> ! {
    panic!(
        "`Builder::priority_ageing` is 0: no lower class would ever be polled beside a busy higher one. \
         Give 1 or more: of so many polls one is a lower class's, of 16 unless this is called"
    )
}

#[cold]
#[track_caller]
pub(crate) fn no_thread(what: &str, error: &dyn std::fmt::Display) -> ! {
    panic!(
        "{what}: the system gives no thread to run it on ({error}): limit the threads of the process, \
         or use `try_spawn_blocking`, which gives the closure back"
    )
}

#[cold]
#[track_caller]
pub(crate) fn no_place_to_leave() -> ! {
    panic!(
        "`task::block_in_place` on a current-thread runtime: nobody else could run its tasks meanwhile. Use \
         `spawn_blocking`, or a multi-threaded runtime"
    )
}

/// Said in a drop: unlike `eprintln!` it never panics.
#[cold]
pub(crate) fn no_timeline(path: &Path, error: &io::Error) {
    let path = path.display();
    let _ = writeln!(io::stderr(), "rt: the timeline can not be written to {path}: {error}");
}

/// Nobody can do anything about it.
#[cold]
pub(crate) fn abort(panic: &dyn std::fmt::Display) {
    eprintln!("{panic}: the process is aborted, as `PanicPolicy::Abort` asks for");
    std::process::abort();
}

#[cold]
pub(crate) fn came_down(cause: &str) -> ! {
    panic!(
        "the runtime has shut down, as `PanicPolicy::Shutdown` asks for: {cause}. Drop it, and build \
         another one"
    )
}

/// One write, so that it is one line whoever else writes. Nobody is there to be told that it can not be written.
#[cold]
pub(crate) fn stalled(stall: &dyn Display) {
    let line = format!(
        "rt: {stall}: what waits on the same thread waits with it. Put `.await` into long loops \
         (`task::consume_budget`), or compute and block in `spawn_blocking` or `task::block_in_place`\n"
    );
    let _ = io::stderr().write_all(line.as_bytes());
}

#[cold]
#[track_caller]
pub(crate) fn no_task(what: &str) -> ! {
    panic!("{what}: no task is being polled here: call this inside a task, or use `task::try_id`")
}

#[cold]
#[track_caller]
pub(crate) fn no_task_local(type_name: &str) -> ! {
    panic!(
        "a task-local of type {type_name} was read where it has no value: wrap the future with \
         `LocalKey::scope`; a spawned task does not inherit it"
    )
}

#[cold]
#[track_caller]
pub(crate) fn task_local_entered_twice(type_name: &str) -> ! {
    panic!(
        "a task-local of type {type_name} can not be set while it is being read: leave the closure \
         of `LocalKey::with` first"
    )
}

#[cold]
pub(crate) fn no_look_up() -> std::io::Error {
    std::io::Error::other("the runtime was shut down: look names up in one that lives")
}
