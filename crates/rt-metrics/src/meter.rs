//! What a thread counts with.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rt_task::Polled;

use crate::counters::Counters;
use crate::roster::Roster;

/// Counts what a thread does: for the [`Probe`](rt_executor::Probe) of its executor.
///
/// A fresh one is nobody's. The first thread that counts with it is no worker, until it [sits](Meter::sit) down.
/// A clone of one that has counted shares its counters, and must stay on the same thread: so several probes of
/// a thread count as one.
///
/// ```
/// use rt_executor::{Executor, Fifo, Probe};
/// use rt_metrics::{Meter, Roster};
/// use rt_task::Polled;
/// use rt_waker::Parker;
/// use std::sync::Arc;
///
/// struct Counting(Meter);
///
/// impl Probe for Counting {
///     fn polled(&mut self, polled: &Polled) {
///         self.0.polled(polled);
///     }
/// }
///
/// let roster = Arc::new(Roster::new(1));
/// let mut meter = Meter::new(roster.clone());
/// meter.sit(Some(0));
/// let executor = Executor::with(Parker::new(), Fifo::new(), Counting(meter));
/// executor.run(executor.spawn(rt_executor::yield_now())).unwrap();
/// let worker = &roster.read().0[0];
/// assert_eq!((worker.polls, worker.completed, worker.requeued), (2, 1, 1));
/// ```
#[derive(Clone)]
pub struct Meter {
    roster: Arc<Roster>,
    seat: Option<Arc<Seat>>,
}

/// The right to count with these counters, shared by the meters of one thread.
struct Seat {
    roster: Arc<Roster>,
    counters: Arc<Counters>,
    /// Whether it counts for a worker: then it is timed. Written by its thread alone.
    is_worker: AtomicBool,
}

impl Meter {
    /// One that is nobody's yet.
    #[must_use]
    pub fn new(roster: Arc<Roster>) -> Meter {
        Meter { roster, seat: None }
    }

    /// Whose numbers it adds to.
    #[must_use]
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// From now on it counts for this worker, who is busy; for none if `None`. The meters of a thread that were
    /// cloned of one another sit at the same desk: it is enough if one of them does.
    pub fn sit(&mut self, desk: Option<usize>) {
        let seat = match &self.seat {
            Some(seat) => {
                seat.counters.end();
                if desk.is_none() {
                    seat.counters.rest(self.roster.now());
                }
                self.roster.reassign(&seat.counters, desk);
                seat
            }
            None => self.take_seat(desk),
        };
        seat.is_worker.store(desk.is_some(), Ordering::Relaxed);
        seat.counters.begin();
        self.wake();
    }

    /// Counts with the counters of another meter of this thread.
    pub fn share(&mut self, other: &Meter) {
        self.seat.clone_from(&other.seat);
    }

    /// Is nobody's again.
    pub fn leave(&mut self) {
        self.seat = None;
    }

    /// The worker is busy from now on. So it is after it has sat down, and after each wait.
    pub fn wake(&self) {
        if let Some(seat) = self.worker() {
            seat.counters.begin();
            seat.counters.wake(self.roster.now());
        }
    }

    /// The worker is busy no more, until it wakes: nobody runs its executor.
    pub fn rest(&self) {
        if let Some(seat) = &self.seat {
            seat.counters.end();
            seat.counters.rest(self.roster.now());
        }
    }

    /// A poll is over, and this came of it: some instructions, on lines that are the thread's own.
    #[inline]
    pub fn polled(&mut self, polled: &Polled) {
        match &self.seat {
            Some(seat) => seat.counters.polled(polled),
            None => self.take_seat(None).counters.polled(polled),
        }
    }

    /// A turn is over, and so many tasks wait.
    #[inline]
    pub fn turned(&self, waiting: usize) {
        if let Some(seat) = &self.seat {
            seat.counters.turned(waiting);
        }
    }

    /// So many tasks were taken out of another worker's queue.
    pub fn stolen(&self, tasks: usize) {
        if let Some(seat) = &self.seat {
            seat.counters.stolen(tasks);
        }
    }

    /// So many tasks came in from other threads.
    pub fn drained(&mut self, tasks: usize) {
        match &self.seat {
            Some(seat) => seat.counters.drained(tasks),
            None => self.take_seat(None).counters.drained(tasks),
        }
    }

    /// The thread is about to wait. That is counted of workers alone.
    pub fn parking(&self) {
        if let Some(seat) = self.worker() {
            seat.counters.parking(self.roster.now());
        }
    }

    /// The thread has waited.
    pub fn parked(&self) {
        if let Some(seat) = self.worker() {
            seat.counters.parked(self.roster.now());
        }
    }

    fn worker(&self) -> Option<&Seat> {
        self.seat.as_deref().filter(|seat| seat.is_worker.load(Ordering::Relaxed))
    }

    #[cold]
    fn take_seat(&mut self, desk: Option<usize>) -> &Arc<Seat> {
        let (roster, counters) = (self.roster.clone(), self.roster.enroll(desk));
        counters.begin();
        self.seat.insert(Arc::new(Seat { roster, counters, is_worker: AtomicBool::new(false) }))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.roster.leave(&self.counters);
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("is_used", &self.seat.is_some()).finish_non_exhaustive()
    }
}
