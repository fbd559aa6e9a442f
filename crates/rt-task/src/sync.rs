//! The primitives that two threads meet on: std's, or loom's when a model is explored.
//!
//! Everything above this crate takes atomics, locks, cells and threads from here, so that
//! `RUSTFLAGS="--cfg rt_loom"` replaces all of them at once. It is public for the crates of this
//! workspace and hidden from everybody else.

#[cfg(rt_loom)]
mod model;
#[cfg(not(rt_loom))]
mod real;

#[cfg(rt_loom)]
pub use model::*;
#[cfg(not(rt_loom))]
pub use real::*;

/// Locks, also what a panicking thread left behind.
///
/// No user code runs under a lock of this workspace, so nothing is half done behind a poisoned
/// one.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
