//! The scheduler of every task here: it knows nothing but the task.
//!
//! ```text
//!             on a thread of the executor
//!   wake ──┬─────────────────────────────────────► what it entered: the queue of that thread
//!          └──► SITES[shard of the task] ──► its door: the way in from everywhere else
//!               elsewhere
//! ```

use std::any::Any;

use rt_task::{Schedule, Task, TaskRef};

use crate::entered::{self, Arrival};
use crate::site::Site;

/// The scheduler of every task of a [`Site`]. No size, because the task's shard says which site.
#[derive(Clone, Copy, Debug)]
pub struct ToSite;

impl ToSite {
    /// The short way, to what is entered on this thread, or else the long one, through the door of the
    /// task's site.
    ///
    /// # Errors
    ///
    /// The task, if it has no shard.
    #[inline]
    // COURSE(4.2) stub: todo
    pub(crate) fn send(self, task: Task, how: Arrival) -> Result<(), Task> {
        let Some(shard) = task.shard() else { return Err(task) };
        let Err(task) = entered::arrive(shard, task, how) else { return Ok(()) };
        let Some(site) = Site::of(shard) else { return Err(task) };
        site.door().deliver(task);
        Ok(())
    }
}

impl Schedule for ToSite {
    #[inline]
    fn schedule(self, task: Task) -> Result<(), Task> {
        self.send(task, Arrival::Woken)
    }

    fn panicked(self, task: &TaskRef, payload: &(dyn Any + Send)) {
        let site = task.shard().and_then(Site::of);
        site.into_iter().for_each(|site| site.panicked(task, payload));
    }
}
