//! Who measures polls, and where that is kept.
//!
//! ```text
//!   a probe ── PollTimer ── its own index ──► Shelf: the rows of one thread, under a lock that only
//!                                                    who looks at them ever makes it wait for
//!   PollTimes: the shelves of those who work, and the rows of those who have gone
//! ```

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rt_task::{Priority, TaskRef};

use crate::places::{PlaceSnapshot, Places};

/// How long the polls of a runtime's tasks take, by place, class and worker.
///
/// ```
/// use rt_metrics::{PollTimer, PollTimes};
/// use rt_testkit::{ByHand, poll};
/// use std::sync::Arc;
///
/// let times = Arc::new(PollTimes::new());
/// let mut timer = PollTimer::new(times.clone());
/// let (task, _handle) = rt_task::Task::new(async {}, ByHand::new());
/// timer.polling(&task, None);
/// let _completed = poll(task);
/// timer.polled();
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
struct Shelf {
    worker: Option<usize>,
    rows: Mutex<Vec<PlaceSnapshot>>,
}

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
        books.shelves.iter().for_each(|shelf| rows.extend(lock(&shelf.rows).iter().cloned()));
        drop(books);
        Places::new(rows)
    }

    fn open(&self, worker: Option<usize>) -> Arc<Shelf> {
        let shelf = Arc::new(Shelf { worker, rows: Mutex::default() });
        lock(&self.books).shelves.push(shelf.clone());
        shelf
    }

    /// Nobody writes to it any more.
    fn close(&self, shelf: &Arc<Shelf>) {
        let mut books = lock(&self.books);
        books.shelves.retain(|other| !Arc::ptr_eq(other, shelf));
        let more = std::mem::take(&mut *lock(&shelf.rows));
        more.into_iter().for_each(|row| books.past.add(row));
    }
}

/// Measures the polls of one executor's thread: for its [`Probe`](rt_executor::Probe). Two readings of the
/// clock a poll. A clone measures for itself.
pub struct PollTimer {
    times: Arc<PollTimes>,
    worker: Option<usize>,
    shelf: Option<Arc<Shelf>>,
    /// The row of a place and a class on the shelf.
    index: HashMap<(usize, Priority), usize, BuildHasherDefault<Mix>>,
    /// Of each row, how many names it has.
    named: Vec<usize>,
    poll: Option<Begun>,
}

/// A poll that goes on.
struct Begun {
    row: usize,
    delay: Option<Duration>,
    start: Instant,
}

impl PollTimer {
    /// For a thread that is no worker yet.
    #[must_use]
    pub fn new(times: Arc<PollTimes>) -> PollTimer {
        PollTimer::of(times, None)
    }

    fn of(times: Arc<PollTimes>, worker: Option<usize>) -> PollTimer {
        let (index, named) = (HashMap::default(), Vec::new());
        PollTimer { times, worker, shelf: None, index, named, poll: None }
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

    /// A poll begins, so long after its wake, if that is known.
    pub fn polling(&mut self, task: &TaskRef, delay: Option<Duration>) {
        let row = self.row_of(task.place(), task.priority());
        if self.named[row] < PlaceSnapshot::NAMES
            && let Some(name) = task.name()
        {
            self.note_name(row, name);
        }
        self.poll = Some(Begun { row, delay, start: Instant::now() });
    }

    /// It is over.
    pub fn polled(&mut self) {
        let Some(Begun { row, delay, start }) = self.poll.take() else { return };
        let time = start.elapsed();
        let Some(shelf) = &self.shelf else { return };
        let mut rows = lock(&shelf.rows);
        rows[row].poll_time.record(time);
        if let Some(delay) = delay {
            rows[row].delay.record(delay);
        }
    }

    #[inline]
    fn row_of(&mut self, place: &'static Location<'static>, class: Priority) -> usize {
        let key = (std::ptr::from_ref(place).addr(), class);
        match self.index.get(&key) {
            Some(&row) => row,
            None => {
                let row = self.add_row(place, class);
                self.index.insert(key, row);
                row
            }
        }
    }

    #[cold]
    fn add_row(&mut self, place: &'static Location<'static>, class: Priority) -> usize {
        let shelf = self.shelf.get_or_insert_with(|| self.times.open(self.worker));
        let mut rows = lock(&shelf.rows);
        rows.push(PlaceSnapshot::new(place, class, shelf.worker));
        self.named.push(0);
        rows.len() - 1
    }

    fn note_name(&mut self, row: usize, name: &str) {
        let Some(shelf) = &self.shelf else { return };
        let row_there = &mut lock(&shelf.rows)[row];
        row_there.add_name(name);
        self.named[row] = row_there.names.len();
    }

    fn put_away(&mut self) {
        if let Some(shelf) = self.shelf.take() {
            self.times.close(&shelf);
        }
        self.index.clear();
        self.named.clear();
        self.poll = None;
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
