//! What is left of a runtime when somebody has stopped waiting for its end.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use rt_task::{End, Id, TaskRef};

/// How a runtime ended. See [`Runtime::shutdown`](crate::runtime::Runtime::shutdown).
///
/// It counts tasks, local ones too, and jobs of [`spawn_blocking`](crate::spawn_blocking), those that
/// were alive when the shutdown began. The task that calls `shutdown` is not among them.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// So many came to their end by themselves, with an output or a panic: they were in a poll, or ran.
    pub completed: usize,
    /// So many were dropped before that.
    pub cancelled: usize,
    /// These would not stop in time. They are cancelled when their poll ends, and nobody waits for that.
    pub left: Vec<StillAlive>,
}

impl ShutdownReport {
    /// Whether nothing is left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.left.is_empty()
    }

    /// Counts tasks that were cancelled. `age` says for how long one has been in a poll that goes on.
    pub(super) fn add_tasks(&mut self, tasks: &[TaskRef], age: impl Fn(&TaskRef) -> Duration) {
        let caller = rt_task::current();
        for task in tasks.iter().filter(|task| Some(task.id()) != caller) {
            match task.word().end() {
                Some(End::Completed | End::Panicked) => self.completed += 1,
                Some(End::Cancelled) => self.cancelled += 1,
                None => self.left.push(StillAlive::task(task, age(task))),
            }
        }
    }

    /// Counts jobs: what the pool says after the end, beside what it said before.
    pub(super) fn add_jobs(
        &mut self,
        (before, after): (&rt_blocking::Metrics, &rt_blocking::Metrics),
        left: Vec<rt_blocking::StillRunning>,
    ) {
        let count = |before: u64, after| usize::try_from(after - before).unwrap_or(usize::MAX);
        self.completed += count(before.done, after.done);
        self.cancelled += count(before.cancelled, after.cancelled);
        self.left.extend(left.into_iter().map(StillAlive::job));
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ShutdownReport { completed, cancelled, left } = self;
        write!(f, "{completed} completed, {cancelled} cancelled, {} left", left.len())?;
        left.iter().try_for_each(|left| write!(f, "\n  {left}"))
    }
}

/// A task or a job that would not stop.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StillAlive {
    /// The number of the task.
    pub id: Id,
    /// The name it was given.
    pub name: Option<String>,
    /// Where it was spawned.
    pub place: &'static Location<'static>,
    /// What it does.
    pub state: TaskState,
    /// For how long at least it has been doing that: a job since it began; a task in a poll since the
    /// runtime saw that poll first, which it looks for every 8 ms; everybody else since the shutdown
    /// began.
    pub age: Duration,
}

/// What a task does that would not stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// It is in a poll, or being dropped, and did not come back.
    Running,
    /// It stands behind one that is.
    Queued,
    /// It is a job of `spawn_blocking`, and runs.
    Blocking,
}

impl StillAlive {
    fn task(task: &TaskRef, age: Duration) -> StillAlive {
        let is_running = task.word().is_running();
        let state = if is_running { TaskState::Running } else { TaskState::Queued };
        let name = task.name().map(str::to_owned);
        StillAlive { id: task.id(), name, place: task.place(), state, age }
    }

    fn job(job: rt_blocking::StillRunning) -> StillAlive {
        let rt_blocking::StillRunning { id, name, place, age, .. } = job;
        StillAlive { id, name, place, state: TaskState::Blocking, age }
    }
}

impl fmt::Display for StillAlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " ({name:?})")?;
        }
        let what = match self.state {
            TaskState::Running => "in a poll",
            TaskState::Queued => "behind another's poll",
            TaskState::Blocking => "running on a thread that blocks",
        };
        write!(f, ", spawned at {}, {what} for {:?}", self.place, self.age)
    }
}
