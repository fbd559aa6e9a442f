//! Which class is next: the most urgent one, and now and then the one that has waited longest.
//!
//! The rule by which the lanes of a queue take turns. Whoever else hands out tasks by class may use one of its
//! own: choices among other tasks say nothing of who waits here.
//!
//! * **[AG1]** A class that waits is chosen after at most `2 * every - 1` choices of others, whoever else
//!   comes and goes (for an `every` of one: after two). Each `every`-th choice is an aged one. It takes
//!   the class that was passed over most often, and whoever it takes begins again at zero; the most
//!   urgent class is chosen in between, and is never the oldest. So the other one of the three can go
//!   before it in one aged choice, and not in the next. With a single other class it is `every - 1`.
//!
//! "Now and then the lowest class" would be simpler, and would starve the middle one between a busy
//! high and a busy low one.

use std::num::NonZeroU32;

use rt_task::{Priority, Waiting};

/// Chooses the most urgent class, and at each `every`-th choice the one that waits longest.
///
/// ```
/// use rt_priority::Ageing;
/// use rt_task::Priority::{High, Low};
/// use rt_task::Waiting;
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

    /// The same rule, which has chosen nobody yet.
    #[must_use]
    pub const fn afresh(&self) -> Ageing {
        Ageing::every(self.every.get())
    }

    /// Who is next. `None` if nobody waits.
    #[inline]
    // COURSE(9.1) stub: todo
    pub fn choose(&mut self, waiting: Waiting) -> Option<Priority> {
        let highest = waiting.highest()?;
        if waiting.len() == 1 {
            // Nobody is passed over.
            self.passed = [0; Priority::ALL.len()];
            return Some(highest);
        }
        Some(self.among(waiting, highest))
    }

    /// Who is next of two or three that wait: it begins again at zero, and the others were passed over once more `[AG1]`.
    // COURSE(9.1) stub: todo
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
