//! Waiting for a task, and asking it to stop.
//!
//! * **[J1]** Of all references only the join handle reaches the output.
//! * **[J2]** There is one join handle a task, with the output's type; it takes or drops the output
//!   once.
//! * **[J3]** A value that was moved out of by pointer is forgotten.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use crate::coop;
use crate::error::JoinError;
use crate::id::Id;
use crate::messages;
use crate::priority::Priority;
use crate::reference::TaskRef;
use crate::snapshot::{End, Join};

/// A future of what a task returns: `Ok` with its output, or a [`JoinError`].
///
/// Dropping it detaches the task, which runs on; see [`abort_on_drop`](JoinHandle::abort_on_drop).
///
/// Cancel safe: dropped before it is ready, it takes nothing with it but the output.
///
/// # Panics
///
/// When it is polled again after it was ready.
pub struct JoinHandle<T> {
    task: TaskRef,
    /// The output was taken, or there was none.
    is_taken: bool,
    output: PhantomData<T>,
}

// SAFETY: [J1] behind `&JoinHandle` there is only a TaskRef.
unsafe impl<T: Send> Sync for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}
impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    ///
    /// `task` owns the reference and the interest of the one join handle of a task with this
    /// output. [J2]
    pub(crate) unsafe fn new(task: TaskRef) -> JoinHandle<T> {
        JoinHandle { task, is_taken: false, output: PhantomData }
    }

    /// The number of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        self.task.id()
    }

    /// Whether the task is done: the handle has its outcome, and gives it as soon as it is polled with
    /// budget to spend.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_done()
    }

    /// Asks that the task be cancelled, from any thread. The handle resolves when its future is
    /// dropped; or with the output, if the poll that goes on at this moment is its last.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// The class of the task.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.task.priority()
    }

    /// Changes the class of the task, as [`TaskRef::set_priority`].
    ///
    /// ```
    /// use rt_task::{Priority, Task};
    ///
    /// let (_task, handle) = Task::new(async {}, rt_testkit::ByHand::new());
    /// handle.set_priority(Priority::Low);
    /// assert_eq!(handle.priority(), Priority::Low);
    /// ```
    pub fn set_priority(&self, class: Priority) {
        self.task.set_priority(class);
    }

    /// A handle that aborts, and changes the class, without the output.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { task: self.task.clone() }
    }

    /// The task itself, to wake it or to ask about it.
    #[must_use]
    pub fn task(&self) -> &TaskRef {
        &self.task
    }

    /// A future that does the same, and aborts the task when it is dropped.
    pub fn abort_on_drop(self) -> AbortOnDrop<T> {
        AbortOnDrop { handle: self }
    }

    /// Waits for the end of the task with `waker` in the slot: `Pending` promises that this one is woken
    /// then, and no earlier one. A waker that wakes the same is not cloned again.
    ///
    /// The slot is touched only while it is the handle's [S4]; the task may be done at any moment,
    /// also between two lines here. A waker that comes too late to be woken is taken out of the slot
    /// again, and dropped. To clone and to drop a waker is user code, which may panic:
    /// the slot is empty then, and the bit says so.
    // COURSE(2.9) stub: todo
    fn poll_done(&self, waker: &Waker) -> Poll<()> {
        if self.task.is_done() {
            return Poll::Ready(());
        }
        let header = self.task.header();
        if header.state.load().has_join_waker() && header.state.claim_slot() == Join::Done {
            return Poll::Ready(());
        }
        // SAFETY: [S4] the bit is clear, and only the handle sets it: the slot is ours.
        let kept = header.joiner.with_mut(|slot| unsafe { (*slot).take() });
        // User code runs from here on; if it panics, the slot is empty and the bit says so.
        let next = match kept {
            Some(kept) if kept.will_wake(waker) => kept,
            kept => {
                drop(kept);
                waker.clone()
            }
        };
        // SAFETY: [S4] the slot is still ours.
        header.joiner.with_mut(|slot| unsafe { *slot = Some(next) });
        match header.state.offer_slot() {
            Join::Slot => Poll::Pending,
            Join::Done => {
                // SAFETY: [S4] the task was done before we offered: the slot is still ours.
                let unused = header.joiner.with_mut(|slot| unsafe { (*slot).take() });
                drop(unused);
                Poll::Ready(())
            }
        }
    }

    /// Takes the outcome of a task that is done [S5]: once, so that the drop finds nothing to do.
    // COURSE(2.10) stub: todo
    fn take(&mut self) -> Result<T, JoinError> {
        self.is_taken = true;
        let (header, pointer) = (self.task.header(), self.task.as_header());
        let end = header.state.load().end();
        match end.unwrap_or_else(|| unreachable!("[J2] the task is done")) {
            End::Completed => {
                let mut output = MaybeUninit::<T>::uninit();
                // SAFETY: [S5] done with our interest set, and not taken before.
                unsafe { (header.vtable.take_output)(pointer, output.as_mut_ptr().cast()) };
                // SAFETY: [J2] the vtable wrote an output of this type.
                Ok(unsafe { output.assume_init() })
            }
            End::Panicked => {
                // SAFETY: [S5] done with our interest set, and not taken before.
                let payload = unsafe { (header.vtable.take_panic)(pointer) };
                Err(JoinError::panic(self.id(), payload))
            }
            End::Cancelled => Err(JoinError::cancelled(self.id())),
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.is_taken {
            messages::joined_twice();
        }
        let budget = ready!(coop::poll_proceed(cx));
        ready!(self.poll_done(cx.waker()));
        budget.made_progress();
        Poll::Ready(self.take())
    }
}

