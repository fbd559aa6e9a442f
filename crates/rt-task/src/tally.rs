//! What became of the tasks of a list: how many came in, and how each ended.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use crate::snapshot::End;

/// How many tasks were spawned, what became of them, and how many are alive.
///
/// A list counts under the lock that a spawn and an end take anyway, and a look takes it too. So at each
/// look at a list, and in the sum of any such looks,
/// `spawned = completed + cancelled + panicked + alive`.
///
/// ```
/// use rt_task::{Builder, Living};
/// use rt_testkit::{ByHand, poll};
///
/// let living = Living::new().expect("a list is free");
/// let (generation, hand) = (living.open(), ByHand::new());
/// let (task, _handle) = Builder::new().listed(&living, generation).spawn(async {}, hand.clone());
/// let (other, _handle) = Builder::new().listed(&living, generation).spawn(async {}, hand);
/// let _completed = poll(task.expect("it is open"));
/// let tally = living.tally_of(generation);
/// assert_eq!((tally.spawned, tally.completed, tally.alive), (2, 1, 1));
/// assert_eq!(tally.spawned, tally.ended() + tally.alive);
/// # drop(other);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Tasks that were let in.
    pub spawned: u64,
    /// Those that returned their output.
    pub completed: u64,
    /// Those whose future was dropped before that.
    pub cancelled: u64,
    /// Those that panicked.
    pub panicked: u64,
    /// Those that are in none of these states yet.
    pub alive: u64,
    /// Spawns that were refused because the list was closed: those that come while a runtime ends. After its end
    /// nothing is counted. They are not among the spawned.
    pub refused: u64,
}

impl Tally {
    /// How many have ended, in whatever way.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.completed + self.cancelled + self.panicked
    }

    /// A task was let in.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.spawned += 1;
        self.alive += 1;
    }

    /// One of the living has ended.
    #[inline]
    pub(crate) fn end(&mut self, how: End) {
        self.alive -= 1;
        *match how {
            End::Completed => &mut self.completed,
            End::Cancelled => &mut self.cancelled,
            End::Panicked => &mut self.panicked,
        } += 1;
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.spawned += other.spawned;
        self.completed += other.completed;
        self.cancelled += other.cancelled;
        self.panicked += other.panicked;
        self.alive += other.alive;
        self.refused += other.refused;
    }
}

impl Add for Tally {
    type Output = Tally;

    fn add(mut self, other: Tally) -> Tally {
        self += other;
        self
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Tally>>(tallies: I) -> Tally {
        tallies.fold(Tally::default(), Tally::add)
    }
}
