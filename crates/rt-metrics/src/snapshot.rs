//! One look at a runtime.

use std::iter::zip;
use std::ops::Sub;
use std::time::Duration;

use rt_task::Tally;

use crate::subtract::differences;
use crate::worker::WorkerSnapshot;

/// One look at a runtime: what it has done since it was made, or since an earlier look, and how it stands.
///
/// Each of the numbers is right when it is read, and they are read one after the other, while the
/// runtime goes on. Those of `tasks` fit together: `spawned = completed + cancelled + panicked + alive`.
///
/// Printed with `{}` it is a table; [`to_prometheus`](Snapshot::to_prometheus) is for a scraper.
///
/// ```
/// use rt_metrics::{Snapshot, WorkerSnapshot};
///
/// let mut earlier = Snapshot::new(1);
/// earlier.workers[0].polls = 10;
/// let mut later = earlier.clone();
/// later.workers[0].polls = 15;
/// later.injector_depth = 3;
/// let since = later.since(&earlier);
/// assert_eq!((since.workers[0].polls, since.injector_depth), (5, 3));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// How long the runtime had been there, or for how long this is the difference.
    pub elapsed: Duration,
    /// Tasks, local ones too. Of a difference, `alive` are those that are alive at its end.
    pub tasks: Tally,
    /// What each worker has done.
    pub workers: Vec<WorkerSnapshot>,
    /// What was polled by threads that are no workers: local tasks of those in a `block_on`.
    pub elsewhere: WorkerSnapshot,
    /// Tasks that wait for any worker. None on a current-thread runtime: what comes in there from other
    /// threads is taken in once a turn, and counted then.
    pub injector_depth: usize,
    /// Tasks that came in from threads that do not work here: spawned or woken there.
    pub remote_schedules: u64,
    /// The pool for what blocks.
    pub blocking: BlockingSnapshot,
    /// Timers.
    pub timers: TimersSnapshot,
    /// Sockets and the like.
    pub sockets: SocketsSnapshot,
}

/// What the pool for what blocks has done, and how it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockingSnapshot {
    /// Threads that live, or are being created.
    pub threads: usize,
    /// Threads that wait for a job.
    pub idle_threads: usize,
    /// Jobs that wait for a thread.
    pub queued: usize,
    /// Jobs that run.
    pub running: usize,
    /// For how long the oldest job has waited for a thread; zero if none does.
    pub oldest_queued: Duration,
    /// Jobs that have run, those that panicked included.
    pub done: u64,
    /// Jobs that were aborted while they waited, or cancelled by the end of the runtime.
    pub cancelled: u64,
    /// Threads that have ended.
    pub threads_ended: u64,
    /// How often a thread could not be created.
    pub start_failures: u64,
}

differences!(BlockingSnapshot {
    counters: done, cancelled, threads_ended, start_failures;
    gauges: threads, idle_threads, queued, running,
});

/// What timers have done. `armed = fired + cancelled + waiting`, since the runtime was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimersSnapshot {
    /// Timers that were armed: those that were polled before their deadline.
    pub armed: u64,
    /// Those whose deadline came.
    pub fired: u64,
    /// Those that were dropped before, or were left at the end.
    pub cancelled: u64,
    /// Those that wait.
    pub waiting: u64,
}

differences!(TimersSnapshot { counters: armed, fired, cancelled; gauges: waiting });

/// What became of sockets, pipes and the like: of those that ever had to wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketsSnapshot {
    /// Those that were registered.
    pub registered: u64,
    /// Those that were closed since, or were left at the end.
    pub deregistered: u64,
    /// Events of the kernel's that reached one.
    pub ready: u64,
}

differences!(SocketsSnapshot { counters: registered, deregistered, ready; gauges: });

impl Snapshot {
    /// All zero, of so many workers.
    #[must_use]
    pub fn new(workers: usize) -> Snapshot {
        Snapshot { workers: vec![WorkerSnapshot::new(); workers], ..Snapshot::default() }
    }

    /// All workers, and who is none, together.
    #[must_use]
    pub fn total(&self) -> WorkerSnapshot {
        self.workers.iter().chain([&self.elsewhere]).sum()
    }

    /// What was done since `earlier`, a look at the same runtime. What is no counter, but says how much there is
    /// now, stays as it is. `later - earlier` is the same.
    #[must_use]
    pub fn since(&self, earlier: &Snapshot) -> Snapshot {
        let workers = zip(&self.workers, &earlier.workers);
        Snapshot {
            elapsed: self.elapsed.saturating_sub(earlier.elapsed),
            tasks: tasks_since(self.tasks, earlier.tasks),
            workers: workers.map(|(later, earlier)| later.since(earlier)).collect(),
            elsewhere: self.elsewhere.since(&earlier.elsewhere),
            injector_depth: self.injector_depth,
            remote_schedules: self.remote_schedules.saturating_sub(earlier.remote_schedules),
            blocking: self.blocking.since(&earlier.blocking),
            timers: self.timers.since(&earlier.timers),
            sockets: self.sockets.since(&earlier.sockets),
        }
    }
}

fn tasks_since(mut later: Tally, earlier: Tally) -> Tally {
    later.spawned = later.spawned.saturating_sub(earlier.spawned);
    later.completed = later.completed.saturating_sub(earlier.completed);
    later.cancelled = later.cancelled.saturating_sub(earlier.cancelled);
    later.panicked = later.panicked.saturating_sub(earlier.panicked);
    later.refused = later.refused.saturating_sub(earlier.refused);
    later
}

impl Sub<&Snapshot> for &Snapshot {
    type Output = Snapshot;

    fn sub(self, earlier: &Snapshot) -> Snapshot {
        self.since(earlier)
    }
}

impl Sub for Snapshot {
    type Output = Snapshot;

    fn sub(self, earlier: Snapshot) -> Snapshot {
        self.since(&earlier)
    }
}
