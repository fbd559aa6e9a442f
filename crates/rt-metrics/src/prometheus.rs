//! The text that Prometheus scrapes: exposition format 0.0.4.
//!
//! Names follow its rules: seconds for durations, `_total` for what only grows, one name for a thing whatever
//! its labels.

use std::fmt::{self, Display, Write};

use crate::snapshot::Snapshot;
use crate::worker::WorkerSnapshot;

/// What a number is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// It only grows.
    Counter,
    /// It says how much there is.
    Gauge,
    /// Quantiles of durations.
    Summary,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Summary => "summary",
        }
    }
}

/// A text that grows by families: writing to it does not fail.
#[derive(Default)]
pub(crate) struct Exposition {
    text: String,
}

impl Exposition {
    /// What the samples that follow are.
    pub(crate) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = kind.name();
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    /// A number with its labels, of the family that was named last.
    pub(crate) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &dyn Display) {
        let labels = Labels(labels);
        self.line(format_args!("{name}{labels} {value}"));
    }

    /// A family of one number without labels.
    fn single(&mut self, name: &str, kind: Kind, help: &str, value: &dyn Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        let written = writeln!(self.text, "{line}");
        debug_assert!(written.is_ok(), "a string takes everything");
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

struct Labels<'a>(&'a [(&'a str, &'a str)]);

impl Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let before = if index == 0 { "{" } else { "," };
            write!(f, "{before}{name}=\"{}\"", escaped(value))?;
        }
        if self.0.is_empty() { Ok(()) } else { f.write_str("}") }
    }
}

/// The value of a label: with a backslash before backslashes, quotes and ends of lines.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A number of a worker's.
struct Family {
    name: &'static str,
    kind: Kind,
    help: &'static str,
    value: fn(&WorkerSnapshot) -> f64,
}

const fn counter(
    name: &'static str,
    help: &'static str,
    value: fn(&WorkerSnapshot) -> f64,
) -> Family {
    Family { name, kind: Kind::Counter, help, value }
}

/// Every number of a worker, with the label `worker`.
const WORKER: [Family; 17] = [
    counter("rt_worker_polls_total", "Polls of tasks.", |w| w.polls as f64),
    counter("rt_worker_completed_total", "Polls that returned an output.", |w| w.completed as f64),
    counter("rt_worker_panicked_total", "Polls that panicked.", |w| w.panicked as f64),
    counter("rt_worker_cancelled_total", "Polls that dropped an aborted future.", |w| {
        w.cancelled as f64
    }),
    counter("rt_worker_requeued_total", "Polls in which the task was woken.", |w| {
        w.requeued as f64
    }),
    counter("rt_worker_budget_yields_total", "Polls that ended by their budget.", |w| {
        w.yields as f64
    }),
    counter("rt_worker_spawned_total", "Tasks spawned on its thread.", |w| w.spawned as f64),
    counter("rt_worker_drained_total", "Tasks for it alone, from other threads.", |w| {
        w.drained as f64
    }),
    counter("rt_worker_steal_operations_total", "Steals from other workers.", |w| w.steals as f64),
    counter("rt_worker_steals_total", "Tasks it stole.", |w| w.stolen as f64),
    counter("rt_worker_slot_hits_total", "Polls of the task woken last.", |w| w.slot_hits as f64),
    counter("rt_worker_overflows_total", "How often its queue was full.", |w| w.overflows as f64),
    counter("rt_worker_parks_total", "How often it had nothing to do.", |w| w.parks as f64),
    counter("rt_worker_unparks_total", "How often it went on.", |w| w.unparks as f64),
    counter("rt_worker_noops_total", "How often it went on for nothing.", |w| w.noops as f64),
    counter("rt_worker_busy_seconds_total", "Time between waits.", |w| w.busy.as_secs_f64()),
    Family {
        name: "rt_worker_queue_depth",
        kind: Kind::Gauge,
        help: "Tasks in its queue.",
        value: |w| w.queue_depth as f64,
    },
];

