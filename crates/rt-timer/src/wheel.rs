//! A hierarchical timing wheel: who is due, and when is the next one, in constant time.
//!
//! Owns the waiting timers: a deadline and a payload each. It is a pure data structure. What is
//! deliberately not here: a clock (time is a number that the caller brings), a lock, and any idea
//! of what a payload is (in this crate a waker; it is handed out, never called or dropped).
//!
//! ```text
//!               ┌ the tick reached: `elapsed` = 0 … 0 17 5 63
//!  level 10   [16 slots of 2^60 ticks]      ·
//!     ⋮                                     ·                       a slot is a doubly linked list
//!  level 2    [64 slots of 4096 ticks]   17 ▲                       through one slab of entries;
//!  level 1    [64 slots of 64 ticks]      5 ▲ … 42 ─► ◯ ⇄ ◯ ⇄ ◯     `occupied` has a bit for each
//!  level 0    [64 slots of one tick]     63 ▲          │            slot that is not empty
//!                                                      ▼
//!                     `cascade`, when `elapsed` enters slot 42: down to the levels below
//! ```
//!
//! * **`[W1]`** Every deadline in the wheel is `>= elapsed`: one in the past is moved up to it.
//! * **`[W2]`** An entry is in the slot that its deadline and `elapsed` alone determine (see
//!   `wheel/level.rs`). Whoever moves `elapsed` into an occupied slot above level 0 cascades it.
//! * **`[W3]`** So all on a level are due before all on a higher level, and on one level the lower
//!   slot before the higher: the first bit of the lowest occupied level is the earliest slot.
//! * **`[W4]`** The entries of one deadline stand in one list in the order of their insertion: who
//!   comes later finds the earlier one in the same list, since the cascade came before it.
//! * **`[W5]`** `min` of a slot is no later than any deadline in it, and is one of them unless the
//!   slot's bit in `stale` is set.
//!
//! Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987), scheme 7; the
//! digits by exclusive or instead of by rotation are tokio's (`tokio/src/runtime/time/wheel`).

use std::fmt;

use self::level::{Levels, Place};
use self::slab::Slab;

pub use self::slab::Key;

mod level;
mod slab;

/// How far [`Wheel::next_deadline`] looks for the earliest of a slot: at some 2 ns each, never
/// longer than the wake-up costs that it saves.
const SCAN: usize = 128;

/// Timers in the order of their deadlines.
///
/// A deadline is a number of ticks; how long a tick is, is the caller's business. Every `u64` is
/// a valid deadline, `u64::MAX` included. `insert`, `remove` and `reset` walk no list and take
/// constant time; a timer that waits `n` ticks is moved `log64 n` times at most before it fires.
/// Nothing allocates once the wheel has held as many timers before.
///
/// ```
/// let mut wheel = rt_timer::Wheel::new();
/// wheel.insert(2_000, "late");
/// let soon = wheel.insert(30, "soon");
/// wheel.insert(31, "then");
///
/// assert_eq!(wheel.next_deadline(), Some(30));
/// assert_eq!(wheel.remove(soon), Some("soon"));
/// assert_eq!(wheel.pop_expired(30), None);
///
/// let mut fired = Vec::new();
/// wheel.expire(2_000, |name| fired.push(name));
/// assert_eq!(fired, ["then", "late"]);
/// ```
pub struct Wheel<T> {
    levels: Levels,
    slab: Slab<T>,
}

impl<T> Wheel<T> {
    /// A wheel without timers, at tick 0.
    ///
    /// Allocates the slots, 11 KiB, and nothing for timers yet.
    #[must_use]
    pub fn new() -> Self {
        Wheel { levels: Levels::new(), slab: Slab::new() }
    }

    /// How many timers wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Whether no timer waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many timers were ever inserted. A reset is no insertion.
    #[must_use]
    pub fn inserted(&self) -> u64 {
        self.slab.inserted()
    }

