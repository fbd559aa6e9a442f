//! The runtime that stays on its thread.

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use rt_blocking::Pool;
use rt_executor::Executor;
use rt_io::Reactor;
use rt_metrics::Meter;
use rt_steal::Watching;
use rt_task::JoinHandle;
use rt_timer::{Clock, TimerDriver};

use crate::context::{self, Entered};
use crate::inner::{Inner, RuntimeFlavor};
use crate::lookout::Lookout;
use crate::metrics::RuntimeMetrics;
use crate::recorder::Recorder;
use crate::runtime::handle::{EnterGuard, Handle};
use crate::runtime::report::{Ending, ShutdownReport};
use crate::runtime::threads::{Queue, Threads};
use crate::runtime::timeline::Timeline;
use crate::tokio_context::{Behind, Foreign};

/// As [`Runtime`](crate::runtime::Runtime) on one thread, which it never leaves: futures need not be
/// `Send`, and local tasks live from one `block_on` to the next.
///
/// ```
/// use std::rc::Rc;
///
/// let runtime = rt::runtime::LocalRuntime::new()?;
/// let shared = Rc::new(5);
/// let task = runtime.spawn_local({
///     let shared = shared.clone();
///     async move { *shared * 2 }
/// });
/// assert_eq!(runtime.block_on(task).unwrap(), 10);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LocalRuntime {
    handle: Handle,
    /// Empty only at its end [N6].
    executor: Option<Executor<TimerDriver<Reactor>, Queue, Recorder>>,
    /// What it counts with.
    meter: Meter,
    jobs: Jobs,
    watching: Option<Watching>,
    /// Entered when the drop begins, and left after the jobs are over: fields are dropped in this
    /// order. Drops of futures may ask for the runtime, and spawn: such a task is cancelled.
    ending: Option<Entered>,
    /// Ends after all that is in it [N8].
    behind: Behind,
    /// Written after all that.
    _timeline: Option<Timeline>,
}

static_assertions::assert_not_impl_any!(LocalRuntime: Send, Sync);

impl LocalRuntime {
    /// # Errors
    ///
    /// If the system gives no thread that watches polls, where that was asked for.
    pub(super) fn with(
        threads: &Threads,
        clock: Clock,
        recorder: Recorder,
        behind: Behind,
        timeline: Option<Timeline>,
    ) -> io::Result<LocalRuntime> {
        let watching = recorder.lookout.watch(None)?;
        let park = TimerDriver::new(Reactor::new(), clock);
        let drivers = (park.timers(), park.inner().handle());
        let driver = recorder.of_driver().watched(watching.as_ref());
        let meter = driver.meter().clone();
        let queue = Queue::aged(threads.ageing.clone());
        let executor = Executor::with(park, queue, driver);
        let flavor = RuntimeFlavor::CurrentThread;
        let tasks = (executor.handle(), Box::new(executor.handle()) as _);
        let handle = Handle::new(Inner::new(tasks, drivers, flavor, recorder, threads.settings()));
        let (pool, foreign) = (handle.inner().pool.clone(), threads.foreign.clone());
        let jobs = Jobs { pool, foreign, patience: Duration::MAX };
        let executor = Some(executor);
        Ok(LocalRuntime {
            handle,
            executor,
            meter,
            jobs,
            watching,
            ending: None,
            behind,
            _timeline: timeline,
        })
    }

    /// Runs a future to its end, and with it the tasks of the runtime. What is not done by then
    /// waits for the next call.
    ///
    /// # Panics
    ///
    /// As [`Runtime::block_on`](crate::runtime::Runtime::block_on).
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _blocking = context::block("`LocalRuntime::block_on`", RuntimeFlavor::CurrentThread);
        let _drivers = self.handle.inner().enter_drivers();
        let _foreign = self.handle.inner().foreign.enter();
        let _entered = self.entered();
        let _busy = Busy::new(&self.meter);
        let _awake = Lookout::awake(self.watching.as_ref());
        self.executor().run(self.handle.inner().watching(future))
    }

    /// Spawns a task that stays on this thread.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.executor().spawn(future)
    }

    /// A handle that spawns futures that are `Send`, from anywhere.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What the runtime counts of itself. See [`metrics`](crate::metrics).
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }

    /// As [`Handle::enter`]; local tasks go to this runtime, too.
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard::new(self.handle.inner(), self.entered())
    }

    /// As [`Runtime::shutdown`](crate::runtime::Runtime::shutdown). All tasks are dropped here and now; the time
    /// is for the jobs that run.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = rt::runtime::LocalRuntime::new()?;
    /// let _waits = runtime.spawn_local(std::future::pending::<()>());
    /// assert_eq!(runtime.shutdown(Duration::from_secs(10)).cancelled, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(mut self, timeout: Duration) -> ShutdownReport {
        let inner = self.handle.inner().clone();
        let _foreign = inner.foreign.enter();
        let _entered = self.entered();
        let mut ending = Ending::begin(&inner.pool, timeout);
        let tasks = inner.spawner.close();
        inner.pool.close();
        drop(self.executor.take());
        ending.count(&tasks, |_| None);
        self.jobs.patience = Duration::ZERO;
        self.behind.end(ending.left());
        ending.finish()
    }

    /// As [`shutdown`](LocalRuntime::shutdown), without a report.
    pub fn shutdown_timeout(self, timeout: Duration) {
        drop(self.shutdown(timeout));
    }

    /// Cancels all tasks, and waits for no job.
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    fn entered(&self) -> Entered {
        let local = self.executor.as_ref().map(Executor::local_handle);
        context::enter(self.handle.inner().clone(), local)
    }

    pub(super) fn executor(&self) -> &Executor<TimerDriver<Reactor>, Queue, Recorder> {
        self.executor.as_ref().unwrap_or_else(|| unreachable!("[N6] moved out at its end alone"))
    }
}

impl Drop for LocalRuntime {
    fn drop(&mut self) {
        let inner = self.handle.inner().clone();
        let _foreign = inner.foreign.enter();
        self.ending = Some(self.entered());
        drop(self.executor.take());
    }
}

/// The thread drives the runtime, and is its worker meanwhile.
struct Busy<'a> {
    meter: &'a Meter,
}

impl Busy<'_> {
    fn new(meter: &Meter) -> Busy<'_> {
        meter.wake();
        Busy { meter }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.meter.rest();
    }
}

/// Waits for the jobs that block and run, and drops those that wait [N8].
struct Jobs {
    pool: Pool,
    foreign: Foreign,
    patience: Duration,
}

impl Drop for Jobs {
    fn drop(&mut self) {
        let _foreign = self.foreign.enter();
        self.pool.join(self.patience);
    }
}

impl fmt::Debug for LocalRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRuntime").field("handle", &self.handle).finish_non_exhaustive()
    }
}
