//! How a pool thread gets the right to run the job it took from the queue.
//!
//! The queue holds references, not rights [BA1]. The thread wakes the job's task, and the wake that
//! finds it idle calls [`schedule`](rt_task::Schedule::schedule) on this very thread, with the
//! `Task`. A place of the thread, open for one number while the wake goes on, is where they meet.

use std::cell::Cell;

use rt_task::sync::thread_local_with_drop;
use rt_task::{Id, Task, TaskRef};

struct Claim {
    /// The task that is being claimed on this thread.
    wanted: Cell<Option<Id>>,
    found: Cell<Option<Task>>,
}

thread_local_with_drop! {
    static CLAIM: Claim = Claim { wanted: Cell::new(None), found: Cell::new(None) }
}

/// Wakes the task, and returns the `Task` if that found it idle.
pub(crate) fn claim(task: &TaskRef) -> Option<Task> {
    CLAIM.with(|claim| {
        claim.wanted.set(Some(task.id()));
        task.wake_by_ref();
        claim.wanted.set(None);
        claim.found.take()
    })
}

/// Puts `task` where [`claim`] finds it.
///
/// # Errors
///
/// The task, if this thread does not claim it: somebody else has woken it.
pub(crate) fn offer(task: Task) -> Result<(), Task> {
    let mut offered = Some(task);
    // Not while the thread-locals of this thread are destroyed: then it claims nothing.
    let _gone = CLAIM.try_with(|claim| {
        let is_wanted = offered.as_ref().is_some_and(|task| claim.wanted.get() == Some(task.id()));
        if is_wanted {
            claim.found.set(offered.take());
        }
    });
    offered.map_or(Ok(()), Err)
}
