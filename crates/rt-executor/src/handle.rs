//! Spawning onto an executor: from any thread, or from its own.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use rt_task::{Builder, JoinHandle, Task, TaskRef};

use crate::entered::Arrival;
use crate::site::{Lease, OnPanic};
use crate::to_site::ToSite;

/// Spawns futures that may move between threads onto an executor, from any thread.
///
/// Once that executor is gone, a spawn drops the future and gives a handle that resolves to
/// "cancelled", also when another executor has taken its place in memory.
///
/// ```
/// use rt_executor::Executor;
///
/// let executor = Executor::new();
/// let handle = executor.handle();
/// let answer = std::thread::spawn(move || handle.spawn(async { 42 })).join().unwrap();
/// assert_eq!(executor.run(answer).unwrap(), 42);
/// ```
#[derive(Clone)]
pub struct Handle {
    lease: Lease,
}

impl Handle {
    /// One that spawns at a site, for executors that are made of the parts.
    #[must_use]
    pub fn new(lease: Lease) -> Handle {
        Handle { lease }
    }

    /// The tasks that it spawns among.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.lease
    }

    /// Spawns a task.
    #[track_caller]
    #[inline]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_with(Builder::new(), future)
    }

    /// Spawns a task with options.
    #[inline]
    pub fn spawn_with<F>(&self, builder: Builder<'_>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = listed(&self.lease, builder).spawn(future, ToSite);
        let _ = submit(task);
        handle
    }

    /// As [`spawn`](Handle::spawn). `None` if it was refused.
    #[track_caller]
    pub(crate) fn try_spawn<F>(&self, future: F) -> Option<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = listed(&self.lease, Builder::new()).spawn(future, ToSite);
        submit(task).then_some(handle)
    }

    /// Whether a spawn is refused: the executor ended, or is about to.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.lease.is_open()
    }

    /// From now on `hook` is told of each task of the executor that panics: on the thread where it does,
    /// before anybody can see that it is done. It takes the place of the one before. A panic in it ends
    /// there, after its message.
    ///
    /// ```
    /// use rt_executor::Executor;
    /// use std::sync::{Arc, Mutex};
    ///
    /// let executor = Executor::new();
    /// let told = Arc::new(Mutex::new(Vec::new()));
    /// let book = told.clone();
    /// executor.handle().on_panic(Arc::new(move |task, payload| {
    ///     let text = payload.downcast_ref::<&str>().copied();
    ///     book.lock().unwrap().push((task.place().line(), text));
    /// }));
    /// let line = line!() + 1;
    /// let task = executor.spawn(async { std::panic::resume_unwind(Box::new("oh")) });
    /// let outcome: Result<(), _> = executor.run(task);
    /// assert!(outcome.unwrap_err().is_panic()); // the joiner is told all the same
    /// assert_eq!(*told.lock().unwrap(), [(line, Some("oh"))]);
    /// ```
    pub fn on_panic(&self, hook: OnPanic) {
        self.lease.on_panic(hook);
    }

    /// Lets no task in from now on, and cancels all that are alive: each is dropped where it would have been
    /// polled next. Says who they were, the youngest of each list first.
    pub fn close(&self) -> Vec<TaskRef> {
        self.lease.shut();
        let tasks = self.lease.tasks();
        tasks.iter().for_each(TaskRef::abort);
        tasks
    }
}

/// Spawns futures of any kind onto an executor of this thread. See [`Home`](crate::Home).
#[derive(Clone)]
pub struct LocalHandle {
    lease: Lease,
    /// A task belongs to the thread that makes it.
    not_send: PhantomData<*mut ()>,
}

static_assertions::assert_not_impl_any!(LocalHandle: Send, Sync);
static_assertions::assert_impl_all!(Handle: Send, Sync);

impl LocalHandle {
    pub(crate) fn new(lease: Lease) -> LocalHandle {
        LocalHandle { lease, not_send: PhantomData }
    }

    /// Where it spawns: for who lists its tasks from another thread.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.lease
    }

    pub(crate) fn alive(&self) -> usize {
        self.lease.alive()
    }

    /// Spawns a task that stays on this thread.
    #[track_caller]
    #[inline]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.spawn_with(Builder::new(), future)
    }

    /// Spawns a task that stays on this thread, with options.
    #[inline]
    pub fn spawn_with<F>(&self, builder: Builder<'_>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (task, handle) = listed(&self.lease, builder).spawn_local(future, ToSite);
        let _ = submit(task);
        handle
    }

    /// As [`spawn`](LocalHandle::spawn). `None` if it was refused.
    #[track_caller]
    pub(crate) fn try_spawn<F>(&self, future: F) -> Option<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (task, handle) = listed(&self.lease, Builder::new()).spawn_local(future, ToSite);
        submit(task).then_some(handle)
    }

    /// Whether a spawn is refused: the executor ended, or is about to.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.lease.is_open()
    }

    /// As [`Handle::on_panic`].
    pub fn on_panic(&self, hook: OnPanic) {
        self.lease.on_panic(hook);
    }
}

#[inline]
fn listed<'a>(lease: &Lease, builder: Builder<'a>) -> Builder<'a> {
    let builder = builder.listed(lease.living_here(), lease.generation());
    if lease.site().is_measured() { builder.measured(true) } else { builder }
}

/// To its executor. `false` if the list refused it: then it is cancelled already.
#[inline]
fn submit(task: Option<Task>) -> bool {
    match task {
        // Handed back only when it has no shard; dropping it cancels it.
        Some(task) => ToSite.send(task, Arrival::Spawned).is_ok(),
        None => false,
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("alive", &self.lease.alive()).finish()
    }
}

impl fmt::Debug for LocalHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalHandle").field("alive", &self.lease.alive()).finish()
    }
}
