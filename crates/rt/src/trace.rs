//! What a runtime did, event by event: for pictures, tests, and the curious.
//!
//! ```
//! use rt::trace::{Trace, What};
//!
//! let trace = Trace::new(1000);
//! let runtime = rt::runtime::Builder::new_current_thread().trace(&trace).build()?;
//! let id = runtime.block_on(async {
//!     let task = rt::spawn(async {});
//!     let id = task.id();
//!     task.await.unwrap();
//!     id
//! });
//! let seen: Vec<What> = trace.events().iter().filter(|e| e.task == Some(id)).map(|e| e.what).collect();
//! assert!(matches!(seen[..], [What::Spawned, What::Polling, What::Ended(_), What::Polled(_)]));
//! # Ok::<(), std::io::Error>(())
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Instant;

use rt_executor::Probe;
pub use rt_task::End;
use rt_task::{Id, Observer, Polled, Spawned, TaskRef};

use crate::hooks::{self, Hooks};

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
/// only of the runtimes that were [built](crate::runtime::Builder::trace) with it.
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

/// The probe of every runtime: one branch an event while nothing is recorded.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    trace: Option<Trace>,
    pub(crate) hooks: Hooks,
    worker: Option<usize>,
}

impl Recorder {
    pub(crate) fn new(trace: Option<Trace>, hooks: Hooks) -> Recorder {
        Recorder { trace, hooks, worker: None }
    }

    /// The probe of one worker.
    pub(crate) fn of_worker(&self, number: usize) -> Recorder {
        Recorder { worker: Some(number), ..self.clone() }
    }

    #[inline]
    fn record(&self, task: Option<Id>, what: impl FnOnce() -> What) {
        if let Some(trace) = &self.trace {
            trace.shared.record((task, None), self.worker, what());
        }
    }
}

impl Probe for Recorder {
    #[inline]
    fn polling(&mut self, task: &TaskRef) {
        if self.trace.is_some() {
            self.record(Some(task.id()), || What::Polling);
        }
    }

    #[inline]
    fn polled(&mut self, task: Id, polled: &Polled) {
        self.record(Some(task), || {
            What::Polled(match polled {
                Polled::Completed | Polled::Panicked | Polled::Cancelled => Outcome::Done,
                Polled::Pending => Outcome::Pending,
                Polled::Again(_) => Outcome::Again,
            })
        });
    }

    fn stolen(&mut self, count: usize) {
        self.record(None, || What::Stolen(count));
    }

    fn parking(&mut self) {
        self.record(None, || What::Parking);
        hooks::call(&self.hooks.on_park);
    }

    fn parked(&mut self) {
        self.record(None, || What::Parked);
        hooks::call(&self.hooks.on_unpark);
    }
}
