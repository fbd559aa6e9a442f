//! Spawning with a name and a class.

use std::future::Future;
use std::panic::Location;

use rt_blocking::{Permit as BlockingPermit, SpawnError as BlockingSpawnError, TrySpawnError};
use rt_task::{JoinHandle, Priority};

use crate::context;
use crate::task::blocking;

/// What a task is spawned with, beside its future.
///
/// ```
/// use rt::task::{Builder, Priority};
///
/// rt::block_on(async {
///     let task = Builder::new().name("greeter").priority(Priority::High).spawn(async { "hello" });
///     assert_eq!(task.task().name(), Some("greeter"));
///     assert_eq!(task.await.unwrap(), "hello");
/// });
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "spawn a task with it"]
pub struct Builder<'a> {
    name: Option<&'a str>,
    priority: Priority,
}

impl<'a> Builder<'a> {
    /// No name, class `Normal`.
    pub fn new() -> Builder<'a> {
        Builder::default()
    }

    /// A name, for whoever looks: it stands in the `Debug` of the handles, in a
    /// [`Trace`](crate::trace::Trace), in a [`ShutdownReport`](crate::runtime::ShutdownReport), in a
    /// [`TaskPanic`](crate::runtime::TaskPanic), and in what the runtime prints about a future that it has
    /// to leak. The message of a panic has the name of the thread, and a
    /// [`JoinError`](super::JoinError) the number of the task.
    pub fn name(self, name: &'a str) -> Builder<'a> {
        Builder { name: Some(name), ..self }
    }

    /// The class: of the tasks that wait on a thread, those of the highest class are polled first. Now and then
    /// one of a lower class is all the same, so that none starves:
    /// [`priority_ageing`](crate::runtime::Builder::priority_ageing) says how often, and the bounds.
    ///
    /// It can be changed later, by [`JoinHandle::set_priority`]. A job of `spawn_blocking` keeps it for whoever
    /// looks; those start first in, first out.
    pub fn priority(self, priority: Priority) -> Builder<'a> {
        Builder { priority, ..self }
    }

    /// As [`spawn`](crate::spawn).
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        context::spawner("`task::Builder::spawn`").spawn_with(self.options(), future)
    }

    /// As [`spawn_local`](crate::spawn_local).
    ///
    /// # Panics
    ///
    /// As [`spawn_local`](crate::task::spawn_local).
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        context::local_spawner("`task::Builder::spawn_local`").spawn_with(self.options(), future)
    }

    /// As [`spawn_blocking`](crate::spawn_blocking).
    ///
    /// # Panics
    ///
    /// Outside of a runtime, and if the system gives no thread.
    #[track_caller]
    pub fn spawn_blocking<F, R>(self, job: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let what = "`task::Builder::spawn_blocking`";
        blocking::spawn_on(&context::here(what), what, self.options(), job)
    }

    /// As [`try_spawn_blocking`](crate::task::try_spawn_blocking).
    ///
    /// # Errors
    ///
    /// The closure, if there is no place for it, no thread, or the runtime is ending.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn try_spawn_blocking<F, R>(self, job: F) -> Result<JoinHandle<R>, TrySpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let runtime = context::here("`task::Builder::try_spawn_blocking`");
        runtime.pool.try_spawn_with(self.options(), job)
    }

    /// Runs a closure that blocks with the place that [`reserve_blocking`](crate::task::reserve_blocking) gave,
    /// on the runtime that it is of.
    ///
    /// ```
    /// rt::block_on(async {
    ///     let permit = rt::task::reserve_blocking().await.unwrap();
    ///     let job = rt::task::Builder::new().name("add").spawn_blocking_with(permit, || 1 + 1);
    ///     assert_eq!(job.unwrap().await.unwrap(), 2);
    /// });
    /// ```
    ///
    /// # Errors
    ///
    /// If no thread lives and the system gives none; the place is given back then.
    #[track_caller]
    pub fn spawn_blocking_with<F, R>(
        self,
        permit: BlockingPermit,
        job: F,
    ) -> Result<JoinHandle<R>, BlockingSpawnError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        permit.spawn_with(self.options(), job)
    }

    #[track_caller]
    fn options(self) -> rt_task::Builder<'a> {
        let options = rt_task::Builder::new().priority(self.priority).place(Location::caller());
        match self.name {
            None => options,
            Some(name) => options.name(name),
        }
    }
}
