//! What a runtime has done, and how it stands: always counted, read from any thread.
//!
//! ```
//! let runtime = rt::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
//! let metrics = runtime.metrics();
//! let before = metrics.snapshot();
//! runtime.block_on(async {
//!     for _ in 0..10 {
//!         rt::spawn(async {}).await.unwrap();
//!     }
//! });
//! let since = metrics.snapshot().since(&before);
//! assert_eq!((since.tasks.spawned, since.tasks.completed), (10, 10));
//! println!("{since}"); // a table of what the workers did
//! print!("{}", metrics.to_prometheus()); // for a scraper
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Counting costs a poll some instructions and no reading of the clock. How long polls take is measured
//! where [`Builder::poll_histograms`](crate::runtime::Builder::poll_histograms) says so.

use std::fmt;
use std::time::Duration;

pub use rt_metrics::tasks::{Phase, TaskInfo, Tasks};
pub use rt_metrics::waits::{Frame, NotTraced, TaskTrace};
pub use rt_metrics::{
    BlockingSnapshot, Histogram, PlaceSnapshot, Places, Snapshot, SocketsSnapshot, TimersSnapshot,
    WorkerSnapshot,
};
pub use rt_task::Tally;

use rt_task::Id;

use crate::asking;
use crate::inner::Inner;
use crate::messages;

/// Reads what a runtime counts: cheap to clone, from any thread, also while that runtime ends and when it has
/// ended. It does not keep the runtime alive.
///
/// A poll is counted when it is over: whom it has woken may look before.
///
/// [`snapshot`](RuntimeMetrics::snapshot) reads all of it. The other methods are tokio's, each for one number;
/// where they ask for a worker, by its number from zero, they panic if there are not so many.
#[derive(Clone)]
pub struct RuntimeMetrics {
    inner: Inner,
}

static_assertions::assert_impl_all!(RuntimeMetrics: Send, Sync, Clone);

impl RuntimeMetrics {
    pub(crate) fn new(inner: Inner) -> RuntimeMetrics {
        RuntimeMetrics { inner }
    }

