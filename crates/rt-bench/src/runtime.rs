//! What a workload asks of a runtime. Whatever differs between runtimes is behind this trait, so that a
//! row is written once.

use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

/// How many threads run the tasks: there is a table for each, and columns are compared within one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workers {
    One,
    Two,
}

impl FromStr for Workers {
    type Err = String;

    fn from_str(number: &str) -> Result<Self, String> {
        match number {
            "1" => Ok(Self::One),
            "2" => Ok(Self::Two),
            _ => Err(format!("there are tables for 1 and for 2 workers, none for `{number}`")),
        }
    }
}

/// A runtime as the workloads see it; the type is only a name, the runtime lives inside `block_on`.
pub(crate) trait Runtime: 'static {
    /// Resolves to the output of the task; a task that failed panics here.
    type JoinHandle<T: Send + 'static>: Future<Output = T> + Send + 'static;

    /// Threads that run tasks.
    const WORKERS: Workers = Workers::One;

    /// Builds the runtime, runs `future` as its root, and ends it.
    fn block_on<F: Future>(future: F) -> F::Output;

    /// The same for a root that sleeps, where a runtime has two ways.
    fn block_on_with_timers<F: Future>(future: F) -> F::Output {
        Self::block_on(future)
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
}
