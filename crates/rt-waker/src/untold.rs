//! Wakers come and go, and nobody is told: without the feature `observed`.

use rt_task::TaskRef;

#[inline]
pub(crate) fn made(_: &TaskRef) {}

#[inline]
pub(crate) fn wake(task: TaskRef) {
    task.wake();
}

#[inline]
pub(crate) fn drop(_: TaskRef) {}
