//! In which classes tasks wait: what a rule chooses from.

use std::fmt;

use crate::priority::Priority;

/// The classes in which tasks wait: a set.
///
/// ```
/// use rt_task::{Priority, Waiting};
/// let waiting = Waiting::NONE.with(Priority::Low).with(Priority::Normal);
/// assert_eq!(waiting.highest(), Some(Priority::Normal));
/// assert!(!waiting.contains(Priority::High));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Bit `class as u8` for each.
    bits: u8,
}

impl Waiting {
    /// Nobody waits.
    pub const NONE: Waiting = Waiting { bits: 0 };

    /// What [`Waiting::bits`] gave. Other bits are left out.
    #[must_use]
    #[inline]
    pub const fn from_bits(bits: u8) -> Waiting {
        Waiting { bits: bits & ((1 << Priority::ALL.len()) - 1) }
    }

    /// A bit a class, `1 << class as u8`: for who keeps the set in a word with something else.
    #[must_use]
    #[inline]
    pub const fn bits(self) -> u8 {
        self.bits
    }

    /// The same, and this class.
    #[must_use]
    #[inline]
    pub const fn with(self, class: Priority) -> Waiting {
        Waiting { bits: self.bits | 1 << class as u8 }
    }

    /// The same without this class.
    #[must_use]
    #[inline]
    pub const fn without(self, class: Priority) -> Waiting {
        Waiting { bits: self.bits & !(1 << class as u8) }
    }

    /// Whether a task of this class waits.
    #[must_use]
    #[inline]
    pub const fn contains(self, class: Priority) -> bool {
        self.bits & 1 << class as u8 != 0
    }

    /// Whether nobody waits.
    #[must_use]
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// In how many classes somebody waits.
    #[must_use]
    #[inline]
    pub const fn len(self) -> u32 {
        self.bits.count_ones()
    }

    /// The most urgent class that waits.
    #[must_use]
    #[inline]
    pub fn highest(self) -> Option<Priority> {
        let lowest_bit = self.bits.trailing_zeros();
        if self.is_empty() { None } else { Some(Priority::from_bits(lowest_bit.into())) }
    }

    /// The classes that wait, the most urgent first.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = Priority> {
        Priority::ALL.into_iter().filter(move |&class| self.contains(class))
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
