//! Whether somebody wants spans of tasks. Nobody is asked: a callsite is told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};

use rt_task::Observer;
use tracing_core::callsite::{self, Callsite};
use tracing_core::field::FieldSet;
use tracing_core::metadata::Kind;
use tracing_core::subscriber::Interest;
use tracing_core::{Level, Metadata, identify_callsite};

use crate::observers::{self, Watcher};

/// A callsite with the name and the target of the spans of tasks, so that a filter takes it for one. No span
/// is made by it.
struct Sensor {
    is_on: AtomicBool,
    observer: OnceLock<&'static dyn Observer>,
}

static SENSOR: Sensor = Sensor { is_on: AtomicBool::new(false), observer: OnceLock::new() };

static METADATA: Metadata<'static> = Metadata::new(
    "runtime.spawn",
    "tokio::task",
    Level::TRACE,
    None,
    None,
    Some(module_path!()),
    FieldSet::new(&[], identify_callsite!(&SENSOR)),
    Kind::SPAN,
);

impl Callsite for Sensor {
    /// `tracing` calls it under locks of its own, so nothing of `tracing` may be called here.
    fn set_interest(&self, interest: Interest) {
        if interest.is_never() || self.is_on.swap(true, Ordering::Relaxed) {
            return; // [TG1] once on, it stays
        }
        observers::set(Watcher::Spans, self.observer.get().copied());
    }

    fn metadata(&self) -> &Metadata<'_> {
        &METADATA
    }
}

/// From now on `observer` is told of tasks, if somebody wants spans, or as soon as somebody does.
pub(super) fn register(observer: &'static dyn Observer) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        SENSOR.observer.get_or_init(|| observer);
        callsite::register(&SENSOR);
    });
}

#[inline]
pub(super) fn is_on() -> bool {
    SENSOR.is_on.load(Ordering::Relaxed)
}
