//! Where a deadline belongs, and which slots are in use.
//!
//! Owns the slots, their bitmaps, and the tick that the wheel has reached; the entries themselves
//! are elsewhere (`wheel/slab.rs`), this file sees heads of lists only.
//!
//! A tick is written as eleven digits of six bits, the top one of four. A deadline belongs to the
//! level of the highest digit in which it differs from the tick that the wheel has reached, and
//! there to the slot of its own digit:
//!
//! ```text
//!    elapsed    0 … 0 0 17  5 63      deadline   0 … 0 0 17 42  8
//!                                                             ▲
//!                          first difference: level 1 ─────────┘ slot 42
//! ```
//!
//! The digits above are equal, so a level never wraps around and a slot never holds two rotations
//! (tokio #8334 corrupted a list that way). Eleven levels hold every `u64`: nothing overflows.

use super::slab::List;

/// Six bits a digit: a level has as many slots as a word has bits.
const BITS: u32 = 6;
/// Slots of a level.
const SLOTS: usize = 1 << BITS;
/// Levels that it takes to hold 64 bits.
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

/// The slots of a wheel.
pub(super) struct Levels {
    elapsed: u64,
    /// Which levels have an occupied slot.
    levels: u16,
    /// Which slots of each level are not empty.
    occupied: [u64; LEVELS],
    /// Slots that lost an entry that had their `min`.
    stale: [u64; LEVELS],
    slots: Box<[[Slot; SLOTS]; LEVELS]>,
}

/// Entries that are due in the same range of ticks.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    /// No later than any deadline in the list [W5].
    pub(super) min: u64,
    pub(super) list: List,
}

/// The position of a slot.
#[derive(Clone, Copy)]
pub(super) struct Place {
    level: usize,
    slot: usize,
}

impl Levels {
    pub(super) fn new() -> Levels {
        const EMPTY: Slot = Slot { min: 0, list: List::EMPTY };
        Levels {
            elapsed: 0,
            levels: 0,
            occupied: [0; LEVELS],
            stale: [0; LEVELS],
            slots: Box::new([[EMPTY; SLOTS]; LEVELS]),
        }
    }

    #[inline]
    pub(super) fn elapsed(&self) -> u64 {
        self.elapsed
    }

    /// Moves on to `tick`. Who moves into an occupied slot above level 0 empties it next [W2].
    pub(super) fn advance(&mut self, tick: u64) {
        debug_assert!(self.elapsed <= tick, "[W1] a wheel never turns back");
        self.elapsed = tick;
    }

    /// Where `deadline`, which is not before `elapsed`, belongs [W2].
    #[inline]
    pub(super) fn place(&self, deadline: u64) -> Place {
        let lowest_digit = SLOTS as u64 - 1;
        let level = ((deadline ^ self.elapsed) | lowest_digit).ilog2() / BITS;
        let slot = (deadline >> (level * BITS)) & lowest_digit;
        Place { level: level as usize, slot: slot as usize }
    }

    /// The place of the earliest deadline [W3].
    #[inline]
    pub(super) fn first(&self) -> Option<Place> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        let slot = self.occupied[level].trailing_zeros() as usize;
        Some(Place { level, slot })
    }

    /// The first tick of a slot.
    #[inline]
    pub(super) fn start(&self, at: Place) -> u64 {
        let shift = at.level as u32 * BITS;
        let above = (self.elapsed >> shift) & !(SLOTS as u64 - 1);
        (above | at.slot as u64) << shift
    }

    #[inline]
    pub(super) fn slot(&self, at: Place) -> &Slot {
        &self.slots[at.level][at.slot]
    }

    /// Notes that an entry comes into the slot, and gives the list to link it into.
    #[inline]
    pub(super) fn enter(&mut self, at: Place, deadline: u64) -> &mut List {
        let slot = &mut self.slots[at.level][at.slot];
        let empty = slot.list.is_empty();
        if empty {
            self.occupied[at.level] |= at.bit();
            self.levels |= 1 << at.level;
        }
        if empty || deadline <= slot.min {
            slot.min = deadline;
            self.stale[at.level] &= !at.bit();
        }
        &mut slot.list
    }

    /// The list to take an entry out of; [`leave`](Self::leave) comes next.
    #[inline]
    pub(super) fn list(&mut self, at: Place) -> &mut List {
        &mut self.slots[at.level][at.slot].list
    }

    /// Notes that an entry has left the slot.
    #[inline]
    pub(super) fn leave(&mut self, at: Place, deadline: u64) {
        let slot = &self.slots[at.level][at.slot];
        if slot.list.is_empty() {
            self.occupied[at.level] &= !at.bit();
            if self.occupied[at.level] == 0 {
                self.levels &= !(1 << at.level);
            }
        } else if deadline == slot.min {
            self.stale[at.level] |= at.bit();
        }
    }

    /// Empties a slot: the list that was in it.
    pub(super) fn take(&mut self, at: Place) -> List {
        let list = std::mem::replace(self.list(at), List::EMPTY);
        self.leave(at, 0);
        list
    }

    /// Whether `min` of the slot may be too early [W5].
    #[inline]
    pub(super) fn is_stale(&self, at: Place) -> bool {
        self.stale[at.level] & at.bit() != 0
    }

    /// Sets `min` of a stale slot to the earliest deadline in it.
    pub(super) fn refresh(&mut self, at: Place, min: u64) {
        self.slots[at.level][at.slot].min = min;
        self.stale[at.level] &= !at.bit();
    }
}

impl Place {
    /// Whether a slot here is one tick long, so that all in it are due together.
    pub(super) fn is_single_tick(self) -> bool {
        self.level == 0
    }

    /// The bit of the slot in the bitmaps of its level.
    #[inline]
    fn bit(self) -> u64 {
        1 << self.slot
    }
}
