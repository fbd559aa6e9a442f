//! What is left of a pool when somebody has stopped waiting for it.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use rt_task::{Id, TaskRef};

/// The outcome of [`Pool::join`](crate::Pool::join).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Threads that have ended since the pool was closed.
    pub threads_ended: u64,
    /// Threads that have not, the calling one and others that wait in `join` not counted.
    pub threads_left: usize,
    /// The jobs that these run.
    pub running: Vec<StillRunning>,
}

impl Report {
    /// Whether every thread that was waited for has ended.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.threads_left == 0
    }
}

/// A job that runs on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StillRunning {
    /// The number of its task.
    pub id: Id,
    /// The name it was given.
    pub name: Option<String>,
    /// Where it was spawned.
    pub place: &'static Location<'static>,
    /// For how long it has been running.
    pub age: Duration,
}

impl StillRunning {
    pub(crate) fn new(task: &TaskRef, age: Duration) -> StillRunning {
        let name = task.name().map(str::to_owned);
        StillRunning { id: task.id(), name, place: task.place(), age }
    }
}

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " ({name:?})")?;
        }
        write!(f, ", spawned at {}, has been running for {:?}", self.place, self.age)
    }
}
