//! A task is its own waker: the four functions of a `RawWaker` over a `TaskRef`.
//!
//! ```text
//!   Waker { data ─────────────────► Header of the task
//!           vtable ──► clone        one more reference
//!                      wake         wake, then drop
//!                      wake_by_ref  the state word, and the queue if it says so
//!                      drop         one reference less }
//! ```
//!
//! * **[K1]** The data of a waker with this vtable is a `TaskRef` as a word, and a waker owns it.
//! * **[K2]** There is one vtable, a static: two wakers of one task are equal, and
//!   [`Waker::will_wake`] says so.

use std::mem::ManuallyDrop;
use std::task::{RawWaker, RawWakerVTable, Waker};

use futures_task::WakerRef;
use rt_task::TaskRef;

use crate::told;

// What a `Waker` asks of its data: the functions below run on any thread.
static_assertions::assert_impl_all!(TaskRef: Send, Sync);

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// A waker that owns the reference it is made of: no count changes.
///
/// ```
/// # use rt_testkit::{ByHand, poll};
/// let hand = ByHand::new();
/// let (task, _handle) = rt_task::Task::new(std::future::pending::<()>(), hand.clone());
/// let waker = rt_waker::waker(task.reference());
/// let _ = poll(task); // pending: the right to poll is gone
/// waker.wake_by_ref();
/// assert_eq!(hand.scheduled(), 1, "the wake made it again");
/// ```
#[must_use]
#[inline]
// COURSE(3.1) stub: todo
pub fn waker(task: TaskRef) -> Waker {
    told::made(&task);
    // SAFETY: [K1] the word is a TaskRef, which the waker owns from now on; the functions of the
    // vtable are thread-safe because a TaskRef is.
    unsafe { Waker::from_raw(RawWaker::new(task.into_raw(), &VTABLE)) }
}

/// A waker for the length of one poll: it borrows the task and touches no count.
///
/// A future that wants to keep it clones it, and the clone owns its reference.
#[must_use]
#[inline]
// COURSE(3.3) stub: todo
pub fn waker_ref(task: &TaskRef) -> WakerRef<'_> {
    // SAFETY: [K1] never dropped, so it owns nothing; the borrow of `task` outlives it.
    let borrowed = unsafe { Waker::from_raw(RawWaker::new(task.as_raw(), &VTABLE)) };
    WakerRef::new_unowned(ManuallyDrop::new(borrowed))
}

/// The task behind a waker, if it is one of ours: a reference more, the waker keeps its own. The waker that
/// [`poll_traced`](crate::poll_traced) lends is none, but its clones are.
///
/// ```
/// # use rt_testkit::ByHand;
/// let (task, _handle) = rt_task::Task::new(async {}, ByHand::new());
/// let waker = rt_waker::waker(task.reference());
/// assert_eq!(rt_waker::task_of(&waker).map(|found| found.id()), Some(task.id()));
/// assert!(rt_waker::task_of(std::task::Waker::noop()).is_none());
/// ```
#[must_use]
// COURSE(3.3) stub: todo
pub fn task_of(waker: &Waker) -> Option<TaskRef> {
    if !std::ptr::eq(waker.vtable(), &VTABLE) {
        return None;
    }
    // SAFETY: [K2] our vtable, so [K1] the data is a TaskRef; the waker keeps its own.
    let task = unsafe { borrow(waker.data()) };
    Some(TaskRef::clone(&task))
}

/// The reference of a waker that lives on: to be used, and not given back.
///
/// # Safety
///
/// `data` is the data of a waker that outlives the result. [K1]
#[inline]
// COURSE(3.2) stub: todo
unsafe fn borrow(data: *const ()) -> ManuallyDrop<TaskRef> {
    // SAFETY: [K1] the caller says so.
    ManuallyDrop::new(unsafe { TaskRef::from_raw(data) })
}

/// The two words of a second waker, which owns a reference of its own.
// COURSE(3.2) stub: todo
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: [K1] called with the data of a live waker.
    let task = unsafe { borrow(data) };
    told::made(&task);
    RawWaker::new(TaskRef::clone(&task).into_raw(), &VTABLE)
}

/// Wakes the task, and gives back the reference of the waker, which ends here.
// COURSE(3.1) stub: todo
unsafe fn wake(data: *const ()) {
    // SAFETY: [K1] called with the data of a waker that ends here.
    told::wake(unsafe { TaskRef::from_raw(data) });
}

/// Wakes the task. The waker lives on, and keeps its reference.
// COURSE(3.2) stub: todo
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: [K1] called with the data of a live waker.
    unsafe { borrow(data) }.wake_by_ref();
}

/// Wakes nobody, and gives back the reference of the waker, which ends here.
// COURSE(3.1) stub: leak
unsafe fn drop_waker(data: *const ()) {
    // SAFETY: [K1] called with the data of a waker that ends here.
    told::drop(unsafe { TaskRef::from_raw(data) });
}
