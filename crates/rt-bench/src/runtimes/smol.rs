//! The smol stack at its fastest: `async-executor`'s static local executor under `async-io`'s `block_on`.

use std::future::Future;
use std::time::Duration;

use async_executor::{LocalExecutor, StaticLocalExecutor, Task};
use async_io::Timer;
use futures_lite::future;

use crate::runtime::Runtime;

/// `async-executor` and `async-io`, one thread.
pub(crate) struct Smol;

/// The same with the executor that drops its tasks when it ends: for what a task occupies. The static one,
/// which is faster, keeps no list of them.
pub(crate) struct SmolOwning;

thread_local! {
    static EXECUTOR: &'static StaticLocalExecutor = LocalExecutor::new().leak();
    static OWNING: LocalExecutor<'static> = const { LocalExecutor::new() };
}

impl Runtime for Smol {
    type JoinHandle<T: Send + 'static> = Task<T>;

    fn block_on<F: Future>(future: F) -> F::Output {
        future::block_on(EXECUTOR.with(|executor| *executor).run(future))
    }

    /// Turns the reactor on this thread. Without timers that costs a system call at every wake of the root.
    fn block_on_with_timers<F: Future>(future: F) -> F::Output {
        async_io::block_on(EXECUTOR.with(|executor| *executor).run(future))
    }

    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        EXECUTOR.with(|executor| executor.spawn(future))
    }

    fn spawn_detached(future: impl Future<Output = ()> + Send + 'static) {
        Self::spawn(future).detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        future::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future + Send {
        Timer::after(duration)
    }

    /// As smol's documentation writes a timeout: there is none of its own, and it counts from the first poll.
    fn timeout<F: Future + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send
    where
        F::Output: Send,
    {
        future::or(async { Some(future.await) }, async move {
            Timer::after(duration).await;
            None
        })
    }
}

impl Runtime for SmolOwning {
    type JoinHandle<T: Send + 'static> = Task<T>;

    fn block_on<F: Future>(future: F) -> F::Output {
        OWNING.with(|executor| future::block_on(executor.run(future)))
    }

    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        OWNING.with(|executor| executor.spawn(future))
    }

    fn spawn_detached(future: impl Future<Output = ()> + Send + 'static) {
        Self::spawn(future).detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        Smol::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future + Send {
        Smol::sleep(duration)
    }

    fn timeout<F: Future + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send
    where
        F::Output: Send,
    {
        Smol::timeout(duration, future)
    }
}
