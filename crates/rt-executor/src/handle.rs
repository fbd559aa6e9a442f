//! Spawning onto an executor: from any thread, or from its own.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;

use rt_task::{Builder, JoinHandle, Priority, Schedule, Task};

use crate::site::Lease;
use crate::to_site::ToSite;

/// What a task is spawned with, beside its future.
///
/// ```
/// use rt_executor::{Executor, Options};
/// use rt_task::Priority;
///
/// let executor = Executor::new();
/// let options = Options::new().name("greeter").priority(Priority::High);
/// let handle = executor.handle().spawn_with(options, async { 1 });
/// assert_eq!(handle.task().name(), Some("greeter"));
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "spawn with it"]
pub struct Options<'a> {
    name: Option<&'a str>,
    priority: Priority,
    place: &'static Location<'static>,
}

impl<'a> Options<'a> {
    /// No name, class `Normal`, spawned where this is called.
    #[track_caller]
    #[inline]
    pub fn new() -> Options<'a> {
        Options { name: None, priority: Priority::Normal, place: Location::caller() }
    }

    /// Gives the task a name.
    pub fn name(self, name: &'a str) -> Options<'a> {
        Options { name: Some(name), ..self }
    }

    /// Gives the task a class.
    pub fn priority(self, priority: Priority) -> Options<'a> {
        Options { priority, ..self }
    }

    /// Says where it was spawned, in place of where the options were made.
    pub fn place(self, place: &'static Location<'static>) -> Options<'a> {
        Options { place, ..self }
    }
}

impl Default for Options<'_> {
    #[track_caller]
    fn default() -> Self {
        Options::new()
    }
}

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

    /// Spawns a task.
    #[track_caller]
    #[inline]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_with(Options::new(), future)
    }

    /// Spawns a task with options.
    #[inline]
    pub fn spawn_with<F>(&self, options: Options<'_>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = builder(&self.lease, options).spawn(future, ToSite);
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
        let (task, handle) = builder(&self.lease, Options::new()).spawn(future, ToSite);
        submit(task).then_some(handle)
    }

    /// Whether a spawn is refused: the executor ended, or is about to.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.lease.is_open()
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
        self.spawn_with(Options::new(), future)
    }

    /// Spawns a task that stays on this thread, with options.
    #[inline]
    pub fn spawn_with<F>(&self, options: Options<'_>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (task, handle) = builder(&self.lease, options).spawn_local(future, ToSite);
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
        let (task, handle) = builder(&self.lease, Options::new()).spawn_local(future, ToSite);
        submit(task).then_some(handle)
    }

    /// Whether a spawn is refused: the executor ended, or is about to.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.lease.is_open()
    }
}

#[inline]
fn builder<'a>(lease: &'a Lease, options: Options<'a>) -> Builder<'a> {
    let builder = Builder::new().priority(options.priority).place(options.place);
    let builder = builder.listed(lease.living_here(), lease.generation());
    match options.name {
        None => builder,
        Some(name) => builder.name(name),
    }
}

/// To its executor. `false` if the list refused it: then it is cancelled already.
#[inline]
fn submit(task: Option<Task>) -> bool {
    match task {
        // Handed back only when it has no shard; dropping it cancels it.
        Some(task) => ToSite.schedule(task).is_ok(),
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
