//! Asks a task of a runtime where it waits.

use std::time::Duration;

use rt_metrics::waits::{NotTraced, TaskTrace};
use rt_task::{Id, ThreadNumber};

use crate::context;
use crate::inner::{Inner, RuntimeFlavor};
use crate::task::blocking::block_in_place;

/// See [`Handle::trace_task`](crate::runtime::Handle::trace_task).
pub(crate) fn where_it_waits(
    runtime: &Inner,
    id: Id,
    timeout: Duration,
) -> Result<TaskTrace, NotTraced> {
    let task = runtime.find(id).ok_or_else(NotTraced::gone)?;
    let is_polled_here = rt_task::current() == Some(id);
    let is_local_here = task.home() == Some(ThreadNumber::current());
    if is_polled_here || is_local_here || is_driven_here(runtime) {
        return Err(NotTraced::would_block());
    }
    let waits = &runtime.recorder.lookout.waits;
    match context::blocking() {
        Some(RuntimeFlavor::MultiThread) => block_in_place(|| waits.ask(&task, timeout)),
        _ => waits.ask(&task, timeout),
    }
}

/// Whether its tasks wait for what this thread does.
fn is_driven_here(runtime: &Inner) -> bool {
    let blocks = context::blocking() == Some(RuntimeFlavor::CurrentThread);
    blocks && context::runtime().is_some_and(|here| here.is(runtime))
}
