//! Wakers come and go: told to [`rt_task::Observer`], where the feature `observed` asks for it.

use rt_task::TaskRef;

/// One waker more.
#[inline]
pub(crate) fn made(task: &TaskRef) {
    rt_task::tell_waker_made(task.id());
}

/// Wakes the task, with a waker that ends so. In this order: nobody is to see a task that waits and has no
/// waker.
#[inline]
pub(crate) fn wake(task: TaskRef) {
    let id = task.id();
    task.wake();
    rt_task::tell_waker_dropped(id);
}

/// One waker less.
#[inline]
pub(crate) fn drop(task: TaskRef) {
    rt_task::tell_waker_dropped(task.id());
}
