//! The right to poll: at most one a task, whoever holds it and nobody else touches the future.
//!
//! * **[T1]** A local future is touched only on its own thread: who has no right to be there is
//!   stopped before the state word says `RUNNING`.
//! * **[T2]** Whoever holds a `Task` may use its cell: the task is not done, so the reference of
//!   being alive is there, and only the holder of the `Task` can bring it to its end.
//!
//! Who runs somebody's code for a task enters it first: `current::enter` makes it the current one, with
//! `coop::BUDGET` to spend, until the guard is dropped. `messages` has the words for a wrong use.

use std::cell::Cell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;
use std::task::{Context, Waker};

use crate::coop;
use crate::current;
use crate::header::{Header, Step};
use crate::id::ThreadNumber;
use crate::living;
use crate::messages;
use crate::observer;
use crate::reference::TaskRef;
use crate::snapshot::{End, Pend, Start};
use crate::sync::plain_thread_local;
use crate::unwind::contained;

/// The right to poll a task. See [`Task::poll`].
///
/// There is at most one for a task at any time: it is made by `Task::new`, consumed by `poll`, and
/// made again by the wake that finds the task idle. Dropping it cancels the task.
///
/// It dereferences to a [`TaskRef`], to ask about the task.
#[must_use = "dropping it cancels the task"]
pub struct Task {
    /// Owns no count: [T2].
    task: ManuallyDrop<TaskRef>,
}

// [T1] also with a future that is not Send: it checks the thread before it touches that.
static_assertions::assert_impl_all!(Task: Send, Sync);
static_assertions::assert_eq_size!(Option<Task>, *const ());

/// What came of a poll: what the executor must know.
#[must_use]
#[derive(Debug)]
pub enum Polled {
    /// The future returned its output.
    Completed,
    /// The future panicked; whoever joins it gets the payload.
    Panicked,
    /// The future was dropped instead of polled, because of an abort.
    Cancelled,
    /// The future waits for a wake.
    Pending,
    /// It was woken while it ran: queue it again.
    Again(Task),
}

/// A poll that has begun: only to be finished, on this thread.
#[must_use = "dropped, the future is not polled, and the task is queued again unless it was aborted"]
pub struct Running<'a> {
    poll: &'a Poll,
    start: Start,
}

// A local future must be polled on the thread that was checked.
static_assertions::assert_not_impl_any!(Running<'static>: Send, Sync);

impl Running<'_> {
    /// Polls the future once, or drops it if the task was aborted. A panic is caught and becomes the task's
    /// outcome.
    #[inline]
    pub fn poll(self, cx: &mut Context<'_>) {
        if self.start == Start::Drop {
            return self.poll.drop_future();
        }
        let task = &self.poll.task;
        // SAFETY: [S2] we are RUNNING: `Task::poll` started it.
        let step = unsafe { (task.header().vtable.poll)(task.as_header(), cx) };
        self.poll.step.set(Some(step));
    }
}

impl Task {
    /// # Safety
    ///
    /// The caller owns the right to poll, and gives it away. [S1]
    #[inline]
    pub(crate) unsafe fn from_header(header: NonNull<Header>) -> Task {
        // SAFETY: [T2] the reference of being alive outlives the Task.
        Task { task: unsafe { TaskRef::borrowed(header) } }
    }

    /// The task as one word, for a queue whose places are atomic words. Until [`Task::from_raw`]
    /// takes it back nobody holds it: it is neither polled nor cancelled.
    ///
    /// ```
    /// use rt_task::Task;
    /// let (task, handle) = Task::new(async {}, rt_testkit::ByHand::new());
    /// let word = task.into_raw();
    /// // SAFETY: the word came from `into_raw`, and is taken back once.
    /// let task = unsafe { Task::from_raw(word) };
    /// assert_eq!(task.id(), handle.id());
    /// ```
    #[must_use = "the task is lost unless `Task::from_raw` takes it back"]
    #[inline]
    pub fn into_raw(self) -> NonNull<()> {
        ManuallyDrop::new(self).as_header().cast()
    }

    /// Takes a task back.
    ///
    /// # Safety
    ///
    /// `raw` came from [`Task::into_raw`], on this thread or on one whose work up to there this
    /// thread has received, and is taken back this once.
    #[inline]
    pub unsafe fn from_raw(raw: NonNull<()>) -> Task {
        // SAFETY: [S1] the caller says so.
        unsafe { Task::from_header(raw.cast()) }
    }

    /// A counted reference.
    #[must_use]
    pub fn reference(&self) -> TaskRef {
        TaskRef::clone(self)
    }

