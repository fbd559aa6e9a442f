//! Where does a task wait? Wherever its future keeps a waker: in the moment when it clones the one that it was
//! polled with, its stack says so.
//!
//! ```text
//!   poll_traced ──► future ──► future ──► leaf: cx.waker().clone()
//!        │                                        │ clone: tells, on this very stack
//!        └─ Waker { data ──► Traced { task, told }, vtable }
//!                                    └──────────────► a waker of the task, as every poll has it
//! ```
//!
//! * **[K3]** The data of a waker with this vtable is a [`Traced`] that outlives it: the waker is only lent, for
//!   one poll, and never dropped. What a future can keep is a clone, and that is a waker of the task.
//!
//! This is how to ask any future, also one that knows nothing of it. The poll is a real one.

use std::mem::ManuallyDrop;
use std::task::{Context, RawWaker, RawWakerVTable, Waker};

use rt_task::{Running, TaskRef};

use crate::task_waker::waker;

/// What the waker of a traced poll points to.
struct Traced<'a> {
    task: &'a TaskRef,
    told: &'a (dyn Fn() + Sync),
}

// A waker may be lent to other threads during the poll.
static_assertions::assert_impl_all!(Traced<'static>: Sync);

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake_by_ref, wake_by_ref, drop_waker);

/// Polls a task once, and tells of each clone of its waker: `told` is called inside of that clone, so that a
/// backtrace taken there names what waits. It must not panic.
///
/// The clones are wakers of the task like those of every poll.
///
/// ```
/// use rt_testkit::ByHand;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use std::task::Poll;
///
/// let hand = ByHand::new();
/// let mut kept = None;
/// let keeps = std::future::poll_fn(move |cx| {
///     kept = Some(cx.waker().clone());
///     Poll::<()>::Pending
/// });
/// let (task, _handle) = rt_task::Task::new(keeps, hand);
/// let clones = AtomicUsize::new(0);
/// let told = || _ = clones.fetch_add(1, Ordering::Relaxed);
/// let _pending = task.poll(|task, running| rt_waker::poll_traced(task, running, &told));
/// assert_eq!(clones.into_inner(), 1);
/// ```
#[inline(never)] // its name is where a backtrace ends
pub fn poll_traced(task: &TaskRef, running: Running<'_>, told: &(dyn Fn() + Sync)) {
    let traced = Traced { task, told };
    let data = (&raw const traced).cast();
    // SAFETY: [K3] `traced` lives until the poll is over, and what lends it is not dropped.
    let waker = ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(data, &VTABLE)) });
    running.poll(&mut Context::from_waker(&waker));
}

/// Tells, and gives out a waker of the task.
#[inline(never)] // its name is where a backtrace begins
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: [K3] called during the poll.
    let traced = unsafe { &*data.cast::<Traced<'_>>() };
    (traced.told)();
    let waker = ManuallyDrop::new(waker(traced.task.clone()));
    RawWaker::new(waker.data(), waker.vtable())
}

/// Wakes the task. What lends it is never used up: by value it is called by nobody.
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: [K3] called during the poll.
    unsafe { &*data.cast::<Traced<'_>>() }.task.wake_by_ref();
}

/// Nothing is owned [K3].
unsafe fn drop_waker(_: *const ()) {}
