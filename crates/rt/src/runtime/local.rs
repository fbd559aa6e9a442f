//! The runtime that stays on its thread.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use rt_blocking::Pool;
use rt_executor::{Executor, Fifo};
use rt_task::JoinHandle;
use rt_timer::{Clock, TimerDriver};
use rt_waker::Parker;

use crate::context::{self, Entered};
use crate::inner::{Inner, RuntimeFlavor};
use crate::runtime::handle::{EnterGuard, Handle};
use crate::runtime::threads::Threads;
use crate::trace::Recorder;

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
    executor: Executor<TimerDriver<Parker>, Fifo, Recorder>,
    #[expect(dead_code, reason = "it is dropped")]
    jobs: Jobs,
    /// Entered when the drop begins, and left after the executor is gone: fields are dropped in this
    /// order. Drops of futures may ask for the runtime, and spawn: such a task is cancelled.
    ending: Option<Entered>,
}

static_assertions::assert_not_impl_any!(LocalRuntime: Send, Sync);

impl LocalRuntime {
    pub(super) fn with(threads: &Threads, clock: Clock, recorder: Recorder) -> LocalRuntime {
        let park = TimerDriver::new(Parker::new(), clock);
        let timers = park.timers();
        let executor = Executor::with(park, Fifo::new(), recorder.clone());
        let flavor = RuntimeFlavor::CurrentThread;
        let tasks = (executor.handle(), Box::new(executor.handle()) as _);
        let handle = Handle::new(Inner::new(tasks, timers, flavor, recorder, threads.pool()));
        let jobs = Jobs { pool: handle.inner().pool.clone() };
        LocalRuntime { handle, executor, jobs, ending: None }
    }

    /// Runs a future to its end, and with it the tasks of the runtime. What is not done by then
    /// waits for the next call.
    ///
    /// # Panics
    ///
    /// Inside of a runtime, and if the future panics.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _blocking = context::block("`LocalRuntime::block_on`", RuntimeFlavor::CurrentThread);
        let _timers = self.handle.inner().timers.enter();
        let _entered = self.entered();
        self.executor.run(self.handle.inner().watching(future))
    }

    /// Spawns a task that stays on this thread.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.executor.spawn(future)
    }

    /// A handle that spawns futures that are `Send`, from anywhere.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// As [`Handle::enter`]; local tasks go to this runtime, too.
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard::new(self.entered())
    }

    fn entered(&self) -> Entered {
        context::enter(self.handle.inner().clone(), Some(self.executor.local_handle()))
    }
}

impl Drop for LocalRuntime {
    fn drop(&mut self) {
        self.ending = Some(self.entered());
    }
}

/// Waits for the jobs that block and run.
struct Jobs {
    pool: Pool,
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.pool.join(Duration::MAX);
    }
}

impl fmt::Debug for LocalRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRuntime").field("handle", &self.handle).finish_non_exhaustive()
    }
}
