//! A runtime, in the hand of whoever wants to spawn on it.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use rt_metrics::tasks::Tasks;
use rt_metrics::waits::{NotTraced, TaskTrace};
use rt_task::{Builder, Id, JoinHandle};
use rt_waker::Parker;

use crate::asking;
use crate::context::{self, Entered};
use crate::inner::{Inner, RuntimeFlavor};
use crate::metrics::RuntimeMetrics;
use crate::runtime::session::Session;
use crate::task::blocking;
use crate::tokio_context::Guard;
use crate::trace::Trace;

/// Spawns on a runtime, from any thread. Cheap to clone; does not keep the runtime alive.
///
/// When the runtime is gone, a spawn drops the future and gives a handle that resolves to
/// "cancelled".
///
/// ```
/// let runtime = rt::runtime::Runtime::new()?;
/// let handle = runtime.handle().clone();
/// let thread = std::thread::spawn(move || {
///     let task = handle.spawn(async { 6 * 7 });
///     handle.block_on(task).unwrap()
/// });
/// assert_eq!(thread.join().unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    inner: Inner,
}

static_assertions::assert_impl_all!(Handle: Send, Sync);

impl Handle {
    pub(super) fn new(inner: Inner) -> Handle {
        Handle { inner }
    }

    /// The runtime that this thread is in.
    ///
    /// # Panics
    ///
    /// If it is in none: outside of `block_on` and without the guard of [`enter`](Handle::enter).
    #[must_use]
    #[track_caller]
    pub fn current() -> Handle {
        Handle { inner: context::here("`Handle::current`") }
    }

    /// The runtime that this thread is in.
    ///
    /// # Errors
    ///
    /// If it is in none.
    pub fn try_current() -> Result<Handle, TryCurrentError> {
        let inner = context::runtime().ok_or(TryCurrentError { _private: () })?;
        Ok(Handle { inner })
    }

