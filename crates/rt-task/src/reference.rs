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
use crate::id::{Id, ThreadNumber};
use crate::observer;
use crate::priority::Priority;
use crate::snapshot::{Release, Snapshot, Wake};
use crate::stats::Stats;
use crate::tail::Behind;
use crate::watched;

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
        // SAFETY: [C5] the name never changes, and we hold a reference to the cell.
        self.behind().name.map(|name| unsafe { name.as_ref() })
    }

    /// What is counted of the task, if that was [asked for](crate::Builder::measured).
    #[must_use]
    pub fn stats(&self) -> Option<&Stats> {
        // SAFETY: [C5] only its atomics change, and we hold a reference to the cell.
        self.behind().stats.map(|stats| unsafe { stats.as_ref() })
    }

    fn behind(&self) -> Behind {
        // SAFETY: [C2] the vtable is the cell's own.
        unsafe { (self.header().vtable.behind)(self.header) }
    }

    /// The thread that a local task belongs to.
    #[must_use]
    pub fn home(&self) -> Option<ThreadNumber> {
        // SAFETY: [C2] the vtable is the cell's own.
        unsafe { (self.header().vtable.home)(self.header) }
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
    #[inline]
    pub fn priority(&self) -> Priority {
        self.word().priority()
    }

    /// Changes the class, from any thread. It counts from the next time that the task is queued: one that waits
    /// in a queue leaves it in the order in which it came in, and one that waits for a wake comes in with the new
    /// class.
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
        if watched::is_watched() {
            return self.wake_watched();
        }
        let wake = self.header().state.wake();
        self.submit(wake);
    }

    /// The statistics first: what the word does not say yet, a poll follows [S7], and that clears it [SA3]. The
    /// observer before the task is handed over: nobody polls it yet, if this wake made it ready.
    #[cold]
    fn wake_watched(&self) {
        if let Some(stats) = self.stats() {
            stats.woken();
        }
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
    /// and if it returns `Ready`, the task has completed. The [observer](crate::Observer) is told in each
    /// case, and by which task it was asked.
    // COURSE(2.11) stub: todo
    pub fn abort(&self) {
        let wake = self.header().state.cancel();
        observer::tell(|observer| observer.aborted(self.id(), current::id()));
        self.submit(wake);
    }

    /// Does what the word asked for: makes the one `Task`, and hands it to the scheduler, or nothing. A
    /// panic of the scheduler's `schedule` goes to the caller.
    #[inline]
    // COURSE(2.6) stub: todo
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
    /// One more reference to the same task, which is counted.
    #[inline]
    // COURSE(2.5) stub: todo
    fn clone(&self) -> TaskRef {
        self.header().state.retain();
        TaskRef { header: self.header }
    }
}

impl Drop for TaskRef {
    /// Gives the reference back. The last one frees the cell, and nothing of that is read afterwards.
    #[inline]
    // COURSE(2.5) stub: leak
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

#[cfg(all(test, not(rt_loom)))]
mod tests {
    use std::future::pending;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::join::JoinHandle;
    use crate::schedule::Schedule;
    use crate::snapshot::{Pend, Start};
    use crate::task::Task;

    fn within(body: impl FnOnce() + Send + 'static) {
        rt_testkit::within(std::time::Duration::from_secs(20), body);
    }

    /// A queue that the test looks into.
    #[derive(Clone, Default)]
    struct Desk(Arc<Mutex<Vec<Task>>>);

    impl Desk {
        fn take(&self) -> Vec<Task> {
            std::mem::take(&mut *self.0.lock().expect("no panic under the lock"))
        }
    }

    impl Schedule for Desk {
        fn schedule(self, task: Task) -> Result<(), Task> {
            self.0.lock().expect("no panic under the lock").push(task);
            Ok(())
        }
    }

    /// A task that runs: the test has its right to poll, as an executor has it during a poll.
    fn running(desk: &Desk) -> JoinHandle<()> {
        let (task, handle) = Task::new(pending::<()>(), desk.clone());
        let task = ManuallyDrop::new(task);
        assert_eq!(task.header().state.start(), Start::Poll, "a new task is polled");
        handle
    }

    /// A task that nobody holds.
    fn idle(desk: &Desk) -> JoinHandle<()> {
        let handle = running(desk);
        assert_eq!(handle.task().header().state.pend(), Pend::Rest, "nobody has woken it");
        handle
    }

    #[test]
    fn the_last_reference_frees_the_cell() {
        within(|| {
            let desk = Desk::default();
            let (task, handle) = Task::new(pending::<()>(), desk.clone());
            // SAFETY: [S6] the end of a task gives the reference of being alive back; here it is ours.
            let alive = unsafe { TaskRef::counted(ManuallyDrop::new(task).as_header()) };
            let other = alive.clone();
            drop(alive);
            drop(other);
            assert_eq!(Arc::strong_count(&desk.0), 2, "freed while a handle uses it: [S6]");
            drop(handle);
            assert_eq!(Arc::strong_count(&desk.0), 1, "nobody uses it, and it leaks: [S6]");
        });
    }

    #[test]
    fn an_idle_task_that_is_woken_goes_to_its_scheduler_once() {
        within(|| {
            let desk = Desk::default();
            let handle = idle(&desk);
            handle.task().wake_by_ref();
            handle.task().wake_by_ref();
            let tasks = desk.take();
            assert!(!tasks.is_empty(), "the wake is lost, the task hangs: [S7]");
            assert_eq!(tasks.len(), 1, "two threads may poll one future: [S1]");
            assert_eq!(tasks[0].id(), handle.id(), "another task was woken");
            drop(tasks);
        });
    }

    #[test]
    fn a_task_that_runs_is_left_to_who_polls_it() {
        within(|| {
            let desk = Desk::default();
            let handle = running(&desk);
            handle.task().wake_by_ref();
            assert_eq!(desk.take().len(), 0, "two threads may poll one future: [S1]");
            let state = &handle.task().header().state;
            assert_eq!(state.pend(), Pend::Again, "the wake is lost, the task hangs: [S7]");
            // SAFETY: [S1] woken while it ran, it is ours to keep.
            drop(unsafe { Task::from_header(handle.task().as_header()) });
        });
    }

    #[test]
    fn a_wake_that_uses_its_reference_up_gives_it_back() {
        within(|| {
            let desk = Desk::default();
            let handle = idle(&desk);
            let count = handle.task().word().count();
            handle.task().clone().wake();
            assert_eq!(handle.task().word().count(), count, "each wake leaks a reference: [R1]");
            assert_eq!(desk.take().len(), 1, "the wake is lost, the task hangs: [S7]");
        });
    }

    #[test]
    fn a_task_is_handed_to_a_copy_of_its_scheduler() {
        within(|| {
            let desk = Desk::default();
            let handle = idle(&desk);
            handle.task().wake_by_ref();
            assert_eq!(
                Arc::strong_count(&desk.0),
                2,
                "the cell's own one is gone, or a copy leaks"
            );
            assert_eq!(desk.take().len(), 1, "the wake is lost, the task hangs: [S7]");
        });
    }
}
