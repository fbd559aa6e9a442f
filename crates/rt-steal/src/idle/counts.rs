//! How many sleep and how many search, in one word.
//!
//! ```text
//!   63            32 31             0
//!  ┌────────────────┬────────────────┐
//!  │    sleeping    │   searching    │
//!  └────────────────┴────────────────┘
//! ```

use std::fmt;

const SEARCHER: u64 = 1;
const SLEEPER: u64 = 1 << 32;

/// One value of the word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts(u64);

/// What somebody who pushed has to do.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A worker searches, and looks at everything when it stops; or nobody sleeps.
    Nobody,
    /// A worker sleeps, and nobody else will wake it.
    Sleeper,
}

impl Counts {
    pub(crate) const NONE: Counts = Counts(0);

    #[inline]
    pub(crate) fn from_bits(bits: u64) -> Counts {
        Counts(bits)
    }

    #[inline]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) fn searching(self) -> usize {
        (self.0 % SLEEPER) as usize
    }

    #[inline]
    pub(crate) fn sleeping(self) -> usize {
        (self.0 / SLEEPER) as usize
    }

    #[inline]
    pub(crate) fn notice(self) -> Notice {
        if self.searching() == 0 && self.sleeping() > 0 { Notice::Sleeper } else { Notice::Nobody }
    }

    pub(crate) fn with_searcher(self) -> Counts {
        Counts(self.0 + SEARCHER)
    }

    pub(crate) fn without_searcher(self) -> Counts {
        debug_assert!(self.searching() > 0, "[ID1] a searcher is counted");
        Counts(self.0 - SEARCHER)
    }

    pub(crate) fn with_sleeper(self) -> Counts {
        Counts(self.0 + SLEEPER)
    }

    pub(crate) fn without_sleeper(self) -> Counts {
        debug_assert!(self.sleeping() > 0, "[ID2] a sleeper is counted");
        Counts(self.0 - SLEEPER)
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Counts");
        f.field("sleeping", &self.sleeping()).field("searching", &self.searching()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_counts_do_not_touch_each_other() {
        let mut counts = Counts::NONE;
        for sleeping in 0..1024 {
            assert_eq!((counts.sleeping(), counts.searching()), (sleeping, 0));
            assert_eq!(counts.with_searcher().without_searcher(), counts);
            assert_eq!(counts.with_searcher().sleeping(), sleeping);
            counts = counts.with_sleeper();
            assert_eq!(counts.without_sleeper().sleeping(), sleeping);
        }
    }

    #[test]
    fn a_sleeper_is_woken_only_if_nobody_searches() {
        let asleep = Counts::NONE.with_sleeper();
        assert_eq!(Counts::NONE.notice(), Notice::Nobody);
        assert_eq!(asleep.notice(), Notice::Sleeper);
        assert_eq!(asleep.with_searcher().notice(), Notice::Nobody);
        assert_eq!(Counts::NONE.with_searcher().notice(), Notice::Nobody);
    }
}
