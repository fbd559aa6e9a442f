//! What a pool is doing, as numbers.

use std::time::Duration;

/// One look at a pool: all of it taken under one lock, so that the numbers fit together.
///
/// ```
/// let pool = rt_blocking::Pool::new();
/// let metrics = pool.metrics();
/// assert_eq!((metrics.threads, metrics.queued, metrics.running), (0, 0, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Threads that live, or are being created.
    pub threads: usize,
    /// Threads that wait for a job.
    pub idle_threads: usize,
    /// Jobs that wait for a thread.
    pub queued: usize,
    /// Jobs that run.
    pub running: usize,
    /// How long the oldest job has been waiting for a thread.
    pub oldest_queued: Option<Duration>,
    /// Places that are taken: jobs that are queued or run, those on their way in, and permits.
    pub places_taken: usize,
    /// Who waits in [`Pool::reserve`](crate::Pool::reserve).
    pub waiting_for_a_place: usize,
    /// Jobs that have run, those that panicked included, since the pool was made.
    pub done: u64,
    /// Jobs that were aborted in the queue, or cancelled by the end of the pool.
    pub cancelled: u64,
    /// Threads that have ended.
    pub threads_ended: u64,
    /// How often a thread could not be created.
    pub start_failures: u64,
}
