//! The same runtimes with two workers: what differs is how one begins.

use std::future::{Future, pending};
use std::thread;
use std::time::Duration;

use async_executor::StaticExecutor;
use futures_lite::future;

use super::rt::Rt;
use super::smol::Smol;
use super::tokio::Tokio;
use crate::runtime::{Runtime, Workers};

const WORKERS: usize = 2;

/// All but `block_on` is as the one in the brackets has it.
macro_rules! as_with_one_thread {
    ($one:ty) => {
        type JoinHandle<T: Send + 'static> = <$one as Runtime>::JoinHandle<T>;

        fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
        where
            F: Future + Send + 'static,
            F::Output: Send + 'static,
        {
            <$one>::spawn(future)
        }

        fn spawn_detached(future: impl Future<Output = ()> + Send + 'static) {
            <$one>::spawn_detached(future);
        }

        as_with_one_thread!(only $one);
    };
    (only $one:ty) => {
        const WORKERS: Workers = Workers::Two;

        fn yield_now() -> impl Future<Output = ()> + Send {
            <$one>::yield_now()
        }

        fn sleep(duration: Duration) -> impl Future + Send {
            <$one>::sleep(duration)
        }

        fn timeout<F: Future + Send>(
            duration: Duration,
            future: F,
        ) -> impl Future<Output = Option<F::Output>> + Send
        where
            F::Output: Send,
        {
            <$one>::timeout(duration, future)
        }
    };
}

/// `tokio`, `new_multi_thread`.
pub(crate) struct Tokio2;

impl Runtime for Tokio2 {
    as_with_one_thread!(Tokio);

    fn block_on<F: Future>(future: F) -> F::Output {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(WORKERS).enable_all().build().expect("tokio starts");
        runtime.block_on(future)
    }
}

/// `rt`, `new_multi_thread`.
pub(crate) struct Rt2;

impl Runtime for Rt2 {
    as_with_one_thread!(Rt);

    fn block_on<F: Future>(future: F) -> F::Output {
        let mut builder = rt::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(WORKERS).build().expect("rt starts");
        runtime.block_on(future)
    }
}

static EXECUTOR: StaticExecutor = StaticExecutor::new();

/// `async-executor` on two threads, static, beside the one that blocks.
pub(crate) struct Smol2;

impl Smol2 {
    fn start() {
        for _ in 0..WORKERS {
            thread::spawn(|| future::block_on(EXECUTOR.run(pending::<()>())));
        }
    }
}

impl Runtime for Smol2 {
    type JoinHandle<T: Send + 'static> = async_executor::Task<T>;

    as_with_one_thread!(only Smol);

    fn block_on<F: Future>(future: F) -> F::Output {
        Self::start();
        future::block_on(future)
    }

    fn block_on_with_timers<F: Future>(future: F) -> F::Output {
        Self::start();
        async_io::block_on(future)
    }

    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    fn spawn_detached(future: impl Future<Output = ()> + Send + 'static) {
        Self::spawn(future).detach();
    }
}
