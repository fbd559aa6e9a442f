//! Who counts for which worker.
//!
//! ```text
//!   thread A ── Meter ──► Counters ─┐ works at desk 0        read: what is past, and what those
//!   thread B ── Meter ──► Counters ─┤ works at desk 1   ───► count who are there now
//!   thread C ── Meter ──► Counters ─┘ works nowhere
//! ```
//!
//! A desk may pass from one thread to another. What a thread counts is its own [MT1]; it counts for the desk
//! at which it works, and when it leaves that, what it has counted there is added to the desk's past.
//!
//! * **[RS1]** Counters are set back by their thread under the lock of the roster, and read under it: nothing
//!   is seen twice or not at all.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::counters::Counters;
use crate::worker::WorkerSnapshot;

/// Counters of threads that have gone, to be used again.
const SPARE: usize = 64;

/// The workers of a runtime, and who counts for them: see [`Meter`](crate::Meter).
///
/// ```
/// use rt_metrics::{Meter, Roster};
/// use std::sync::Arc;
///
/// let roster = Arc::new(Roster::new(1));
/// let mut meter = Meter::new(roster.clone());
/// meter.sit(Some(0));
/// meter.stolen(3); // by the thread that works there
/// let (workers, _elsewhere) = roster.read();
/// assert_eq!((workers[0].steals, workers[0].stolen), (1, 3));
/// ```
pub struct Roster {
    epoch: Instant,
    workers: usize,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    /// What those have counted who are there no more: of each worker, and last of all others.
    past: Vec<WorkerSnapshot>,
    present: Vec<(usize, Arc<Counters>)>,
    spare: Vec<Arc<Counters>>,
}

impl Roster {
    /// Of so many workers, at whose desks nobody works yet.
    #[must_use]
    pub fn new(workers: usize) -> Roster {
        let past = vec![WorkerSnapshot::new(); workers + 1];
        let books = Mutex::new(Books { past, ..Books::default() });
        Roster { epoch: Instant::now(), workers, books }
    }

    /// How many workers there are.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// When it was made.
    #[must_use]
    pub fn epoch(&self) -> Instant {
        self.epoch
    }

    /// What was counted for each worker, and by threads that are none.
    #[must_use]
    pub fn read(&self) -> (Vec<WorkerSnapshot>, WorkerSnapshot) {
        let books = self.books();
        let mut seen = books.past.clone();
        for (desk, counters) in &books.present {
            seen[*desk] += counters.read(|| self.now());
        }
        drop(books);
        let elsewhere = seen.pop().unwrap_or_default();
        (seen, elsewhere)
    }

    /// Nanoseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX >> 1)
    }

    /// Where those stand in the books who work there, or at none.
    fn line(&self, desk: Option<usize>) -> usize {
        desk.filter(|&desk| desk < self.workers).unwrap_or(self.workers)
    }

    /// Counters for a thread that works there.
    pub(crate) fn enroll(&self, desk: Option<usize>) -> Arc<Counters> {
        let mut books = self.books();
        let counters = books.spare.pop().unwrap_or_default();
        books.present.push((self.line(desk), counters.clone()));
        counters
    }

    /// The thread works there from now on. To be called by it.
    pub(crate) fn reassign(&self, counters: &Arc<Counters>, desk: Option<usize>) {
        let line = self.line(desk);
        let mut books = self.books();
        let now = self.now();
        let found = books.present.iter_mut().find(|(_, other)| Arc::ptr_eq(other, counters));
        let Some((place, _)) = found else { return };
        let before = mem::replace(place, line);
        if before != line {
            books.past[before] += counters.take(now);
        }
    }

    /// The thread counts no more. To be called by it.
    pub(crate) fn leave(&self, counters: &Arc<Counters>) {
        let mut books = self.books();
        let now = self.now();
        let found = books.present.iter().position(|(_, other)| Arc::ptr_eq(other, counters));
        let Some(index) = found else { return };
        let (line, counters) = books.present.swap_remove(index);
        counters.rest(now);
        books.past[line] += counters.take(now);
        if books.spare.len() < SPARE {
            books.spare.push(counters);
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roster").field("workers", &self.workers).finish_non_exhaustive()
    }
}
