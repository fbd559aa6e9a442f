//! The socket between a task and whatever runs it.

use std::any::Any;

use crate::reference::TaskRef;
use crate::snapshot::End;
use crate::task::Task;

/// Where a task goes when it is woken.
///
/// A clone is taken out of the cell before a task is published, because the cell may be gone the
/// moment after: make it cheap, best a copy. A type without a size costs the cell nothing: the
/// task's [shard](TaskRef::shard) tells it where to look.
pub trait Schedule: Clone + Send + Sync + 'static {
    /// Takes the right to poll `task`, to use it soon.
    ///
    /// Called by wakers on any thread, also inside a poll. It must neither poll nor block. A panic in it
    /// goes to who woke the task; if it drops the task, that is cancelled.
    ///
    /// # Errors
    ///
    /// The task, if nothing will ever run again. A task that may move between threads is then
    /// cancelled where it stands, a local one on its thread too; a local one elsewhere ends without
    /// its future, which is leaked.
    fn schedule(self, task: Task) -> Result<(), Task>;

    /// The future of `task` panicked, when it was polled or dropped. Called before
    /// [`ended`](Schedule::ended), in the same place, with `task` as the [current](crate::current) one; the
    /// payload goes to the joiner afterwards. A panic in it is caught.
    fn panicked(self, task: &TaskRef, payload: &(dyn Any + Send)) {
        let _ = (task, payload);
    }

    /// The future of `task` is gone. Called once a task, on the thread where it ended, before
    /// anybody can see that it is done: the state word, the list of the living and the joiner
    /// follow. A panic in it is caught.
    fn ended(self, task: &TaskRef, how: End) {
        let _ = (task, how);
    }
}
