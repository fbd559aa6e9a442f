//! What other crates than `rt-metrics` see, told to the traces: timers, sockets and jobs that block.
//!
//! The hooks of timers and sockets are the process's. They are on as long as a runtime with a trace lives.

use std::sync::{Mutex, PoisonError};

use rt_metrics::trace::{What, record_here};
use rt_task::TaskRef;
use rt_timer::Instant;

use crate::spans;
use crate::trace::Trace;

/// How many runtimes have a trace.
static RUNTIMES: Mutex<usize> = Mutex::new(0);

/// Evidence that timers and sockets are told to the traces.
#[derive(Debug)]
pub(crate) struct Observing {
    _private: (),
}

impl Observing {
    pub(crate) fn begin() -> Observing {
        count(|runtimes| runtimes + 1);
        Observing { _private: () }
    }
}

impl Drop for Observing {
    fn drop(&mut self) {
        count(|runtimes| runtimes - 1);
    }
}

/// Changes the number of runtimes with a trace, and with it the hooks.
fn count(change: impl FnOnce(usize) -> usize) {
    let mut runtimes = RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner);
    *runtimes = change(*runtimes);
    let is_on = *runtimes > 0;
    rt_timer::observe(if is_on { Some(&DRIVERS) } else { None });
    rt_io::observe(if is_on { Some(&DRIVERS) } else { None });
}

struct Drivers;

static DRIVERS: Drivers = Drivers;

impl rt_timer::Observer for Drivers {
    fn armed(&self, deadline: Instant) {
        let ahead = deadline.saturating_duration_since(Instant::now());
        record_here(What::TimerArmed(ahead));
    }

    fn fired(&self, count: usize) {
        record_here(What::TimersFired(count));
    }

    fn cancelled(&self) {
        record_here(What::TimerCancelled);
    }
}

impl rt_io::Observer for Drivers {
    fn ready(&self, sockets: usize) {
        record_here(What::SocketsReady(sockets));
    }
}

/// The jobs of one pool.
pub(crate) struct Jobs {
    trace: Option<Trace>,
}

impl Jobs {
    /// If anybody is told of jobs.
    pub(crate) fn told_to(trace: Option<&Trace>) -> Option<Jobs> {
        let is_told = trace.is_some() || spans::ARE_THERE;
        is_told.then(|| Jobs { trace: trace.cloned() })
    }

    fn record(&self, job: &TaskRef, what: What) {
        if let Some(trace) = &self.trace {
            trace.record(Some(job.id()), None, what);
        }
    }
}

impl rt_blocking::Observer for Jobs {
    fn queued(&self, job: &TaskRef) {
        self.record(job, What::JobQueued);
    }

    fn started(&self, job: &TaskRef) {
        self.record(job, What::JobStarted);
        spans::polling(job);
    }

    fn ended(&self, job: &TaskRef) {
        spans::polled(job.id());
        self.record(job, What::JobEnded);
    }
}
