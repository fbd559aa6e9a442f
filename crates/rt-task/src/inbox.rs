//! How tasks come in from other threads: a stack of linked headers that its owner takes whole.
//!
//! ```text
//!  push: head = task ──► older ──► oldest        take: head = null, then walk the chain and
//!        (one CAS)                               hand it out oldest first
//! ```
//!
//! The link stands in the header [H2], so a push allocates nothing: it writes the link in the task, and
//! makes one RMW on the head. Treiber's stack (1986); since the whole chain is taken at once,
//! its ABA problem does not arise.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

use crate::header::Header;
use crate::list::TaskList;
use crate::sync::{AtomicPtr, Ordering};
use crate::task::Task;

/// What a push found.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// The inbox was empty: the owner may be asleep, and nobody else will wake it.
    First,
    /// Somebody pushed before and has woken the owner, or is about to.
    Follower,
}

/// Many push, one takes.
///
/// ```
/// use rt_task::{Inbox, Push, Task};
/// use rt_testkit::ByHand;
///
/// let inbox = Inbox::new();
/// let (one, _one) = Task::new(async {}, ByHand::new());
/// let (two, _two) = Task::new(async {}, ByHand::new());
/// let ids = [one.id(), two.id()];
/// assert_eq!(inbox.push(one), Push::First);
/// assert_eq!(inbox.push(two), Push::Follower);
/// let mut taken = Vec::new();
/// inbox.take(|task| taken.push(task));
/// assert_eq!([taken[0].id(), taken[1].id()], ids, "the oldest first");
/// ```
pub struct Inbox {
    head: AtomicPtr<Header>,
}

impl Inbox {
    /// An empty one.
    #[must_use]
    pub fn new() -> Inbox {
        Inbox { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Puts a task in.
    pub fn push(&self, task: Task) -> Push {
        let header = ManuallyDrop::new(task).as_header();
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: [H2] we hold the Task: it is alive and the link is ours.
            let queued = unsafe { &header.as_ref().queued };
            // SAFETY: [H2] as above.
            queued.with_mut(|link| unsafe { *link = NonNull::new(head) });
            let new = header.as_ptr();
            // ORDER(inbox): publishes the link, and all that led to the push.
            match self.head.compare_exchange_weak(head, new, Ordering::Release, Ordering::Relaxed) {
                Ok(before) if before.is_null() => return Push::First,
                Ok(_) => return Push::Follower,
                Err(newer) => head = newer,
            }
        }
    }

    /// Hands out all that is in, the oldest first. For the owner: one thread at a time.
    ///
    /// If `each` panics, the tasks not handed out yet are cancelled.
    pub fn take(&self, mut each: impl FnMut(Task)) {
        if self.is_empty() {
            return;
        }
        // ORDER(inbox): receives every link that was published.
        let newest = NonNull::new(self.head.swap(ptr::null_mut(), Ordering::Acquire));
        // SAFETY: [H2] the chain is ours: we took it whole.
        let mut list = unsafe { TaskList::from_newest(newest) };
        while let Some(task) = list.pop_front() {
            each(task);
        }
    }

    /// Whether nothing was in at that moment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.load(Ordering::Relaxed).is_null()
    }
}

impl Default for Inbox {
    fn default() -> Inbox {
        Inbox::new()
    }
}

impl Drop for Inbox {
    /// Cancels what is left.
    fn drop(&mut self) {
        self.take(drop);
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("is_empty", &self.is_empty()).finish()
    }
}
