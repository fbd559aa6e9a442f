//! The one allocation of a task, and the functions that know what is in it.
//!
//! * **[C1]** Memory from `memory::take` goes back to `memory::give` with the same layout.
//! * **[C2]** Every function of a vtable gets a header that stands in a cell of its own type: the
//!   vtable was put there by `allocate`, and `repr(C)` makes the two addresses one.
//! * **[C3]** A future never moves: it is written into the cell before it is first polled, and
//!   dropped in place.
//! * **[C4]** Who takes an output brings room for it, of its type.
//!
//! What may stand behind a cell is in the module `tail`.

use std::alloc::{Layout, handle_alloc_error};
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use crate::coop;
use crate::current;
use crate::header::{Header, Payload, Step, VTable};
use crate::id::ThreadNumber;
use crate::memory;
use crate::priority::Priority;
use crate::reference::TaskRef;
use crate::schedule::Schedule;
use crate::snapshot::End;
use crate::sync::UnsafeCell;
use crate::tail::{self, Behind, Tail};
use crate::task::Task;
use crate::unwind::{caught, contained, discard};

/// A task: header first, so that a pointer to the header is a pointer to the cell.
#[repr(C)]
pub(crate) struct Cell<F: Future, S, H, T> {
    header: Header,
    origin: Origin<S, H, T>,
    stage: UnsafeCell<Stage<F>>,
}

/// Where a task comes from. Nothing of it costs a byte where it is not used.
pub(crate) struct Origin<S, H, T> {
    pub(crate) scheduler: S,
    /// `()`, or the thread that the future belongs to.
    pub(crate) home: H,
    /// `()`, or what stands behind the cell.
    pub(crate) tail: T,
}

/// Room for the future, then for its outcome. Which one it holds, the state word says [H5]; all
/// of them begin where the stage begins, so a pointer to it is cast to what it holds.
#[allow(dead_code, reason = "the fields are the layout")]
#[repr(C)]
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<F::Output>,
    panic: ManuallyDrop<Payload>,
}

/// What an [`Origin`] may hold as a home.
pub(crate) trait Home: Send + Sync + 'static {
    const LOCAL: bool;
    fn thread(&self) -> Option<ThreadNumber>;
}

impl Home for () {
    const LOCAL: bool = false;
    fn thread(&self) -> Option<ThreadNumber> {
        None
    }
}

impl Home for ThreadNumber {
    const LOCAL: bool = true;
    fn thread(&self) -> Option<ThreadNumber> {
        Some(*self)
    }
}

