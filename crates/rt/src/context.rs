//! Which runtime this thread is in, and whether it blocks on one.
//!
//! * **[N1]** Entering is undone in reverse order, on the same thread, also when unwinding.
//! * **[N2]** Nothing of the user's runs while the thread-local is borrowed: what is needed is
//!   copied out first.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::sync::Arc;

use rt_executor::LocalHandle;
use rt_metrics::Meter;
use rt_steal::Watch;

use crate::inner::{Inner, RuntimeFlavor};
use crate::messages;

#[derive(Clone)]
struct Context {
    runtime: Inner,
    /// Where local tasks go; only inside of a `block_on`.
    local: Option<LocalHandle>,
}

thread_local! {
    static CURRENT: RefCell<Option<Context>> = const { RefCell::new(None) };
    /// The runtime that this thread is a worker of, whichever it has entered, and what it counts with.
    static EMPLOYER: RefCell<Option<(Inner, Meter)>> = const { RefCell::new(None) };
    /// Shows the polls of its local tasks, if somebody looks.
    static WATCH: RefCell<Option<Arc<Watch>>> = const { RefCell::new(None) };
    /// The kind of runtime that this thread blocks on or works for.
    static BLOCKING: Cell<Option<RuntimeFlavor>> = const { Cell::new(None) };
}

/// Makes this the runtime of the thread; local tasks go where they went.
pub(crate) fn enter_beside(runtime: Inner) -> Entered {
    let local = read(|context| context.local.clone()).flatten();
    enter(runtime, local)
}

/// Undoes an [`enter`].
pub(crate) struct Entered {
    before: Option<Context>,
    not_send: PhantomData<*mut ()>,
}

/// Makes this the runtime of the thread.
pub(crate) fn enter(runtime: Inner, local: Option<LocalHandle>) -> Entered {
    let context = Some(Context { runtime, local });
    let before = CURRENT.try_with(|current| current.replace(context)).ok().flatten();
    Entered { before, not_send: PhantomData }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        let left = CURRENT.try_with(|current| current.replace(before));
        drop(left); // outside of the borrow [N2]
    }
}

/// Evidence that no other `block_on` of a runtime is on this thread's stack.
pub(crate) struct Blocking {
    not_send: PhantomData<*mut ()>,
}

/// Begins a `block_on`, which must not be inside of another.
#[track_caller]
pub(crate) fn block(what: &str, flavor: RuntimeFlavor) -> Blocking {
    if BLOCKING.get().is_some() {
        messages::nested(what);
    }
    BLOCKING.set(Some(flavor));
    // A job on a thread of the pool is one long poll: what it made before counts from now at the latest.
    rt_task::settle_marks();
    Blocking { not_send: PhantomData }
}

impl Drop for Blocking {
    fn drop(&mut self) {
        BLOCKING.set(None);
    }
}

/// Undoes a [`work_for`].
pub(crate) struct Working {
    not_send: PhantomData<*mut ()>,
}

/// From now on this thread is a worker of this runtime, and counts with this meter. `watch` shows the polls of its
/// local tasks.
pub(crate) fn work_for(runtime: Inner, meter: Meter, watch: Option<Arc<Watch>>) -> Working {
    drop(WATCH.try_with(|before| before.replace(watch)));
    drop(EMPLOYER.try_with(|employer| employer.replace(Some((runtime, meter)))));
    Working { not_send: PhantomData }
}

impl Drop for Working {
    fn drop(&mut self) {
        drop(EMPLOYER.try_with(RefCell::take));
        drop(WATCH.try_with(RefCell::take));
    }
}

/// The runtime that this thread is a worker of, and what it counts with.
pub(crate) fn employer() -> Option<(Inner, Meter)> {
    EMPLOYER.try_with(|employer| employer.borrow().clone()).ok().flatten()
}

/// The poll of a local task that goes on on this thread, if one does, is about to block, and does not count as one
/// that lasts.
pub(crate) fn excuse_local_poll() {
    let _gone_at_thread_exit = WATCH.try_with(|watch| {
        watch.borrow().iter().for_each(|watch| watch.end());
    });
}

/// On what kind of runtime this thread blocks, if it does.
pub(crate) fn blocking() -> Option<RuntimeFlavor> {
    BLOCKING.get()
}

/// Evidence that this thread may block: a `block_on` inside of it is inside of no other.
pub(crate) struct Unblocked {
    before: Option<RuntimeFlavor>,
    not_send: PhantomData<*mut ()>,
}

/// Lets this thread block, as if it were in no runtime, until that is undone.
pub(crate) fn unblock() -> Unblocked {
    Unblocked { before: BLOCKING.replace(None), not_send: PhantomData }
}

impl Drop for Unblocked {
    fn drop(&mut self) {
        BLOCKING.set(self.before);
    }
}

fn read<R>(read: impl FnOnce(&Context) -> R) -> Option<R> {
    CURRENT.try_with(|current| current.borrow().as_ref().map(read)).ok().flatten()
}

/// The runtime of this thread.
pub(crate) fn runtime() -> Option<Inner> {
    read(|context| context.runtime.clone())
}

/// What spawns on the runtime of this thread.
#[inline]
#[track_caller]
pub(crate) fn spawner(what: &str) -> rt_executor::Handle {
    match read(|context| context.runtime.spawner.clone()) {
        Some(spawner) => spawner,
        None => messages::no_runtime(what), // in no closure, which would hide the caller
    }
}

/// The runtime of this thread.
#[track_caller]
pub(crate) fn here(what: &str) -> Inner {
    match runtime() {
        Some(runtime) => runtime,
        None => messages::no_runtime(what),
    }
}

/// What spawns local tasks on this thread.
#[track_caller]
pub(crate) fn local_spawner(what: &str) -> LocalHandle {
    match read(|context| context.local.clone()) {
        None => messages::no_local_runtime(what),
        Some(None) => messages::no_local_context(what),
        Some(Some(local)) => local,
    }
}
