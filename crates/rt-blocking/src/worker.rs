//! The life of a thread: jobs, one after the other, until there is none for too long.

use std::task::{Context, Waker};

use rt_task::sync::thread;
use rt_task::{Polled, Task, TaskRef};

use crate::claim;
use crate::crew::Key;
use crate::here;
use crate::jobs::{Taken, Ticket};
use crate::shared::Shared;
use crate::unwind;

/// Everything that a thread of the pool does.
pub(crate) fn run(shared: &Shared, key: Key) {
    here::enter(shared.number, key);
    let mut has_lived = false;
    let mut life = || {
        if !std::mem::replace(&mut has_lived, true) {
            live(shared, key);
        }
    };
    if let Some(around) = &shared.config.around {
        unwind::contained(|| around(&mut life));
    }
    // Whoever counts on this thread knows nothing of a hook that does not call.
    life();
    shared.thread_ended(key);
}

fn live(shared: &Shared, key: Key) {
    shared.begin(key);
    while let Some(job) = shared.next(key) {
        call(shared, job);
    }
}

/// Runs a job, unless somebody aborts it at this moment.
fn call(shared: &Shared, job: Taken) {
    let Taken { ticket, task, held } = job;
    let Some(right) = held.or_else(|| claimed(shared, ticket, &task)) else { return };
    shared.tell(|observer| observer.started(&task));
    let polled = right.poll(|_, running| running.poll(&mut Context::from_waker(Waker::noop())));
    debug_assert!(!matches!(polled, Polled::Pending | Polled::Again(_)), "[BA2] it is done");
    shared.tell(|observer| observer.ended(&task));
    if let Some(after) = &shared.config.after {
        unwind::contained(|| after());
    }
}

fn claimed(shared: &Shared, ticket: Ticket, task: &TaskRef) -> Option<Task> {
    loop {
        if let Some(right) = claim::claim(task) {
            return Some(right);
        }
        let is_ended = task.word().is_cancelled() || task.is_done();
        // Somebody has woken it by hand, and has put the Task where we look, or is about to [BJ3].
        if let Some(right) = shared.take_held(ticket) {
            return Some(right);
        }
        if is_ended {
            // Who aborted it has the Task, and ends it [BA3]; or who has woken it, and sees that too.
            return None;
        }
        thread::yield_now();
    }
}
