//! What can happen, and to whom.

use std::panic::Location;
use std::time::{Duration, Instant};

use rt_task::{End, Id, Priority};

/// One thing that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// When, by the machine's clock.
    pub at: Instant,
    /// To which task; `None` if to the thread.
    pub task: Option<Id>,
    /// The task that was being polled on the thread where it happened: who spawned, who woke.
    pub by: Option<Id>,
    /// On which thread: the number of one of [`Trace::threads`](crate::trace::Trace::threads).
    pub thread: usize,
    /// Which worker of a multi-threaded runtime that thread is, if it is one: in the order in which its
    /// threads were started.
    pub worker: Option<usize>,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The task was made.
    Spawned,
    /// The task was woken.
    Woken,
    /// Somebody asked that the task be cancelled.
    Aborted,
    /// A poll began.
    Polling,
    /// A poll ended, and this came of it.
    Polled(Outcome),
    /// The future is gone.
    Ended(End),
    /// The worker took so many tasks out of another one's queue.
    Stolen(usize),
    /// The thread has nothing to do and waits.
    Parking,
    /// The thread has waited.
    Parked,
    /// A job that blocks, which is a task too, is about to wait for a thread.
    JobQueued,
    /// A thread runs the job.
    JobStarted,
    /// The job is done, and its joiner told.
    JobEnded,
    /// The task waits for a timer, for so long at most.
    TimerArmed(Duration),
    /// The time of so many timers has come: who waits for them is woken next on this thread.
    TimersFired(usize),
    /// A timer was dropped before its time.
    TimerCancelled,
    /// Something happened to so many sockets: who waits for them is woken next on this thread.
    SocketsReady(usize),
}

/// What came of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task is done.
    Done,
    /// It waits for a wake.
    Pending,
    /// It was woken while it ran, and is queued again.
    Again,
}

/// Who a task is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Who {
    /// Its number.
    pub id: Id,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where it was spawned.
    pub place: &'static Location<'static>,
    /// The class that it was spawned with.
    pub priority: Priority,
}

/// A thread on which something happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Thread {
    /// Its number in the trace: in the order in which the threads were first seen.
    pub number: usize,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Which worker it is, if it is one.
    pub worker: Option<usize>,
    /// How many events of it were dropped for want of room.
    pub dropped: u64,
}
