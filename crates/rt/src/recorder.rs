//! What the threads of a runtime are watched with.

use std::sync::Arc;
use std::task::Context;

use rt_executor::Probe;
use rt_metrics::trace::{Outcome, Trace, What};
use rt_metrics::{Meter, PollTimer, PollTimes, Roster};
use rt_steal::Watching;
use rt_task::{Id, Polled, Running, TaskRef};
use rt_waker::waker_ref;

use crate::hooks::{self, Hooks};
use crate::ledger::Ledger;
use crate::lookout::Lookout;
use crate::spans;

/// The probe of every runtime: it counts, always, and a branch or two an event say that nothing more is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    /// Whether more than numbers is wanted of every poll.
    is_attentive: bool,
    /// The poll that goes on, if more than numbers is wanted of it.
    attended: Option<Id>,
    trace: Option<Trace>,
    pub(crate) hooks: Hooks,
    pub(crate) lookout: Lookout,
    worker: Option<usize>,
    meter: Meter,
    /// If durations are asked for.
    timer: Option<Box<PollTimer>>,
}

impl Recorder {
    /// For a runtime of one worker, unless it is [for more](Recorder::of_team).
    pub(crate) fn new(
        trace: Option<Trace>,
        hooks: Hooks,
        times: Option<Arc<PollTimes>>,
        lookout: Lookout,
    ) -> Recorder {
        spans::watch();
        let timer = times.map(|times| Box::new(PollTimer::new(times)));
        let meter = Meter::new(Arc::new(Roster::new(1)));
        let (is_attentive, attended, worker) = (false, None, None);
        Recorder { is_attentive, attended, trace, hooks, lookout, worker, meter, timer }.attentive()
    }

    /// The probe of a thread whose polls a watch shows.
    pub(crate) fn watched(self, watching: Option<&Watching>) -> Recorder {
        Recorder { lookout: self.lookout.watched(watching), ..self }.attentive()
    }

    /// Looks once for what is asked of every poll.
    fn attentive(self) -> Recorder {
        let is_told = spans::ARE_THERE || self.trace.is_some() || self.lookout.is_watched();
        Recorder { is_attentive: is_told || self.timer.is_some(), ..self }
    }

    /// For a runtime of so many workers.
    pub(crate) fn of_team(self, workers: usize) -> Recorder {
        Recorder { meter: Meter::new(Arc::new(Roster::new(workers))), ..self }
    }

    /// The probe of one worker. Its clones count for the same thread.
    pub(crate) fn of_worker(&self, number: usize) -> Recorder {
        let mut recorder = Recorder { worker: Some(number), ..self.clone() };
        recorder.meter.sit(None);
        recorder
    }

    /// The probe of the only worker, whichever thread that is: of one that drives.
    pub(crate) fn of_driver(&self) -> Recorder {
        let mut recorder = self.clone();
        recorder.placed(Some(0));
        recorder.meter.rest();
        recorder
    }

    /// From now on this thread drives, as whose probe `driver` was made: until [`leave`](Recorder::leave).
    pub(crate) fn drive_as(&mut self, driver: &Recorder) {
        self.meter.share(&driver.meter);
        self.meter.wake();
        self.timer.iter_mut().for_each(|timer| timer.sit(Some(0)));
    }

    pub(crate) fn leave(&mut self) {
        self.meter.rest();
        self.meter.leave();
        self.timer.iter_mut().for_each(|timer| timer.sit(None));
    }

    /// The books in which it counts, without a runtime yet.
    pub(crate) fn ledger(&self) -> Arc<Ledger> {
        let times = self.timer.as_ref().map(|timer| timer.times().clone());
        Ledger::new(self.meter.roster().clone(), times)
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
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

impl Recorder {
    #[cold]
    fn poll_attended(&mut self, task: &TaskRef, running: Running<'_>) {
        self.attended = Some(task.id());
        self.record(Some(task.id()), || What::Polling);
        spans::polling(task);
        let measured = self.lookout.poll(task, running);
        if let (Some(timer), Some(poll)) = (&mut self.timer, measured) {
            timer.record(task, poll);
        }
    }

    #[cold]
    fn polled_attended(&mut self, task: Id, outcome: Outcome) {
        self.attended = None;
        spans::polled(task);
        self.lookout.polled(outcome);
        self.record(Some(task), || What::Polled(outcome));
    }
}

impl Probe for Recorder {
    #[inline]
    fn poll(&mut self, task: &TaskRef, running: Running<'_>) {
        if self.is_attentive || rt_task::is_watched() {
            self.poll_attended(task, running);
        } else {
            running.poll(&mut Context::from_waker(&waker_ref(task)));
        }
    }

    #[inline]
    fn polled(&mut self, polled: &Polled) {
        self.meter.polled(polled);
        if let Some(task) = self.attended {
            // By value: a reference that goes out of line would have every poll write its outcome to memory.
            let outcome = match polled {
                Polled::Completed | Polled::Panicked | Polled::Cancelled => Outcome::Done,
                Polled::Pending => Outcome::Pending,
                Polled::Again(_) => Outcome::Again,
            };
            self.polled_attended(task, outcome);
        }
    }

    fn turned(&mut self, waiting: usize) {
        self.meter.turned(waiting);
    }

    fn placed(&mut self, desk: Option<usize>) {
        self.meter.sit(desk);
        self.timer.iter_mut().for_each(|timer| timer.sit(desk));
    }

    fn drained(&mut self, count: usize) {
        self.meter.drained(count);
    }

    fn stolen(&mut self, count: usize) {
        self.meter.stolen(count);
        self.record(None, || What::Stolen(count));
    }

    fn parking(&mut self) {
        self.meter.parking();
        self.record(None, || What::Parking);
        hooks::call(&self.hooks.on_park);
        self.lookout.parking();
    }

    fn parked(&mut self) {
        self.meter.parked();
        self.lookout.parked();
        self.record(None, || What::Parked);
        hooks::call(&self.hooks.on_unpark);
    }
}
