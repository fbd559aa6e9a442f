//! One value of the state word, and every way from it to the next: pure functions, so that they are
//! tested on every word without a thread. [`State`](crate::state::State) applies them.
//!
//! ```text
//!           wake               start                complete
//!  IDLE ──────────► QUEUED ──────────► RUNNING ──────────► DONE
//!   ▲                 ▲ ▲               │ │ │ wake            ▲
//!   │                 │ └── restart ────┘ │ ▼                 │ complete
//!   │                 └───── pend ────── RUNNING+QUEUED ──────┘
//!   └────────────────── pend ─────────────┘
//! ```
//!
//! `cancel` goes where `wake` goes and leaves a mark: whoever starts a marked task drops its future
//! instead of polling it. `claim_slot`, `offer_slot` and `detach` are the join handle's and move no
//! phase.

use crate::priority::Priority;

/// One value of the state word.
///
/// | bits | name | meaning |
/// |---|---|---|
/// | 0 | `QUEUED` | somebody holds the [`Task`](crate::Task), or it was woken while it ran |
/// | 1 | `RUNNING` | somebody polls or drops the future |
/// | 2 | `DONE` | the future is gone |
/// | 3 | `CANCELLED` | the next start drops the future |
/// | 4 | `JOIN_INTEREST` | a join handle exists |
/// | 5 | `JOIN_WAKER` | the waker slot is full and belongs to who completes |
/// | 6 | `PANICKED` | outcome: the future panicked, its payload is the output |
/// | 7 | `DROPPED` | outcome: the future was dropped before it was ready, there is no output |
/// | 8 | `LOCAL` | the future belongs to one thread |
/// | 9–10 | class | the [`Priority`] |
/// | 16–63 | count | references |
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Snapshot(u64);

const QUEUED: u64 = 1;
const RUNNING: u64 = 1 << 1;
const DONE: u64 = 1 << 2;
const CANCELLED: u64 = 1 << 3;
const JOIN_INTEREST: u64 = 1 << 4;
const JOIN_WAKER: u64 = 1 << 5;
const PANICKED: u64 = 1 << 6;
const DROPPED: u64 = 1 << 7;
const LOCAL: u64 = 1 << 8;
const CLASS_SHIFT: u32 = 9;
const CLASS: u64 = 0b11 << CLASS_SHIFT;
const COUNT_SHIFT: u32 = 16;
const ONE: u64 = 1 << COUNT_SHIFT;
/// Far beyond what memory can hold, far below where the count wraps.
const COUNT_MAX: u64 = 1 << 46;

/// How a task came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The future returned its output.
    Completed,
    /// The future panicked, when polled or when dropped.
    Panicked,
    /// The future was dropped before it was ready.
    Cancelled,
}

/// What to do after a wake or a cancel.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Make the one `Task` and hand it to the scheduler.
    Submit,
    /// It is queued, or runs and will be queued again, or is done.
    Ignore,
}

/// What to do after a start.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Poll the future.
    Poll,
    /// Drop the future.
    Drop,
}

/// What to do after a poll that was pending.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pend {
    /// The right to poll is gone until somebody wakes the task.
    Rest,
    /// It was woken meanwhile: the caller keeps the `Task`.
    Again,
}

/// What to do after a completion.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Complete {
    /// The join handle is gone: the output is the caller's to drop.
    pub(crate) drop_output: bool,
    /// The waker slot is full and the caller's: take the waker and wake it.
    pub(crate) wake_joiner: bool,
}

/// What the join handle finds.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Join {
    /// The task is done: the output is the handle's.
    Done,
    /// The waker slot is the handle's, or was handed over as it wished.
    Slot,
}

/// What to do after a reference was given back.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// It was the last one: free the cell.
    Free,
    /// Others are left.
    Keep,
}

impl Snapshot {
    /// A new task: queued, with a join handle, counted for being alive and for the handle.
    pub(crate) const fn new(class: Priority, local: bool) -> Snapshot {
        let local = if local { LOCAL } else { 0 };
        Snapshot(QUEUED | JOIN_INTEREST | local | ((class as u64) << CLASS_SHIFT) | (2 * ONE))
    }

    /// Somebody holds the `Task`, or it was woken while it ran.
    #[must_use]
    pub const fn is_queued(self) -> bool {
        self.0 & QUEUED != 0
    }

