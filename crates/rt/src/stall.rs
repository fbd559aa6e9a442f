//! Polls that do not end: who is told of them.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use rt_steal::{Stalled, Watchdog};
use rt_task::{Id, TaskRef};

use crate::inner::RuntimeFlavor;
use crate::lookout::Find;
use crate::messages;
use crate::spans;

/// What a poll may take on a multi-threaded runtime before somebody is told.
const THRESHOLD: Duration = Duration::from_millis(100);

/// A task whose poll has not ended for long: it computes, or blocks its thread.
///
/// What waits on the same worker is run by others after some 20 ms at most, if there are others; local tasks and
/// what the task itself joins wait on. See [`Builder::on_stall`](crate::runtime::Builder::on_stall).
pub struct Stall {
    task: TaskRef,
    elapsed: Duration,
    worker: Option<usize>,
}

impl Stall {
    /// The number of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        self.task.id()
    }

    /// The name that it was given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.task.name()
    }

    /// Where it was spawned.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.task.place()
    }

    /// For how long its poll had been going on when it was seen last, counted from the look that found it. If the
    /// report had to wait for others, that is some time ago, and the poll may be over.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The number of the worker that is in that poll; `None` on a current-thread runtime.
    #[must_use]
    pub fn worker(&self) -> Option<usize> {
        self.worker
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id())?;
        if let Some(name) = self.name() {
            write!(f, " ({name:?})")?;
        }
        let (place, elapsed) = (self.place(), self.elapsed.as_millis());
        write!(f, ", spawned at {place}, has been in one poll for {elapsed} ms")?;
        self.worker.map_or(Ok(()), |worker| write!(f, " on worker {worker}"))
    }
}

impl fmt::Debug for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stall")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("place", &self.place())
            .field("elapsed", &self.elapsed)
            .field("worker", &self.worker)
            .finish()
    }
}

type OnStall = Arc<dyn Fn(&Stall) + Send + Sync>;

/// What the builder was told about stalls.
#[derive(Clone, Default)]
pub(crate) struct Stalls {
    threshold: Threshold,
    hook: Option<OnStall>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Threshold {
    /// On a multi-threaded runtime, and where somebody wants to be told.
    #[default]
    Usual,
    Never,
    After(Duration),
}

impl Stalls {
    pub(crate) fn set_threshold(&mut self, threshold: Option<Duration>) {
        self.threshold = threshold.map_or(Threshold::Never, Threshold::After);
    }

    pub(crate) fn set_hook(&mut self, hook: OnStall) {
        self.hook = Some(hook);
    }

    /// What tells of stalls, if anything does. A task that came to its end before it could be looked up stalls no
    /// more, and is not told of.
    pub(crate) fn watchdog(&self, flavor: RuntimeFlavor, find: &Find) -> Option<Arc<Watchdog>> {
        let threshold = match self.threshold {
            Threshold::Never => return None,
            Threshold::After(threshold) => threshold,
            Threshold::Usual => {
                let is_usual = flavor == RuntimeFlavor::MultiThread || self.hook.is_some();
                is_usual.then_some(THRESHOLD)?
            }
        };
        let (find, hook) = (find.clone(), self.hook.clone());
        Some(Watchdog::new(threshold, move |stalled: Stalled| {
            let Some(task) = find.find(stalled.task) else { return };
            let Stalled { elapsed, worker, .. } = stalled;
            report(&Stall { task, elapsed, worker }, hook.as_ref());
        }))
    }
}

/// Tells of a stall: the function that was given, or else whoever reads the events of `tracing`, or else the standard
/// error.
fn report(stall: &Stall, hook: Option<&OnStall>) {
    match hook {
        Some(hook) => hook(stall),
        None if spans::stalled(stall.name(), stall.id(), stall.place(), stall.elapsed()) => {}
        None => messages::stalled(stall),
    }
}

impl fmt::Debug for Stalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stalls")
            .field("threshold", &self.threshold)
            .field("has_hook", &self.hook.is_some())
            .finish()
    }
}
