//! What is left of a runtime when somebody has stopped waiting for its end.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use rt_blocking::{Metrics, Pool};
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
    /// These would not stop in time. Nobody waits for them any more: a task is cancelled when its poll
    /// ends, a job runs to its end. A shutdown in a task of its own waits for nobody: those who are left then
    /// need not have been in anybody's way.
    pub left: Vec<StillAlive>,
}

impl ShutdownReport {
    /// Whether nothing is left.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.left.is_empty()
    }
}

/// A shutdown that goes on.
pub(super) struct Ending {
    pool: Pool,
    start: Instant,
    timeout: Duration,
    /// What the pool said before.
    jobs: Metrics,
    report: ShutdownReport,
}

impl Ending {
    pub(super) fn begin(pool: &Pool, timeout: Duration) -> Ending {
        let (jobs, report) = (pool.metrics(), ShutdownReport::default());
        Ending { pool: pool.clone(), start: Instant::now(), timeout, jobs, report }
    }

    /// How much of the time is left.
    pub(super) fn left(&self) -> Duration {
        self.timeout.saturating_sub(self.start.elapsed())
    }

    pub(super) fn wait_for_nobody(&mut self) {
        self.timeout = Duration::ZERO;
    }

    /// Counts tasks that were cancelled, and waited for. `age` says for how long one has been in a poll
    /// that goes on, if that is known.
    pub(super) fn count(&mut self, tasks: &[TaskRef], age: impl Fn(&TaskRef) -> Option<Duration>) {
        let caller = rt_task::current();
        for task in tasks.iter().filter(|task| Some(task.id()) != caller) {
            match task.word().end() {
                Some(End::Completed | End::Panicked) => self.report.completed += 1,
                Some(End::Cancelled) => self.report.cancelled += 1,
                None => {
                    let age = age(task).unwrap_or_default().max(self.start.elapsed());
                    self.report.left.push(StillAlive::task(task, age));
                }
            }
        }
    }

    /// Waits for the jobs in what is left of the time, and counts them.
    pub(super) fn finish(mut self) -> ShutdownReport {
        let left = self.pool.join(self.left()).running;
        let (before, after) = (self.jobs, self.pool.metrics());
        let count = |before: u64, after| usize::try_from(after - before).unwrap_or(usize::MAX);
        self.report.completed += count(before.done, after.done);
        self.report.cancelled += count(before.cancelled, after.cancelled);
        self.report.left.extend(left.into_iter().map(StillAlive::job));
        self.report
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
    /// For how long at least it has been doing that. A job: since it began. A task in a poll on a worker:
    /// since the runtime first saw that poll, for which it looks every 8 ms. Every other task: since the
    /// shutdown began; that is one on a current-thread runtime, a local one, and one in
    /// [`block_in_place`](crate::task::block_in_place), whose poll is no worker's any more.
    pub age: Duration,
}

/// What a task does that would not stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskState {
    /// It is in a poll, or being dropped, and did not come back.
    Running,
    /// It is to be dropped by a thread that has not come to it: in time because that is in another's poll,
    /// or because nobody waited.
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
            TaskState::Queued => "waiting to be dropped",
            TaskState::Blocking => "running on a thread that blocks",
        };
        write!(f, ", spawned at {}, {what} for {:?}", self.place, self.age)
    }
}
