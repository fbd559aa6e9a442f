//! The place for one task that is to run next, before all that wait in the queue.
//!
//! A task that wakes another and then waits for its answer wants it polled at once, on this core, while
//! what it wrote is in the cache. So a worker keeps the task that was woken last apart, and takes it first.
//! What stands in this place while its worker is in a long poll would wait for all of it (tokio #4941);
//! so others can take it too.
//!
//! ```text
//!                put
//!    EMPTY ────────────────► FULL ──┐ put: the one
//!      ▲                     │  ▲   │ before comes back
//!      └─────────────────────┘  └───┘
//!        take, by the owner or by another
//! ```
//!
//! * **[LS1]** A word that stands in the slot is a task's, and belongs to whoever changes it for another or
//!   for none, by a read-modify-write: of two who do, one gets it.
//! * **[LS2]** Nobody but the owner writes to an empty slot: the others change a word that they saw, or
//!   nothing. So when the owner has put nothing since it took, it knows that the slot is empty without
//!   a look, and its `put` is a store.
//!
//! Not here: how often in a row the worker may prefer this place (a bound, or two tasks that wake each
//! other starve the rest), and when others may take (behind a poll that lasts, or a task hops to another
//! core as soon as it is woken).

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ptr::{self, NonNull};

use rt_task::Task;
use rt_task::sync::{Arc, AtomicPtr, Ordering};

/// The owner's end: puts and takes. Not `Sync`, so there is one owner.
///
/// ```
/// use rt_steal::Slot;
/// use rt_task::Task;
/// use rt_testkit::ByHand;
///
/// let mut slot = Slot::new();
/// let (one, _handle) = Task::new(async {}, ByHand::new());
/// let (two, _handle) = Task::new(async {}, ByHand::new());
/// let ids = [one.id(), two.id()];
/// assert!(slot.put(one).is_none());
/// let before = slot.put(two).unwrap(); // for the queue
/// assert_eq!(before.id(), ids[0]);
/// let taker = slot.taker(); // for another thread
/// assert_eq!(taker.take().unwrap().id(), ids[1]);
/// assert!(slot.take().is_none());
/// ```
pub struct Slot {
    place: Arc<Line>,
    /// Put, and not taken by the owner since: another may have taken it.
    may_be_full: bool,
    not_sync: PhantomData<Cell<()>>,
}

static_assertions::assert_impl_all!(Slot: Send);
static_assertions::assert_not_impl_any!(Slot: Sync);

/// Takes what stands in a [`Slot`], from any thread.
#[derive(Clone)]
pub struct Taker {
    place: Arc<Line>,
}

static_assertions::assert_impl_all!(Taker: Send, Sync);

/// A line of its own: the owner writes it at every wake.
#[repr(align(64))]
struct Line {
    word: AtomicPtr<()>,
}

impl Line {
    #[inline]
    fn is_empty(&self) -> bool {
        self.word.load(Ordering::Relaxed).is_null()
    }
}

impl Slot {
    /// An empty one.
    #[must_use]
    pub fn new() -> Slot {
        let place = Arc::new(Line { word: AtomicPtr::new(ptr::null_mut()) });
        Slot { place, may_be_full: false, not_sync: PhantomData }
    }

    /// The others' end.
    #[must_use]
    pub fn taker(&self) -> Taker {
        Taker { place: self.place.clone() }
    }

    /// Puts a task in. The one that stood there comes back.
    #[must_use = "dropping it cancels the task that stood there"]
    #[inline]
    // COURSE(7.4) stub: todo
    pub fn put(&mut self, task: Task) -> Option<Task> {
        let word = task.into_raw().as_ptr();
        if !mem::replace(&mut self.may_be_full, true) {
            // ORDER(slot): publishes the task. It overwrites nothing [LS2].
            self.place.word.store(word, Ordering::Release);
            return None;
        }
        // ORDER(slot): publishes the task. The one before was put by this thread.
        let before = self.place.word.swap(word, Ordering::Release);
        // SAFETY: [LS1] we swapped it out.
        unsafe { task_in(before) }
    }

    /// Takes the task out. Without a look if there can be none.
    #[inline]
    // COURSE(7.4) stub: todo
    pub fn take(&mut self) -> Option<Task> {
        if !mem::replace(&mut self.may_be_full, false) {
            return None;
        }
        // It was put by this thread: there is nothing to receive.
        let word = self.place.word.swap(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: [LS1] we swapped it out.
        unsafe { task_in(word) }
    }

    /// Whether nothing stands there. What stood there may be taken at any moment.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        !self.may_be_full || self.place.is_empty()
    }
}

impl Taker {
    /// Takes the task out, if one can be seen there and nobody is faster.
    // COURSE(7.4) stub: todo
    pub fn take(&self) -> Option<Task> {
        let (seen, none) = (self.place.word.load(Ordering::Relaxed), ptr::null_mut());
        if seen.is_null() {
            return None;
        }
        // ORDER(slot): receives the task. A word that is not there any more is not replaced [LS2].
        let taken =
            self.place.word.compare_exchange(seen, none, Ordering::Acquire, Ordering::Relaxed);
        // SAFETY: [LS1] we changed it for none.
        taken.ok().and_then(|word| unsafe { task_in(word) })
    }

    /// Whether nothing could be seen there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.place.is_empty()
    }
}

/// The task that a word stands for, if it is one.
///
/// # Safety
///
/// The caller has changed the slot from this word to another. [LS1]
#[inline]
unsafe fn task_in(word: *mut ()) -> Option<Task> {
    // SAFETY: [LS1] the caller says so, and the words in a slot are those of tasks.
    NonNull::new(word).map(|word| unsafe { Task::from_raw(word) })
}

impl Default for Slot {
    fn default() -> Slot {
        Slot::new()
    }
}

impl Drop for Slot {
    /// Cancels what is left.
    // COURSE(7.4) stub: leak
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("is_empty", &self.is_empty()).finish()
    }
}

impl fmt::Debug for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taker").field("is_empty", &self.is_empty()).finish()
    }
}
