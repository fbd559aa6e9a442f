//! tokio on the current thread, with everything enabled, as `#[tokio::main(flavor = "current_thread")]` has it.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::task::JoinHandle;

use super::in_time::InTime;
use super::joined::Joined;
use crate::runtime::Runtime;

/// `tokio`, `new_current_thread`.
pub(crate) struct Tokio;

impl Runtime for Tokio {
    type JoinHandle<T: Send + 'static> = Joined<JoinHandle<T>>;

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = Builder::new_current_thread().enable_all().build().expect("tokio starts");
        runtime.block_on(future)
    }

    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Joined(tokio::spawn(future))
    }

    fn spawn_detached(future: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::spawn(future));
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future + Send {
        tokio::time::sleep(duration)
    }

    fn timeout<F: Future + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send
    where
        F::Output: Send,
    {
        InTime::new(tokio::time::timeout(duration, future))
    }
}
