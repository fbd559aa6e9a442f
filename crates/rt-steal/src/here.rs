//! At which desk this thread works.

use std::cell::Cell;

use rt_task::sync::plain_thread_local;

plain_thread_local! {
    /// The address of the commons, and the desk.
    static HERE: Cell<Option<(usize, usize)>> = Cell::new(None)
}

/// Evidence that this thread has said where it works. Threads do not change crews while it lives.
pub(crate) struct Seated {
    before: Option<(usize, usize)>,
}

/// From now on this thread works at a desk of the commons with this address.
pub(crate) fn sit(commons: usize, desk: usize) -> Seated {
    Seated { before: HERE.with(|here| here.replace(Some((commons, desk)))) }
}

/// The desk of this thread, if it works for the commons with this address.
#[inline]
pub(crate) fn desk_of(commons: usize) -> Option<usize> {
    HERE.with(Cell::get).filter(|&(at, _)| at == commons).map(|(_, desk)| desk)
}

impl Drop for Seated {
    fn drop(&mut self) {
        HERE.with(|here| here.set(self.before));
    }
}

plain_thread_local! {
    static TURN: Cell<usize> = Cell::new(0)
}

/// Counts the calls on this thread.
#[inline]
pub(crate) fn turn() -> usize {
    TURN.with(|turn| turn.replace(turn.get().wrapping_add(1)))
}
