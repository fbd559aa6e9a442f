//! Until when the driver sleeps, and the bell that wakes it sooner.
//!
//! Owns the one word that all wheels of a driver share. It is the second half of a protocol whose
//! first half is the deadline that each wheel publishes (`axle.rs`):
//!
//! ```text
//!   who arms                              who parks
//!   next of its wheel ← tick              until ← the earliest `next` of all
//!   ───────────────── fence ──────────    ────────────────── fence ─────────────
//!   until > tick?  ring                   looks at every `next` again: the earlier one counts
//! ```
//!
//! * **[E1]** Of an arming thread and a parking one, at least one sees what the other wrote: no
//!   deadline falls between the look at the wheels and the sleep.
//!
//! Proof, with A arming tick `t` and P parking. Both fences are sequentially consistent, so one
//! comes before the other. If A's comes first, P's second look reads `t` or what replaced it, and P
//! sleeps no longer than that. If P's comes first, A reads `until` as P wrote it or as somebody
//! wrote it later: if that was P, it has woken meanwhile, and this argument holds for its next
//! park; if it was another arming thread B that lowered it to `u`, B rings, and P writes `until`
//! again after that. Either `t < u`, and A rings too, or B's ring makes P look again, after a write
//! that A did not see, so that A's fence comes before the one of that look. A timer that is not
//! earlier than what its wheel has published is covered by the argument for that deadline.
//!
//! * **[E4]** A timer that is not the first of its wheel does not come here. One that is reads the
//!   word, and writes it only when it rings.
//!
//! Deliberately not here: the wheels, and the clock.

use std::task::Waker;

use rt_task::sync::{AtomicU64, Ordering, fence};

/// The driver is awake: no tick is earlier than this.
const AWAKE: u64 = 0;

pub(crate) struct Alarm {
    /// The tick until which the driver sleeps.
    until: AtomicU64,
    /// Ends the driver's park.
    bell: Waker,
}

impl Alarm {
    pub(crate) fn new(bell: Waker) -> Alarm {
        Alarm { until: AtomicU64::new(AWAKE), bell }
    }

    /// The driver means to sleep until `tick`. Then it must look at the wheels again [E1].
    pub(crate) fn set(&self, tick: u64) {
        self.until.store(tick, Ordering::Relaxed);
        // ORDER(alarm): what who parks wrote, before its second look at the deadlines.
        fence(Ordering::SeqCst);
    }

    /// The driver wakes earlier than it said: at `tick`.
    pub(crate) fn lower(&self, tick: u64) {
        self.until.fetch_min(tick, Ordering::Relaxed);
    }

    /// The driver is awake, and will look before it sleeps: nobody need ring.
    pub(crate) fn stop(&self) {
        self.until.store(AWAKE, Ordering::Relaxed);
    }

    /// Whether a driver must be told of `tick`, which was published before [E1]. Says so once: who
    /// comes later with the same tick need not ring.
    // COURSE(5.7) stub: expr: false
    pub(crate) fn is_later_than(&self, tick: u64) -> bool {
        // ORDER(alarm): what who arms wrote, before its look at the driver's word.
        fence(Ordering::SeqCst);
        self.until.load(Ordering::Relaxed) > tick
            && self.until.fetch_min(tick, Ordering::Relaxed) > tick
    }

    /// Whether the driver sleeps, until before `tick`. A moment later that may be otherwise.
    pub(crate) fn is_set_before(&self, tick: u64) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until != AWAKE && until < tick
    }

    pub(crate) fn ring(&self) {
        self.bell.wake_by_ref();
    }
}
