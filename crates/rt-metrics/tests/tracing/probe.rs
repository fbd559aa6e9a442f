//! A probe that tells of polls as spans, and nothing else.

use std::task::Context;

use rt_executor::Probe;
use rt_task::{Id, Polled, Running, TaskRef};
use rt_waker::waker_ref;

/// Keeps the number of the task that it polls: told of its end in [`Probe::polled`], as by a runtime.
#[derive(Default)]
pub(crate) struct Spans {
    polled: Option<Id>,
}

impl Probe for Spans {
    fn poll(&mut self, task: &TaskRef, running: Running<'_>) {
        self.polled = Some(task.id());
        rt_metrics::tracing::polling(task);
        running.poll(&mut Context::from_waker(&waker_ref(task)));
    }

    fn polled(&mut self, _: &Polled) {
        self.polled.take().into_iter().for_each(rt_metrics::tracing::polled);
    }
}
