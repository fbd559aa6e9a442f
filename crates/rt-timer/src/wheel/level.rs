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

    /// Where `deadline`, which is not before `elapsed`, belongs [W2]: see the top of this file.
    #[inline]
    // COURSE(5.2) stub: todo
    pub(super) fn place(&self, deadline: u64) -> Place {
        let lowest_digit = SLOTS as u64 - 1;
        let level = ((deadline ^ self.elapsed) | lowest_digit).ilog2() / BITS;
        let slot = (deadline >> (level * BITS)) & lowest_digit;
        Place { level: level as usize, slot: slot as usize }
    }

    /// The place of the earliest deadline [W3], by the bitmaps alone; `None` if all slots are empty.
    #[inline]
    // COURSE(5.3) stub: todo
    pub(super) fn first(&self) -> Option<Place> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        let slot = self.occupied[level].trailing_zeros() as usize;
        Some(Place { level, slot })
    }

    /// The first tick of a slot: the earliest that, by the `elapsed` of now, belongs there.
    #[inline]
    // COURSE(5.2) stub: todo
    pub(super) fn start(&self, at: Place) -> u64 {
        let shift = at.level as u32 * BITS;
        let above = (self.elapsed >> shift) & !(SLOTS as u64 - 1);
        (above | at.slot as u64) << shift
    }

    #[inline]
    pub(super) fn slot(&self, at: Place) -> &Slot {
        &self.slots[at.level][at.slot]
    }

    /// Notes that an entry comes into the slot, and gives the list to link it into. The slot is
    /// occupied then, and its level; an entry that is the earliest of the slot is its `min`, exactly
    /// and not stale [W5].
    #[inline]
    // COURSE(5.3) stub: todo
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

    /// Notes that an entry has left the slot, and its list. What is empty is not occupied any more,
    /// slot and level; a slot that lost an entry which had its `min` is stale [W5].
    #[inline]
    // COURSE(5.3) stub: todo
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rt_testkit::within;

    use super::super::slab::{Key, Slab};
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn at(elapsed: u64) -> Levels {
        let mut levels = Levels::new();
        levels.advance(elapsed);
        levels
    }

    #[test]
    fn a_deadline_that_differs_in_the_lowest_digit_alone_has_a_slot_to_itself() {
        within(LIMIT, || {
            for elapsed in [0, 17, 64 * 5 + 3, u64::MAX - 20] {
                let levels = at(elapsed);
                for deadline in elapsed..=elapsed | 63 {
                    let place = levels.place(deadline);
                    assert!(place.is_single_tick(), "[W2] {deadline} would fire with others");
                    assert_eq!(levels.start(place), deadline, "[W2] from {elapsed}: not its tick");
                }
            }
        });
    }

    #[test]
    fn a_deadline_stands_on_the_level_of_the_highest_digit_that_differs() {
        within(LIMIT, || {
            let cases = [
                (0, 64, 64),
                (0, 65, 64),
                (0, 128, 128),
                (0, 4_095, 4_032),
                (0, 4_096, 4_096),
                (0, 8_191, 4_096),
                (63, 64, 64), // one tick away, and yet another digit
                (63, 127, 64),
                (4_095, 4_096, 4_096),
                (4_095, 4_166, 4_096),
                (5_000, 5_056, 5_056),
                (5_000, 5_100, 5_056),
                (0, u64::MAX, 15 << 60),
            ];
            for (elapsed, deadline, start) in cases {
                let levels = at(elapsed);
                let place = levels.place(deadline);
                let what = format!("[W2] from {elapsed}, a deadline at {deadline}");
                assert!(!place.is_single_tick(), "{what} would fire 64 ticks early or late");
                assert_eq!(levels.start(place), start, "{what}: its slot begins elsewhere");
            }
        });
    }

    #[test]
    fn a_slot_begins_after_now_and_no_later_than_what_is_in_it() {
        within(LIMIT, || {
            for elapsed in [0, 1, 63, 64, 5_000, 1 << 40, (1 << 40) - 1] {
                let levels = at(elapsed);
                for bit in 0..64 {
                    let deadline = elapsed | 1 << bit;
                    let place = levels.place(deadline);
                    let start = levels.start(place);
                    let what = format!("from {elapsed}, a deadline at {deadline}");
                    assert!(start <= deadline, "[W2] {what} would be looked at too late");
                    let is_ahead = place.is_single_tick() || start > elapsed;
                    assert!(is_ahead, "[W2] {what} is in a slot that was entered already");
                }
            }
        });
    }

    /// Puts entries into their slots.
    fn entered(levels: &mut Levels, slab: &mut Slab<()>, deadlines: &[u64]) -> Vec<Key> {
        let enter = |&deadline| {
            let (index, place) = (slab.vacant(), levels.place(deadline));
            slab.fill(index, levels.enter(place, deadline), deadline, ())
        };
        deadlines.iter().map(enter).collect()
    }

    fn left(levels: &mut Levels, slab: &mut Slab<()>, key: Key) {
        let (index, deadline) = slab.find(key).expect("it waits");
        let place = levels.place(deadline);
        slab.remove(levels.list(place), index);
        levels.leave(place, deadline);
    }

    /// The first tick of the first slot that is not empty.
    fn first(levels: &Levels) -> Option<u64> {
        levels.first().map(|place| levels.start(place))
    }

    #[test]
    fn the_first_slot_is_that_of_the_earliest_and_none_is_left_when_all_have_gone() {
        within(LIMIT, || {
            let (mut levels, mut slab) = (at(5), Slab::new());
            assert_eq!(
                first(&levels),
                None,
                "[W3] an empty wheel would be looked through for ever"
            );
            let deadlines = [9_000, 70, 7, 100, 90, 6, 6];
            let keys = entered(&mut levels, &mut slab, &deadlines);
            let starts = [8_192, 64, 7, 64, 64, 6, 6];
            let order = [5, 6, 2, 1, 4, 3, 0]; // from the earliest on
            for at in order {
                assert_eq!(first(&levels), Some(starts[at]), "[W3] {} is not next", deadlines[at]);
                left(&mut levels, &mut slab, keys[at]);
            }
            assert_eq!(first(&levels), None, "[W3] a slot that is empty counts as occupied");
        });
    }

    #[test]
    fn the_earliest_of_a_slot_is_known_and_that_it_may_have_gone_too() {
        within(LIMIT, || {
            let (mut levels, mut slab) = (at(0), Slab::new());
            let keys = entered(&mut levels, &mut slab, &[100, 90, 110, 90]);
            let slot = levels.place(90);
            assert_eq!(levels.slot(slot).min, 90, "[W5] a driver would sleep past a deadline");
            left(&mut levels, &mut slab, keys[2]);
            assert!(!levels.is_stale(slot), "[W5] it was not the earliest");
            left(&mut levels, &mut slab, keys[1]);
            assert!(levels.is_stale(slot), "[W5] a driver would wake for a cancelled timer");
            entered(&mut levels, &mut slab, &[80]);
            assert_eq!((levels.slot(slot).min, levels.is_stale(slot)), (80, false), "[W5]");
        });
    }

    #[test]
    fn a_slot_that_was_empty_remembers_nothing_of_before() {
        within(LIMIT, || {
            let (mut levels, mut slab) = (at(0), Slab::new());
            let keys = entered(&mut levels, &mut slab, &[70, 80]);
            keys.into_iter().for_each(|key| left(&mut levels, &mut slab, key));
            entered(&mut levels, &mut slab, &[100]);
            let slot = levels.place(100);
            assert_eq!(levels.slot(slot).min, 100, "[W5] a driver would wake for who is gone");
            assert!(!levels.is_stale(slot), "[W5] the only one is the earliest");
        });
    }
}
