//! For which team this thread works, and at which desk; and how often it has spawned from none.

use std::cell::Cell;

use rt_task::sync::plain_thread_local;

/// The address of a commons, and the desk, if the thread has a place.
type Here = (usize, Option<usize>);

plain_thread_local! {
    static HERE: Cell<Option<Here>> = Cell::new(None)
}

/// Evidence that this thread works for a team.
pub(crate) struct Hired {
    before: Option<Here>,
}

/// From now on this thread works for the commons with this address, at no desk yet.
pub(crate) fn work_for(commons: usize) -> Hired {
    Hired { before: HERE.with(|here| here.replace(Some((commons, None)))) }
}

/// Where it works has changed.
pub(crate) fn set_desk(desk: Option<usize>) {
    HERE.with(|here| here.set(here.get().map(|(commons, _)| (commons, desk))));
}

/// Whether this thread works for the commons with this address.
pub(crate) fn is_hired(commons: usize) -> bool {
    HERE.with(Cell::get).is_some_and(|(at, _)| at == commons)
}

/// The desk of this thread, if it works at one of the commons with this address.
#[inline]
pub(crate) fn desk_of(commons: usize) -> Option<usize> {
    HERE.with(Cell::get).filter(|&(at, _)| at == commons).and_then(|(_, desk)| desk)
}

impl Drop for Hired {
    fn drop(&mut self) {
        HERE.with(|here| here.set(self.before));
    }
}

plain_thread_local! {
    static SPAWNS: Cell<usize> = Cell::new(0)
}

/// Counts a spawn of this thread, and says how many came before.
#[inline]
pub(crate) fn count_spawn() -> usize {
    SPAWNS.with(|spawns| spawns.replace(spawns.get().wrapping_add(1)))
}
