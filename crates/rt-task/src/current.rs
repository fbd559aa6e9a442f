//! What is being polled on this thread, and how much it may still do: one thread-local.

use std::cell::Cell;
use std::num::NonZeroU64;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::header::Header;
use crate::id::Id;
use crate::sync::plain_thread_local;
use crate::unwind::contained;

/// No limit: outside every poll.
pub(crate) const UNLIMITED: u32 = u32::MAX;

struct Current {
    /// The task that is being polled, or whose future is being dropped, on this thread. The
    /// guard's owner holds a reference to it.
    task: Cell<Option<NonNull<Header>>>,
    budget: Cell<u32>,
    /// The last number of a poll that was handed out on this thread; a multiple of `BLOCK` when the
    /// block is used up.
    last_poll: Cell<u64>,
    /// The innermost poll that goes on.
    poll: Cell<Option<PollNumber>>,
    /// The marks that were made in it and those that were taken back: two words, because a word that both
    /// change would make each wait for the other. And who is told at its end if there are any left.
    made: Cell<u32>,
    taken_back: Cell<u32>,
    left: Cell<fn(PollNumber, u32)>,
    /// How many polls had to end on this thread because their budget was used up, and the last of them.
    yields: Cell<u64>,
    yielding: Cell<Option<PollNumber>>,
}

/// Numbers of polls that a thread takes at once.
const BLOCK: u64 = 1 << 24;

static NEXT_BLOCK: AtomicU64 = AtomicU64::new(0);

plain_thread_local! {
    static CURRENT: Current = Current {
        task: Cell::new(None),
        budget: Cell::new(UNLIMITED),
        last_poll: Cell::new(0),
        poll: Cell::new(None),
        made: Cell::new(0),
        taken_back: Cell::new(0),
        left: Cell::new(|_, _| {}),
        yields: Cell::new(0),
        yielding: Cell::new(None),
    }
}

/// The number of a poll: unique in this process. See [`mark_poll`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PollNumber(NonZeroU64);

/// Puts back what was there before: polls nest, when a future blocks on another executor.
pub(crate) struct Enter {
    task: Option<NonNull<Header>>,
    budget: u32,
    poll: Option<PollNumber>,
    marks: Marks,
}

/// Those that were made in a poll, and those that were taken back.
#[derive(Clone, Copy)]
struct Marks {
    made: u32,
    taken_back: u32,
}

impl Marks {
    const NONE: Marks = Marks { made: 0, taken_back: 0 };

    /// Those that are left: none, if a number was copied and more were taken back than made.
    #[inline]
    fn left(self) -> u32 {
        let left = self.made.wrapping_sub(self.taken_back);
        if left.cast_signed() > 0 { left } else { 0 }
    }
}

/// While the guard lives, `task` is the current one and may spend `budget`.
#[inline]
pub(crate) fn enter(task: Option<NonNull<Header>>, budget: u32) -> Enter {
    CURRENT.with(|current| Enter {
        task: current.task.replace(task),
        budget: current.budget.replace(budget),
        poll: current.poll.replace(current.number()),
        marks: current.replace_marks(Marks::NONE),
    })
}

impl Current {
    /// A number that no poll has had.
    #[inline]
    fn number(&self) -> Option<PollNumber> {
        let mut last = self.last_poll.get();
        if last.is_multiple_of(BLOCK) {
            last = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed) * BLOCK;
        }
        self.last_poll.set(last + 1);
        NonZeroU64::new(last + 1).map(PollNumber)
    }

    #[inline]
    fn replace_marks(&self, marks: Marks) -> Marks {
        let Marks { made, taken_back } = marks;
        Marks { made: self.made.replace(made), taken_back: self.taken_back.replace(taken_back) }
    }
}

impl Drop for Enter {
    #[inline]
    fn drop(&mut self) {
        CURRENT.with(|current| {
            current.task.set(self.task);
            current.budget.set(self.budget);
            let poll = current.poll.replace(self.poll);
            let marks = current.replace_marks(self.marks).left();
            if marks > 0
                && let Some(poll) = poll
            {
                tell_of_marks(current.left.get(), poll, marks);
            }
        });
    }
}

/// The poll is over, so that `left` may do what it likes: also panic, which ends here.
#[cold]
fn tell_of_marks(left: fn(PollNumber, u32), poll: PollNumber, marks: u32) {
    contained(|| left(poll, marks));
}

/// Marks the poll that goes on on this thread, of a task or of a root; `None` outside of every poll.
///
/// For who needs the clock only if it is asked later: keep the number; [`unmark_poll`] then says
/// whether that poll still goes on. When a poll has ended with marks left, the `left` that was passed
/// last is told how many. A panic of it ends there.
#[must_use]
#[inline]
pub fn mark_poll(left: fn(PollNumber, u32)) -> Option<PollNumber> {
    CURRENT.with(|current| {
        let poll = current.poll.get()?;
        current.made.set(current.made.get().wrapping_add(1));
        current.left.set(left);
        Some(poll)
    })
}

/// Takes a mark back. `false` if its poll is not the innermost that goes on on this thread: then it
/// has been told of, or will be.
#[must_use]
#[inline]
pub fn unmark_poll(poll: PollNumber) -> bool {
    CURRENT.with(|current| {
        let is_current = current.poll.get() == Some(poll);
        if is_current {
            current.taken_back.set(current.taken_back.get().wrapping_add(1));
        }
        is_current
    })
}

/// As if the poll that goes on on this thread had ended and another one begun: whoever left marks in it
/// is told of them now. For who is about to change what the marks are answered with.
pub fn settle_marks() {
    CURRENT.with(|current| {
        let marks = current.replace_marks(Marks::NONE).left();
        if marks > 0
            && let Some(poll) = current.poll.replace(current.number())
        {
            tell_of_marks(current.left.get(), poll, marks);
        }
    });
}

/// A number that changes with each poll of a task or of a root on this thread: who sees the same one
/// twice knows that nothing was polled in between.
#[must_use]
pub fn polls_here() -> u64 {
    CURRENT.with(|current| current.last_poll.get())
}

/// The number of the current task.
pub(crate) fn id() -> Option<Id> {
    // SAFETY: [S6] who entered holds a reference until the guard is dropped.
    task().map(|header| unsafe { header.as_ref() }.id())
}

/// The current task.
pub(crate) fn task() -> Option<NonNull<Header>> {
    CURRENT.with(|current| current.task.get())
}

pub(crate) fn budget() -> u32 {
    CURRENT.with(|current| current.budget.get())
}

pub(crate) fn set_budget(budget: u32) {
    CURRENT.with(|current| current.budget.set(budget));
}

/// The poll that goes on has used up its budget. Several of its leaves may say so: it is counted once.
#[cold]
pub(crate) fn count_yield() {
    CURRENT.with(|current| {
        let poll = current.poll.get();
        if current.yielding.replace(poll) != poll {
            current.yields.set(current.yields.get() + 1);
        }
    });
}

pub(crate) fn yields() -> u64 {
    CURRENT.with(|current| current.yields.get())
}
