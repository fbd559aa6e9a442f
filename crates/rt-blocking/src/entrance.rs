//! The way of a closure into the queue.

use std::sync::Arc;
use std::task::{Context, Waker};

use rt_task::{Builder, JoinHandle, Polled, Schedule, Task, coop};

use crate::call::Call;
use crate::error::{SpawnError, Why};
use crate::jobs::Ticket;
use crate::schedule::ToPool;
use crate::shared::Shared;
use crate::start;
use crate::state::Right;

/// Evidence that a job may come: it is counted as coming, it has a place, and a thread lives that
/// does not retire before the job is pushed [BJ4].
pub(crate) struct Entrance {
    shared: Arc<Shared>,
    ticket: Ticket,
    is_passed: bool,
}

impl Entrance {
    /// Lets a job in, and starts a thread for it if none will find it.
    pub(crate) fn open(shared: &Arc<Shared>, right: Right) -> Result<Entrance, Why> {
        let admission = shared.admit(right)?;
        let (shared, ticket) = (shared.clone(), admission.ticket);
        let entrance = Entrance { shared, ticket, is_passed: false };
        if let Some(key) = admission.start {
            start::start(&entrance.shared, key).map_err(Why::NoThread)?;
        }
        Ok(entrance)
    }

    /// Makes a task of the closure, and queues it.
    pub(crate) fn push<F, R>(mut self, options: Builder<'_>, closure: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let scheduler = ToPool { shared: self.shared.clone(), ticket: self.ticket };
        let future = coop::unconstrained(Call::New(closure));
        let (task, handle) = options.blocking().spawn(future, scheduler);
        // None: it was to be listed, and the list is closed.
        let Some(task) = task else { return handle };
        match task.poll(|_, running| running.poll(&mut Context::from_waker(Waker::noop()))) {
            Polled::Pending => {}
            // Somebody has found it in the list, and has woken it already.
            Polled::Again(task) => drop(self.shared.hold(self.ticket, task)),
            Polled::Completed | Polled::Panicked | Polled::Cancelled => return handle,
        }
        self.is_passed = true;
        self.shared.tell(|observer| observer.queued(handle.task()));
        self.shared.push(self.ticket, handle.task());
        handle
    }
}

impl Drop for Entrance {
    fn drop(&mut self) {
        if !self.is_passed {
            self.shared.turn_back();
        }
    }
}

/// The way in of whoever is not told "closed": the handle of such a job resolves to "cancelled".
///
/// # Errors
///
/// If there is no thread, and the system gives none.
pub(crate) fn let_in<F, R>(
    shared: &Arc<Shared>,
    right: Right,
    options: Builder<'_>,
    closure: F,
) -> Result<JoinHandle<R>, SpawnError>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    match Entrance::open(shared, right) {
        Ok(entrance) => Ok(entrance.push(options, closure)),
        Err(Why::NoThread(cause)) => Err(SpawnError::new(cause)),
        Err(Why::Closed) => Ok(cancelled(options, closure)),
        Err(Why::Full) => unreachable!("[BP4] only who asks for a place may find none"),
    }
}

/// A job that never was in the pool.
fn cancelled<F, R>(options: Builder<'_>, closure: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let (task, handle) = options.blocking().spawn(Call::New(closure), Nowhere);
    drop(task);
    handle
}

/// The scheduler of a task that is cancelled before anybody can wake it.
#[derive(Clone)]
struct Nowhere;

impl Schedule for Nowhere {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }
}
