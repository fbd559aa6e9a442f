//! Which pool's thread this is.

use std::cell::Cell;

use rt_task::sync::plain_thread_local;

use crate::crew::Key;

plain_thread_local! {
    /// The number of the pool and of the thread. Without a destructor, so that it can be asked while
    /// the thread-locals of a thread are destroyed.
    static HERE: Cell<Option<(u64, Key)>> = Cell::new(None)
}

/// From now on this thread belongs to a pool.
pub(crate) fn enter(pool: u64, key: Key) {
    HERE.with(|here| here.set(Some((pool, key))));
}

/// The number of this thread, if it belongs to the pool.
pub(crate) fn key(pool: u64) -> Option<Key> {
    HERE.with(Cell::get).filter(|&(its, _)| its == pool).map(|(_, key)| key)
}
