//! A stage of the pipeline: a task with a name and a limit of time, and how it ended.

use std::future::Future;
use std::time::Duration;

use rt::task::{self, AbortHandle, Id, JoinHandle};
use rt::time::{error::Elapsed, timeout};

/// A task of the pipeline. Dropping it would not stop the task, only leave it alone.
pub(crate) struct Stage<T> {
    name: String,
    task: JoinHandle<Result<T, Elapsed>>,
}

/// Which task ended how.
pub(crate) struct End {
    pub(crate) name: String,
    pub(crate) id: Id,
    pub(crate) how: How,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Done,
    TooLate,
    Aborted,
    /// With what the panic said.
    Panicked(String),
}

impl<T: Send + 'static> Stage<T> {
    /// Spawns it. The name is what the picture shows.
    pub(crate) fn spawn<F>(name: &str, limit: Duration, work: F) -> Stage<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let task = task::Builder::new().name(name).spawn(timeout(limit, work));
        Stage { name: name.to_owned(), task }
    }

    pub(crate) fn abort_handle(&self) -> AbortHandle {
        self.task.abort_handle()
    }

    /// Waits for its end. A panic inside of it is an answer here, not a panic of ours.
    pub(crate) async fn end(self) -> (End, Option<T>) {
        let id = self.task.id();
        let (how, output) = match self.task.await {
            Ok(Ok(output)) => (How::Done, Some(output)),
            Ok(Err(Elapsed { .. })) => (How::TooLate, None),
            Err(error) if error.is_cancelled() => (How::Aborted, None),
            Err(error) => (How::Panicked(error.to_string()), None),
        };
        (End { name: self.name, id, how }, output)
    }
}
