//! What is counted at a desk.
//!
//! * **[LO1]** It is written by whoever has the desk's [`Place`](crate::Place) alone, so by one thread at a
//!   time [CM2]: a load, an addition and a store, no more.

use rt_task::sync::{AtomicU64, Ordering};

/// Numbers of a desk since its commons was made [LO1].
pub(crate) struct DeskCounts {
    slot_hits: AtomicU64,
    overflows: AtomicU64,
}

impl DeskCounts {
    pub(crate) fn new() -> DeskCounts {
        DeskCounts { slot_hits: AtomicU64::new(0), overflows: AtomicU64::new(0) }
    }

    /// A task out of the slot was next.
    #[inline]
    pub(crate) fn hit_slot(&self) {
        add_one(&self.slot_hits);
    }

    /// The ring was full.
    #[cold]
    pub(crate) fn overflow(&self) {
        add_one(&self.overflows);
    }

    pub(crate) fn get(&self) -> [u64; 2] {
        [&self.slot_hits, &self.overflows].map(|count| count.load(Ordering::Relaxed))
    }
}

#[inline]
fn add_one(count: &AtomicU64) {
    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}
