//! What the threads of a runtime are watched with.

use std::sync::Arc;
use std::task::Context;

use rt_executor::Probe;
use rt_metrics::trace::{Outcome, Trace, What};
use rt_metrics::{Meter, PollTimer, PollTimes, Roster};
use rt_steal::Watching;
use rt_task::{Id, Polled, Running, Stats, TaskRef};
use rt_waker::waker_ref;

use crate::hooks::{self, Hooks};
use crate::ledger::Ledger;
use crate::lookout::Lookout;
use crate::spans;

/// Somebody wants to know of every poll.
const EVERY: u8 = 1;
/// Somebody asks about the poll that goes on.
const THIS: u8 = 1 << 1;

/// The probe of every runtime: it counts, always, and one branch an event says that nothing more is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    /// What is wanted beside numbers: [`EVERY`], [`THIS`].
    wanted: u8,
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
        Recorder { wanted: 0, trace, hooks, lookout, worker: None, meter, timer }.attentive()
    }

    /// The probe of a thread whose polls a watch shows.
    pub(crate) fn watched(self, watching: Option<&Watching>) -> Recorder {
        Recorder { lookout: self.lookout.watched(watching), ..self }.attentive()
    }

    /// Looks once for what is asked of every poll.
    fn attentive(self) -> Recorder {
        let has_some = self.trace.is_some() || self.timer.is_some() || self.lookout.is_watched();
        let is_any = spans::ARE_THERE || has_some;
        Recorder { wanted: if is_any { EVERY } else { 0 }, ..self }
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
    fn polling_and_more(&mut self, task: &TaskRef) {
        if let Some(timer) = &mut self.timer {
            timer.polling(task, task.stats().and_then(Stats::since_wake));
        }
        self.record(Some(task.id()), || What::Polling);
        self.lookout.polling(task);
        spans::polling(task);
    }

    #[cold]
    fn polled_and_more(&mut self, task: Id, polled: &Polled) {
        self.wanted &= !THIS;
        spans::polled(task);
        if let Some(timer) = &mut self.timer {
            timer.polled();
        }
        self.lookout.polled(task, polled);
        self.record(Some(task), || {
            What::Polled(match polled {
                Polled::Completed | Polled::Panicked | Polled::Cancelled => Outcome::Done,
                Polled::Pending => Outcome::Pending,
                Polled::Again(_) => Outcome::Again,
            })
        });
    }
}

impl Probe for Recorder {
    #[inline]
    fn polling(&mut self, task: &TaskRef) {
        if self.wanted != 0 {
            self.polling_and_more(task);
        }
    }

    #[inline]
    fn poll(&mut self, task: &TaskRef, running: Running<'_>) {
        if rt_task::is_watched() {
            self.wanted |= THIS;
            self.lookout.poll_watched(task, running);
        } else {
            running.poll(&mut Context::from_waker(&waker_ref(task)));
        }
    }

    #[inline]
    fn polled(&mut self, task: Id, polled: &Polled) {
        self.meter.polled(polled);
        // Who has ended may have been asked about, and not have been polled for it.
        let is_over = !matches!(polled, Polled::Pending | Polled::Again(_));
        if self.wanted != 0 || (is_over && rt_task::is_watched()) {
            self.polled_and_more(task, polled);
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