    /// How many timers the wheel has memory for: what [`trim`](Self::trim) gives back.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slab.capacity()
    }

    /// The tick that the wheel has reached: the latest `now` that was brought to it, or, while
    /// what is due is still being taken out, the deadline of the last timer that fired. Never
    /// decreases.
    #[must_use]
    #[inline]
    pub fn elapsed(&self) -> u64 {
        self.levels.elapsed()
    }

    /// Adds a timer that is due at `deadline`, in ticks.
    ///
    /// A deadline that has passed counts as one at [`elapsed`](Self::elapsed): the timer is due at
    /// once, behind those that are due at that tick already.
    ///
    /// # Panics
    ///
    /// If 4,294,967,295 timers wait already.
    #[inline]
    // COURSE(5.3) stub: todo
    pub fn insert(&mut self, deadline: u64, value: T) -> Key {
        let index = self.slab.vacant();
        let deadline = deadline.max(self.elapsed()); // [W1]
        let list = self.levels.enter(self.levels.place(deadline), deadline);
        self.slab.fill(index, list, deadline, value)
    }

    /// Takes a timer out before it fires, and gives its payload back: `None` if it has fired or
    /// was removed.
    #[inline]
    // COURSE(5.3) stub: todo
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let (index, deadline) = self.slab.find(key)?;
        let place = self.levels.place(deadline);
        let value = self.slab.remove(self.levels.list(place), index);
        self.levels.leave(place, deadline);
        value
    }

    /// Moves a waiting timer to another deadline, earlier or later, as if it were removed and
    /// inserted again; its key stays the same. `false` if it has fired or was removed.
    ///
    /// ```
    /// let mut wheel = rt_timer::Wheel::new();
    /// let key = wheel.insert(10, ());
    /// assert!(wheel.reset(key, 20));
    /// assert_eq!(wheel.expire(19, drop), 0);
    /// assert_eq!(wheel.expire(20, drop), 1);
    /// assert!(!wheel.reset(key, 30));
    /// ```
    // COURSE(5.4) stub: todo
    pub fn reset(&mut self, key: Key, deadline: u64) -> bool {
        let Some((index, old)) = self.slab.find(key) else { return false };
        let place = self.levels.place(old);
        self.slab.unlink(self.levels.list(place), index);
        self.levels.leave(place, old);
        self.link(index, deadline.max(self.elapsed())); // [W1]
        true
    }

    /// The payload of a waiting timer, for example to replace its waker.
    ///
    /// ```
    /// let mut wheel = rt_timer::Wheel::new();
    /// let key = wheel.insert(10, "old waker");
    /// *wheel.get_mut(key).expect("it waits") = "new waker";
    /// assert_eq!(wheel.pop_expired(10), Some("new waker"));
    /// assert_eq!(wheel.get_mut(key), None);
    /// ```
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let (index, _) = self.slab.find(key)?;
        self.slab.value_mut(index)
    }

    /// The tick until which nothing is due: the earliest deadline, or `None` if no timer waits.
    ///
    /// It is exact but for one case, and then early, never late: the earliest timer was removed or
    /// reset, and more than 128 others share its slot. Who calls [`expire`](Self::expire) at the
    /// tick it gave gets nothing then, and a later tick on the next call.
    // COURSE(5.4) stub: todo
    pub fn next_deadline(&mut self) -> Option<u64> {
        let first = self.levels.first()?;
        if self.levels.is_stale(first) {
            self.find_min(first);
        }
        Some(self.levels.slot(first).min)
    }

    /// Takes out the next timer that is due at tick `now`, in the order of the deadlines and among
    /// equal ones of their insertion (or last reset); `None` if none is due any more.
    ///
    /// No timer is given out before its deadline. A `now` smaller than an earlier one counts as
    /// the earlier one. The wheel is whole after each call: timers may be added, removed and reset
    /// between two, and take their place in the order.
    // COURSE(5.5) stub: todo
    pub fn pop_expired(&mut self, now: u64) -> Option<T> {
        let now = now.max(self.elapsed());
        while let Some(first) = self.levels.first() {
            let start = self.levels.start(first);
            if start > now {
                break;
            }
            // What is alone in its slot need not go down the levels one by one.
            let list = self.levels.slot(first).list;
            let next = if first.is_single_tick() { list.head() } else { list.only() };
            if let Some(index) = next {
                let deadline = self.slab.deadline(index);
                if deadline <= now {
                    let value = self.slab.remove(self.levels.list(first), index);
                    self.levels.leave(first, deadline);
                    self.levels.advance(deadline); // [W2]: into an empty slot, or a single tick
                    return value;
                }
            }
            self.levels.advance(start);
            self.cascade(first);
        }
        self.levels.advance(now);
        None
    }

    /// Takes out all that is due at tick `now` and gives each to `fire`, in the order of
    /// [`pop_expired`](Self::pop_expired). Returns how many.
    ///
    /// The work depends on the timers that are due or come near, not on the ticks that went by.
    /// If `fire` panics, the wheel is whole and the rest still waits. `u64::MAX` takes out every
    /// timer there is, and leaves the wheel at the end of time.
    ///
    /// ```
    /// let mut wheel = rt_timer::Wheel::new();
    /// wheel.insert(u64::MAX, "the last tick");
    /// assert_eq!(wheel.expire(u64::MAX - 1, |_| unreachable!("too early")), 0);
    /// assert_eq!(wheel.expire(u64::MAX, drop), 1);
    /// ```
    pub fn expire(&mut self, now: u64, mut fire: impl FnMut(T)) -> usize {
        let mut fired = 0;
        while let Some(value) = self.pop_expired(now) {
            fired += 1;
            fire(value);
        }
        fired
    }

    /// Gives back what memory it can after a peak: all but the slots if no timer waits, else what
    /// lies behind the last timer in use. Takes time proportional to [`capacity`](Self::capacity).
    ///
    /// ```
    /// let mut wheel = rt_timer::Wheel::new();
    /// wheel.insert(1, ());
    /// wheel.expire(1, drop);
    /// assert_ne!(wheel.capacity(), 0);
    /// wheel.trim();
    /// assert_eq!(wheel.capacity(), 0);
    /// ```
    pub fn trim(&mut self) {
        self.slab.trim();
    }

    /// Puts an entry that is in no list into its slot [W2], behind those that came earlier [W4].
    fn link(&mut self, index: u32, deadline: u64) {
        let list = self.levels.enter(self.levels.place(deadline), deadline);
        self.slab.push_back(index, list, deadline);
    }

    /// Moves the entries of a slot that `elapsed` has just entered to where they belong now [W2],
    /// in their order [W4].
    // COURSE(5.5) stub: todo
    fn cascade(&mut self, from: Place) {
        let mut next = self.levels.take(from).head();
        while let Some(index) = next {
            next = self.slab.next(index);
            self.link(index, self.slab.deadline(index));
        }
    }

    /// Makes `min` of a stale slot exact, unless that would take long: it looks at [`SCAN`] entries
    /// at most, and at none behind one that has the old `min`, since nothing is earlier [W5].
    // COURSE(5.4) stub: todo
    fn find_min(&mut self, at: Place) {
        let bound = self.levels.slot(at).min;
        let mut min = u64::MAX;
        let mut next = self.levels.slot(at).list.head();
        for _ in 0..SCAN {
            let Some(index) = next else { break };
            min = min.min(self.slab.deadline(index));
            if min == bound {
                break;
            }
            next = self.slab.next(index);
        }
        if next.is_none() || min == bound {
            self.levels.refresh(at, min);
        }
    }
}

impl<T> Default for Wheel<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("elapsed", &self.elapsed())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
