//! Making a task.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use crate::cell::{Cell, Home, Origin};
use crate::current;
use crate::id::ThreadNumber;
use crate::join::JoinHandle;
use crate::living::{Generation, Living};
use crate::observer::{self, Kind, Spawned};
use crate::priority::Priority;
use crate::reference::TaskRef;
use crate::schedule::Schedule;
use crate::tail::{Shape, Tail};
use crate::task::Task;

/// What a task is made with, beside its future and its scheduler.
///
/// ```
/// use rt_task::{Builder, Priority};
/// use rt_testkit::ByHand;
///
/// let (task, _handle) = Builder::new()
///     .name("greeter")
///     .priority(Priority::High)
///     .spawn(async { println!("hello") }, ByHand::new());
/// let task = task.expect("only a closed list refuses");
/// assert_eq!(task.name(), Some("greeter"));
/// assert!(task.place().file().ends_with(".rs"));
/// ```
#[derive(Clone, Copy)]
#[must_use = "build a task with it"]
pub struct Builder<'a> {
    name: Option<&'a str>,
    is_measured: bool,
    priority: Priority,
    kind: Kind,
    place: &'static Location<'static>,
    living: Option<(&'a Living, Generation)>,
}

impl<'a> Builder<'a> {
    /// A task without a name, of class `Normal`, in no list, spawned where this is called.
    #[track_caller]
    #[inline]
    pub fn new() -> Builder<'a> {
        let (priority, kind, place) = (Priority::Normal, Kind::Task, Location::caller());
        Builder { name: None, is_measured: false, priority, kind, place, living: None }
    }

    /// Gives it a name, which is copied behind the cell.
    pub fn name(self, name: &'a str) -> Builder<'a> {
        Builder { name: Some(name), ..self }
    }

    /// Gives it a class.
    pub fn priority(self, priority: Priority) -> Builder<'a> {
        Builder { priority, ..self }
    }

    /// Whether statistics stand behind its cell: see [`TaskRef::stats`]. Wakes are counted while a
    /// [`Watching`](crate::Watching) lives, polls by [whoever makes them](crate::Stats::measure).
    ///
    /// ```
    /// use rt_task::Builder;
    /// let (task, _handle) = Builder::new().measured(true).spawn(async {}, rt_testkit::ByHand::new());
    /// let task = task.expect("only a closed list refuses");
    /// assert_eq!(task.stats().map(|stats| stats.polls()), Some(0));
    /// ```
    #[inline]
    pub fn measured(self, is_measured: bool) -> Builder<'a> {
        Builder { is_measured, ..self }
    }

    /// Says that it is a job that blocks its thread. Whoever [observes](crate::Observer) is told so; it
    /// changes nothing else.
    #[inline]
    pub fn blocking(self) -> Builder<'a> {
        Builder { kind: Kind::Blocking, ..self }
    }

    /// Says where it was spawned, in place of where the builder was made.
    pub fn place(self, place: &'static Location<'static>) -> Builder<'a> {
        Builder { place, ..self }
    }

    /// Puts it in the list of the living. If that is closed, or open for others, the task is
    /// cancelled before it is returned.
    #[inline]
    pub fn listed(self, living: &'a Living, generation: Generation) -> Builder<'a> {
        Builder { living: Some((living, generation)), ..self }
    }

    /// Makes a task that may run on any thread. One allocation, the name included.
    ///
    /// Without [`listed`](Builder::listed) the task is always there. With it, `None` says that it
    /// was refused: its future is dropped, its handle resolves to "cancelled".
    #[inline]
    pub fn spawn<F, S>(self, future: F, scheduler: S) -> (Option<Task>, JoinHandle<F::Output>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        S: Schedule,
    {
        match self.shape() {
            None => self.make(future, Origin { scheduler, home: (), tail: () }),
            Some(tail) => self.make(future, Origin { scheduler, home: (), tail }),
        }
    }

    /// Makes a task that belongs to this thread: polled and dropped here and nowhere else, woken
    /// and aborted from anywhere. Else as [`spawn`](Builder::spawn).
    #[inline]
    pub fn spawn_local<F, S>(self, future: F, scheduler: S) -> (Option<Task>, JoinHandle<F::Output>)
    where
        F: Future + 'static,
        F::Output: 'static,
        S: Schedule,
    {
        let home = ThreadNumber::current();
        match self.shape() {
            None => self.make(future, Origin { scheduler, home, tail: () }),
            Some(tail) => self.make(future, Origin { scheduler, home, tail }),
        }
    }

    /// What stands behind the cell, if anything does.
    #[inline]
    fn shape(&self) -> Option<Shape> {
        let has_tail = self.name.is_some() || self.is_measured;
        has_tail.then(|| Shape::new(self.is_measured, self.name))
    }

    #[inline]
    fn make<F, S, H, T>(
        self,
        future: F,
        origin: Origin<S, H, T>,
    ) -> (Option<Task>, JoinHandle<F::Output>)
    where
        F: Future + 'static,
        S: Schedule,
        H: Home,
        T: Tail,
    {
        let name = self.name.unwrap_or_default();
        let header = Cell::allocate(future, origin, name, self.priority, self.place);
        let is_listed =
            self.living.is_none_or(|(living, generation)| living.link(header, generation));
        // SAFETY: [S1] the cell was made queued: the Task is ours.
        let task = unsafe { Task::from_header(header) };
        // SAFETY: [R1] the cell was made with a reference for its handle.
        let reference = unsafe { TaskRef::counted(header) };
        // SAFETY: [J2] and with its interest.
        let handle = unsafe { JoinHandle::new(reference) };
        observer::tell(|observer| {
            let Builder { name, priority, place, .. } = self;
            let (id, kind) = (handle.id(), if H::LOCAL { Kind::Local } else { self.kind });
            let size = size_of::<F>();
            observer.spawned(Spawned { id, name, place, priority, kind, size }, current::id());
        });
        (is_listed.then_some(task), handle)
    }
}

impl Default for Builder<'_> {
    #[track_caller]
    fn default() -> Self {
        Builder::new()
    }
}

