//! `rt-task` has one observer a process; of this crate several want to be told.

use std::sync::{PoisonError, RwLock};

use rt_task::{End, Id, Observer, Spawned};

/// Who may be told, in the order in which they are.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "spans come with their feature")]
pub(crate) enum Watcher {
    Traces,
    Spans,
}

type Watchers = [Option<&'static dyn Observer>; 2];

static WATCHERS: RwLock<Watchers> = RwLock::new([None; 2]);

/// From now on this one is told for the watcher, or nobody.
pub(crate) fn set(watcher: Watcher, observer: Option<&'static dyn Observer>) {
    let mut watchers = WATCHERS.write().unwrap_or_else(PoisonError::into_inner);
    watchers[watcher as usize] = observer;
    rt_task::observe(match *watchers {
        [None, None] => None,
        [Some(one), None] | [None, Some(one)] => Some(one),
        [Some(_), Some(_)] => Some(&All),
    });
}

/// Everybody. If one panics, those behind it are not told.
struct All;

impl All {
    /// Told under no lock: an observer may come or go meanwhile.
    fn each(&self, tell: impl Fn(&dyn Observer)) {
        let watchers = *WATCHERS.read().unwrap_or_else(PoisonError::into_inner);
        watchers.into_iter().flatten().for_each(tell);
    }
}

impl Observer for All {
    fn spawned(&self, task: Spawned<'_>, by: Option<Id>) {
        self.each(|observer| observer.spawned(task, by));
    }

    fn woken(&self, task: Id, by: Option<Id>) {
        self.each(|observer| observer.woken(task, by));
    }

    fn aborted(&self, task: Id, by: Option<Id>) {
        self.each(|observer| observer.aborted(task, by));
    }

    fn waker_made(&self, task: Id) {
        self.each(|observer| observer.waker_made(task));
    }

    fn waker_dropped(&self, task: Id) {
        self.each(|observer| observer.waker_dropped(task));
    }

    fn ended(&self, task: Id, how: End) {
        self.each(|observer| observer.ended(task, how));
    }
}