impl Snapshot {
    /// All numbers as text for Prometheus, to be served as `text/plain; version=0.0.4`. Those of a worker have the
    /// label `worker`, its index, or `none` for threads that are no workers.
    ///
    /// Nothing in it says which runtime it is: the texts of two runtimes of one process have the same series. Give each
    /// runtime an endpoint of its own, or add a label to each series yourself.
    ///
    /// ```
    /// let text = rt_metrics::Snapshot::new(1).to_prometheus();
    /// assert!(text.contains("# TYPE rt_tasks_spawned_total counter\nrt_tasks_spawned_total 0\n"));
    /// assert!(text.contains("rt_worker_polls_total{worker=\"0\"} 0\n"));
    /// ```
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut out = Exposition::default();
        self.write_tasks(&mut out);
        self.write_workers(&mut out);
        self.write_blocking(&mut out);
        self.write_drivers(&mut out);
        out.into_text()
    }

    fn write_tasks(&self, out: &mut Exposition) {
        use Kind::{Counter, Gauge};
        let Snapshot { tasks, .. } = self;
        out.single("rt_tasks_spawned_total", Counter, "Tasks spawned.", &tasks.spawned);
        out.single("rt_tasks_completed_total", Counter, "Tasks with an output.", &tasks.completed);
        out.single("rt_tasks_cancelled_total", Counter, "Tasks cancelled.", &tasks.cancelled);
        out.single("rt_tasks_panicked_total", Counter, "Tasks that panicked.", &tasks.panicked);
        out.single("rt_tasks_refused_total", Counter, "Spawns while it ended.", &tasks.refused);
        out.single("rt_tasks_alive", Gauge, "Tasks alive.", &tasks.alive);
        let (depth, remote) = (self.injector_depth, self.remote_schedules);
        out.single("rt_injector_depth", Gauge, "Tasks for any worker.", &depth);
        out.single("rt_remote_schedules_total", Counter, "Tasks from other threads.", &remote);
    }

    fn write_workers(&self, out: &mut Exposition) {
        out.single("rt_workers", Kind::Gauge, "Workers.", &self.workers.len());
        for Family { name, kind, help, value } in &WORKER {
            out.family(name, *kind, help);
            for (index, worker) in self.workers.iter().enumerate() {
                out.sample(name, &[("worker", &index.to_string())], &value(worker));
            }
            out.sample(name, &[("worker", "none")], &value(&self.elsewhere));
        }
    }

    fn write_blocking(&self, out: &mut Exposition) {
        use Kind::{Counter, Gauge};
        let pool = &self.blocking;
        let age = pool.oldest_queued.as_secs_f64();
        out.single("rt_blocking_threads", Gauge, "Threads for what blocks.", &pool.threads);
        out.single("rt_blocking_idle_threads", Gauge, "Those without a job.", &pool.idle_threads);
        out.single("rt_blocking_queue_depth", Gauge, "Jobs that wait.", &pool.queued);
        out.single("rt_blocking_running", Gauge, "Jobs that run.", &pool.running);
        out.single("rt_blocking_oldest_queued_seconds", Gauge, "Age of the oldest.", &age);
        out.single("rt_blocking_done_total", Counter, "Jobs that have run.", &pool.done);
        out.single("rt_blocking_cancelled_total", Counter, "Jobs cancelled.", &pool.cancelled);
        out.single(
            "rt_blocking_threads_ended_total",
            Counter,
            "Threads ended.",
            &pool.threads_ended,
        );
        let failures = pool.start_failures;
        out.single("rt_blocking_start_failures_total", Counter, "Threads not made.", &failures);
    }

    fn write_drivers(&self, out: &mut Exposition) {
        use Kind::{Counter, Gauge};
        let Snapshot { timers, sockets, .. } = self;
        out.single("rt_timers_armed_total", Counter, "Timers armed.", &timers.armed);
        out.single("rt_timers_fired_total", Counter, "Timers fired.", &timers.fired);
        out.single("rt_timers_cancelled_total", Counter, "Timers cancelled.", &timers.cancelled);
        out.single("rt_timers_waiting", Gauge, "Timers that wait.", &timers.waiting);
        let (came, went, ready) = (sockets.registered, sockets.deregistered, sockets.ready);
        out.single("rt_sockets_registered_total", Counter, "Sockets that had to wait.", &came);
        out.single("rt_sockets_deregistered_total", Counter, "Those closed since.", &went);
        out.single("rt_sockets_ready_total", Counter, "Events that reached one.", &ready);
    }
}
