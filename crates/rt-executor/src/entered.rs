//! Which executors run on this thread: how a thread knows its own tasks.
//!
//! A task that is woken on a thread that runs its executor goes straight into that thread's queue.
//! Its shard number is compared with that of the executor entered last, then its site with those of
//! all that are entered; for everybody else it takes the door of its site.
//!
//! * **[B4]** While a task arrives, the list of the entered is taken out of its place: what takes it in
//!   runs no code of others, so nobody misses it; a task that arrived meanwhile would go by the door.
//!   Queues drop no tasks.
//! * **[B5]** A task that is scheduled on a thread where its executor is entered arrives there, in
//!   whichever list of the site it is and whatever was entered since.

use std::cell::Cell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::rc::Rc;

use rt_task::Task;

use crate::site::Site;

/// What takes tasks in that are woken on its thread. It runs no code of others: it drops no task, and
/// wakes no task `[B4]`.
pub trait Arrive: 'static {
    /// Takes a task in.
    fn arrive(&self, task: Task, how: Arrival);
}

/// How a task comes to its executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is new: whoever spawned it may spawn more.
    Spawned,
    /// It was woken.
    Woken,
}

/// Evidence that an executor runs on this thread: tasks of its site that are scheduled here arrive in
/// what is inside, until it is [left](Entered::leave). Dropped without that, it loses the tasks that arrive.
#[must_use = "leave it"]
pub struct Entered<A: Arrive> {
    entry: Rc<Entry<A>>,
}

struct Entry<A: ?Sized> {
    /// The shard of the tasks that were spawned on this thread, and so of most that are woken on it.
    shard: u16,
    site: Option<&'static Site>,
    outer: Cell<Innermost>,
    inside: A,
}

type Innermost = Option<Rc<Entry<dyn Arrive>>>;

rt_task::sync::plain_thread_local! {
    /// Who leaves it takes himself out, so nothing is left to drop when the thread ends.
    static ENTERED: ManuallyDrop<Cell<Innermost>> = ManuallyDrop::new(Cell::new(None))
}

impl<A: Arrive> Entered<A> {
    /// From now on tasks of the site of `shard` arrive in `inside`, soonest those of `shard` itself.
    pub fn new(shard: u16, inside: A) -> Entered<A> {
        let outer = Cell::new(ENTERED.with(|entered| entered.take()));
        let entry = Rc::new(Entry { shard, site: Site::of(shard), outer, inside });
        ENTERED.with(|entered| entered.set(Some(entry.clone())));
        Entered { entry }
    }

    /// What is inside, where no task arrives any more.
    pub fn leave(self) -> A {
        let entered = ENTERED.with(|entered| entered.take());
        let left = without(entered, Rc::as_ptr(&self.entry).cast());
        ENTERED.with(|entered| entered.set(left));
        let entry = Rc::into_inner(self.entry);
        entry.unwrap_or_else(|| unreachable!("[B4] nobody keeps an entry")).inside
    }
}

impl<A: Arrive> Deref for Entered<A> {
    type Target = A;

    #[inline]
    fn deref(&self) -> &A {
        &self.entry.inside
    }
}

impl<A: Arrive> fmt::Debug for Entered<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").field("shard", &self.entry.shard).finish_non_exhaustive()
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

/// Gives a task to an executor of its site, if one is entered on this thread (`[B5]`). Those that are
/// entered are the same before and after.
///
/// # Errors
///
/// The task, if none is.
#[inline]
// COURSE(4.2) stub: todo
pub(crate) fn arrive(shard: u16, task: Task, how: Arrival) -> Result<(), Task> {
    // Taken out and put back: two moves, where a borrow would count.
    let innermost = ENTERED.with(|entered| entered.take());
    let arrived = match &innermost {
        Some(entry) if entry.shard == shard => {
            entry.inside.arrive(task, how);
            Ok(())
        }
        Some(entry) => match Site::of(shard) {
            Some(site) => arrive_at(site, entry, task, how),
            None => Err(task),
        },
        None => Err(task),
    };
    // What it replaces is the nothing that was left there: not worth the code of a drop.
    std::mem::forget(ENTERED.with(|entered| entered.replace(innermost)));
    arrived
}

/// Gives a task to the innermost of this site, from `entry` on to those outside of it. They are linked as
/// before when it returns.
///
/// # Errors
///
/// The task, if none of them is of this site.
// COURSE(4.2) stub: todo
fn arrive_at(
    site: &'static Site,
    entry: &Entry<dyn Arrive>,
    task: Task,
    how: Arrival,
) -> Result<(), Task> {
    if entry.site.is_some_and(|entered| std::ptr::eq(entered, site)) {
        entry.inside.arrive(task, how);
        return Ok(());
    }
    let outer = entry.outer.take();
    let arrived = match &outer {
        Some(entry) => arrive_at(site, entry, task, how),
        None => Err(task),
    };
    entry.outer.set(outer);
    arrived
}
