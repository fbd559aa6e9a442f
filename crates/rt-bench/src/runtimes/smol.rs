//! The smol stack: one of `async-executor`'s four executors under a plain `block_on`, `async-io`'s where
//! something sleeps.

use std::future::{Future, pending};
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use async_executor::{Executor, LocalExecutor, StaticExecutor, StaticLocalExecutor, Task};
use async_io::{Async, Timer};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

use crate::runtime::{Flavor, LOOPBACK, Runtime};

/// `async-executor` and `async-io`, with that executor.
pub(crate) struct Smol<E>(PhantomData<E>);

/// An executor that is always there.
pub(crate) trait Executing: 'static {
    /// Starts a task.
    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Runs its tasks until that future is ready.
    fn run<F: Future>(future: F) -> impl Future<Output = F::Output>;
}

/// One thread's, at its fastest: it keeps no list of its tasks.
pub(crate) struct LocalStatic;

/// One thread's that drops its tasks when it ends, were it not kept to the end of the process: for what a
/// task occupies.
pub(crate) struct Local;

/// Many threads', at its fastest: it keeps no list of its tasks.
pub(crate) struct SharedStatic;

/// Many threads' that drops its tasks when it ends, likewise.
pub(crate) struct Shared;

thread_local! {
    static LOCAL_STATIC: &'static StaticLocalExecutor = LocalExecutor::new().leak();
    static LOCAL: &'static LocalExecutor<'static> = Box::leak(Box::new(LocalExecutor::new()));
}
static SHARED_STATIC: StaticExecutor = StaticExecutor::new();
static SHARED: Executor<'static> = Executor::new();

/// The executor of the type is what the expression gives.
macro_rules! executing {
    ($type:ty: $executor:expr) => {
        impl Executing for $type {
            fn spawn<F>(future: F) -> Task<F::Output>
            where
                F: Future + Send + 'static,
                F::Output: Send + 'static,
            {
                $executor.spawn(future)
            }

            fn run<F: Future>(future: F) -> impl Future<Output = F::Output> {
                $executor.run(future)
            }
        }
    };
}

executing!(LocalStatic: LOCAL_STATIC.with(|executor| *executor));
executing!(Local: LOCAL.with(|executor| *executor));
executing!(SharedStatic: SHARED_STATIC);
executing!(Shared: SHARED);

impl<E: Executing> Smol<E> {
    fn start(workers: usize) {
        for _ in 0..workers {
            thread::spawn(|| future::block_on(E::run(pending::<()>())));
        }
    }
}

impl<E: Executing> Runtime for Smol<E> {
    type JoinHandle<T: Send + 'static> = Task<T>;

    /// Workers are threads of their own, beside the one that blocks.
    fn block_on<F: Future>(flavor: Flavor, future: F) -> F::Output {
        match flavor {
            Flavor::CurrentThread => future::block_on(E::run(future)),
            Flavor::Workers(workers) => {
                Self::start(workers);
                future::block_on(future)
            }
        }
    }

    /// Turns the reactor on this thread. Without timers that costs a system call at every wake of the root.
    fn block_on_with_timers<F: Future>(flavor: Flavor, future: F) -> F::Output {
        match flavor {
            Flavor::CurrentThread => async_io::block_on(E::run(future)),
            Flavor::Workers(workers) => {
                Self::start(workers);
                async_io::block_on(future)
            }
        }
    }

    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        E::spawn(future)
    }

    fn spawn_detached(future: impl Future<Output = ()> + Send + 'static) {
        E::spawn(future).detach();
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

    type Listener = Async<TcpListener>;
    type Stream = Async<TcpStream>;

    async fn bind() -> Self::Listener {
        Async::<TcpListener>::bind(LOOPBACK).expect("loopback takes listeners")
    }

    fn address(listener: &Self::Listener) -> SocketAddr {
        listener.get_ref().local_addr().expect("it listens")
    }

    async fn accept(listener: &Self::Listener) -> Self::Stream {
        listener.accept().await.expect("a connection comes in").0
    }

    async fn connect(address: SocketAddr) -> Self::Stream {
        Async::<TcpStream>::connect(address).await.expect("loopback connects")
    }

    async fn read(stream: &mut Self::Stream, buf: &mut [u8]) -> usize {
        stream.read(buf).await.expect("a connection reads")
    }

    async fn write_all(stream: &mut Self::Stream, buf: &[u8]) {
        stream.write_all(buf).await.expect("a connection writes");
    }
}