    /// Spawns a task. It runs whether or not the handle that is returned is polled.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.inner.spawner.spawn(future)
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
        blocking::spawn_on(&self.inner, "`spawn_blocking`", Builder::new(), job)
    }

    /// Runs a future to its end on this thread, with this runtime as its context.
    ///
    /// It runs the future and the local tasks that it spawns, none of the runtime's other tasks:
    /// somebody else must run those, on a current-thread runtime [`Runtime::block_on`]. Timers and sockets that
    /// wait here for the first time are served by the threads in the background that serve those outside of
    /// every runtime: nobody's long poll holds them up. They outlive the runtime, so its end does not end
    /// such a wait.
    ///
    /// [`Runtime::block_on`]: crate::runtime::Runtime::block_on
    ///
    /// # Panics
    ///
    /// As [`Runtime::block_on`](crate::runtime::Runtime::block_on).
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _blocking = context::block("`Handle::block_on`", self.inner.flavor);
        let _foreign = self.inner.foreign.enter();
        let mut parker = Parker::new();
        let mut session = Session::new(&self.inner, parker.waker());
        session.block_on(self.inner.watching(future), &mut parker)
    }

    /// Makes this the runtime of the thread until the guard is dropped: [`spawn`](crate::spawn) and
    /// the like go to it. Local tasks still belong to the `block_on` of this thread, if it is in one.
    ///
    /// Timers and sockets that are polled under the guard alone, with no `block_on` around, are served by the
    /// threads in the background that serve those outside of every runtime, and the real clock.
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard::new(&self.inner, context::enter_beside(self.inner.clone()))
    }

    /// The tasks that are alive, local ones of its threads too: who they are and what they do. As text a table. Jobs of
    /// [`spawn_blocking`](Handle::spawn_blocking) are not listed.
    ///
    /// How old each is and what it was polled is known if the runtime was built with
    /// [`task_stats`](crate::runtime::Builder::task_stats). It takes a lock that spawns take, for some 20 ns a task.
    ///
    /// ```
    /// use rt::runtime::Phase;
    ///
    /// let runtime = rt::runtime::Builder::new_current_thread().task_stats(true).build()?;
    /// runtime.block_on(async {
    ///     let waits = rt::task::Builder::new().name("waits").spawn(std::future::pending::<()>());
    ///     rt::task::yield_now().await; // its first poll
    ///     let tasks = rt::runtime::Handle::current().tasks();
    ///     println!("{tasks}");
    ///     let waits = tasks.get(waits.id()).unwrap();
    ///     assert_eq!((waits.phase, waits.polls), (Phase::Idle, Some(1)));
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        self.inner.tasks().iter().collect()
    }

    /// Where a task waits: the functions that it is in, down to what keeps its waker. As text a tree, with several
    /// branches where it waits for several things.
    ///
    /// It works for any future. The task is woken, its next poll is watched, and this blocks the thread until that is
    /// over; a poll that finds something to do goes on with it. Jobs of [`spawn_blocking`](Handle::spawn_blocking) can
    /// not be traced: there is no such task.
    ///
    /// Names and lines are as good as what the program was built with. A timer is shown by the functions of ours in
    /// which it waits, `rt_timer::…`.
    ///
    /// * With full debug info, as in the profile `dev` or with `debug = true`, each function is there, with its line.
    /// * Without, as in the profile `release`, there are no lines, and functions that were inlined are missing: maybe
    ///   the `async fn` that waits.
    /// * With `debug = "line-tables-only"` each function is there with its line, but without its path, an `async fn`
    ///   as `{async_fn#0}`; and the functions of the runtime below the poll are printed too, since they are
    ///   told by their paths. Read the lines from the end.
    /// * Where symbols are stripped, it says `<unknown>`.
    ///
    /// On a worker this blocks as [`block_in_place`](crate::task::block_in_place) does.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// async fn wait_for_ever() {
    ///     rt::time::sleep(Duration::from_secs(1 << 30)).await;
    /// }
    ///
    /// let runtime = rt::runtime::Runtime::new()?;
    /// let task = runtime.spawn(wait_for_ever());
    /// let trace = runtime.handle().trace_task(task.id(), Duration::from_secs(10)).unwrap();
    /// println!("{trace}");
    /// # assert!(!trace.is_done());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If no such task is alive; if no poll of it is over within `timeout`: it is in a long one, or nobody runs it; and
    /// at once if this thread is the one that would have to poll it.
    pub fn trace_task(&self, id: Id, timeout: Duration) -> Result<TaskTrace, NotTraced> {
        asking::where_it_waits(&self.inner, id, timeout)
    }

    /// Which kind of runtime it is.
    #[must_use]
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        self.inner.flavor
    }

    /// What the runtime records, if it was [told](crate::runtime::Builder::timeline) to.
    ///
    /// ```
    /// use rt::trace::Trace;
    ///
    /// let runtime = rt::runtime::Builder::new_multi_thread().trace(&Trace::new(100)).build()?;
    /// let trace = runtime.handle().trace().expect("it has one");
    /// println!("{} events so far", trace.events().len());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn trace(&self) -> Option<&Trace> {
        self.inner.recorder.trace()
    }

    /// What the runtime counts of itself. See [`metrics`](crate::metrics).
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics::new(self.inner.clone())
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.inner
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("flavor", &self.inner.flavor).finish_non_exhaustive()
    }
}

/// See [`Handle::enter`]. Drop guards in the reverse order of their making.
#[must_use = "the runtime is left when the guard is dropped"]
pub struct EnterGuard<'a> {
    _entered: Entered,
    _foreign: Guard<'a>,
}

impl<'a> EnterGuard<'a> {
    pub(super) fn new(inner: &'a Inner, entered: Entered) -> EnterGuard<'a> {
        EnterGuard { _entered: entered, _foreign: inner.foreign.enter() }
    }
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

/// No runtime on this thread.
#[derive(Clone, Debug)]
pub struct TryCurrentError {
    _private: (),
}

impl TryCurrentError {
    /// The thread is in no runtime.
    #[must_use]
    pub fn is_missing_context(&self) -> bool {
        true
    }

    /// The thread ends, and its context is gone. Never so here: such a thread is in no runtime.
    #[must_use]
    pub fn is_thread_local_destroyed(&self) -> bool {
        false
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no runtime on this thread")
    }
}

impl std::error::Error for TryCurrentError {}