    /// Polls the task once, or drops its future if it was aborted.
    ///
    /// The closure gets a reference that lasts as long as the poll, to make a waker from, and
    /// the begun poll, to finish with a [`Context`]: in either case. The waker of a poll therefore touches no
    /// count. If the closure does not finish the poll, the task is queued again; if it was aborted, its future
    /// is dropped all the same.
    ///
    /// Whether this is the task's thread is asked before anything else. Until the closure returns the task is
    /// the [current](crate::current()) one, and may spend a full [budget](crate::coop); afterwards it is no
    /// more, whatever the poll came to.
    ///
    /// # Panics
    ///
    /// If the task is local and this is not its thread. The future is not touched; the task goes
    /// home to be cancelled there. And if the closure panics: that cancels the task, unless its
    /// future had come to its end by then.
    #[inline]
    // COURSE(2.7) stub: todo
    pub fn poll(self, with: impl for<'a> FnOnce(&'a TaskRef, Running<'a>)) -> Polled {
        if !self.is_at_home() {
            messages::polled_away_from_home(&self);
        }
        let (poll, start) = self.start();
        let entered = current::enter(Some(poll.task.as_header()), coop::BUDGET);
        with(&poll.task, Running { poll: &poll, start });
        drop(entered);
        match poll.step.take() {
            Some(Step::Pending) => poll.pend(),
            Some(Step::Ready(end)) => poll.complete(end),
            None => poll.unpolled(start),
        }
    }

    /// The right to poll becomes the poll.
    #[inline]
    fn start(self) -> (Poll, Start) {
        // SAFETY: [S1] we held the Task, and become RUNNING's owner.
        let poll = unsafe { Poll::new(ManuallyDrop::new(self).as_header()) };
        let start = poll.task.header().state.start();
        (poll, start)
    }

    /// Whether this thread may touch the future.
    #[inline]
    fn is_at_home(&self) -> bool {
        !self.header().state.is_local() || self.is_at_home_cold()
    }

    fn is_at_home_cold(&self) -> bool {
        // SAFETY: [C2] the vtable is the cell's own.
        let home = unsafe { (self.header().vtable.home)(self.as_header()) };
        home.is_none_or(|home| home == ThreadNumber::current())
    }

    /// Drops the future here, where it may be dropped, with the task as the current one; then the task
    /// is done.
    // COURSE(2.11) stub: todo
    fn cancel(self) {
        let (poll, Start::Poll | Start::Drop) = self.start();
        let entered = current::enter(Some(poll.task.as_header()), coop::BUDGET);
        poll.drop_future();
        drop(entered);
        // Its end completes the task.
        drop(poll);
    }

    /// Nobody will run it: the end of [`Schedule::schedule`](crate::Schedule::schedule)'s error.
    pub(crate) fn refused(self) {
        if self.is_at_home() {
            return self.cancel();
        }
        // The future is neither polled nor dropped, nor its memory used again: the reference of
        // being alive is kept for ever.
        let (poll, Start::Poll | Start::Drop) = self.start();
        let poll = ManuallyDrop::new(poll);
        poll.tell(End::Cancelled);
        messages::lost_its_home(&poll.task);
    }
}

impl Deref for Task {
    type Target = TaskRef;

    #[inline]
    fn deref(&self) -> &TaskRef {
        &self.task
    }
}

impl Drop for Task {
    /// Cancels the task: here, if its future may be dropped on this thread. Else it is marked and goes
    /// back to its scheduler, once, and is refused if it is dropped on that way. A panic of the scheduler
    /// ends here.
    // COURSE(2.11) stub: leak
    fn drop(&mut self) {
        // SAFETY: [S1] the Task is used up here.
        let task = unsafe { Task::from_header(self.as_header()) };
        if task.is_at_home() {
            return task.cancel();
        }
        // It goes home, where it finds the mark.
        let Some(_way) = WayHome::enter() else { return task.refused() };
        let _ = task.header().state.cancel();
        let vtable = task.header().vtable;
        let header = ManuallyDrop::new(task).as_header();
        // SAFETY: [S1] we held the Task, and give it back to the scheduler.
        contained(|| unsafe { (vtable.schedule)(header) });
    }
}

plain_thread_local! {
    static ON_THE_WAY_HOME: Cell<bool> = Cell::new(false)
}

/// Evidence that this thread sends a task home. A scheduler that drops it on the way, instead of
/// handing it back, must not have it sent again: that would never end.
struct WayHome;

impl WayHome {
    fn enter() -> Option<WayHome> {
        let is_nested = ON_THE_WAY_HOME.with(|on_the_way| on_the_way.replace(true));
        // Not `then_some`: the one that is not given out would be dropped, and end the outer one.
        (!is_nested).then(|| WayHome)
    }
}

impl Drop for WayHome {
    fn drop(&mut self) {
        ON_THE_WAY_HOME.with(|on_the_way| on_the_way.set(false));
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&**self).finish()
    }
}

/// Evidence that we are RUNNING. Dropped half-way, because somebody panicked who must not, it
/// brings the task to its end: completed, if the future is gone, else cancelled.
///
/// * `step` says what became of the future. Once it is `Ready`, the future is gone, and nothing
///   may touch it again whatever happens.
struct Poll {
    task: ManuallyDrop<TaskRef>,
    step: Cell<Option<Step>>,
}

