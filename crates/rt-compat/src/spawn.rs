//! Where an adapter's tasks run, as an argument.

use std::future::Future;

use rt_executor::Handle;

/// Spawns tasks that nobody joins: a connection, a stream of HTTP/2.
///
/// A task that is refused, since its executor has ended, is dropped.
pub trait Spawn: Clone + Send + Sync + 'static {
    /// Has the future run to its end.
    fn spawn<F>(&self, future: F)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
}

impl Spawn for Handle {
    #[track_caller]
    fn spawn<F>(&self, future: F)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        drop(Handle::spawn(self, future));
    }
}

/// The same for hyper: a blanket over every future, which HTTP/2 asks for.
#[derive(Clone, Debug)]
pub(crate) struct Executor<E>(pub(crate) E);

impl<E: Spawn, F> hyper::rt::Executor<F> for Executor<E>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}
