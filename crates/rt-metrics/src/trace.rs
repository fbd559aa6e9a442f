//! What a runtime did, event by event: for pictures, tests, and the curious.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Instant;

pub use rt_task::End;
use rt_task::{Id, Observer, Spawned};

/// One thing that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// When, by the machine's clock.
    pub at: Instant,
    /// To which task; `None` if to the thread.
    pub task: Option<Id>,
    /// The task that was being polled on the thread where it happened: who spawned, who woke.
    pub by: Option<Id>,
    /// The worker on whose thread it happened, of polls, parks and thefts on a multi-threaded runtime: in the
    /// order in which its threads were started.
    pub worker: Option<usize>,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The task was made.
    Spawned,
    /// The task was woken.
    Woken,
    /// Somebody asked that the task be cancelled.
    Aborted,
    /// A poll began.
    Polling,
    /// A poll ended, and this came of it.
    Polled(Outcome),
    /// The future is gone.
    Ended(End),
    /// The worker took so many tasks out of another one's queue.
    Stolen(usize),
    /// The thread has nothing to do and waits.
    Parking,
    /// The thread has waited.
    Parked,
}

/// What came of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task is done.
    Done,
    /// It waits for a wake.
    Pending,
    /// It was woken while it ran, and is queued again.
    Again,
}

/// Who a task is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Who {
    /// Its number.
    pub id: Id,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where it was spawned.
    pub place: &'static Location<'static>,
}

/// Records what a runtime does, bounded: the oldest events go when there are too many.
///
/// Spawns, wakes and ends of all tasks of the process are recorded while it lives; polls and parks
/// only of the runtimes that were built with it.
#[derive(Clone)]
pub struct Trace {
    shared: Arc<Shared>,
}

struct Shared {
    capacity: usize,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    events: VecDeque<Event>,
    dropped: u64,
    tasks: Vec<Who>,
}

impl Trace {
    /// Keeps the last `capacity` events, and who the first `capacity` tasks were.
    #[must_use]
    pub fn new(capacity: usize) -> Trace {
        let shared = Arc::new(Shared { capacity, book: Mutex::default() });
        ALL.write(|all| all.push(Arc::downgrade(&shared)));
        Trace { shared }
    }

    /// The events, the oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.shared.book().events.iter().cloned().collect()
    }

    /// How many events were dropped for want of room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.book().dropped
    }

    /// The tasks that were spawned, in order.
    #[must_use]
    pub fn tasks(&self) -> Vec<Who> {
        self.shared.book().tasks.clone()
    }
}

impl Trace {
    /// What a thread of a runtime does: an event of the probe.
    pub fn record(&self, task: Option<Id>, worker: Option<usize>, what: What) {
        self.shared.record((task, None), worker, what);
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, (task, by): (Option<Id>, Option<Id>), worker: Option<usize>, what: What) {
        let event = Event { at: Instant::now(), task, by, worker, what };
        let mut book = self.book();
        book.events.push_back(event);
        if book.events.len() > self.capacity {
            book.events.pop_front();
            book.dropped += 1;
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let book = self.shared.book();
        f.debug_struct("Trace")
            .field("events", &book.events.len())
            .field("dropped", &book.dropped)
            .finish_non_exhaustive()
    }
}

/// Every trace of the process.
static ALL: All = All { traces: RwLock::new(Vec::new()) };

struct All {
    traces: RwLock<Vec<Weak<Shared>>>,
}

impl All {
    /// Changes the list, and switches the hook on or off.
    fn write(&'static self, change: impl FnOnce(&mut Vec<Weak<Shared>>)) {
        let mut traces = self.traces.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut traces);
        let observer = if traces.is_empty() { None } else { Some(self as &'static dyn Observer) };
        rt_task::observe(observer);
    }

    fn each(&self, see: impl Fn(&Shared)) {
        let traces = self.traces.read().unwrap_or_else(PoisonError::into_inner).clone();
        traces.iter().filter_map(Weak::upgrade).for_each(|shared| see(&shared));
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let this: *const Shared = self;
        ALL.write(|all| all.retain(|other| !std::ptr::eq(other.as_ptr(), this)));
    }
}

impl Observer for All {
    fn spawned(&self, task: Spawned<'_>, by: Option<Id>) {
        self.each(|shared| {
            let who = Who { id: task.id, name: task.name.map(str::to_owned), place: task.place };
            let mut book = shared.book();
            if book.tasks.len() < shared.capacity {
                book.tasks.push(who);
            }
            drop(book);
            shared.record((Some(task.id), by), None, What::Spawned);
        });
    }

    fn woken(&self, task: Id, by: Option<Id>) {
        self.each(|shared| shared.record((Some(task), by), None, What::Woken));
    }

    fn aborted(&self, task: Id, by: Option<Id>) {
        self.each(|shared| shared.record((Some(task), by), None, What::Aborted));
    }

    fn ended(&self, task: Id, how: End) {
        self.each(|shared| shared.record((Some(task), None), None, What::Ended(how)));
    }
}
