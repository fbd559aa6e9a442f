//! Runtimes that age by so many choices, and tasks of a class.

use rt::runtime::{Builder, Runtime};
use rt::task::{JoinHandle, Priority};

pub(crate) fn one_thread(every: u32) -> Runtime {
    Builder::new_current_thread().priority_ageing(every).build().unwrap()
}

pub(crate) fn workers(workers: usize, every: u32) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers).priority_ageing(every).build().unwrap()
}

pub(crate) fn spawn<F>(class: Priority, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    rt::task::Builder::new().priority(class).spawn(future)
}

/// Runs a future in a task, so that what it spawns is in the queue of the same thread, and waits for it.
pub(crate) fn inside<T: Send + 'static>(
    runtime: &Runtime,
    future: impl Future<Output = T> + Send + 'static,
) -> T {
    let task = runtime.spawn(future);
    runtime.block_on(task).unwrap()
}
