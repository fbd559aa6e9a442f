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

    /// IDLE → QUEUED, RUNNING → RUNNING+QUEUED, anything else stays. Only who finds the task idle
    /// submits it: one that runs already has a holder, who finds the mark in `pend`.
    // COURSE(2.1) stub: todo
    pub(crate) const fn wake(self) -> (Snapshot, Wake) {
        if self.0 & (QUEUED | DONE) != 0 {
            return (self, Wake::Ignore);
        }
        let wake = if self.is_running() { Wake::Ignore } else { Wake::Submit };
        (Snapshot(self.0 | QUEUED), wake)
    }

    /// A wake that leaves a mark, also on a task that is queued or runs. One that is done stays as it
    /// is.
    // COURSE(2.2) stub: todo
    pub(crate) const fn cancel(self) -> (Snapshot, Wake) {
        if self.is_done() {
            return (self, Wake::Ignore);
        }
        let (next, wake) = self.wake();
        (Snapshot(next.0 | CANCELLED), wake)
    }

    /// QUEUED → RUNNING: the wakes until now are answered by this poll, and a later one sets `QUEUED`
    /// again. A task with the mark of `cancel` is to be dropped.
    // COURSE(2.1) stub: todo
    pub(crate) const fn start(self) -> (Snapshot, Start) {
        let start = if self.is_cancelled() { Start::Drop } else { Start::Poll };
        (Snapshot((self.0 & !QUEUED) | RUNNING), start)
    }

    /// RUNNING → IDLE, RUNNING+QUEUED → QUEUED: woken while it ran, it stays with who polled it.
    // COURSE(2.1) stub: todo
    pub(crate) const fn pend(self) -> (Snapshot, Pend) {
        let pend = if self.is_queued() { Pend::Again } else { Pend::Rest };
        (Snapshot(self.0 & !RUNNING), pend)
    }

    /// RUNNING → QUEUED: the future was not polled after all.
    pub(crate) const fn restart(self) -> (Snapshot, ()) {
        (Snapshot((self.0 & !RUNNING) | QUEUED), ())
    }

    /// RUNNING → DONE, with the bits of the outcome. The word that it replaces says what is left to
    /// do: whether the handle is gone [S5], and whether the slot holds a waker [S4].
    // COURSE(2.2) stub: todo
    pub(crate) const fn complete(self, end: End) -> (Snapshot, Complete) {
        let todo = Complete {
            drop_output: self.0 & JOIN_INTEREST == 0,
            wake_joiner: self.0 & JOIN_WAKER != 0,
        };
        (Snapshot((self.0 & !RUNNING) | DONE | outcome(end)), todo)
    }

    /// The handle takes the waker slot back, to look at it or to leave [S4]. Done, nothing changes.
    // COURSE(2.2) stub: todo
    pub(crate) const fn claim_slot(self) -> (Snapshot, Join) {
        if self.is_done() {
            return (self, Join::Done);
        }
        (Snapshot(self.0 & !JOIN_WAKER), Join::Slot)
    }

    /// The handle filled the waker slot and hands it to who completes [S4]. Done, nothing changes: it
    /// came too late.
    // COURSE(2.2) stub: todo
    pub(crate) const fn offer_slot(self) -> (Snapshot, Join) {
        if self.is_done() {
            return (self, Join::Done);
        }
        (Snapshot(self.0 | JOIN_WAKER), Join::Slot)
    }

    /// The handle is dropped: nobody will take the output [S5], and the slot is the handle's for the
    /// last time [S4]. Done, nothing changes.
    // COURSE(2.2) stub: todo
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
        assert_eq!(format!("{queued:?}"), "QUEUED+JOIN_INTEREST Low ×2", "a new task is queued");
        let idle = queued.start().0.pend().0;
        assert_eq!(format!("{idle:?}"), "IDLE+JOIN_INTEREST Low ×2", "polled, it waits for a wake");
    }

    #[test]
    fn a_task_is_submitted_only_from_idle_and_only_once() {
        for word in words() {
            let idle = !word.is_queued() && !word.is_running() && !word.is_done();
            let (next, action) = word.wake();
            let why = "two threads would poll one future, or none: [S1]";
            assert_eq!(action == Wake::Submit, idle, "{why}, a wake from {word:?}");
            assert_eq!(next.wake().1, Wake::Ignore, "{why}, a second wake from {word:?}");
        }
    }

    #[test]
    fn after_a_wake_a_task_is_queued_or_done() {
        for word in words() {
            let next = word.wake().0;
            let is_kept = next.is_queued() || next.is_done();
            assert!(is_kept, "the wake is lost, the task hangs: [S7], from {word:?} to {next:?}");
            assert_eq!(
                next.is_running(),
                word.is_running(),
                "a wake starts and ends no poll: [S2]"
            );
        }
    }

    #[test]
    fn a_start_answers_the_wakes_until_then() {
        for word in words().filter(|w| w.is_queued() && !w.is_running() && !w.is_done()) {
            let (next, start) = word.start();
            assert!(next.is_running(), "nobody has the right to the future: [S2], from {word:?}");
            assert!(!next.is_queued(), "each poll would be followed by another one: {word:?}");
            let expected = if word.is_cancelled() { Start::Drop } else { Start::Poll };
            assert_eq!(start, expected, "an aborted task is polled, or another dropped: {word:?}");
        }
    }

    #[test]
    fn a_task_woken_during_its_poll_stays_with_who_polls_it() {
        for word in words().filter(|w| w.is_running() && !w.is_done()) {
            let (next, pend) = word.wake().0.pend();
            assert_eq!(pend, Pend::Again, "the wake is lost, the task hangs: [S7], {word:?}");
            assert!(next.is_queued() && !next.is_running(), "[S1] says who holds it: {next:?}");
        }
    }

    #[test]
    fn a_task_that_nobody_woke_rests() {
        for word in words().filter(|w| w.is_running() && !w.is_queued() && !w.is_done()) {
            let (next, pend) = word.pend();
            assert_eq!(pend, Pend::Rest, "polled again with nothing to do: a busy loop, {word:?}");
            assert!(!next.is_queued() && !next.is_running(), "no wake can find it idle: {next:?}");
        }
    }

    #[test]
    fn a_cancelled_task_is_dropped_at_its_next_start() {
        for word in words().filter(|w| !w.is_done()) {
            let (next, action) = word.cancel();
            assert!(next.is_queued(), "an aborted task that nobody starts: [S7], from {word:?}");
            assert_eq!(next.start().1, Start::Drop, "an aborted task is polled: from {word:?}");
            assert_eq!(action, word.wake().1, "it goes where a wake goes: [S1], from {word:?}");
        }
    }

    #[test]
    fn the_end_says_who_has_the_output_and_who_is_woken() {
        for word in words().filter(|w| w.is_running() && !w.is_done() && !w.has_outcome()) {
            for end in [End::Completed, End::Panicked, End::Cancelled] {
                let (next, todo) = word.complete(end);
                let is_joined = word.0 & JOIN_INTEREST != 0;
                assert_eq!(next.end(), Some(end), "the joiner is told another end: {word:?}");
                assert!(!next.is_running(), "who may still touch the future? [S2], {next:?}");
                assert_eq!(todo.drop_output, !is_joined, "dropped twice or never: [S5], {word:?}");
                assert_eq!(todo.wake_joiner, word.has_join_waker(), "it hangs: [S4], {word:?}");
            }
        }
    }

    #[test]
    fn the_slot_goes_to_the_handle_and_to_who_completes() {
        for word in words().filter(|w| !w.is_done()) {
            let (claimed, offered) = (word.claim_slot(), word.offer_slot());
            assert_eq!((claimed.1, offered.1), (Join::Slot, Join::Slot), "from {word:?}");
            assert!(!claimed.0.has_join_waker(), "two write to one slot: [S4], {word:?}");
            assert!(offered.0.has_join_waker(), "nobody wakes the joiner: [S4], {word:?}");
        }
    }

    #[test]
    fn a_handle_that_leaves_takes_its_interest_and_the_slot_along() {
        let idle = Snapshot::new(Priority::Low, false).start().0.pend().0;
        assert_eq!(format!("{:?}", idle.offer_slot().0.detach().0), "IDLE Low ×2");
        for word in words().filter(|w| !w.is_done()) {
            let (next, join) = word.detach();
            assert_eq!(join, Join::Slot, "the handle does not look at the slot: [S4], {word:?}");
            let (_, todo) = next.complete(End::Completed);
            assert!(todo.drop_output, "the output that nobody takes leaks: [S5], {word:?}");
            assert!(!todo.wake_joiner, "who completes looks at a slot of nobody: [S4], {word:?}");
        }
    }

    #[test]
    fn nothing_touches_a_word_that_is_done_but_the_count_and_the_class() {
        for word in words().filter(|w| w.is_done()) {
            let why = "[S3] what is done stays as it is";
            assert_eq!(word.wake(), (word, Wake::Ignore), "{why}: wake");
            assert_eq!(word.cancel(), (word, Wake::Ignore), "{why}: cancel");
            assert_eq!(word.claim_slot(), (word, Join::Done), "{why}: claim_slot");
            assert_eq!(word.offer_slot(), (word, Join::Done), "{why}: offer_slot");
            assert_eq!(word.detach(), (word, Join::Done), "{why}: detach");
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
                let why = "a reference is lost or invented, or another class served: [S6]";
                assert_eq!(rest(next), rest(word), "{why}, from {word:?}");
            }
        }
    }
}
