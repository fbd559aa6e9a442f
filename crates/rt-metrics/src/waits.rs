//! Where a task waits: asked of any future, which knows nothing of it.
//!
//! ```text
//!   who asks:    ask ──► the task is woken ──────── waits ─────────────► TaskTrace
//!   its thread:             asked_for ─► a real poll ─► told, at each clone ─► answer
//! ```
//!
//! A future that is pending has left a clone of its waker where somebody will find it. So the next poll is
//! given a waker that [tells of its clones](https://docs.rs/rt-waker), and each of them is a backtrace.
//!
//! * The poll is a real one: what is ready goes on, and nobody is told that it is pending. A task that
//!   is asked is polled once more than else.
//! * Nobody asks, nothing is done: the probe looks here only while
//!   [something is watched](rt_task::is_watched).

use std::backtrace::Backtrace;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rt_task::{Id, TaskRef, Watching};

use crate::frames;
pub use crate::frames::Frame;

/// A task that is asked during its last poll ends without an answer: so often who asks looks whether it has.
const LOOK: Duration = Duration::from_millis(5);

/// So many places of one poll are kept: a future may clone its waker as often as it likes.
const PLACES: usize = 256;

/// The questions of one runtime: who asks, and the probes that answer, hold clones.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    book: Arc<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// How many stand in the list: a look without the lock.
    count: AtomicUsize,
    requests: Mutex<Vec<Arc<Request>>>,
}

/// A question, to be answered by the next poll of its task.
#[derive(Debug)]
pub struct Request {
    task: Id,
    answer: Mutex<Answer>,
    is_answered: Condvar,
}

#[derive(Debug, Default)]
struct Answer {
    backtraces: Vec<Arc<Backtrace>>,
    is_done: bool,
    is_complete: bool,
    /// So many wait for it.
    askers: usize,
}

impl Waits {
    /// Nobody asks yet.
    #[must_use]
    pub fn new() -> Waits {
        Waits::default()
    }

    /// Asks where a task waits, and blocks this thread until its next poll has answered: for so long at most.
    ///
    /// Whoever polls the task must do so on another thread, with a probe that looks for [questions](Waits::asked_for).
    ///
    /// # Errors
    ///
    /// If that poll is not over in time.
    pub fn ask(&self, task: &TaskRef, timeout: Duration) -> Result<TaskTrace, NotTraced> {
        let start = Instant::now();
        let _watching = Watching::begin();
        let request = self.book.enter(task.id());
        task.wake_by_ref();
        let mut answer = request.answer();
        while !answer.is_complete && !task.is_done() {
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                break;
            }
            let waited = request.is_answered.wait_timeout(answer, left.min(LOOK));
            answer = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        answer.askers -= 1;
        let (is_abandoned, is_complete) = (answer.askers == 0, answer.is_complete);
        let (backtraces, is_done) = (answer.backtraces.clone(), answer.is_done || task.is_done());
        drop(answer);
        if is_abandoned {
            self.book.leave(&request);
        }
        if !is_complete && !is_done {
            return Err(NotTraced { why: Why::TimedOut(start.elapsed()) });
        }
        let name = task.name().map(str::to_owned);
        Ok(TaskTrace { id: task.id(), name, place: task.place(), is_done, backtraces })
    }

    /// Whether somebody asks anything.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.book.count.load(Ordering::Relaxed) > 0
    }

    /// The question about this task, if there is one: it is about to be polled, and that poll is to answer.
    #[must_use]
    pub fn asked_for(&self, task: Id) -> Option<Arc<Request>> {
        if !self.is_asked() {
            return None;
        }
        let mut requests = self.book.requests();
        let index = requests.iter().position(|request| request.task == task)?;
        let request = requests.swap_remove(index);
        self.book.count.store(requests.len(), Ordering::Relaxed);
        Some(request)
    }
}

impl Book {
    fn requests(&self) -> MutexGuard<'_, Vec<Arc<Request>>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The question about this task: an old one that was not taken up yet, or a new one.
    fn enter(&self, task: Id) -> Arc<Request> {
        let mut requests = self.requests();
        let asked = requests.iter().find(|request| request.task == task).cloned();
        let request = asked.unwrap_or_else(|| {
            let (answer, is_answered) = (Mutex::default(), Condvar::new());
            requests.push(Arc::new(Request { task, answer, is_answered }));
            requests[requests.len() - 1].clone()
        });
        // Under the lock of the list: who gives up looks there whether it was the last.
        request.answer().askers += 1;
        self.count.store(requests.len(), Ordering::Relaxed);
        request
    }

