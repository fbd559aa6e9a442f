//! The place for one observer of the process: of tasks here, of timers and sockets in the crates above.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::unwind::contained;

/// Where somebody may be told what happens, from any thread. With nobody there it costs a relaxed load and a
/// branch.
///
/// ```
/// use rt_task::Hook;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// trait Watcher: Sync {
///     fn seen(&self, count: usize);
/// }
/// impl Watcher for AtomicUsize {
///     fn seen(&self, count: usize) {
///         self.fetch_add(count, Ordering::Relaxed);
///     }
/// }
///
/// static HOOK: Hook<dyn Watcher> = Hook::new();
/// static SUM: AtomicUsize = AtomicUsize::new(0);
/// HOOK.tell(|watcher| watcher.seen(1)); // nobody is there
/// HOOK.set(Some(&SUM));
/// HOOK.tell(|watcher| watcher.seen(2));
/// assert_eq!(SUM.load(Ordering::Relaxed), 2);
/// ```
pub struct Hook<O: ?Sized + 'static> {
    is_on: AtomicBool,
    observer: RwLock<Option<&'static O>>,
}

impl<O: ?Sized> Hook<O> {
    /// With nobody there.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it stands in a static")]
    pub const fn new() -> Hook<O> {
        Hook { is_on: AtomicBool::new(false), observer: RwLock::new(None) }
    }

    /// Puts an observer in place of the one before, which is returned. `None` switches it off.
    pub fn set(&self, observer: Option<&'static O>) -> Option<&'static O> {
        self.set_and(observer, |_| ())
    }

    /// As [`set`](Hook::set); `say` is told whether there is one now, before anybody else changes that.
    pub(crate) fn set_and(
        &self,
        observer: Option<&'static O>,
        say: impl FnOnce(bool),
    ) -> Option<&'static O> {
        let mut place = self.observer.write().unwrap_or_else(PoisonError::into_inner);
        self.is_on.store(observer.is_some(), Ordering::Relaxed);
        say(observer.is_some());
        mem::replace(&mut *place, observer)
    }

    /// Tells the observer, if there is one.
    #[inline]
    pub fn tell(&self, what: impl FnOnce(&'static O)) {
        if self.is_on.load(Ordering::Relaxed) {
            self.tell_it(what);
        }
    }

    /// The observer is copied out so that it runs under no lock. A panic of it ends with the message of
    /// the panic hook: nobody's poll or wake is to unwind because of it.
    #[cold]
    fn tell_it(&self, what: impl FnOnce(&'static O)) {
        let observer = *self.observer.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(observer) = observer {
            contained(|| what(observer));
        }
    }
}

impl<O: ?Sized> std::fmt::Debug for Hook<O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hook").field("is_on", &self.is_on).finish_non_exhaustive()
    }
}
