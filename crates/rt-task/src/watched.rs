//! Whether anybody watches: one byte that the hot paths look at, and no more as long as it is zero.
//!
//! | bit | name | set while |
//! |---|---|---|
//! | 0 | `OBSERVED` | an [observer](crate::observe) is in place |
//! | 1 | `WATCHED` | somebody holds a [`Watching`] |
//!
//! A wake and a poll cost one relaxed load and a branch for all of it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

static FLAGS: AtomicU8 = AtomicU8::new(0);
static WATCHES: Mutex<usize> = Mutex::new(0);

const OBSERVED: u8 = 1;
const WATCHED: u8 = 1 << 1;

/// Whether anything is to be told or counted beside the work itself: an observer is in place, or somebody
/// holds a [`Watching`].
#[must_use]
#[inline]
pub fn is_watched() -> bool {
    FLAGS.load(Ordering::Relaxed) != 0
}

pub(crate) fn set_observed(is_observed: bool) {
    set(OBSERVED, is_observed);
}

/// Whether an observer is in place.
#[inline]
pub(crate) fn is_observed() -> bool {
    FLAGS.load(Ordering::Relaxed) & OBSERVED != 0
}

fn set(flag: u8, is_set: bool) {
    match is_set {
        true => FLAGS.fetch_or(flag, Ordering::Relaxed),
        false => FLAGS.fetch_and(!flag, Ordering::Relaxed),
    };
}

/// While one lives, wakes and polls in this process take the slow way: the one that counts into the
/// [`Stats`](crate::Stats) of tasks that have them, and on which a probe looks whether it was asked anything.
///
/// ```
/// assert!(!rt_task::is_watched());
/// let watching = rt_task::Watching::begin();
/// assert!(rt_task::is_watched());
/// drop(watching);
/// assert!(!rt_task::is_watched());
/// ```
#[derive(Debug)]
#[must_use = "dropped, it watches no more"]
pub struct Watching(());

impl Watching {
    /// From now on, until the last one is dropped.
    pub fn begin() -> Watching {
        change(|watches| *watches += 1);
        Watching(())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        change(|watches| *watches -= 1);
    }
}

fn change(change: impl FnOnce(&mut usize)) {
    let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
    change(&mut watches);
    set(WATCHED, *watches > 0);
}
