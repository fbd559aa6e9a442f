//! How many tasks a runtime has had, wherever they live: among those that may move, and among the local ones
//! of threads that come and go.
//!
//! * **[CE1]** A lease is in the books from before its first task until its end, which takes it out and adds
//!   what it has counted to the rest, under one lock: so each task is counted once at every look. Each
//!   list's numbers fit together, and so do those of them all.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rt_executor::Lease;
use rt_task::Tally;

/// The tasks of a runtime, in numbers: see [`Tally`].
///
/// ```
/// use rt_executor::Executor;
/// use rt_metrics::Census;
///
/// let census = Census::new();
/// let executor = Executor::new();
/// census.add(executor.handle().lease());
/// executor.run(executor.spawn(async {})).unwrap();
/// let tally = census.tally();
/// assert_eq!((tally.spawned, tally.completed, tally.alive), (1, 1, 0));
/// ```
#[derive(Default)]
pub struct Census {
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    main: Main,
    here: Vec<Lease>,
    gone: Tally,
}

/// Those that may move, list by list.
#[derive(Default)]
struct Main {
    lease: Option<Lease>,
    /// The last numbers of one that is over.
    lists: Vec<Tally>,
}

impl Main {
    fn lists(&self) -> Vec<Tally> {
        self.lease.map_or_else(|| self.lists.clone(), |lease| lease.tallies().collect())
    }
}

impl Census {
    /// One of nobody.
    #[must_use]
    pub fn new() -> Census {
        Census::default()
    }

    /// Counts the tasks of this executor, and those of each of its lists.
    pub fn add_main(&self, lease: Lease) {
        self.books().main.lease = Some(lease);
    }

    /// Counts the tasks of an executor too. When that [ends](rt_executor::AtEnd), say so to
    /// [`remove`](Census::remove).
    pub fn add(&self, lease: Lease) {
        self.books().here.push(lease);
    }

    /// An executor is over: its last numbers are kept.
    pub fn remove(&self, lease: Lease) {
        let mut books = self.books();
        let is_it = |other: &Lease| other.generation() == lease.generation();
        if books.main.lease.as_ref().is_some_and(is_it) {
            books.main = Main { lease: None, lists: lease.tallies().collect() };
        } else if let Some(index) = books.here.iter().position(is_it) {
            books.here.swap_remove(index);
            books.gone += lease.tally();
        }
    }

    /// Those whose tasks it counts.
    #[must_use]
    pub fn leases(&self) -> Vec<Lease> {
        let books = self.books();
        books.main.lease.iter().chain(&books.here).copied().collect()
    }

    /// What became of all tasks.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.read().0
    }

    /// What became of all tasks, and at that moment of those in each list of the [main](Census::add_main)
    /// executor.
    #[must_use]
    pub fn read(&self) -> (Tally, Vec<Tally>) {
        let books = self.books();
        let lists = books.main.lists();
        let others: Tally = books.here.iter().map(Lease::tally).sum();
        (lists.iter().copied().sum::<Tally>() + others + books.gone, lists)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Census").field("tally", &self.tally()).finish()
    }
}
