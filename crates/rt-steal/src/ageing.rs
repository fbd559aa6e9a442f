//! Which class is next: the most urgent one, and now and then the one that has waited longest.
//!
//! One rule for all who hand out tasks by class: the injector, and the lanes of a worker.
//!
//! * **[AG1]** A class that waits is chosen after at most `2 * every - 1` choices of others, whoever else
//!   comes and goes (for an `every` of one: after two). Each `every`-th choice is an aged one. It takes
//!   the class that was passed over most often, and whoever it takes begins again at zero; the most
//!   urgent class is chosen in between, and is never the oldest. So the other one of the three can go
//!   before it in one aged choice, and not in the next. With a single other class it is `every - 1`.
//!
//! "Now and then the lowest class" would be simpler, and would starve the middle one between a busy
//! high and a busy low one.

use std::fmt;
use std::num::NonZeroU32;

use rt_task::Priority;

/// The classes in which tasks wait: a set.
///
/// ```
/// use rt_steal::Waiting;
/// use rt_task::Priority;
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

    /// What [`Waiting::bits`] gave.
    #[inline]
    pub(crate) const fn from_bits(bits: u8) -> Waiting {
        Waiting { bits }
    }

    /// A bit a class, below `1 << Priority::ALL.len()`.
    #[inline]
    pub(crate) const fn bits(self) -> u8 {
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
        self.iter().next()
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

/// Chooses the most urgent class, and at each `every`-th choice the one that waits longest.
///
/// ```
/// use rt_steal::{Ageing, Waiting};
/// use rt_task::Priority::{High, Low};
/// let waiting = Waiting::NONE.with(High).with(Low);
/// let mut rule = Ageing::every(3);
/// let chosen: Vec<_> = (0..6).map(|_| rule.choose(waiting)).collect();
/// assert_eq!(chosen, [High, High, Low, High, High, Low].map(Some));
/// ```
#[derive(Clone, Debug)]
pub struct Ageing {
    every: NonZeroU32,
    /// Choices until the next aged one, that one included.
    left: u32,
    /// How often each class was passed over since it was chosen last.
    passed: [u32; Priority::ALL.len()],
}

impl Ageing {
    /// What [`Ageing::default`] takes: a low class gets a sixteenth of the choices at least.
    pub const EVERY: u32 = 16;

    /// Every `every`-th choice is an aged one. One is all of them: each class in turn.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[must_use]
    pub const fn every(every: u32) -> Ageing {
        let every = NonZeroU32::new(every)
            .expect("`Ageing::every(0)`: each choice would come after none: give one at least");
        Ageing { every, left: every.get(), passed: [0; Priority::ALL.len()] }
    }

    /// Who is next. `None` if nobody waits.
    #[inline]
    pub fn choose(&mut self, waiting: Waiting) -> Option<Priority> {
        let highest = waiting.highest()?;
        if waiting.len() == 1 {
            // Nobody is passed over.
            self.passed = [0; Priority::ALL.len()];
            return Some(highest);
        }
        Some(self.among(waiting, highest))
    }

    fn among(&mut self, waiting: Waiting, highest: Priority) -> Priority {
        self.left -= 1;
        let chosen = if self.left == 0 {
            self.left = self.every.get();
            // Of equals the last one: the least urgent.
            waiting.iter().max_by_key(|&class| self.passed[class as usize]).unwrap_or(highest)
        } else {
            highest
        };
        for class in Priority::ALL {
            let passed = &mut self.passed[class as usize];
            let is_passed_over = waiting.contains(class) && class != chosen;
            *passed = if is_passed_over { passed.saturating_add(1) } else { 0 };
        }
        chosen
    }
}

impl Default for Ageing {
    fn default() -> Ageing {
        Ageing::every(Ageing::EVERY)
    }
}