    /// Somebody polls or drops the future.
    #[must_use]
    pub const fn is_running(self) -> bool {
        self.0 & RUNNING != 0
    }

    /// The future is gone.
    #[must_use]
    pub const fn is_done(self) -> bool {
        self.0 & DONE != 0
    }

    /// The next start drops the future.
    #[must_use]
    pub const fn is_cancelled(self) -> bool {
        self.0 & CANCELLED != 0
    }

    /// The future belongs to one thread.
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0 & LOCAL != 0
    }

    /// The waker slot is full and belongs to who completes.
    pub(crate) const fn has_join_waker(self) -> bool {
        self.0 & JOIN_WAKER != 0
    }

    /// How it ended, if it did.
    #[must_use]
    pub const fn end(self) -> Option<End> {
        match self.0 & (DONE | PANICKED | DROPPED) {
            DONE => Some(End::Completed),
            word if word & DONE == 0 => None,
            word if word & PANICKED != 0 => Some(End::Panicked),
            _ => Some(End::Cancelled),
        }
    }

    /// The class.
    #[must_use]
    pub const fn priority(self) -> Priority {
        Priority::from_bits((self.0 & CLASS) >> CLASS_SHIFT)
    }

    /// How many references there are.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.0 >> COUNT_SHIFT
    }

    /// What `start` adds to a word. [S1] says that `QUEUED` is set and `RUNNING` is not.
    pub(crate) const START: u64 = RUNNING - QUEUED;
    /// What `pend` takes from a word. [S2] says that `RUNNING` is set.
    pub(crate) const PEND: u64 = RUNNING;
    /// What one reference adds to a word.
    pub(crate) const REFERENCE: u64 = ONE;

    /// What `complete` adds to a word. [S2] and [S3] say that `RUNNING` is set and `DONE` is not.
    pub(crate) const fn completion(end: End) -> u64 {
        DONE + outcome(end) - RUNNING
    }

    pub(crate) const fn from_bits(bits: u64) -> Snapshot {
        Snapshot(bits)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    #[cfg(test)]
    pub(crate) const fn has_outcome(self) -> bool {
        self.0 & (PANICKED | DROPPED) != 0
    }

    /// A reference more is no longer safe.
    pub(crate) const fn is_overcounted(self) -> bool {
        self.count() > COUNT_MAX
    }

    pub(crate) const fn with_priority(self, class: Priority) -> Snapshot {
        Snapshot((self.0 & !CLASS) | ((class as u64) << CLASS_SHIFT))
    }

    /// IDLE → QUEUED, RUNNING → RUNNING+QUEUED, anything else stays.
    pub(crate) const fn wake(self) -> (Snapshot, Wake) {
        if self.0 & (QUEUED | DONE) != 0 {
            return (self, Wake::Ignore);
        }
        let wake = if self.is_running() { Wake::Ignore } else { Wake::Submit };
        (Snapshot(self.0 | QUEUED), wake)
    }

    /// A wake that leaves a mark.
    pub(crate) const fn cancel(self) -> (Snapshot, Wake) {
        if self.is_done() {
            return (self, Wake::Ignore);
        }
        let (next, wake) = self.wake();
        (Snapshot(next.0 | CANCELLED), wake)
    }

    /// QUEUED → RUNNING.
    pub(crate) const fn start(self) -> (Snapshot, Start) {
        let start = if self.is_cancelled() { Start::Drop } else { Start::Poll };
        (Snapshot((self.0 & !QUEUED) | RUNNING), start)
    }

    /// RUNNING → IDLE, RUNNING+QUEUED → QUEUED.
    pub(crate) const fn pend(self) -> (Snapshot, Pend) {
        let pend = if self.is_queued() { Pend::Again } else { Pend::Rest };
        (Snapshot(self.0 & !RUNNING), pend)
    }

    /// RUNNING → QUEUED: the future was not polled after all.
    pub(crate) const fn restart(self) -> (Snapshot, ()) {
        (Snapshot((self.0 & !RUNNING) | QUEUED), ())
    }

    /// RUNNING → DONE.
    pub(crate) const fn complete(self, end: End) -> (Snapshot, Complete) {
        let todo = Complete {
            drop_output: self.0 & JOIN_INTEREST == 0,
            wake_joiner: self.0 & JOIN_WAKER != 0,
        };
        (Snapshot((self.0 & !RUNNING) | DONE | outcome(end)), todo)
    }

    /// The handle takes the waker slot back, to look at it or to leave.
    pub(crate) const fn claim_slot(self) -> (Snapshot, Join) {
        if self.is_done() {
            return (self, Join::Done);
        }
        (Snapshot(self.0 & !JOIN_WAKER), Join::Slot)
    }

    /// The handle filled the waker slot and hands it to who completes.
    pub(crate) const fn offer_slot(self) -> (Snapshot, Join) {
        if self.is_done() {
            return (self, Join::Done);
        }
        (Snapshot(self.0 | JOIN_WAKER), Join::Slot)
    }

    /// The handle is dropped: nobody will take the output.
    pub(crate) const fn detach(self) -> (Snapshot, Join) {
        if self.is_done() {
            return (self, Join::Done);
        }
        (Snapshot(self.0 & !(JOIN_WAKER | JOIN_INTEREST)), Join::Slot)
    }
}