impl<F, S, H, T> Cell<F, S, H, T>
where
    F: Future + 'static,
    S: Schedule,
    H: Home,
    T: Tail,
{
    const VTABLE: VTable = VTable {
        poll: Self::poll,
        drop_future: Self::drop_future,
        drop_output: Self::drop_output,
        take_output: Self::take_output,
        take_panic: Self::take_panic,
        schedule: Self::schedule,
        ended: Self::ended,
        home: Self::home,
        behind: Self::behind,
        free: Self::free,
    };

    /// A cell, and what stands behind it.
    #[inline]
    fn layout(tail: T) -> Layout {
        tail::layout(Layout::new::<Self>(), tail)
    }

    /// Allocates a cell: queued, with a reference for being alive and one for the join handle.
    /// `name` is as long as `origin` says, and is copied behind the cell and its statistics [C5].
    ///
    /// The memory is taken once, and written whole before anybody sees it. If there is none, the
    /// program ends as with any failed allocation.
    #[inline]
    // COURSE(2.4) stub: todo
    pub(crate) fn allocate(
        future: F,
        origin: Origin<S, H, T>,
        name: &str,
        class: Priority,
        place: &'static Location<'static>,
    ) -> NonNull<Header> {
        let tail = origin.tail;
        debug_assert_eq!(tail.name_length().unwrap_or(0), name.len(), "[C5]");
        let layout = Self::layout(tail);
        let memory = memory::take(layout).cast::<Self>();
        let Some(cell) = NonNull::new(memory) else { handle_alloc_error(layout) };
        let header = Header::new(&Self::VTABLE, class, H::LOCAL, place);
        let stage = UnsafeCell::new(Stage { future: ManuallyDrop::new(future) });
        // SAFETY: [C1] fresh memory of this layout.
        unsafe { cell.write(Cell { header, origin, stage }) };
        // SAFETY: [C5] the layout has room behind the cell.
        let end = unsafe { cell.add(1) }.cast();
        // SAFETY: [C5] as above; the name is as long as the origin says.
        unsafe { tail::write(end, tail, name) };
        cell.cast()
    }

    /// The cell that a header stands in.
    ///
    /// # Safety
    ///
    /// `header` is the header of a live cell of this type. [C2]
    unsafe fn of<'a>(header: NonNull<Header>) -> &'a Self {
        // SAFETY: [C2] the caller says so; `repr(C)` puts the header first.
        unsafe { header.cast::<Self>().as_ref() }
    }

    /// Polls the future where it stands: it never moves [C3]. Pending, it stays; an output or a panic
    /// is its end, which [`finish`](Cell::finish) takes over. No panic leaves this function.
    // COURSE(2.7) stub: todo
    unsafe fn poll(header: NonNull<Header>, cx: &mut Context<'_>) -> Step {
        // SAFETY: [C2] from the vtable of this cell.
        let cell = unsafe { Self::of(header) };
        let polled = cell.stage.with_mut(|stage| {
            // SAFETY: [H5] we are RUNNING: the stage is the future and ours.
            let future = unsafe { &mut *stage.cast::<F>() };
            // SAFETY: [C3] the future stays in the cell until it is dropped there.
            let future = unsafe { Pin::new_unchecked(future) };
            caught(|| future.poll(cx))
        });
        match polled {
            Ok(Poll::Pending) => Step::Pending,
            Ok(Poll::Ready(output)) => Step::Ready(cell.finish(Ok(output))),
            Err(payload) => Step::Ready(cell.finish(Err(payload))),
        }
    }

    /// Drops the future and stores what came of it. Asks for `RUNNING`.
    ///
    /// A panic of that drop is the outcome in place of an output, which is dropped then; after a
    /// panic of the poll it is discarded. No panic leaves this function.
    // COURSE(2.8) stub: todo
    fn finish(&self, outcome: Result<F::Output, Payload>) -> End {
        let (outcome, second) = match (outcome, self.caught_drop()) {
            (outcome, Ok(())) => (outcome, None),
            // Nobody may see half a completion: the output of a future that could not be dropped
            // is dropped.
            (Ok(output), Err(payload)) => (Err(payload), caught(|| drop(output)).err()),
            (Err(payload), Err(second)) => (Err(payload), Some(second)),
        };
        second.into_iter().for_each(discard);
        self.store(outcome)
    }

    /// Stores what came of the future, which is gone. Asks for `RUNNING`.
    fn store(&self, outcome: Result<F::Output, Payload>) -> End {
        self.stage.with_mut(|stage| match outcome {
            Ok(output) => {
                // SAFETY: [H5] the stage is nothing, and ours.
                unsafe { stage.cast::<F::Output>().write(output) };
                End::Completed
            }
            Err(payload) => {
                // SAFETY: [H5] the stage is nothing, and ours.
                unsafe { stage.cast::<Payload>().write(payload) };
                End::Panicked
            }
        })
    }

    /// Replaces the future by nothing. Asks for `RUNNING`.
    fn caught_drop(&self) -> Result<(), Payload> {
        self.stage.with_mut(|stage| {
            // SAFETY: [H5] we are RUNNING: the stage is the future; after this it is nothing.
            caught(|| unsafe { stage.cast::<F>().drop_in_place() })
        })
    }

    /// Drops the future where it stands, and says how the task ended by it: a panic of the drop is
    /// stored as the outcome.
    // COURSE(2.11) stub: todo
    unsafe fn drop_future(header: NonNull<Header>) -> End {
        // SAFETY: [C2] from the vtable of this cell.
        let cell = unsafe { Self::of(header) };
        match cell.caught_drop() {
            Ok(()) => End::Cancelled,
            Err(payload) => cell.store(Err(payload)),
        }
    }

    /// Drops what the stage holds after an end of this kind: the output, the payload, or nothing. A panic
    /// of that drop is the caller's: the executor contains it, who drops the handle gets it.
    // COURSE(2.10) stub: todo
    unsafe fn drop_output(header: NonNull<Header>, end: End) {
        // SAFETY: [C2] from the vtable of this cell.
        let cell = unsafe { Self::of(header) };
        cell.stage.with_mut(|stage| match end {
            // SAFETY: [H5] the caller has the output of a completed task.
            End::Completed => unsafe { stage.cast::<F::Output>().drop_in_place() },
            // SAFETY: [H5] the caller has the output of a panicked task.
            End::Panicked => unsafe { stage.cast::<Payload>().drop_in_place() },
            End::Cancelled => {}
        });
    }

    /// Moves the output from the stage to where `to` points [C4].
    // COURSE(2.10) stub: todo
    unsafe fn take_output(header: NonNull<Header>, to: *mut ()) {
        // SAFETY: [C2] from the vtable of this cell.
        let cell = unsafe { Self::of(header) };
        // SAFETY: [H5] the caller has the output of a completed task.
        let output = cell.stage.with_mut(|stage| unsafe { stage.cast::<F::Output>().read() });
        // SAFETY: [C4] the caller's pointer is to an uninitialised output.
        unsafe { to.cast::<F::Output>().write(output) };
    }

    /// Moves the payload out of the stage.
    // COURSE(2.10) stub: todo
    unsafe fn take_panic(header: NonNull<Header>) -> Payload {
        // SAFETY: [C2] from the vtable of this cell.
        let cell = unsafe { Self::of(header) };
        // SAFETY: [H5] the caller has the output of a panicked task.
        cell.stage.with_mut(|stage| unsafe { stage.cast::<Payload>().read() })
    }

    /// Makes the one `Task` [S1], and hands it to a copy of the scheduler.
    ///
    /// The moment the task is handed over, another thread may run it to its end and free the cell:
    /// nothing of it may be touched afterwards. A task that comes back, or whose scheduler can not
    /// be cloned, is run by nobody: [`Task::refused`] ends it. A panic of that clone ends here; one of
    /// [`Schedule::schedule`] goes to who woke the task, which is cancelled if it is dropped on the way.
    // COURSE(2.6) stub: todo
    unsafe fn schedule(header: NonNull<Header>) {
        // SAFETY: [C2] from the vtable of this cell.
        let cell = unsafe { Self::of(header) };
        let scheduler = caught(|| cell.origin.scheduler.clone());
        // SAFETY: [S1] the caller set QUEUED, or holds what the setter made.
        let task = unsafe { Task::from_header(header) };
        // From here on the cell may be gone: only the copy of the scheduler is touched.
        let scheduled = match scheduler {
            Ok(scheduler) => scheduler.schedule(task),
            Err(payload) => {
                discard(payload);
                Err(task)
            }
        };
        if let Err(task) = scheduled {
            task.refused();
        }
    }

    unsafe fn ended(header: NonNull<Header>, end: End) {
        // SAFETY: [C2] from the vtable of this cell.
        let cell = unsafe { Self::of(header) };
        // SAFETY: [S6] the caller holds the reference of being alive for this call.
        let task = unsafe { TaskRef::borrowed(header) };
        if end == End::Panicked {
            contained(|| cell.panicked(&task));
        }
        cell.origin.scheduler.clone().ended(&task, end);
    }

    /// Shows the payload, which nobody else can see before the task is done. Asks for `RUNNING`.
    #[cold]
    fn panicked(&self, task: &TaskRef) {
        let _entered = current::enter(Some(task.as_header()), coop::BUDGET);
        let scheduler = self.origin.scheduler.clone();
        self.stage.with_mut(|stage| {
            // SAFETY: [H5] the task panicked, and is RUNNING: the stage is the payload, and ours.
            let payload = unsafe { &*stage.cast::<Payload>() };
            scheduler.panicked(task, payload.as_ref());
        });
    }

    unsafe fn home(header: NonNull<Header>) -> Option<ThreadNumber> {
        // SAFETY: [C2] from the vtable of this cell.
        unsafe { Self::of(header) }.origin.home.thread()
    }

    unsafe fn behind(header: NonNull<Header>) -> Behind {
        // SAFETY: [C2] from the vtable of this cell.
        let tail = unsafe { Self::of(header) }.origin.tail;
        // SAFETY: [C5] what stands behind it begins where the cell ends, in the same allocation.
        let end = unsafe { header.cast::<Self>().add(1) }.cast();
        // SAFETY: [C5] it was written there when the cell was made.
        unsafe { tail::read(end, tail) }
    }

    /// Drops what is left in the cell, header and origin, and gives its memory back with the layout it
    /// was taken with [C1]; also if the drop panics, and that panic ends here.
    // COURSE(2.4) stub: todo
    unsafe fn free(header: NonNull<Header>) {
        // SAFETY: [C2] from the vtable of this cell.
        let layout = Self::layout(unsafe { Self::of(header) }.origin.tail);
        let cell = header.cast::<Self>();
        // The scheduler may be dropped here, which is user code: the memory is given back all the same.
        // SAFETY: [S6] the caller had the last reference; the stage drops nothing by itself.
        contained(|| unsafe { cell.drop_in_place() });
        // SAFETY: [C1] allocated with this layout.
        unsafe { memory::give(cell.cast().as_ptr(), layout) };
    }
}

