//! Which executors run on this thread: how a thread knows its own tasks.
//!
//! A task that is woken on the thread that will run it goes straight into a queue that only this
//! thread touches. Its shard number is compared with those of the executors entered here, the
//! innermost first; for everybody else it takes the inbox of its hub.
//!
//! * **[B4]** A queue is borrowed for one push or one pop, and no code of others runs meanwhile:
//!   queues drop no tasks, so no push finds the queue borrowed.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem::ManuallyDrop;
use std::rc::Rc;

use rt_task::Task;

use crate::queue::RunQueue;
use crate::ready::Ready;

/// What takes tasks in that are woken on its thread.
pub(crate) trait Arrive {
    fn arrive(&self, task: Task);
}

impl<Q: RunQueue> Arrive for RefCell<Ready<Q>> {
    #[inline]
    fn arrive(&self, task: Task) {
        self.borrow_mut().push(task);
    }
}

/// An executor that runs on this thread, what is ready there, and the one around it.
struct Entry<A: ?Sized> {
    shard: u16,
    outer: Cell<Innermost>,
    ready: A,
}

type Innermost = Option<Rc<Entry<dyn Arrive>>>;

rt_task::sync::plain_thread_local! {
    /// Who leaves it takes himself out, so nothing is left to drop when the thread ends.
    static ENTERED: ManuallyDrop<Cell<Innermost>> = ManuallyDrop::new(Cell::new(None))
}

/// Evidence that an executor runs on this thread.
pub(crate) struct Enter<Q> {
    entry: Rc<Entry<RefCell<Ready<Q>>>>,
}

impl<Q: RunQueue> Enter<Q> {
    /// Until it is left, tasks of this shard that are scheduled on this thread go to `ready`.
    pub(crate) fn new(shard: u16, ready: Ready<Q>) -> Enter<Q> {
        let outer = Cell::new(ENTERED.with(|entered| entered.take()));
        let entry = Rc::new(Entry { shard, outer, ready: RefCell::new(ready) });
        ENTERED.with(|entered| entered.set(Some(entry.clone())));
        Enter { entry }
    }

    #[inline]
    pub(crate) fn push(&self, task: Task) {
        self.entry.ready.arrive(task);
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<Task> {
        self.entry.ready.borrow_mut().pop()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entry.ready.borrow().is_empty()
    }

    /// What is ready stays so.
    pub(crate) fn leave(self) -> Ready<Q> {
        let entered = ENTERED.with(|entered| entered.take());
        let left = without(entered, Rc::as_ptr(&self.entry).cast());
        ENTERED.with(|entered| entered.set(left));
        let entry = Rc::into_inner(self.entry);
        entry.unwrap_or_else(|| unreachable!("[B4] nobody keeps a queue")).ready.into_inner()
    }
}

impl<Q> fmt::Debug for Enter<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enter").field("shard", &self.entry.shard).finish_non_exhaustive()
    }
}

/// The executors without one of them, which need not be the innermost.
fn without(entered: Innermost, gone: *const ()) -> Innermost {
    let entry = entered?;
    let outer = entry.outer.take();
    if Rc::as_ptr(&entry).cast() == gone {
        return outer;
    }
    entry.outer.set(without(outer, gone));
    Some(entry)
}

/// Gives a task to the executor of its shard, if that runs on this thread.
///
/// # Errors
///
/// The task, if it does not.
#[inline]
pub(crate) fn arrive(shard: u16, task: Task) -> Result<(), Task> {
    // Taken out and put back: two moves, where a borrow would count.
    let innermost = ENTERED.with(|entered| entered.take());
    let arrived = match &innermost {
        Some(entry) if entry.shard == shard => {
            entry.ready.arrive(task);
            Ok(())
        }
        Some(entry) => arrive_outside(entry, shard, task),
        None => Err(task),
    };
    // What it replaces is the nothing that was left there: not worth the code of a drop.
    std::mem::forget(ENTERED.with(|entered| entered.replace(innermost)));
    arrived
}

/// To one of the executors around `inner`.
#[cold]
fn arrive_outside(inner: &Entry<dyn Arrive>, shard: u16, task: Task) -> Result<(), Task> {
    let outer = inner.outer.take();
    let arrived = match &outer {
        Some(entry) if entry.shard == shard => {
            entry.ready.arrive(task);
            Ok(())
        }
        Some(entry) => arrive_outside(entry, shard, task),
        None => Err(task),
    };
    inner.outer.set(outer);
    arrived
}