    fn leave(&self, request: &Arc<Request>) {
        let mut requests = self.requests();
        if request.answer().askers == 0 {
            requests.retain(|other| !Arc::ptr_eq(other, request));
        }
        self.count.store(requests.len(), Ordering::Relaxed);
    }
}

impl Request {
    fn answer(&self) -> MutexGuard<'_, Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The waker is being cloned, on this stack: inside of the poll.
    pub fn told(&self) {
        if self.answer().backtraces.len() < PLACES {
            let backtrace = Arc::new(Backtrace::force_capture());
            self.answer().backtraces.push(backtrace);
        }
    }

    /// The poll is over, and with it maybe the task.
    pub fn answer_with(&self, is_done: bool) {
        let mut answer = self.answer();
        answer.is_done = is_done;
        answer.is_complete = true;
        self.is_answered.notify_all();
    }
}

/// Where a task waits, as its last poll showed. As text, a tree: what waits for what.
#[derive(Clone, Debug)]
pub struct TaskTrace {
    id: Id,
    name: Option<String>,
    place: &'static Location<'static>,
    is_done: bool,
    backtraces: Vec<Arc<Backtrace>>,
}

impl TaskTrace {
    /// The number of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }

    /// The name that it was given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where it was spawned.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// The task came to its end in that poll, or before it: it waits for nothing any more.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Where it waits: several places, if one future polls several. Each is a path, from what was spawned to what
    /// keeps the waker. None, if the poll kept no waker: it came to an end, or has woken its own task.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<Frame>> {
        let paths = self.backtraces.iter().map(|backtrace| frames::frames(&backtrace.to_string()));
        paths.collect()
    }

    /// The whole stacks, in the order in which wakers were cloned: of the first 256.
    #[must_use]
    pub fn backtraces(&self) -> &[Arc<Backtrace>] {
        &self.backtraces
    }
}

impl fmt::Display for TaskTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " ({name:?})")?;
        }
        write!(f, ", spawned at {}, ", self.place)?;
        if self.is_done {
            return f.write_str("is done");
        }
        if self.backtraces.is_empty() {
            return f.write_str("keeps no waker: it was woken, or nothing will wake it");
        }
        f.write_str("waits in")?;
        let mut above: Vec<Frame> = Vec::new();
        for path in self.paths() {
            let shared = above.iter().zip(&path).take_while(|(one, other)| one == other).count();
            for (depth, frame) in path.iter().enumerate().skip(shared) {
                write!(f, "\n  {:indent$}{frame}", "", indent = 2 * depth)?;
            }
            above = path;
        }
        Ok(())
    }
}

/// Why it is not known where a task waits.
#[derive(Clone, Debug)]
pub struct NotTraced {
    why: Why,
}

#[derive(Clone, Debug)]
enum Why {
    Gone,
    TimedOut(Duration),
    WouldBlock,
}

impl NotTraced {
    /// No task with this number is alive.
    #[must_use]
    pub fn gone() -> NotTraced {
        NotTraced { why: Why::Gone }
    }

    /// Who asked would have blocked the only thread that polls the task.
    #[must_use]
    pub fn would_block() -> NotTraced {
        NotTraced { why: Why::WouldBlock }
    }

    /// No task with this number is alive in the runtime.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.why, Why::Gone)
    }

    /// No poll of the task was over in time.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        matches!(self.why, Why::TimedOut(_))
    }

    /// The thread that asked is the only one that polls the task.
    #[must_use]
    pub fn is_would_block(&self) -> bool {
        matches!(self.why, Why::WouldBlock)
    }
}

impl fmt::Display for NotTraced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::Gone => f.write_str("no task with this number is alive in the runtime"),
            Why::TimedOut(time) => write!(
                f,
                "no poll of the task was over within {time:?}: it is in a long one, or nobody runs it"
            ),
            Why::WouldBlock => f.write_str(
                "this thread is the only one that polls the task: ask from another thread, or inside of \
                 `spawn_blocking`",
            ),
        }
    }
}

impl std::error::Error for NotTraced {}
