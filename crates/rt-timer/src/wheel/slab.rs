//! The entries of a wheel in one `Vec`, and the lists that run through them.
//!
//! Owns the memory of every timer. Links are indices, not pointers: the `Vec` may move, and no
//! `unsafe` is needed. What is deliberately not here: time. An entry knows its deadline as a number
//! and this file never compares it with anything.
//!
//! * **[W6]** An entry is either in use (it has a value, a serial number, and is in exactly one
//!   [`List`]) or free (neither of these, and in the free list).
//! * **[W7]** A serial number is given out once in the life of a wheel, so a [`Key`] names one
//!   insertion for ever and a stale key finds nothing.

use std::num::NonZeroU64;

/// No entry: the end of a list.
const NIL: u32 = u32::MAX;

/// Names one insertion into one [`Wheel`](super::Wheel).
///
/// A key that outlives its timer is harmless: every operation on it then finds nothing, also when
/// the memory is in use again, because the serial number in it is 64 bits wide and never given out
/// twice (one insertion a nanosecond would take 584 years). A key is only meaningful in the wheel
/// that made it. Sixteen bytes, and so is `Option<Key>`.
///
/// ```
/// let mut wheel = rt_timer::Wheel::new();
/// let old = wheel.insert(5, "old");
/// wheel.remove(old);
/// let new = wheel.insert(5, "new"); // in the same memory
/// assert_ne!(old, new);
/// assert_eq!(wheel.remove(old), None);
/// assert_eq!(wheel.remove(new), Some("new"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    serial: NonZeroU64,
    index: u32,
}

/// First and last of the entries in a slot. The links between stand in the entries themselves.
#[derive(Clone, Copy)]
pub(super) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(super) const EMPTY: List = List { head: NIL, tail: NIL };

    #[inline]
    pub(super) fn head(self) -> Option<u32> {
        (self.head != NIL).then_some(self.head)
    }

    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.tail == NIL
    }

    /// The entry of a list that has exactly one.
    #[inline]
    pub(super) fn only(self) -> Option<u32> {
        if self.head == self.tail { self.head() } else { None }
    }
}

struct Entry<T> {
    deadline: u64,
    /// Zero while the entry is free.
    serial: u64,
    prev: u32,
    /// While the entry is free: the next free one.
    next: u32,
    value: Option<T>,
}

