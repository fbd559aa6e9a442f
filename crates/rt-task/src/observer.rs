//! One hook for what happens to tasks on any thread: spawns, wakes, aborts, ends.
//!
//! An executor sees its own polls and parks. Who woke whom happens wherever a waker is, in code
//! that is not generic, so it is told here, with the task that was polled there at that moment.
//! Off by default: one relaxed load and a branch, which it shares with other watchers (`watched.rs`).

use std::panic::Location;

use crate::hook::Hook;
use crate::id::Id;
use crate::priority::Priority;
use crate::snapshot::End;
use crate::watched;

/// What a task is told with when it is spawned.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Spawned<'a> {
    /// Its number.
    pub id: Id,
    /// Its name, if it has one.
    pub name: Option<&'a str>,
    /// Where it was spawned.
    pub place: &'static Location<'static>,
    /// Its class.
    pub priority: Priority,
    /// What sort of task it is.
    pub kind: Kind,
    /// How many bytes its future takes.
    pub size: usize,
}

/// What sort of task one is, for who observes: nothing else asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// It may run on any thread.
    #[default]
    Task,
    /// It stays on its thread.
    Local,
    /// It is a job that blocks its thread: see [`Builder::blocking`](crate::Builder::blocking).
    Blocking,
}

/// Is told what happens to every task of the process. `by` is the task that was being polled on
/// the thread where it happened.
///
/// The methods run inside `spawn`, `wake` and the like, on any thread: they must not block, and
/// must not spawn or wake tasks themselves. A panic in one of them is caught.
pub trait Observer: Send + Sync {
    /// A task was made.
    fn spawned(&self, task: Spawned<'_>, by: Option<Id>) {
        let _ = (task, by);
    }

    /// A task was woken; also told when it was queued or done already.
    fn woken(&self, task: Id, by: Option<Id>) {
        let _ = (task, by);
    }

    /// Somebody asked that a task be cancelled.
    fn aborted(&self, task: Id, by: Option<Id>) {
        let _ = (task, by);
    }

    /// A waker of the task was made, mostly by cloning another one. Told only by who
    /// [asks for it](tell_waker_made).
    fn waker_made(&self, task: Id) {
        let _ = task;
    }

    /// A waker of the task is gone: dropped, or used up by a wake. Told as
    /// [`waker_made`](Observer::waker_made).
    fn waker_dropped(&self, task: Id) {
        let _ = task;
    }

    /// The future of a task is gone.
    fn ended(&self, task: Id, how: End) {
        let _ = (task, how);
    }
}

static HOOK: Hook<dyn Observer> = Hook::new();

/// Puts an observer in place of the one before, which is returned. `None` switches it off.
pub fn observe(observer: Option<&'static dyn Observer>) -> Option<&'static dyn Observer> {
    HOOK.set_and(observer, watched::set_observed)
}

/// Tells the observer, if there is one, that a waker of a task was made: for who makes wakers.
///
/// Wakers come and go in every poll, so this is not told unless somebody pays for it: the feature `observed`
/// of `rt-waker`.
///
/// ```
/// # use rt_testkit::ByHand;
/// let (task, _handle) = rt_task::Task::new(async {}, ByHand::new());
/// rt_task::tell_waker_made(task.id());
/// rt_task::tell_waker_dropped(task.id());
/// ```
#[inline]
pub fn tell_waker_made(task: Id) {
    tell(|observer| observer.waker_made(task));
}

/// Tells the observer, if there is one, that a waker of a task is gone: see [`tell_waker_made`].
#[inline]
pub fn tell_waker_dropped(task: Id) {
    tell(|observer| observer.waker_dropped(task));
}

/// Tells the observer, if there is one.
#[inline]
pub(crate) fn tell(what: impl FnOnce(&'static dyn Observer)) {
    if watched::is_observed() {
        HOOK.tell(what);
    }
}
