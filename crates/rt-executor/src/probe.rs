//! Seeing what an executor does, from its own thread.

use std::task::Context;

use rt_task::{Polled, Running, TaskRef};
use rt_waker::waker_ref;

/// Is told what the thread of an executor does. All methods are empty unless you write them, and
/// `()` costs nothing. A panic in one of them ends there, after its message.
///
/// Spawns, wakes and ends happen on any thread: [`rt_task::Observer`] is told those.
pub trait Probe {
    /// Polls the task, or drops its future if it was aborted. The task is there until this returns. For who
    /// says who is polled, measures the poll, or has it see another waker: one that wakes the task, too.
    ///
    /// Written by you, it must end the poll that it is given. If it does not, or panics before, the task is
    /// queued again, unpolled; if it was aborted, its future is dropped all the same.
    #[inline]
    fn poll(&mut self, task: &TaskRef, running: Running<'_>) {
        running.poll(&mut Context::from_waker(&waker_ref(task)));
    }

    /// This came of the poll. The task may be gone: who wants to know which it was remembers it from
    /// [`poll`](Probe::poll).
    fn polled(&mut self, polled: &Polled) {
        let _ = polled;
    }

    /// So many tasks came in from other threads, or on this one while the executor did not run.
    fn drained(&mut self, count: usize) {
        let _ = count;
    }

    /// So many tasks were taken out of another worker's queue.
    fn stolen(&mut self, count: usize) {
        let _ = count;
    }

    /// A turn of polls is over, and so many tasks wait for the next one, as far as the queue counts. Told by
    /// [`drive`](crate::drive()).
    fn turned(&mut self, waiting: usize) {
        let _ = waiting;
    }

    /// From now on the thread works at this desk of a team; at none if `None`.
    fn placed(&mut self, desk: Option<usize>) {
        let _ = desk;
    }

    /// There is nothing to do: the thread waits.
    fn parking(&mut self) {}

    /// The thread has waited.
    fn parked(&mut self) {}
}

impl Probe for () {}