pub(super) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: u32,
    len: usize,
    next_serial: NonZeroU64,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Slab { entries: Vec::new(), free: NIL, len: 0, next_serial: NonZeroU64::MIN }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many entries were ever used.
    pub(super) fn inserted(&self) -> u64 {
        self.next_serial.get() - 1
    }

    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// A free entry, which stays free. Allocates only if there is none.
    #[inline]
    pub(super) fn vacant(&mut self) -> u32 {
        if self.free == NIL {
            self.grow();
        }
        self.free
    }

    #[cold]
    fn grow(&mut self) {
        let index = self.entries.len();
        assert!(
            index < NIL as usize,
            "{NIL} timers wait in this wheel and it holds no more: drop timers that are not needed"
        );
        self.entries.push(Entry { deadline: 0, serial: 0, prev: NIL, next: NIL, value: None });
        self.free = index as u32;
    }

    /// Uses the entry that [`vacant`](Self::vacant) gave, as the last of `list`. It is not free any
    /// more [W6], and the key names this use of it and no other, for ever [W7].
    #[inline]
    // COURSE(5.1) stub: todo
    pub(super) fn fill(&mut self, index: u32, list: &mut List, deadline: u64, value: T) -> Key {
        let serial = self.next_serial;
        self.next_serial = serial.saturating_add(1); // [W7]
        let entry = &mut self.entries[index as usize];
        self.free = entry.next;
        *entry = Entry {
            deadline,
            serial: serial.get(),
            prev: list.tail,
            next: NIL,
            value: Some(value),
        };
        self.append(list, index);
        self.len += 1;
        Key { serial, index }
    }

    /// Takes an entry out of `list`, which must be the one that it is in, and frees it [W6]: it is
    /// the next that [`vacant`](Self::vacant) gives, and its key finds nothing any more. Its value.
    #[inline]
    // COURSE(5.1) stub: todo
    pub(super) fn remove(&mut self, list: &mut List, index: u32) -> Option<T> {
        let entry = &mut self.entries[index as usize];
        let (prev, next) = (entry.prev, entry.next);
        let value = entry.value.take();
        entry.serial = 0;
        entry.next = self.free;
        self.free = index;
        self.len -= 1;
        self.join(list, prev, next);
        value
    }

    /// Index and deadline of what `key` names, if it is still there [W7]: the memory may be used by
    /// another entry now, or be given back.
    #[inline]
    // COURSE(5.1) stub: todo
    pub(super) fn find(&self, key: Key) -> Option<(u32, u64)> {
        let entry = self.entries.get(key.index as usize)?;
        (entry.serial == key.serial.get()).then_some((key.index, entry.deadline))
    }

    #[inline]
    pub(super) fn value_mut(&mut self, index: u32) -> Option<&mut T> {
        self.entries[index as usize].value.as_mut()
    }

    #[inline]
    pub(super) fn deadline(&self, index: u32) -> u64 {
        self.entries[index as usize].deadline
    }

    /// The one behind `index` in its list.
    #[inline]
    pub(super) fn next(&self, index: u32) -> Option<u32> {
        let next = self.entries[index as usize].next;
        (next != NIL).then_some(next)
    }

    /// Links an entry that is in no list in as the last of `list`.
    pub(super) fn push_back(&mut self, index: u32, list: &mut List, deadline: u64) {
        let entry = &mut self.entries[index as usize];
        entry.deadline = deadline;
        entry.prev = list.tail;
        entry.next = NIL;
        self.append(list, index);
    }

    /// Takes an entry out of `list`, which must be the one that it is in.
    pub(super) fn unlink(&mut self, list: &mut List, index: u32) {
        let Entry { prev, next, .. } = self.entries[index as usize];
        self.join(list, prev, next);
    }

    /// Makes `index`, which points back to the tail already, the new tail.
    #[inline]
    fn append(&mut self, list: &mut List, index: u32) {
        match list.tail {
            NIL => list.head = index,
            tail => self.entries[tail as usize].next = index,
        }
        list.tail = index;
    }

    /// Closes the gap between two neighbours.
    #[inline]
    fn join(&mut self, list: &mut List, prev: u32, next: u32) {
        match prev {
            NIL => list.head = next,
            prev => self.entries[prev as usize].next = next,
        }
        match next {
            NIL => list.tail = prev,
            next => self.entries[next as usize].prev = prev,
        }
    }

    /// Gives memory behind the last entry in use back to the allocator.
    pub(super) fn trim(&mut self) {
        while self.entries.pop_if(|entry| entry.value.is_none()).is_some() {}
        self.entries.shrink_to_fit();
        self.free = NIL;
        for (index, entry) in self.entries.iter_mut().enumerate().rev() {
            if entry.value.is_none() {
                entry.next = self.free;
                self.free = index as u32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rt_testkit::within;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    fn fill(slab: &mut Slab<u64>, list: &mut List, value: u64) -> Key {
        let index = slab.vacant();
        slab.fill(index, list, value * 10, value)
    }

    /// The entries of a list from its head, by their deadlines.
    fn listed(slab: &Slab<u64>, list: List) -> Vec<u64> {
        let indices = std::iter::successors(list.head(), |&index| slab.next(index));
        indices.map(|index| slab.deadline(index)).take(100).collect()
    }

    fn remove(slab: &mut Slab<u64>, list: &mut List, key: Key) -> Option<u64> {
        let (index, _) = slab.find(key)?;
        slab.remove(list, index)
    }

    #[test]
    fn entries_stand_in_their_list_in_the_order_they_came() {
        within(LIMIT, || {
            let (mut slab, mut list) = (Slab::new(), List::EMPTY);
            let _keys = [3, 1, 2].map(|value| fill(&mut slab, &mut list, value));
            assert_eq!(listed(&slab, list), [30, 10, 20], "[W6] equal deadlines fire out of order");
            assert_eq!((slab.len(), slab.inserted()), (3, 3), "[W6] timers are counted wrongly");
        });
    }

    #[test]
    fn a_key_finds_its_entry_and_its_deadline() {
        within(LIMIT, || {
            let (mut slab, mut list) = (Slab::new(), List::EMPTY);
            let keys = [1, 2, 3].map(|value| fill(&mut slab, &mut list, value));
            for (key, value) in keys.into_iter().zip(1..) {
                let (index, deadline) = slab.find(key).expect("[W7] a timer that waits is lost");
                assert_eq!(deadline, value * 10, "[W7] a key leads to another timer");
                assert_eq!(slab.value_mut(index), Some(&mut value.clone()));
            }
        });
    }

    #[test]
    fn what_is_removed_leaves_the_list_whole_wherever_it_stood() {
        within(LIMIT, || {
            for (out, rest) in [(0, [20, 30, 40]), (1, [10, 30, 40]), (3, [10, 20, 30])] {
                let (mut slab, mut list) = (Slab::new(), List::EMPTY);
                let keys = [1, 2, 3, 4].map(|value| fill(&mut slab, &mut list, value));
                let value = remove(&mut slab, &mut list, keys[out]);
                assert_eq!(value, Some(out as u64 + 1), "[W6] another timer was cancelled");
                assert_eq!(listed(&slab, list), rest, "[W6] a timer beside it is lost");
                fill(&mut slab, &mut list, 5);
                assert_eq!(listed(&slab, list)[..], [&rest[..], &[50]].concat(), "[W6] the end");
            }
            let (mut slab, mut list) = (Slab::new(), List::EMPTY);
            let only = fill(&mut slab, &mut list, 1);
            assert_eq!(remove(&mut slab, &mut list, only), Some(1));
            assert!(list.is_empty() && slab.len() == 0, "[W6] a cancelled timer still waits");
        });
    }

    #[test]
    fn a_key_whose_entry_was_removed_finds_nothing() {
        within(LIMIT, || {
            let (mut slab, mut list) = (Slab::new(), List::EMPTY);
            let old = fill(&mut slab, &mut list, 1);
            remove(&mut slab, &mut list, old);
            assert_eq!(slab.find(old), None, "[W7] a timer that is cancelled twice is freed twice");
            let new = fill(&mut slab, &mut list, 2);
            assert_eq!(
                slab.find(old),
                None,
                "[W7] cancelling an old timer takes a new one's place"
            );
            assert_ne!(old, new, "[W7] two timers have one name");
            assert!(slab.find(new).is_some(), "[W7] the timer in the same memory is lost");
        });
    }

    #[test]
    fn a_key_whose_memory_was_given_back_finds_nothing() {
        within(LIMIT, || {
            let (mut slab, mut list) = (Slab::new(), List::EMPTY);
            let gone = fill(&mut slab, &mut list, 1);
            remove(&mut slab, &mut list, gone);
            slab.trim();
            assert_eq!(slab.find(gone), None, "[W7] the drop of an old timer panics");
        });
    }

    #[test]
    fn what_was_freed_is_used_again_before_memory_grows() {
        within(LIMIT, || {
            let (mut slab, mut list) = (Slab::new(), List::EMPTY);
            let mut keys: Vec<Key> = (0..4).map(|at| fill(&mut slab, &mut list, at)).collect();
            let peak = slab.capacity();
            for _round in 0..10 {
                for key in keys.drain(..) {
                    remove(&mut slab, &mut list, key).expect("[W6] a timer that waits is lost");
                }
                keys.extend((0..4).map(|at| fill(&mut slab, &mut list, at)));
                assert_eq!(listed(&slab, list), [0, 10, 20, 30], "[W6] a timer fires twice");
            }
            assert_eq!(slab.capacity(), peak, "[W6] each timer costs an allocation");
        });
    }
}
