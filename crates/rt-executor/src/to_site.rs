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

use crate::entered;
use crate::site::Site;

/// The scheduler of every task of a [`Site`]. No size, because the task's shard says which site.
#[derive(Clone, Copy, Debug)]
pub struct ToSite;

impl Schedule for ToSite {
    #[inline]
    fn schedule(self, task: Task) -> Result<(), Task> {
        let Some(shard) = task.shard() else { return Err(task) };
        let Err(task) = entered::arrive(shard, task) else { return Ok(()) };
        let Some(site) = Site::of(shard) else { return Err(task) };
        site.door().deliver(task);
        Ok(())
    }

    fn panicked(self, task: &TaskRef, payload: &(dyn Any + Send)) {
        let site = task.shard().and_then(Site::of);
        site.into_iter().for_each(|site| site.panicked(task, payload));
    }
}
