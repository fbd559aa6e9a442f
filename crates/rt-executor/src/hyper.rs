//! Our executors for hyper: its connections and the streams of HTTP/2 become tasks that nobody joins.

use std::future::Future;

use ::hyper::rt::Executor;

use crate::handle::{Handle, LocalHandle};

/// A task that is refused, since its executor has ended, is dropped.
impl<F> Executor<F> for Handle
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        drop(self.spawn(future));
    }
}

/// Futures need not be `Send`.
impl<F> Executor<F> for LocalHandle
where
    F: Future + 'static,
    F::Output: 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        drop(self.spawn(future));
    }
}
