//! What the threads of a runtime are watched with.

use rt_executor::Probe;
use rt_metrics::trace::{Outcome, Trace, What};
use rt_task::{Id, Polled, TaskRef};

use crate::hooks::{self, Hooks};

/// The probe of every runtime: one branch an event while nothing is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    trace: Option<Trace>,
    pub(crate) hooks: Hooks,
    worker: Option<usize>,
}

impl Recorder {
    pub(crate) fn new(trace: Option<Trace>, hooks: Hooks) -> Recorder {
        Recorder { trace, hooks, worker: None }
    }

    /// The probe of one worker.
    pub(crate) fn of_worker(&self, number: usize) -> Recorder {
        Recorder { worker: Some(number), ..self.clone() }
    }

    /// What it records to, if it does.
    pub(crate) fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }

    #[inline]
    fn record(&self, task: Option<Id>, what: impl FnOnce() -> What) {
        if let Some(trace) = &self.trace {
            trace.record(task, self.worker, what());
        }
    }
}

impl Probe for Recorder {
    #[inline]
    fn polling(&mut self, task: &TaskRef) {
        if self.trace.is_some() {
            self.record(Some(task.id()), || What::Polling);
        }
    }

    #[inline]
    fn polled(&mut self, task: Id, polled: &Polled) {
        self.record(Some(task), || {
            What::Polled(match polled {
                Polled::Completed | Polled::Panicked | Polled::Cancelled => Outcome::Done,
                Polled::Pending => Outcome::Pending,
                Polled::Again(_) => Outcome::Again,
            })
        });
    }

    fn stolen(&mut self, count: usize) {
        self.record(None, || What::Stolen(count));
    }

    fn parking(&mut self) {
        self.record(None, || What::Parking);
        hooks::call(&self.hooks.on_park);
    }

    fn parked(&mut self) {
        self.record(None, || What::Parked);
        hooks::call(&self.hooks.on_unpark);
    }
}
