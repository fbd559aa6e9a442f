//! How tasks come in that belong to no worker's queue: from other threads, and from a full ring.
//!
//! ```text
//!   other threads ── push ───────────┐    ┌─ High ─── T ── T ─┐
//!                                    ├──► ├─ Normal ─ T ── T ─┼──► pop_class: a share of each
//!   a full ring ─── push_batch ──────┘    └─ Low ──── T ──────┘    pop: the most urgent one
//!   half of it and one more               one lock around the lists; a summary beside it
//! ```
//!
//! * **[IN1]** The lists change under the lock alone; the summary is stored under it, and says what the lists
//!   hold when it is given back.
//! * **[IN2]** A lock is taken for a moment: a batch is sorted by class before, and appended list by list,
//!   however long it is. No task is dropped under it, and no code of others is run.
//! * **[IN3]** Without a fence: either a push is found by [`Injector::look`] or whoever pushed sees all
//!   that was done before the look. Both take the lock, one of them first. See [`Idle`](crate::Idle), [ID3].
//!
//! # The summary
//!
//! ```text
//!   63                          3   2   1   0
//!  ┌─────────────────────────────┬───┬───┬───┐
//!  │ how many tasks, in all      │ L │ N │ H │ which classes wait
//!  └─────────────────────────────┴───┴───┴───┘
//! ```
//!
//! `is_empty`, `len` and `waiting` read it without the lock. It may be old: a worker that finds
//! nothing there goes on to look elsewhere. Before it sleeps it must not be fooled, and there are two ways.
//! It may use [`Injector::look`], which takes the lock [IN3]: then who pushed needs no fence. Or both sides
//! put a `SeqCst` fence between what they write and what they read. That is the pattern of two store
//! buffers:
//!
//! ```text
//!   who pushes                             who goes to sleep
//!   1  lock; the summary says one; unlock 1  counts itself as asleep
//!   2  fence(SeqCst)                       2  fence(SeqCst)
//!   3  reads who sleeps                    3  reads the summary
//! ```
//!
//! Without the fences both may read what was before: each store still lies in its core's buffer. With them
//! one fence is before the other in the single order of all `SeqCst` operations, and who comes second reads
//! what who came first has written.
//!
//! A lock, not a queue without locks: it is taken for some nanoseconds, seldom, since a worker takes many
//! at a time, and tokio's, Go's and this one are all the same in that. What two threads fight over is
//! one line, with a lock or without.

use std::fmt;
use std::iter;
use std::mem;

use rt_task::sync::{AtomicUsize, Mutex, MutexGuard, Ordering, lock};
use rt_task::{Priority, Task, TaskList, Waiting};

const CLASSES: usize = Priority::ALL.len();

/// One queue for all: a list a class, behind a lock.
///
/// ```
/// use rt_steal::Injector;
/// use rt_task::{Builder, Priority, Task};
/// use rt_testkit::ByHand;
///
/// let injector = Injector::new();
/// let (low, _handle) = Builder::new().priority(Priority::Low).spawn(async {}, ByHand::new());
/// let (normal, _handle) = Task::new(async {}, ByHand::new());
/// injector.push(low.unwrap());
/// injector.push(normal);
/// assert_eq!(injector.pop().unwrap().priority(), Priority::Normal);
/// ```
// Lines of its own, two since processors fetch them in pairs: what a push changes is not fetched with what
// others read.
#[repr(align(128))]
pub struct Injector {
    inner: Mutex<Inner>,
    summary: AtomicUsize,
}

struct Inner {
    lists: [TaskList; CLASSES],
    /// How many came in one by one: batches are what had no room in a ring.
    pushed: u64,
}

impl Inner {
    fn waiting(&self) -> Waiting {
        let filled = |class: &Priority| !self.lists[*class as usize].is_empty();
        Priority::ALL.into_iter().filter(filled).fold(Waiting::NONE, Waiting::with)
    }

    fn len(&self) -> usize {
        self.lists.iter().map(TaskList::len).sum()
    }
}

impl Injector {
    /// An empty one.
    #[must_use]
    pub fn new() -> Injector {
        let lists = std::array::from_fn(|_| TaskList::new());
        let inner = Inner { lists, pushed: 0 };
        let summary = AtomicUsize::new(Summary::of(&inner).0);
        Injector { inner: Mutex::new(inner), summary }
    }

