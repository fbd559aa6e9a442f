//! Where it is kept how long polls took.
//!
//! ```text
//!   a probe ── PollTimer ── its own index ──► Shelf: the rows of one thread, under a lock that only
//!                                                    who looks at them ever makes it wait for
//!   PollTimes: the shelves of those who work, and the rows of those who have gone
//! ```

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rt_task::{Measured, Priority, TaskRef};

use crate::places::{PlaceSnapshot, Places};

/// How long the polls of a runtime's tasks take, by place, class and worker.
///
/// ```
/// use rt_metrics::{PollTimer, PollTimes};
/// use rt_testkit::ByHand;
/// use std::sync::Arc;
/// use std::task::{Context, Waker};
///
/// let times = Arc::new(PollTimes::new());
/// let mut timer = PollTimer::new(times.clone());
/// let (task, _handle) = rt_task::Builder::new().measured(true).spawn(async {}, ByHand::new());
/// let _completed = task.expect("only a closed list refuses").poll(|task, running| {
///     let stats = task.stats().expect("it is measured");
///     let poll = stats.measure(|| running.poll(&mut Context::from_waker(Waker::noop())));
///     timer.record(task, poll);
/// });
/// let places = times.read();
/// assert_eq!((places.len(), places[0].polls()), (1, 1));
/// assert_eq!(places[0].place.file(), file!());
/// ```
#[derive(Default)]
pub struct PollTimes {
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    shelves: Vec<Arc<Shelf>>,
    past: Places,
}

/// The rows of one thread at one desk.
type Shelf = Mutex<Vec<PlaceSnapshot>>;

impl PollTimes {
    /// Of nobody.
    #[must_use]
    pub fn new() -> PollTimes {
        PollTimes::default()
    }

    /// All that was measured.
    #[must_use]
    pub fn read(&self) -> Places {
        let books = lock(&self.books);
        let mut rows = books.past.to_vec();
        books.shelves.iter().for_each(|shelf| rows.extend(lock(shelf).iter().cloned()));
        drop(books);
        Places::new(rows)
    }

    fn open(&self) -> Arc<Shelf> {
        let shelf = Arc::<Shelf>::default();
        lock(&self.books).shelves.push(shelf.clone());
        shelf
    }

    /// Nobody writes to it any more.
    fn close(&self, shelf: &Arc<Shelf>) {
        let mut books = lock(&self.books);
        books.shelves.retain(|other| !Arc::ptr_eq(other, shelf));
        let more = std::mem::take(&mut *lock(shelf));
        more.into_iter().for_each(|row| books.past.add(row));
    }
}

/// Keeps what the polls of one executor's thread took: for its [`Probe`](rt_executor::Probe). It reads no clock.
/// A clone keeps what another thread measures.
pub struct PollTimer {
    times: Arc<PollTimes>,
    worker: Option<usize>,
    shelf: Option<Arc<Shelf>>,
    /// The row of a place and a class on the shelf.
    index: HashMap<(usize, Priority), usize, BuildHasherDefault<Mix>>,
}

impl PollTimer {
    /// For a thread that is no worker yet.
    #[must_use]
    pub fn new(times: Arc<PollTimes>) -> PollTimer {
        PollTimer::of(times, None)
    }

    fn of(times: Arc<PollTimes>, worker: Option<usize>) -> PollTimer {
        PollTimer { times, worker, shelf: None, index: HashMap::default() }
    }

    /// Where it keeps what it measures.
    #[must_use]
    pub fn times(&self) -> &Arc<PollTimes> {
        &self.times
    }

    /// From now on it measures for this worker; for none if `None`.
    pub fn sit(&mut self, worker: Option<usize>) {
        if self.worker != worker {
            self.put_away();
            self.worker = worker;
        }
    }

    /// The task was polled, and this is what [that](rt_task::Stats::measure) took.
    pub fn record(&mut self, task: &TaskRef, poll: Measured) {
        let shelf = self.shelf.get_or_insert_with(|| self.times.open());
        let (mut rows, place, class) = (lock(shelf), task.place(), task.priority());
        let key = (std::ptr::from_ref(place).addr(), class);
        let index = *self.index.entry(key).or_insert_with(|| {
            rows.push(PlaceSnapshot::new(place, class, self.worker));
            rows.len() - 1
        });
        rows[index].record(task.name(), poll);
    }

    fn put_away(&mut self) {
        if let Some(shelf) = self.shelf.take() {
            self.times.close(&shelf);
        }
        self.index.clear();
    }
}

impl Clone for PollTimer {
    fn clone(&self) -> PollTimer {
        PollTimer::of(self.times.clone(), self.worker)
    }
}

impl Drop for PollTimer {
    fn drop(&mut self) {
        self.put_away();
    }
}

/// Mixes an address: all of them are multiples of eight, and few. Fibonacci hashing (Knuth, volume 3, 6.4).
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for PollTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollTimes").field("places", &self.read().len()).finish()
    }
}

impl fmt::Debug for PollTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollTimer").field("worker", &self.worker).finish_non_exhaustive()
    }
}
