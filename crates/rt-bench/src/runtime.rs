//! What a workload asks of a runtime. Whatever differs between runtimes is behind this trait, so that a
//! row is written once.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

/// Where listeners of the workloads listen: the system chooses the port.
pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Which of a runtime's executors runs the tasks: each has a table of its own, and columns are compared
/// within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    CurrentThread,
    /// The one for many threads, on so many.
    Workers(usize),
}

impl Flavor {
    /// Threads that run tasks.
    pub(crate) fn threads(self) -> usize {
        match self {
            Self::CurrentThread => 1,
            Self::Workers(workers) => workers,
        }
    }
}

/// As it stands behind the name of a runtime: nothing, or the number of workers.
impl fmt::Display for Flavor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CurrentThread => Ok(()),
            Self::Workers(workers) => write!(f, "{workers}"),
        }
    }
}

impl FromStr for Flavor {
    type Err = String;

    fn from_str(workers: &str) -> Result<Self, String> {
        match workers.parse() {
            _ if workers.is_empty() => Ok(Self::CurrentThread),
            Ok(workers @ 1..) => Ok(Self::Workers(workers)),
            _ => Err(format!("`{workers}` is no number of workers: 1, 2 and so on are")),
        }
    }
}

/// A runtime as the workloads see it; the type is only a name, the runtime lives inside `block_on`.
pub(crate) trait Runtime: 'static {
    /// Resolves to the output of the task; a task that failed panics here.
    type JoinHandle<T: Send + 'static>: Future<Output = T> + Send + 'static;

    /// Builds the runtime, runs `future` as its root, and ends it.
    fn block_on<F: Future>(flavor: Flavor, future: F) -> F::Output;

    /// The same for a root that sleeps, where a runtime has two ways.
    fn block_on_with_timers<F: Future>(flavor: Flavor, future: F) -> F::Output {
        Self::block_on(flavor, future)
    }

    /// Starts a task from inside `block_on`. What becomes of it when the handle is dropped is the runtime's affair.
    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Starts a task that nobody joins.
    fn spawn_detached(future: impl Future<Output = ()> + Send + 'static);

    /// Lets the other tasks run first.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// The runtime's own timer, as it comes.
    fn sleep(duration: Duration) -> impl Future + Send;

    /// `None` if the time was up first.
    fn timeout<F: Future + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send
    where
        F::Output: Send;

    /// Where TCP connections come in.
    type Listener: Send + Sync + 'static;
    /// A TCP connection.
    type Stream: Send + 'static;

    /// Listens on loopback.
    fn bind() -> impl Future<Output = Self::Listener> + Send;

    /// Where it listens.
    fn address(listener: &Self::Listener) -> SocketAddr;

    /// The next connection.
    fn accept(listener: &Self::Listener) -> impl Future<Output = Self::Stream> + Send;

    /// A new connection.
    fn connect(address: SocketAddr) -> impl Future<Output = Self::Stream> + Send;

    /// Reads some bytes; none at the end.
    fn read(stream: &mut Self::Stream, buf: &mut [u8]) -> impl Future<Output = usize> + Send;

    /// Writes all.
    fn write_all(stream: &mut Self::Stream, buf: &[u8]) -> impl Future<Output = ()> + Send;
}