impl fmt::Debug for Builder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("is_measured", &self.is_measured)
            .field("priority", &self.priority)
            .field("place", &format_args!("{}", self.place))
            .finish_non_exhaustive()
    }
}

impl Task {
    /// Makes a task of `future`, which may run on any thread. One allocation.
    ///
    /// The caller holds the right to poll it.
    ///
    /// ```
    /// use rt_task::{Polled, Task};
    /// use rt_testkit::ByHand;
    /// use std::task::{Context, Waker};
    ///
    /// let (task, handle) = Task::new(async { 6 * 7 }, ByHand::new());
    /// let polled = task.poll(|_, running| running.poll(&mut Context::from_waker(Waker::noop())));
    /// assert!(matches!(polled, Polled::Completed));
    /// assert!(handle.is_finished());
    /// ```
    #[track_caller]
    pub fn new<F, S>(future: F, scheduler: S) -> (Task, JoinHandle<F::Output>)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        S: Schedule,
    {
        unlisted(Builder::new().spawn(future, scheduler))
    }

    /// Makes a task of `future` that belongs to this thread. One allocation.
    ///
    /// It is polled and dropped here and nowhere else: elsewhere [`Task::poll`] panics, and a drop
    /// sends it home. It is woken and aborted from anywhere.
    #[track_caller]
    pub fn new_local<F, S>(future: F, scheduler: S) -> (Task, JoinHandle<F::Output>)
    where
        F: Future + 'static,
        F::Output: 'static,
        S: Schedule,
    {
        unlisted(Builder::new().spawn_local(future, scheduler))
    }
}

fn unlisted<T>((task, handle): (Option<Task>, JoinHandle<T>)) -> (Task, JoinHandle<T>) {
    let task = task.unwrap_or_else(|| unreachable!("[L1] only a list refuses"));
    (task, handle)
}
