//! Tasks as spans of `tracing`: what the subscriber of `tokio-console` reads, and any other.
//!
//! ```text
//!   spawn ──► span "runtime.spawn"     kind, name, number, place, size; no parent
//!   poll  ──► enter … exit             what the future traces meanwhile are its children
//!   wake  ──► event waker.wake_by_ref  in the span of the task that is polled there, if any
//!   waker ──► waker.clone, waker.drop  so that a task without a waker is found
//!   end   ──► the span is closed       after its last exit
//! ```
//!
//! Names, targets and fields are tokio's: the span has the target `tokio::task`, or `tokio::task::blocking` for
//! jobs that block, the events have `tokio::task::waker`, and in these `task.id` is the number of the span.
//!
//! * **[TG1]** Nothing is told, and no span is made, before a subscriber wants spans of tasks: `tracing` says so
//!   to a callsite of ours, whenever a subscriber is set or changes its mind. Until then each event is a
//!   branch. From then on it goes on until the process ends: who has a span is to lose it in order.
//! * **[TG2]** A subscriber is called under no lock and no borrow of this module; its panic ends there. What it
//!   does itself with tasks of ours, on that thread, is not told: it would be told of it for ever.
//! * **[TG3]** A span is in one place: with the others, or, during a poll, on the stack of the thread.
//!
//! Not here: resources and their operations (`runtime.resource`), which the console lists beside the tasks; and the
//! future of a `block_on`, which is no task.

mod sensor;
mod spans;
mod telling;

mod entered;

mod observer;

use std::panic::Location;
use std::time::Duration;

use ::tracing::{Level, event_enabled, warn};
use rt_task::{Id, TaskRef};

/// Makes spans of the tasks of this process as soon as a subscriber wants them [TG1]. A runtime says this when it
/// is built; saying it again does nothing.
pub fn watch() {
    sensor::register(&observer::SPANS);
}

/// A poll of the task, or a job, begins on this thread: for probes, which call [`polled`] at its end.
///
/// ```
/// use rt_executor::{Executor, Fifo, Probe};
/// use rt_task::{Running, TaskRef};
/// use rt_waker::waker_ref;
/// use std::task::Context;
///
/// struct Spans;
///
/// impl Probe for Spans {
///     fn poll(&mut self, task: &TaskRef, running: Running<'_>) {
///         rt_metrics::tracing::polling(task);
///         running.poll(&mut Context::from_waker(&waker_ref(task)));
///         rt_metrics::tracing::polled(task.id());
///     }
/// }
///
/// rt_metrics::tracing::watch();
/// let executor = Executor::with(rt_waker::Parker::new(), Fifo::new(), Spans);
/// let task = executor.spawn(async { 42 });
/// assert_eq!(executor.run(task).unwrap(), 42);
/// ```
#[inline]
pub fn polling(task: &TaskRef) {
    if sensor::is_on() {
        entered::enter(task.id());
    }
}

/// The poll has ended, on the thread where it began.
#[inline]
pub fn polled(task: Id) {
    if sensor::is_on() {
        entered::exit(task);
    }
}

/// Warns of a poll that does not end: an event with the target `rt::stall`. Whether somebody wanted to know.
///
/// ```
/// # use std::{panic::Location, time::Duration};
/// # let id = rt_task::Id::next();
/// let here = Location::caller();
/// let is_heard = rt_metrics::tracing::stalled(Some("sum"), id, here, Duration::from_millis(120));
/// assert!(!is_heard, "there is no subscriber");
/// ```
pub fn stalled(
    name: Option<&str>,
    id: Id,
    place: &'static Location<'static>,
    elapsed: Duration,
) -> bool {
    if !event_enabled!(target: "rt::stall", Level::WARN) {
        return false;
    }
    let told = telling::tell(|| {
        warn!(
            target: "rt::stall",
            elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            task.name = name.unwrap_or_default(),
            task.id = id.get(),
            loc.file = place.file(),
            loc.line = place.line(),
            loc.col = place.column(),
            "a task has been in one poll for long",
        );
    });
    told.is_some()
}
