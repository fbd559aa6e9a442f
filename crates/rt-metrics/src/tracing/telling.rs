//! Calling a subscriber, which is somebody else's code.

use std::cell::Cell;

use rt_task::unwind::contained;

thread_local! {
    static IS_TELLING: Cell<bool> = const { Cell::new(false) };
}

/// Calls the subscriber, unless it is what calls us [TG2]. `None` if it was not called, or has panicked; also on
/// a thread that ends.
pub(super) fn tell<R>(subscriber: impl FnOnce() -> R) -> Option<R> {
    let _telling = Telling::begin()?;
    contained(subscriber)
}

/// Evidence that nobody else calls a subscriber on this thread.
struct Telling;

impl Telling {
    fn begin() -> Option<Telling> {
        let was_telling = IS_TELLING.try_with(|telling| telling.replace(true));
        // Not `then_some`: the one that is not given out would be dropped, and end the outer one.
        (was_telling == Ok(false)).then(|| Telling)
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        let _ = IS_TELLING.try_with(|telling| telling.set(false));
    }
}