    /// Puts a task in, as the last of its class.
    pub fn push(&self, task: Task) {
        let class = task.priority() as usize;
        let mut opened = self.open();
        opened.inner.lists[class].push_back(task);
        opened.inner.pushed += 1;
    }

    /// Puts many in, each as the last of its class, in their order: the lock is taken once, and
    /// briefly.
    pub fn push_batch(&self, mut batch: TaskList) {
        if batch.is_empty() {
            return;
        }
        let mut sorted: [TaskList; CLASSES] = std::array::from_fn(|_| TaskList::new());
        while let Some(task) = batch.pop_front() {
            sorted[task.priority() as usize].push_back(task);
        }
        let mut opened = self.open();
        for (list, more) in opened.inner.lists.iter_mut().zip(sorted) {
            list.append(more);
        }
    }

    /// Takes a task out: the oldest of the most urgent class that waits.
    pub fn pop(&self) -> Option<Task> {
        if self.is_empty() {
            return None;
        }
        self.open().inner.lists.iter_mut().find_map(TaskList::pop_front)
    }

    /// Takes up to `max` tasks of one class out, the oldest first: all of them in one step if they are no more.
    ///
    /// ```
    /// use rt_steal::Injector;
    /// use rt_task::{Priority, Task};
    /// use rt_testkit::ByHand;
    ///
    /// let injector = Injector::new();
    /// injector.push(Task::new(async {}, ByHand::new()).0);
    /// assert!(injector.pop_class(Priority::High, 9).is_empty());
    /// assert_eq!(injector.pop_class(Priority::Normal, 9).len(), 1);
    /// ```
    pub fn pop_class(&self, class: Priority, max: usize) -> TaskList {
        if !self.waiting().contains(class) {
            return TaskList::new();
        }
        let mut opened = self.open();
        let list = &mut opened.inner.lists[class as usize];
        if list.len() <= max {
            return mem::take(list);
        }
        let mut batch = TaskList::new();
        batch.extend(iter::from_fn(|| list.pop_front()).take(max));
        batch
    }

    /// Whether a task is in: the last look before sleep. Takes the lock `[IN3]`.
    #[must_use]
    pub fn look(&self) -> bool {
        !lock(&self.inner).waiting().is_empty()
    }

    /// How many tasks were [pushed](Injector::push) so far, those of batches not counted. Takes the lock.
    #[must_use]
    pub fn pushed(&self) -> u64 {
        lock(&self.inner).pushed
    }

    /// Whether nothing was in, without the lock: see the summary.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.summary().waiting().is_empty()
    }

    /// How many tasks were in, without the lock.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.summary().len()
    }

    /// In which classes tasks were in, without the lock.
    #[must_use]
    #[inline]
    pub fn waiting(&self) -> Waiting {
        self.summary().waiting()
    }

    #[inline]
    fn summary(&self) -> Summary {
        Summary(self.summary.load(Ordering::Relaxed))
    }

    fn open(&self) -> Opened<'_> {
        Opened { inner: lock(&self.inner), summary: &self.summary }
    }
}

/// The lists, locked. Before the lock is given back the summary is written down [IN1].
struct Opened<'a> {
    inner: MutexGuard<'a, Inner>,
    summary: &'a AtomicUsize,
}

impl Drop for Opened<'_> {
    #[inline]
    fn drop(&mut self) {
        self.summary.store(Summary::of(&self.inner).0, Ordering::Relaxed);
    }
}

/// One value of the word that the module draws.
#[derive(Clone, Copy)]
struct Summary(usize);

impl Summary {
    #[inline]
    fn of(inner: &Inner) -> Summary {
        Summary(inner.len() << CLASSES | usize::from(inner.waiting().bits()))
    }

    #[inline]
    fn len(self) -> usize {
        self.0 >> CLASSES
    }

    #[inline]
    fn waiting(self) -> Waiting {
        Waiting::from_bits((self.0 & ((1 << CLASSES) - 1)) as u8)
    }
}

impl Default for Injector {
    fn default() -> Injector {
        Injector::new()
    }
}

impl fmt::Debug for Injector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injector").field("len", &self.len()).finish_non_exhaustive()
    }
}
