//! A probe that tells of polls as spans, and nothing else.

use rt_executor::Probe;
use rt_task::{Id, Polled, TaskRef};

pub(crate) struct Spans;

impl Probe for Spans {
    fn polling(&mut self, task: &TaskRef) {
        rt_metrics::tracing::polling(task);
    }

    fn polled(&mut self, task: Id, _: &Polled) {
        rt_metrics::tracing::polled(task);
    }
}