#[cfg(all(test, not(rt_loom)))]
mod tests {
    use std::future::pending;
    use std::sync::Arc;

    use super::*;

    fn within(body: impl FnOnce() + Send + 'static) {
        rt_testkit::within(std::time::Duration::from_secs(20), body);
    }

    /// A scheduler that can be counted.
    #[derive(Clone)]
    struct Held(#[allow(dead_code, reason = "counted")] Arc<()>);

    impl Schedule for Held {
        fn schedule(self, task: Task) -> Result<(), Task> {
            Err(task)
        }
    }

    #[track_caller]
    fn allocate<S: Schedule>(scheduler: S) -> NonNull<Header> {
        let origin = Origin { scheduler, home: (), tail: () };
        Cell::allocate(pending::<()>(), origin, "", Priority::Normal, Location::caller())
    }

    fn header(header: &NonNull<Header>) -> &Header {
        // SAFETY: [C1] it was allocated, and is freed by who holds the pointer.
        unsafe { header.as_ref() }
    }

    fn free(cell: NonNull<Header>) {
        let vtable = header(&cell).vtable;
        // SAFETY: [S6] nobody else has the cell; what pends for ever holds nothing.
        unsafe { (vtable.free)(cell) }
    }

    #[test]
    fn a_new_cell_is_queued_with_two_references() {
        within(|| {
            let cell = allocate(Held(Arc::new(())));
            let word = header(&cell).state.load();
            assert!(word.is_queued() && !word.is_local(), "[S1] it is to be polled: {word:?}");
            assert_eq!(word.count(), 2, "[S6] for being alive, and for the handle: {word:?}");
            assert_eq!(header(&cell).place.file(), file!(), "a report shows another place: [H1]");
            free(cell);
        });
    }

    #[test]
    fn a_cell_that_is_freed_drops_its_scheduler() {
        within(|| {
            let held = Arc::new(());
            let cell = allocate(Held(held.clone()));
            assert_eq!(Arc::strong_count(&held), 2, "the cell has no scheduler: nobody runs it");
            free(cell);
            assert_eq!(Arc::strong_count(&held), 1, "each task leaks a handle of its executor");
        });
    }

    #[test]
    #[cfg_attr(rt_sanitize, ignore = "nothing is recycled where it would hide a use after free")]
    fn the_next_cell_of_its_size_takes_the_memory_of_one_that_was_freed() {
        within(|| {
            let held = Arc::new(());
            let first = allocate(Held(held.clone()));
            free(first);
            let second = allocate(Held(held));
            assert_eq!(second, first, "each task leaks its memory: [C1]");
            free(second);
        });
    }

    /// Panics when it is dropped.
    #[derive(Clone)]
    struct Brittle;

    impl Schedule for Brittle {
        fn schedule(self, task: Task) -> Result<(), Task> {
            Err(task)
        }
    }

    impl Drop for Brittle {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                std::panic::resume_unwind(Box::new("oh"));
            }
        }
    }

    #[test]
    #[cfg_attr(rt_sanitize, ignore = "nothing is recycled where it would hide a use after free")]
    fn a_cell_is_freed_also_where_its_scheduler_panics() {
        within(|| {
            let first = allocate(Brittle);
            free(first);
            let second = allocate(Brittle);
            assert_eq!(second, first, "a scheduler's panic leaks the memory of a task: [C1]");
            free(second);
        });
    }
}
