//! The bounded way in: who has a place, and who waits for one. No lock, no thread.
//!
//! ```text
//!                try_take                               release
//!   ── free ─────────────────► taken ── free ◄───────────────────── taken
//!                                ▲ grant: to the first in line        │
//!   ── wait ──► waiting ─────────┴────────────────────────────────────┘
//!                 │ cancel
//!                 ▼
//!                gone
//! ```
//!
//! * **[BP1]** A place is free only while nobody waits: a place that is given back goes to the first
//!   in line under the same lock, so nobody overtakes.
//! * **[BP2]** A place that was granted to somebody who leaves before seeing it goes to the next in
//!   line: it is given back as any other.
//! * **[BP3]** Wakers are cloned before they come here, and woken and dropped after: what replaces or
//!   removes one returns it.
//! * **[BP4]** Jobs that come in without asking take places too, beyond the bound if need be; then nobody
//!   who asks gets in before they are below it again. Only who asks can find none.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

/// A number in the line, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(u64);

pub(crate) struct Places {
    capacity: usize,
    taken: usize,
    next: u64,
    waiting: BTreeMap<Number, Waker>,
    granted: BTreeSet<Number>,
}

/// What somebody finds who asks for his turn.
#[must_use]
pub(crate) enum Turn {
    /// The place is his.
    Granted,
    /// He is in line, with this waker.
    Waiting,
    /// He is in line, with a waker that is not the one he polls with.
    Stale,
    /// The line is gone.
    Gone,
}

impl Places {
    pub(crate) fn new(capacity: usize) -> Places {
        let (waiting, granted) = (BTreeMap::new(), BTreeSet::new());
        Places { capacity, taken: 0, next: 0, waiting, granted }
    }

    /// Takes a place, if one is free [BP1].
    #[must_use]
    pub(crate) fn try_take(&mut self) -> bool {
        let is_free = self.taken < self.capacity;
        self.taken += usize::from(is_free);
        is_free
    }

    /// Takes one, also beyond the bound.
    pub(crate) fn take(&mut self) {
        self.taken += 1;
    }

    /// Gives one back. Who is woken has got it.
    #[must_use]
    pub(crate) fn release(&mut self) -> Option<Waker> {
        self.taken -= 1;
        self.grant()
    }

    fn grant(&mut self) -> Option<Waker> {
        if self.taken >= self.capacity {
            return None;
        }
        let (number, waker) = self.waiting.pop_first()?;
        self.taken += 1;
        self.granted.insert(number);
        Some(waker)
    }

    /// Goes to the end of the line.
    pub(crate) fn wait(&mut self, waker: Waker) -> Number {
        let number = Number(self.next);
        self.next += 1;
        self.waiting.insert(number, waker);
        number
    }

    /// Asks for the turn of `number`; a place that was granted is seen once.
    pub(crate) fn turn(&mut self, number: Number, waker: &Waker) -> Turn {
        if self.granted.remove(&number) {
            return Turn::Granted;
        }
        match self.waiting.get(&number) {
            Some(kept) if kept.will_wake(waker) => Turn::Waiting,
            Some(_) => Turn::Stale,
            None => Turn::Gone,
        }
    }

    /// Puts another waker in place of the one of `number`, if that still waits. Returns what is to
    /// be dropped.
    #[must_use]
    pub(crate) fn renew(&mut self, number: Number, waker: Waker) -> Waker {
        match self.waiting.get_mut(&number) {
            Some(kept) => std::mem::replace(kept, waker),
            None => waker,
        }
    }

    /// Leaves the line. Returns the waker to drop, and the one to wake [BP2].
    #[must_use]
    pub(crate) fn cancel(&mut self, number: Number) -> (Option<Waker>, Option<Waker>) {
        if self.granted.remove(&number) {
            return (None, self.release());
        }
        (self.waiting.remove(&number), None)
    }

    /// Sends everybody home who waits. They are to be woken.
    #[must_use]
    pub(crate) fn close(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken
    }
}