    /// All numbers, read one after the other. Takes, each for a moment, the locks of the lists of tasks, of the
    /// pool, of the wheels and of the reactor.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.polls();
        snapshot.blocking = self.blocking();
        snapshot.timers = self.timers();
        snapshot.sockets = self.sockets();
        snapshot
    }

    /// What concerns tasks and their polls alone.
    fn polls(&self) -> Snapshot {
        let ledger = &self.inner.ledger;
        let mut snapshot = Snapshot::new(0);
        // What came of polls before what was let in: else a task might have ended that was not spawned.
        (snapshot.workers, snapshot.elsewhere) = ledger.roster.read();
        snapshot.elapsed = ledger.roster.epoch().elapsed();
        let (tasks, lists) = ledger.census.read();
        snapshot.tasks = tasks;
        for (worker, list) in snapshot.workers.iter_mut().zip(lists) {
            worker.spawned = list.spawned;
        }
        let load = ledger.load();
        snapshot.injector_depth = load.injector;
        let drained = snapshot.workers.iter().map(|worker| worker.drained).sum::<u64>();
        snapshot.remote_schedules = load.delivered + drained;
        for (worker, desk) in snapshot.workers.iter_mut().zip(load.desks) {
            worker.queue_depth += desk.depth;
            worker.slot_hits = desk.slot_hits;
            worker.overflows = desk.overflows;
        }
        snapshot
    }

    fn blocking(&self) -> BlockingSnapshot {
        let pool = self.inner.pool.metrics();
        let mut blocking = BlockingSnapshot::new();
        blocking.threads = pool.threads;
        blocking.idle_threads = pool.idle_threads;
        blocking.queued = pool.queued;
        blocking.running = pool.running;
        blocking.oldest_queued = pool.oldest_queued.unwrap_or_default();
        blocking.done = pool.done;
        blocking.cancelled = pool.cancelled;
        blocking.threads_ended = pool.threads_ended;
        blocking.start_failures = pool.start_failures;
        blocking
    }

    fn timers(&self) -> TimersSnapshot {
        let counts = self.inner.timers.wheels().counts();
        let mut timers = TimersSnapshot::new();
        timers.armed = counts.armed;
        timers.fired = counts.fired;
        timers.cancelled = counts.cancelled;
        timers.waiting = counts.armed - counts.fired - counts.cancelled;
        timers
    }

    fn sockets(&self) -> SocketsSnapshot {
        let counts = self.inner.sockets.counts();
        let mut sockets = SocketsSnapshot::new();
        sockets.registered = counts.registered;
        sockets.deregistered = counts.deregistered;
        sockets.ready = counts.ready;
        sockets
    }

    /// How long polls took, by the place where the task was spawned, by class and by worker: the busiest first.
    /// None unless [`poll_histograms`](crate::runtime::Builder::poll_histograms) are on.
    ///
    /// ```
    /// let runtime = rt::runtime::Builder::new_current_thread().poll_histograms(true).build()?;
    /// runtime.block_on(async { rt::spawn(async {}).await.unwrap() });
    /// let places = runtime.metrics().places();
    /// assert_eq!((places[0].place.file(), places[0].polls()), (file!(), 1));
    /// println!("{}", places.busiest(10)); // a table
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn places(&self) -> Places {
        self.inner.ledger.times.as_ref().map(|times| times.read()).unwrap_or_default()
    }

    /// The tasks that are alive, and what each of them does: [`Handle::tasks`](crate::runtime::Handle::tasks). Jobs of
    /// [`spawn_blocking`](crate::spawn_blocking) are not listed; a [`snapshot`](RuntimeMetrics::snapshot) counts them.
    ///
    /// ```
    /// let runtime = rt::runtime::Runtime::new()?;
    /// let waits = runtime.spawn(std::future::pending::<()>());
    /// let tasks = runtime.metrics().tasks();
    /// println!("{tasks}"); // a table
    /// assert!(tasks.get(waits.id()).is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        self.inner.tasks().iter().collect()
    }

    /// Where a task waits: [`Handle::trace_task`](crate::runtime::Handle::trace_task), which says what names need of the
    /// program. Jobs of [`spawn_blocking`](crate::spawn_blocking) can not be traced.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = rt::runtime::Runtime::new()?;
    /// let task = runtime.spawn(rt::time::sleep(Duration::from_secs(1 << 30)));
    /// let trace = runtime.metrics().where_it_waits(task.id(), Duration::from_secs(10)).unwrap();
    /// println!("{trace}"); // a tree of functions
    /// # assert!(!trace.is_done());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As there: if no such task is alive, if no poll of it is over in time, or if this thread would have to poll it.
    pub fn where_it_waits(&self, id: Id, timeout: Duration) -> Result<TaskTrace, NotTraced> {
        asking::where_it_waits(&self.inner, id, timeout)
    }

    /// All of it as text for Prometheus, to be served as `text/plain; version=0.0.4`: the
    /// [snapshot](Snapshot::to_prometheus), and the [places](Places::to_prometheus) if polls are measured.
    ///
    /// Nothing in it says which runtime it is: two runtimes of one process have the same series. Give each an endpoint
    /// of its own, or add a label to each series yourself. The quantiles of places are since the runtime was made, and
    /// can not be added or averaged across workers; counters, `_sum` and `_count` can be added.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = self.snapshot().to_prometheus();
        if self.poll_time_histogram_enabled() {
            text += &self.places().to_prometheus();
        }
        text
    }

    #[track_caller]
    fn worker(&self, index: usize) -> WorkerSnapshot {
        let workers = self.polls().workers;
        let count = workers.len();
        match workers.into_iter().nth(index) {
            Some(worker) => worker,
            None => messages::no_such_worker(index, count),
        }
    }
}

/// tokio's names, a number each. Those with `worker_` are about one worker.
impl RuntimeMetrics {
    /// How many workers the runtime has.
    #[must_use]
    pub fn num_workers(&self) -> usize {
        self.inner.ledger.roster.workers()
    }

    /// Tasks that are alive, local ones too.
    #[must_use]
    pub fn num_alive_tasks(&self) -> usize {
        self.inner.ledger.census.tally().alive as usize
    }