const fn outcome(end: End) -> u64 {
    match end {
        End::Completed => 0,
        End::Panicked => PANICKED,
        End::Cancelled => DROPPED,
    }
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const NAMES: [&str; 9] = [
            "QUEUED",
            "RUNNING",
            "DONE",
            "CANCELLED",
            "JOIN_INTEREST",
            "JOIN_WAKER",
            "PANICKED",
            "DROPPED",
            "LOCAL",
        ];
        let idle = (self.0 & (QUEUED | RUNNING | DONE) == 0).then_some("IDLE");
        let set = (0..NAMES.len()).filter(|bit| self.0 & (1 << bit) != 0).map(|bit| NAMES[bit]);
        let words: Vec<_> = idle.into_iter().chain(set).collect();
        write!(f, "{} {:?} ×{}", words.join("+"), self.priority(), self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word that can exist: all bits below the count, with three references.
    fn words() -> impl Iterator<Item = Snapshot> {
        (0..1 << 11).map(|bits| Snapshot(bits | (3 * ONE)))
    }

    #[test]
    fn a_word_reads_as_its_phase_and_its_marks() {
        let queued = Snapshot::new(Priority::Low, false);
        assert_eq!(format!("{queued:?}"), "QUEUED+JOIN_INTEREST Low ×2");
        let idle = queued.start().0.pend().0;
        assert_eq!(format!("{idle:?}"), "IDLE+JOIN_INTEREST Low ×2");
        assert_eq!(format!("{:?}", idle.detach().0), "IDLE Low ×2");
    }

    #[test]
    fn a_task_is_submitted_only_from_idle_and_only_once() {
        for word in words() {
            let idle = !word.is_queued() && !word.is_running() && !word.is_done();
            let (next, action) = word.wake();
            assert_eq!(action == Wake::Submit, idle, "from {word:?}");
            assert_eq!(next.wake().1, Wake::Ignore, "twice from {word:?}");
        }
    }

    #[test]
    fn a_cancelled_task_is_dropped_at_its_next_start() {
        for word in words().filter(|w| !w.is_done()) {
            let (next, _) = word.cancel();
            assert!(next.is_queued(), "a cancelled task waits for its start: {word:?}");
            assert_eq!(next.start().1, Start::Drop, "from {word:?}");
        }
    }

    #[test]
    fn nothing_touches_a_word_that_is_done_but_the_count_and_the_class() {
        for word in words().filter(|w| w.is_done()) {
            assert_eq!(word.wake(), (word, Wake::Ignore));
            assert_eq!(word.cancel(), (word, Wake::Ignore));
            assert_eq!(word.claim_slot(), (word, Join::Done));
            assert_eq!(word.offer_slot(), (word, Join::Done));
            assert_eq!(word.detach(), (word, Join::Done));
        }
    }

    #[test]
    fn no_transition_touches_the_count_or_the_class() {
        let rest = |w: Snapshot| (w.count(), w.priority(), w.is_local());
        for word in words() {
            for next in [
                word.wake().0,
                word.cancel().0,
                word.start().0,
                word.pend().0,
                word.restart().0,
                word.complete(End::Panicked).0,
                word.claim_slot().0,
                word.offer_slot().0,
                word.detach().0,
            ] {
                assert_eq!(rest(next), rest(word), "from {word:?}");
            }
        }
    }
}
