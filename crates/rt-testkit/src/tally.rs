//! Counting what is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many of its [`Witness`]es were dropped.
///
/// ```
/// let tally = rt_testkit::Tally::new();
/// drop((tally.witness(), tally.witness()));
/// assert_eq!(tally.dropped(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tally {
    dropped: Arc<AtomicUsize>,
}

/// Counts when it is dropped. See [`Tally::witness`].
#[derive(Debug)]
pub struct Witness {
    dropped: Arc<AtomicUsize>,
}

impl Tally {
    /// None dropped.
    #[must_use]
    pub fn new() -> Tally {
        Tally::default()
    }

    /// Something whose drop counts.
    #[must_use]
    pub fn witness(&self) -> Witness {
        Witness { dropped: self.dropped.clone() }
    }

    /// How many were dropped.
    #[must_use]
    pub fn dropped(&self) -> usize {
        // ORDER(tally): receives what was done before the drops that are counted.
        self.dropped.load(Ordering::Acquire)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // ORDER(tally): publishes what was done before the drop.
        self.dropped.fetch_add(1, Ordering::Release);
    }
}