    /// Tasks that were spawned, local ones too.
    #[must_use]
    pub fn spawned_tasks_count(&self) -> u64 {
        self.inner.ledger.census.tally().spawned
    }

    /// Tasks that wait for any worker.
    #[must_use]
    pub fn global_queue_depth(&self) -> usize {
        self.inner.ledger.load().injector
    }

    /// Tasks that came in from threads that do not work here.
    #[must_use]
    pub fn remote_schedule_count(&self) -> u64 {
        self.polls().remote_schedules
    }

    /// Polls that ended because the task's budget was used up.
    #[must_use]
    pub fn budget_forced_yield_count(&self) -> u64 {
        self.polls().total().yields
    }

    /// How long the worker was busy.
    ///
    /// # Panics
    ///
    /// If there is no worker with this number.
    #[must_use]
    #[track_caller]
    pub fn worker_total_busy_duration(&self, worker: usize) -> Duration {
        self.worker(worker).busy
    }

    /// How often the worker had nothing to do, and waited.
    ///
    /// # Panics
    ///
    /// If there is no worker with this number.
    #[must_use]
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.worker(worker).parks
    }

    /// How often the worker began to wait, and how often it went on, together: an odd number says that it waits.
    ///
    /// # Panics
    ///
    /// If there is no worker with this number.
    #[must_use]
    #[track_caller]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        let worker = self.worker(worker);
        worker.parks + worker.unparks
    }

    /// How often the worker went on for nothing.
    ///
    /// # Panics
    ///
    /// If there is no worker with this number.
    #[must_use]
    #[track_caller]
    pub fn worker_noop_count(&self, worker: usize) -> u64 {
        self.worker(worker).noops
    }

    /// Tasks that the worker took out of others' queues.
    ///
    /// # Panics
    ///
    /// If there is no worker with this number.
    #[must_use]
    #[track_caller]
    pub fn worker_steal_count(&self, worker: usize) -> u64 {
        self.worker(worker).stolen
    }

    /// How often it did so.
    ///
    /// # Panics
    ///
    /// If there is no worker with this number.
    #[must_use]
    #[track_caller]
    pub fn worker_steal_operations(&self, worker: usize) -> u64 {
        self.worker(worker).steals
    }

    /// Polls of tasks by the worker.
    ///
    /// # Panics
    ///
    /// If there is no worker with this number.
    #[must_use]
    #[track_caller]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.worker(worker).polls
    }

    /// Tasks that wait in the worker's queue.
    ///
    /// # Panics
    ///
    /// If there is no worker with this number.
    #[must_use]
    #[track_caller]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        self.worker(worker).queue_depth
    }

    /// How often the worker's queue was full.
    ///
    /// # Panics
    ///
    /// If there is no worker with this number.
    #[must_use]
    #[track_caller]
    pub fn worker_overflow_count(&self, worker: usize) -> u64 {
        self.worker(worker).overflows
    }

    /// Threads for what blocks.
    #[must_use]
    pub fn num_blocking_threads(&self) -> usize {
        self.inner.pool.metrics().threads
    }

    /// Those of them that have no job.
    #[must_use]
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.inner.pool.metrics().idle_threads
    }

    /// Jobs that wait for a thread.
    #[must_use]
    pub fn blocking_queue_depth(&self) -> usize {
        self.inner.pool.metrics().queued
    }

    /// Sockets and the like that were registered: each the first time that it had to wait.
    #[must_use]
    pub fn io_driver_fd_registered_count(&self) -> u64 {
        self.inner.sockets.counts().registered
    }

    /// Those of them that were closed since.
    #[must_use]
    pub fn io_driver_fd_deregistered_count(&self) -> u64 {
        self.inner.sockets.counts().deregistered
    }

    /// Events of the kernel's that reached one.
    #[must_use]
    pub fn io_driver_ready_count(&self) -> u64 {
        self.inner.sockets.counts().ready
    }

    /// Whether polls are measured: see [`places`](RuntimeMetrics::places).
    #[must_use]
    pub fn poll_time_histogram_enabled(&self) -> bool {
        self.inner.ledger.times.is_some()
    }
}

impl fmt::Debug for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeMetrics").field("snapshot", &self.snapshot()).finish()
    }
}
