//! Tasks in a row, linked through their headers: no allocation, however many.
//!
//! ```text
//!  first ──► task ──► task ──► task ◄── last         push_back, pop_front and append touch the
//!             queued   queued   queued ──► none      two ends only
//! ```
//!
//! * **[H6]** The list holds the [`Task`]s inside, and with them their links [H2]. The link of the
//!   last one is empty; `first` and `last` are both there or both not.
//!
//! A task has one link, so it is in one list or inbox at a time; that a `Task` is moved into the list
//! says so. A list belongs to one thread at a time: who shares one puts a lock around it.

use std::fmt;
use std::mem::{self, ManuallyDrop};
use std::ptr::NonNull;

use crate::header::Header;
use crate::task::Task;

/// Tasks in the order in which they came, as one value: for whoever moves many at once.
///
/// Dropping it cancels what is left.
///
/// ```
/// use rt_task::{Task, TaskList};
/// use rt_testkit::ByHand;
///
/// let mut list = TaskList::new();
/// let (one, _one) = Task::new(async {}, ByHand::new());
/// let (two, _two) = Task::new(async {}, ByHand::new());
/// let ids = [one.id(), two.id()];
/// list.push_back(one);
/// let mut more = TaskList::new();
/// more.push_back(two);
/// list.append(more); // however many: two links change
/// assert_eq!(list.len(), 2);
/// assert_eq!(list.pop_front().map(|task| task.id()), Some(ids[0]));
/// assert_eq!(list.pop_front().map(|task| task.id()), Some(ids[1]));
/// assert!(list.is_empty());
/// ```
#[must_use = "dropping it cancels the tasks inside"]
#[derive(Default)]
pub struct TaskList {
    first: Option<NonNull<Header>>,
    last: Option<NonNull<Header>>,
    len: usize,
}

// SAFETY: [H6] it is nothing but the Tasks inside, which are Send; their links go with them.
unsafe impl Send for TaskList {}

impl TaskList {
    /// An empty one.
    pub const fn new() -> TaskList {
        TaskList { first: None, last: None, len: 0 }
    }

    /// Puts a task in as the last.
    pub fn push_back(&mut self, task: Task) {
        let header = ManuallyDrop::new(task).as_header();
        // SAFETY: [H2] we held the Task.
        unsafe { set_link(header, None) };
        match self.last.replace(header) {
            // SAFETY: [H6] the list holds the one that was the last.
            Some(last) => unsafe { set_link(last, Some(header)) },
            None => self.first = Some(header),
        }
        self.len += 1;
    }

    /// Takes the first one out.
    pub fn pop_front(&mut self) -> Option<Task> {
        let header = self.first?;
        // SAFETY: [H6] the list holds it.
        self.first = unsafe { take_link(header) };
        if self.first.is_none() {
            self.last = None;
        }
        self.len -= 1;
        // SAFETY: [S1] the list held the Task, and lets go of it.
        Some(unsafe { Task::from_header(header) })
    }

    /// Puts all of another list in behind the last one.
    pub fn append(&mut self, mut other: TaskList) {
        let (first, last) = (other.first.take(), other.last.take());
        self.len += mem::take(&mut other.len);
        match (self.last, first) {
            // SAFETY: [H6] the list holds its last one.
            (Some(own), Some(_)) => unsafe { set_link(own, first) },
            (None, _) => self.first = first,
            (Some(_), None) => return,
        }
        self.last = last;
    }

    /// How many tasks are in.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Takes over a chain that somebody linked with the newest first, and turns it round.
    ///
    /// # Safety
    ///
    /// The caller holds the Tasks of the chain, and gives them away. [H2]
    pub(crate) unsafe fn from_newest(mut newest: Option<NonNull<Header>>) -> TaskList {
        let mut list = TaskList { first: None, last: newest, len: 0 };
        while let Some(header) = newest {
            // SAFETY: [H2] the caller says so.
            newest = unsafe { take_link(header) };
            // SAFETY: [H2] as above.
            unsafe { set_link(header, list.first) };
            list.first = Some(header);
            list.len += 1;
        }
        list
    }
}

/// # Safety
///
/// The caller holds the Task. [H2]
unsafe fn set_link(header: NonNull<Header>, next: Option<NonNull<Header>>) {
    // SAFETY: [H2] who holds the Task keeps the cell alive.
    let queued = unsafe { &header.as_ref().queued };
    // SAFETY: [H2] the caller says so.
    queued.with_mut(|link| unsafe { *link = next });
}

/// # Safety
///
/// The caller holds the Task. [H2]
unsafe fn take_link(header: NonNull<Header>) -> Option<NonNull<Header>> {
    // SAFETY: [H2] who holds the Task keeps the cell alive.
    let queued = unsafe { &header.as_ref().queued };
    // SAFETY: [H2] the caller says so.
    queued.with_mut(|link| unsafe { (*link).take() })
}

impl Drop for TaskList {
    /// Cancels what is left, the first one first.
    fn drop(&mut self) {
        while self.pop_front().is_some() {}
    }
}

impl Extend<Task> for TaskList {
    fn extend<I: IntoIterator<Item = Task>>(&mut self, tasks: I) {
        tasks.into_iter().for_each(|task| self.push_back(task));
    }
}

impl fmt::Debug for TaskList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskList").field("len", &self.len).finish()
    }
}
