//! A counted reference to a task: what a waker holds.
//!
//! * **[R1]** Every `TaskRef` owns one reference, and gives it back once.
//! * **[R2]** A borrowed one owns none, and ends before somebody else's does.

use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr::NonNull;

use crate::current;
use crate::header::Header;
use crate::id::Id;
use crate::observer;
use crate::priority::Priority;
use crate::snapshot::{Release, Snapshot, Wake};

/// A counted reference to a task, without the right to poll it.
///
/// It can wake and abort the task and ask about it. It keeps the memory of the cell, never the
/// future: that is dropped when the task ends.
///
/// ```
/// let (task, handle) = rt_task::Task::new(async {}, rt_testkit::ByHand::new());
/// let reference = task.reference();
/// assert_eq!(reference.id(), handle.id());
/// drop(task); // cancels it
/// assert!(reference.is_done());
/// ```
pub struct TaskRef {
    header: NonNull<Header>,
}

// SAFETY: [S6] the count is atomic; what can be reached through a reference is the state word,
// what [H1] calls constant, and the scheduler, which is Send and Sync. Who frees the cell drops
// neither future nor output: both are gone by then.
unsafe impl Send for TaskRef {}
// SAFETY: [S6] as above.
unsafe impl Sync for TaskRef {}

impl TaskRef {
    /// Takes over a reference.
    ///
    /// # Safety
    ///
    /// The caller owns one reference to the cell, and gives it away. [R1]
    pub(crate) unsafe fn counted(header: NonNull<Header>) -> TaskRef {
        TaskRef { header }
    }

    /// Looks like a reference, is none.
    ///
    /// # Safety
    ///
    /// Somebody else's reference outlives the use of this one. [R2]
    #[inline]
    pub(crate) unsafe fn borrowed(header: NonNull<Header>) -> ManuallyDrop<TaskRef> {
        ManuallyDrop::new(TaskRef { header })
    }

    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: [S6] we hold a reference.
        unsafe { self.header.as_ref() }
    }

    pub(crate) fn as_header(&self) -> NonNull<Header> {
        self.header
    }

    /// The number of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        self.header().id()
    }

    /// The name that the task was given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        // SAFETY: [C2] the vtable is the cell's own.
        let name = unsafe { (self.header().vtable.name)(self.header) };
        // SAFETY: [H1] the name stands in the cell and never changes; we hold a reference.
        name.map(|name| unsafe { name.as_ref() })
    }

    /// Where the task was spawned.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.header().place
    }

    /// The number of the [`Living`](crate::Living) that lists the task, if one does.
    #[must_use]
    #[inline]
    pub fn shard(&self) -> Option<u16> {
        Some(self.header().shard()).filter(|&number| number != 0)
    }

    /// The class of the task.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.word().priority()
    }

    /// Changes the class. It counts from the next time that the task is queued.
    pub fn set_priority(&self, class: Priority) {
        self.header().state.set_priority(class);
    }

    /// The future is gone: the task completed, panicked or was cancelled.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.word().is_done()
    }

    /// The future belongs to one thread.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.word().is_local()
    }

    /// What the state word says at this moment, for reports.
    #[must_use]
    pub fn word(&self) -> Snapshot {
        self.header().state.load()
    }

    /// Makes sure that the task is polled after this call, with everything visible that happened
    /// before it. Never polls, never blocks.
    #[inline]
    pub fn wake_by_ref(&self) {
        let wake = self.header().state.wake();
        observer::tell(|observer| observer.woken(self.id(), current::id()));
        self.submit(wake);
    }

    /// As [`wake_by_ref`](TaskRef::wake_by_ref), and gives the reference back.
    pub fn wake(self) {
        self.wake_by_ref();
    }

    /// Asks that the future be dropped, by whoever runs the task, instead of polled again.
    ///
    /// Does nothing to a task that is done. A poll that goes on at this moment comes to its end,
    /// and if it returns `Ready`, the task has completed.
    pub fn abort(&self) {
        let wake = self.header().state.cancel();
        observer::tell(|observer| observer.aborted(self.id(), current::id()));
        self.submit(wake);
    }

    #[inline]
    fn submit(&self, wake: Wake) {
        if wake == Wake::Submit {
            // SAFETY: [S1] the word says that the one Task is ours to make.
            unsafe { (self.header().vtable.schedule)(self.header) };
        }
    }

    /// The reference as a word, for a `RawWaker`.
    #[must_use]
    #[inline]
    pub fn into_raw(self) -> *const () {
        ManuallyDrop::new(self).header.as_ptr().cast_const().cast()
    }

    /// The word without giving the reference away.
    #[must_use]
    #[inline]
    pub fn as_raw(&self) -> *const () {
        self.header.as_ptr().cast_const().cast()
    }

    /// The way back.
    ///
    /// # Safety
    ///
    /// `raw` comes from [`into_raw`](TaskRef::into_raw), which is undone once.
    #[must_use]
    #[inline]
    pub unsafe fn from_raw(raw: *const ()) -> TaskRef {
        // SAFETY: [R1] the caller says so; a reference is never null.
        let header = unsafe { NonNull::new_unchecked(raw.cast_mut().cast()) };
        TaskRef { header }
    }
}

impl Clone for TaskRef {
    #[inline]
    fn clone(&self) -> TaskRef {
        self.header().state.retain();
        TaskRef { header: self.header }
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        let vtable = self.header().vtable;
        if self.header().state.release() == Release::Free {
            // SAFETY: [S6] it was the last reference, so the task is DONE and its stage is empty.
            unsafe { (vtable.free)(self.header) };
        }
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRef")
            .field("id", &self.id().get())
            .field("name", &self.name())
            .field("place", &format_args!("{}", self.place()))
            .field("word", &self.word())
            .finish()
    }
}
