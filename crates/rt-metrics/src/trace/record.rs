//! The handle of a trace.

use std::fmt;
use std::sync::Arc;

use rt_task::Id;

use crate::trace::event::{Event, Thread, What, Who};
use crate::trace::registry;
use crate::trace::shared::Shared;

/// Records what a runtime does, bounded: the oldest events of a thread go when it has too many.
///
/// Each thread writes to a ring of its own, so that threads do not wait for each other; they are put in
/// order when somebody reads. What a thread did can be read after it has ended, until the trace is
/// dropped (of the last 64 that ended).
///
/// Spawns, wakes and ends of all tasks of the process are recorded while it lives, as are timers and
/// sockets while a runtime with a trace lives; polls, parks, thefts and jobs that block only of the runtimes
/// that were built with it.
#[derive(Clone)]
pub struct Trace {
    shared: Arc<Shared>,
}

impl Trace {
    /// Keeps the last `capacity` events of each thread, and who the last `capacity` tasks were that
    /// have ended; of those that live it knows all that were spawned since.
    ///
    /// An event takes 64 bytes at most; the memory is taken when they come.
    #[must_use]
    pub fn new(capacity: usize) -> Trace {
        let shared = Arc::new(Shared::new(capacity));
        registry::enlist(&shared);
        Trace { shared }
    }

    /// The events, the oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.shared.read().0
    }

    /// How many events were dropped for want of room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped()
    }

    /// The tasks that were spawned, in order.
    #[must_use]
    pub fn tasks(&self) -> Vec<Who> {
        self.shared.names.read()
    }

    /// The threads on which something happened, in the order in which they were first seen.
    #[must_use]
    pub fn threads(&self) -> Vec<Thread> {
        self.shared.read().1
    }

    /// The events and their threads, read at one go.
    pub(crate) fn read(&self) -> (Vec<Event>, Vec<Thread>) {
        self.shared.read()
    }

    /// What a thread of a runtime does: an event of the probe.
    pub fn record(&self, task: Option<Id>, worker: Option<usize>, what: What) {
        registry::record(&self.shared, task, worker, what);
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("events", &self.shared.len())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}
