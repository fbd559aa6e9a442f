//! What one worker has done.

use std::iter::Sum;
use std::time::Duration;

use crate::subtract::differences;

/// What one worker of a runtime has done since that was made, or since an earlier look.
///
/// A worker is a thread in a place: where a thread gives its place to another, that counts on. A
/// current-thread runtime has one worker: whoever drives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerSnapshot {
    /// Polls of tasks, those included that dropped an aborted future instead.
    pub polls: u64,
    /// Polls that returned an output.
    pub completed: u64,
    /// Polls that panicked.
    pub panicked: u64,
    /// Polls that dropped an aborted future.
    pub cancelled: u64,
    /// Polls in which the task was woken, so that it was queued again at once.
    pub requeued: u64,
    /// Polls that ended because the task's [budget](rt_task::coop) was used up: known when the turn is over.
    pub yields: u64,
    /// Tasks that were spawned at this worker, on its own thread; local ones are not among them.
    pub spawned: u64,
    /// Tasks that came in from other threads for this one alone: local ones, or those of a current-thread
    /// runtime.
    pub drained: u64,
    /// How often it took tasks out of another worker's queue.
    pub steals: u64,
    /// The tasks that it took.
    pub stolen: u64,
    /// Polls of a task that stood in the slot, for that which was woken last.
    pub slot_hits: u64,
    /// How often its queue was full, and half of it went to the injector.
    pub overflows: u64,
    /// How often it had nothing to do, and waited.
    pub parks: u64,
    /// How often it went on. One less than `parks` while it waits.
    pub unparks: u64,
    /// How often it waited, went on, and had polled nothing when it waited again.
    pub noops: u64,
    /// How long it was busy: from the end of a wait to the beginning of the next, searching included.
    pub busy: Duration,
    /// How many tasks wait in its queue now, and how many local ones did at the end of its last turn. Of a
    /// current-thread runtime: all, at the end of its last turn.
    pub queue_depth: usize,
}

differences!(WorkerSnapshot {
    counters: polls, completed, panicked, cancelled, requeued, yields, spawned, drained, steals, stolen,
        slot_hits, overflows, parks, unparks, noops, busy;
    gauges: queue_depth,
});

impl<'a> Sum<&'a WorkerSnapshot> for WorkerSnapshot {
    fn sum<I: Iterator<Item = &'a WorkerSnapshot>>(workers: I) -> WorkerSnapshot {
        let mut sum = WorkerSnapshot::new();
        workers.for_each(|worker| sum += worker);
        sum
    }
}
