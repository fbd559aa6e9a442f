//! Where the `Task` of a job goes that somebody has woken or aborted [BA1].
//!
//! * **[BA3]** Whoever aborts a job that waits gets its `Task` and refuses it, so the closure is dropped on
//!   that thread. No thread of the pool is needed for that, and the joiner waits for none.

use std::any::Any;
use std::sync::Arc;

use rt_task::{End, Schedule, Task, TaskRef};

use crate::claim;
use crate::jobs::Ticket;
use crate::shared::Shared;

/// The scheduler of every job.
#[derive(Clone)]
pub(crate) struct ToPool {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ticket: Ticket,
}

impl Schedule for ToPool {
    fn schedule(self, task: Task) -> Result<(), Task> {
        match claim::offer(task) {
            Ok(()) => Ok(()),
            // Handed back if it was aborted, and refused then [BA3].
            Err(task) => self.shared.hold(self.ticket, task),
        }
    }

    fn panicked(self, job: &TaskRef, payload: &(dyn Any + Send)) {
        if let Some(on_panic) = &self.shared.config.on_panic {
            on_panic(job, payload);
        }
    }

    fn ended(self, _: &TaskRef, how: End) {
        self.shared.task_ended(self.ticket, how);
    }
}
