//! What happens to tasks on any thread, told to subscribers.

use std::panic::Location;

use ::tracing::{Span, trace, trace_span};
use rt_task::{End, Id, Kind, Observer, Spawned};

use crate::tracing::entered::close;
use crate::tracing::spans;
use crate::tracing::telling::tell;

pub(super) static SPANS: Spans = Spans;

pub(super) struct Spans;

impl Observer for Spans {
    fn spawned(&self, task: Spawned<'_>, _: Option<Id>) {
        if let Some(span) = tell(|| span(&task)) {
            spans::insert(task.id, span);
        }
    }

    fn woken(&self, task: Id, _: Option<Id>) {
        waker(task, "waker.wake_by_ref");
    }

    fn waker_made(&self, task: Id) {
        waker(task, "waker.clone");
    }

    fn waker_dropped(&self, task: Id) {
        waker(task, "waker.drop");
    }

    fn ended(&self, task: Id, _: End) {
        close(spans::remove(task));
    }
}

/// With tokio's names. A target must be a literal.
macro_rules! spawn_span {
    ($target:literal, $kind:literal, $task:expr) => {{
        let (task, place): (&Spawned<'_>, &Location<'_>) = ($task, $task.place);
        trace_span!(
            target: $target,
            parent: None,
            "runtime.spawn",
            kind = %$kind,
            task.name = %task.name.unwrap_or_default(),
            task.id = task.id.get(),
            size.bytes = task.size,
            loc.file = place.file(),
            loc.line = place.line(),
            loc.col = place.column(),
        )
    }};
}

fn span(task: &Spawned<'_>) -> Span {
    match task.kind {
        Kind::Blocking => spawn_span!("tokio::task::blocking", "blocking", task),
        Kind::Local => spawn_span!("tokio::task", "local", task),
        _ => spawn_span!("tokio::task", "task", task),
    }
}

/// The event is in the span of the task that does this, if one is polled on this thread.
fn waker(task: Id, op: &'static str) {
    if let Some(number) = spans::number_of(task) {
        tell(|| trace!(target: "tokio::task::waker", op, task.id = number));
    }
}