impl Poll {
    /// # Safety
    ///
    /// The caller held the `Task` and starts it. [S1]
    #[inline]
    unsafe fn new(header: NonNull<Header>) -> Poll {
        // SAFETY: [R2] the reference of being alive lasts until the poll is complete.
        Poll { task: unsafe { TaskRef::borrowed(header) }, step: Cell::new(None) }
    }

    #[inline]
    fn into_header(self) -> NonNull<Header> {
        ManuallyDrop::new(self).task.as_header()
    }

    /// The future waits: the task rests, and the right to poll is gone until a wake. Or a wake came
    /// while it ran: then the `Task` stays with the caller [S1]. The poll is used up either way: nothing
    /// is left for the drop of `Poll` to do.
    #[inline]
    // COURSE(2.7) stub: todo
    fn pend(self) -> Polled {
        let pend = self.task.header().state.pend();
        let header = self.into_header();
        match pend {
            Pend::Rest => Polled::Pending,
            // SAFETY: [S1] woken while it ran: the Task is ours to keep.
            Pend::Again => Polled::Again(unsafe { Task::from_header(header) }),
        }
    }

    fn restart(self) -> Polled {
        self.task.header().state.restart();
        // SAFETY: [S1] we set QUEUED: the Task is ours to make.
        Polled::Again(unsafe { Task::from_header(self.into_header()) })
    }

    /// Drops the future in place of a poll, and remembers that it is gone.
    // COURSE(2.11) stub: todo
    fn drop_future(&self) {
        let task = &self.task;
        // SAFETY: [S2] we are RUNNING.
        let end = unsafe { (task.header().vtable.drop_future)(task.as_header()) };
        self.step.set(Some(Step::Ready(end)));
    }

    /// Nobody has ended the poll: the task is queued again. But who was aborted comes to its end, whoever
    /// polls it.
    #[cold]
    fn unpolled(self, start: Start) -> Polled {
        if start == Start::Drop {
            let _entered = current::enter(Some(self.task.as_header()), coop::BUDGET);
            self.drop_future();
        }
        match self.step.take() {
            Some(Step::Ready(end)) => self.complete(end),
            _ => self.restart(),
        }
    }

    /// The future is gone, its outcome is stored: tell everybody, and stop being alive: that reference
    /// ends here [S6]. Nobody unwinds out of the telling, and nothing is left for the drop of `Poll` to do.
    // COURSE(2.8) stub: todo
    fn complete(self, end: End) -> Polled {
        let all_told = NoUnwind;
        self.tell(end);
        std::mem::forget(all_told);
        // SAFETY: [S6] the reference of being alive is ours, and this is its end.
        drop(unsafe { TaskRef::counted(self.into_header()) });
        match end {
            End::Completed => Polled::Completed,
            End::Panicked => Polled::Panicked,
            End::Cancelled => Polled::Cancelled,
        }
    }

    /// In this order: the scheduler, so that its counters are right before anybody sees the task
    /// done; the observer; the word; the output nobody wants; the list of the living (`living::unlink`),
    /// which when empty says that every task is done; then the joiner, and who waits for the list. What
    /// is somebody else's code is contained: a panic in it keeps none of the rest from happening.
    // COURSE(2.8) stub: todo
    fn tell(&self, end: End) {
        let (header, pointer) = (self.task.header(), self.task.as_header());
        // SAFETY: [C2] the vtable is the cell's own.
        contained(|| unsafe { (header.vtable.ended)(pointer, end) });
        observer::tell(|observer| observer.ended(self.task.id(), end));
        let todo = header.state.complete(end);
        if todo.drop_output {
            // SAFETY: [S5] the handle left before the task was done: the output is ours.
            contained(|| unsafe { (header.vtable.drop_output)(pointer, end) });
        }
        let emptied = living::unlink(pointer, end);
        if todo.wake_joiner {
            // SAFETY: [S4] the slot was full when we completed: it is ours.
            let joiner = header.joiner.with_mut(|slot| unsafe { (*slot).take() });
            contained(|| joiner.into_iter().for_each(Waker::wake));
        }
        contained(|| emptied.into_iter().for_each(Waker::wake));
    }
}

/// Whoever unwinds out of a completion would complete it a second time. All user code in there is
/// contained: this can not happen.
struct NoUnwind;

impl Drop for NoUnwind {
    fn drop(&mut self) {
        std::process::abort();
    }
}

impl Drop for Poll {
    /// Brings the task to its end: completed, if the future is gone, else queued again, dropped and so
    /// cancelled.
    // COURSE(2.11) stub: leak
    fn drop(&mut self) {
        // SAFETY: [R2] as in `new`; the fields are not used again.
        let poll = unsafe { Poll::new(self.task.as_header()) };
        match self.step.take() {
            Some(Step::Ready(end)) => drop(poll.complete(end)),
            // At home: the poll began here. The task is dropped, and so cancelled.
            Some(Step::Pending) | None => drop(poll.restart()),
        }
    }
}