impl<T> Drop for JoinHandle<T> {
    /// Detaches the task. Of one that is done the output is the handle's, to drop it once; of any
    /// other the slot is, with the waker that may be in it.
    // COURSE(2.10) stub: leak
    fn drop(&mut self) {
        if self.is_taken {
            return;
        }
        let header = self.task.header();
        match header.state.detach() {
            Join::Done => {
                let end = header.state.load().end();
                let end = end.unwrap_or_else(|| unreachable!("[S3] the task is done"));
                // SAFETY: [S5] done with our interest set, and not taken. A panic of the output's
                // drop is the caller's, as with any value; the reference is released all the same.
                unsafe { (header.vtable.drop_output)(self.task.as_header(), end) };
            }
            Join::Slot => {
                // SAFETY: [S4] we claimed the slot and left: who completes does not look at it.
                let waker = header.joiner.with_mut(|slot| unsafe { (*slot).take() });
                drop(waker);
            }
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinHandle").field(&self.task).finish()
    }
}

/// Asks a task to stop, from anywhere, as often as one likes. It neither waits for the task nor
/// keeps it alive.
#[derive(Clone)]
pub struct AbortHandle {
    task: TaskRef,
}

impl AbortHandle {
    /// The number of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        self.task.id()
    }

    /// Whether the task is done.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_done()
    }

    /// As [`JoinHandle::abort`].
    pub fn abort(&self) {
        self.task.abort();
    }

    /// The class of the task.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.task.priority()
    }

    /// Changes the class of the task, as [`TaskRef::set_priority`].
    pub fn set_priority(&self, class: Priority) {
        self.task.set_priority(class);
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AbortHandle").field(&self.task).finish()
    }
}

/// A [`JoinHandle`] whose task does not outlive it. See [`JoinHandle::abort_on_drop`].
#[must_use = "dropping it aborts the task"]
#[derive(Debug)]
pub struct AbortOnDrop<T> {
    handle: JoinHandle<T>,
}

impl<T> AbortOnDrop<T> {
    /// The handle, which detaches again when it is dropped.
    pub fn detach_on_drop(self) -> JoinHandle<T> {
        let this = ManuallyDrop::new(self);
        // SAFETY: [J3] moved out of a value that is neither used nor dropped again.
        unsafe { std::ptr::read(&raw const this.handle) }
    }

    /// The handle, to ask about the task.
    pub fn handle(&self) -> &JoinHandle<T> {
        &self.handle
    }
}

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.handle).poll(cx)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    /// Aborts the task, unless its outcome was taken.
    // COURSE(2.11) stub: leak
    fn drop(&mut self) {
        if !self.handle.is_taken {
            self.handle.abort();
        }
    }
}

#[cfg(all(test, not(rt_loom)))]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    use rt_testkit::CountingWaker;

    use super::*;
    use crate::schedule::Schedule;
    use crate::task::Task;

    fn within(body: impl FnOnce() + Send + 'static) {
        rt_testkit::within(std::time::Duration::from_secs(20), body);
    }

    #[derive(Clone)]
    struct Nowhere;

    impl Schedule for Nowhere {
        fn schedule(self, task: Task) -> Result<(), Task> {
            Err(task)
        }
    }

    fn run(task: Task) {
        let _ = task.poll(|_, running| running.poll(&mut Context::from_waker(Waker::noop())));
    }

    /// A waker in whose drop the task runs to its end: as another thread may, at that moment.
    struct Runs(Mutex<Option<Task>>);

    impl Wake for Runs {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Runs {
        fn drop(&mut self) {
            let task = self.0.get_mut().expect("no panic under the lock").take();
            task.into_iter().filter(|_| !std::thread::panicking()).for_each(run);
        }
    }

    #[test]
    fn a_task_that_is_done_is_not_waited_for() {
        within(|| {
            let (task, handle) = Task::new(async {}, Nowhere);
            assert!(handle.poll_done(Waker::noop()).is_pending(), "joined before it ran");
            run(task);
            assert!(handle.poll_done(Waker::noop()).is_ready(), "the joiner hangs: [S5]");
        });
    }

    #[test]
    fn a_task_that_ends_while_its_joiner_registers_is_not_waited_for() {
        within(|| {
            let (task, handle) = Task::new(async {}, Nowhere);
            let first = Waker::from(Arc::new(Runs(Mutex::new(Some(task)))));
            assert!(handle.poll_done(&first).is_pending(), "joined before it ran");
            drop(first); // the slot has the last one
            let (second, wakes) = CountingWaker::new();
            let is_told = handle.poll_done(&second).is_ready() || wakes.count() == 1;
            assert!(is_told, "done before the waker was in the slot: the joiner hangs: [S4]");
        });
    }

    #[test]
    fn a_waker_that_comes_too_late_is_not_kept() {
        within(|| {
            let (task, handle) = Task::new(async {}, Nowhere);
            let first = Waker::from(Arc::new(Runs(Mutex::new(Some(task)))));
            assert!(handle.poll_done(&first).is_pending(), "joined before it ran");
            drop(first); // the slot has the last one
            let (second, wakes) = CountingWaker::new();
            let _ = handle.poll_done(&second);
            drop(second);
            assert_eq!(Arc::strong_count(&wakes), 1, "a task that is done keeps its joiner: [S4]");
        });
    }
}
