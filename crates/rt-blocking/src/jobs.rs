//! The jobs that are alive: who waits, and who runs. No lock, no thread.
//!
//! * **[BJ1]** A job is in here from its push until its task has ended, on whichever thread.
//! * **[BJ2]** The oldest runs first: tickets are handed out at the entrance, in order.
//! * **[BJ3]** A `Task` that somebody made by waking a job is held until its turn comes: waking a job
//!   from outside changes nothing. If the job is aborted meanwhile, he who sees that first looks here, and
//!   he who comes here later sees it, too: both under the lock, so one of the two ends the job.
//!
//! The list of the living that chapter 2 keeps is not used: queue and running jobs together are that
//! list, and a second one could only disagree.

use std::collections::BTreeMap;
use std::time::Instant;

use rt_task::{Task, TaskRef};

use crate::crew::Key;

/// The number of a job in its pool, in order of coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

/// A job on its way from the queue to a thread.
pub(crate) struct Taken {
    pub(crate) ticket: Ticket,
    pub(crate) task: TaskRef,
    pub(crate) held: Option<Task>,
}

pub(crate) struct Queued {
    pub(crate) task: TaskRef,
    pub(crate) since: Instant,
}

pub(crate) struct Running {
    pub(crate) task: TaskRef,
    pub(crate) since: Instant,
    pub(crate) thread: Key,
}

#[derive(Default)]
pub(crate) struct Jobs {
    queued: BTreeMap<Ticket, Queued>,
    running: BTreeMap<Ticket, Running>,
    held: BTreeMap<Ticket, Task>,
}

impl Jobs {
    pub(crate) fn push(&mut self, ticket: Ticket, task: TaskRef) {
        self.queued.insert(ticket, Queued { task, since: Instant::now() });
    }

    /// The oldest job [BJ2], which `thread` runs from now on.
    pub(crate) fn pop(&mut self, thread: Key) -> Option<Taken> {
        let (ticket, Queued { task, .. }) = self.queued.pop_first()?;
        let running = Running { task: task.clone(), since: Instant::now(), thread };
        self.running.insert(ticket, running);
        Some(Taken { ticket, task, held: self.held.remove(&ticket) })
    }

    /// Keeps a `Task` until its turn comes [BJ3].
    pub(crate) fn hold(&mut self, ticket: Ticket, task: Task) {
        let before = self.held.insert(ticket, task);
        debug_assert!(before.is_none(), "[BJ3] there is one Task a job");
    }

    pub(crate) fn take_held(&mut self, ticket: Ticket) -> Option<Task> {
        self.held.remove(&ticket)
    }

    /// Takes a job out whose task has ended. `None` if it was never pushed. What is returned is
    /// dropped outside of the lock.
    #[must_use]
    pub(crate) fn end(&mut self, ticket: Ticket) -> Option<TaskRef> {
        let queued = self.queued.remove(&ticket).map(|job| job.task);
        queued.or_else(|| self.running.remove(&ticket).map(|job| job.task))
    }

    /// All that wait, to be cancelled outside of the lock. They leave when they have ended.
    pub(crate) fn waiting(&mut self) -> (Vec<TaskRef>, Vec<Task>) {
        let waiting = self.queued.values().map(|job| job.task.clone()).collect();
        (waiting, std::mem::take(&mut self.held).into_values().collect())
    }

    pub(crate) fn queued(&self) -> usize {
        self.queued.len()
    }

    pub(crate) fn oldest(&self) -> Option<&Queued> {
        self.queued.values().next()
    }

    pub(crate) fn running(&self) -> impl ExactSizeIterator<Item = &Running> {
        self.running.values()
    }
}
