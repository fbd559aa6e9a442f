//! A call that blocks, on the pool of the runtime.

use std::io;

use rt_task::Builder;

use crate::context;
use crate::task::blocking;

/// Runs it there. Dropped, it is not waited for; begun, it runs to its end.
///
/// # Panics
///
/// Outside of a runtime.
pub(super) async fn run<R: Send + 'static>(
    job: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> io::Result<R> {
    let runtime = context::here("`rt::fs`");
    blocking::spawn_on(&runtime, "`rt::fs`", Builder::new(), job).await?
}
