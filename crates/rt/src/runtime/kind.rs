//! The runtime that a program holds, of either kind.
//!
//! * **[N6]** What stands in an `Option` only to be moved out is moved out by the drop of its owner, or by a
//!   method that consumes him. Everybody else finds it there.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use rt_task::JoinHandle;

use crate::context;
use crate::inner::Inner;
use crate::metrics::RuntimeMetrics;
use crate::runtime::current_thread::CurrentThread;
use crate::runtime::handle::{EnterGuard, Handle};
use crate::runtime::multi_thread::MultiThread;
use crate::runtime::report::{Ending, ShutdownReport};
use crate::runtime::timeline::Timeline;
use crate::tokio_context::Behind;

/// Runs tasks. Dropping it drops every future that it has.
///
/// ```
/// let runtime = rt::runtime::Runtime::new()?;
/// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// The drop waits for jobs of [`spawn_blocking`](crate::spawn_blocking) that run, and on a multi-threaded
/// runtime for the polls that go on: for as long as they take. [`shutdown_timeout`](Runtime::shutdown_timeout)
/// waits for so long at most, and [`shutdown_background`](Runtime::shutdown_background) for nobody. In a
/// task of its own a drop waits for nobody either, and in a job of its own for all but that.
pub struct Runtime {
    handle: Handle,
    /// Empty only at its end [N6].
    kind: Option<Kind>,
    /// How long the drop waits for jobs that block and run.
    patience: Duration,
    /// Ends after the threads that are in it [N8].
    behind: Behind,
    /// Written at the very end: fields are dropped after [`Runtime::drop`], in this order.
    _timeline: Option<Timeline>,
}

pub(super) enum Kind {
    CurrentThread(Box<CurrentThread>),
    MultiThread(MultiThread),
}

static_assertions::assert_impl_all!(Runtime: Send, Sync);

impl Runtime {
    pub(super) fn of(
        inner: Inner,
        kind: Kind,
        behind: Behind,
        timeline: Option<Timeline>,
    ) -> Runtime {
        let (handle, patience) = (Handle::new(inner), Duration::MAX);
        Runtime { handle, kind: Some(kind), patience, behind, _timeline: timeline }
    }

    /// Runs a future to its end on this thread.
    ///
    /// The thread polls this future and the local tasks that are spawned on it, which end with this
    /// call. On a multi-threaded runtime the other tasks run on its workers, also between calls. On a
    /// current-thread runtime they run on this thread too; of several threads that block on one such
    /// runtime, one runs its tasks, and when it is done another takes over. What is not done by then
    /// waits for the next call.
    ///
    /// # Panics
    ///
    /// Inside of a runtime, but for jobs of [`spawn_blocking`](crate::spawn_blocking) and closures of
    /// [`block_in_place`](crate::task::block_in_place), which may block. If the future panics. And if a
    /// task has, and the [policy](crate::runtime::PanicPolicy::Shutdown) is to come down then.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _blocking = context::block("`Runtime::block_on`", self.handle.runtime_flavor());
        let inner = self.handle.inner();
        let _foreign = inner.foreign.enter();
        let future = inner.watching(future);
        match self.kind() {
            Kind::CurrentThread(runtime) => runtime.block_on(inner, future),
            Kind::MultiThread(runtime) => runtime.block_on(inner, future),
        }
    }

    /// Spawns a task. On a current-thread runtime it runs when somebody blocks on that.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// As [`rt::spawn_blocking`](crate::spawn_blocking), on this runtime.
    ///
    /// # Panics
    ///
    /// If no thread lives and the system gives none.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(job)
    }

    /// A handle that spawns from anywhere.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What the runtime counts of itself. See [`metrics`](crate::metrics).
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }

    /// As [`Handle::enter`].
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Cancels all tasks, waits for the polls that go on and the jobs that run, for so long at most, and
    /// says what came of them. A task that does not stop in time is cancelled when its poll ends; a job runs
    /// to its end.
    ///
    /// No task is let in from the beginning, and no job that waits for a thread runs any more. In a task of
    /// this runtime it waits for nobody, and in a job not for that.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let runtime = rt::runtime::Builder::new_multi_thread().build()?;
    /// let _waits = runtime.spawn(std::future::pending::<()>());
    /// let report = runtime.shutdown(Duration::from_secs(10));
    /// assert_eq!((report.completed, report.cancelled), (0, 1));
    /// assert!(report.is_complete(), "{report}"); // else: who would not stop
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(mut self, timeout: Duration) -> ShutdownReport {
        let inner = self.handle.inner().clone();
        let _foreign = inner.foreign.enter();
        // Drops of futures may ask for the runtime.
        let _entered = context::enter_beside(inner.clone());
        let mut ending = Ending::begin(&inner.pool, timeout);
        match self.kind.take() {
            Some(Kind::CurrentThread(runtime)) => {
                let tasks = inner.spawner.close();
                inner.pool.close();
                drop(runtime);
                ending.count(&tasks, |_| None);
            }
            Some(Kind::MultiThread(runtime)) => {
                let tasks = runtime.close();
                inner.pool.close();
                if runtime.is_here() {
                    ending.wait_for_nobody(); // a job may wait for this very task
                }
                runtime.wait(Some(ending.left()));
                ending.count(&tasks, |task| runtime.age_of(task));
                runtime.abandon(); // workers that have not left, or are in a hook, end by themselves
            }
            None => unreachable!("[N6] moved out at its end alone"),
        }
        self.patience = Duration::ZERO;
        self.behind.end(ending.left());
        ending.finish()
    }

    /// As [`shutdown`](Runtime::shutdown), without a report.
    pub fn shutdown_timeout(self, timeout: Duration) {
        drop(self.shutdown(timeout));
    }

    /// Cancels all tasks, and waits for nobody.
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    fn kind(&self) -> &Kind {
        self.kind.as_ref().unwrap_or_else(|| unreachable!("[N6] moved out at its end alone"))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Drops of futures may ask for the runtime.
        let inner = self.handle.inner().clone();
        let _foreign = inner.foreign.enter();
        let _entered = context::enter_beside(inner.clone());
        let is_own = matches!(&self.kind, Some(Kind::MultiThread(runtime)) if runtime.is_here());
        drop(self.kind.take());
        // A job may wait for the very task that drops the runtime.
        let patience = if is_own { Duration::ZERO } else { self.patience };
        inner.pool.join(patience);
        self.behind.end(patience);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Runtime");
        debug.field("flavor", &self.handle.runtime_flavor());
        if let Kind::CurrentThread(runtime) = self.kind() {
            debug.field("waiting", &runtime.waiting());
        }
        debug.finish_non_exhaustive()
    }
}
