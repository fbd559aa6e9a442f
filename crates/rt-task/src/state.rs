//! The state word: one atomic integer that says who may do what with a task.
//!
//! Beside the phase the word holds the join bits, the class and the count. What it may become is
//! drawn and tested in the module `snapshot`; here it becomes so, under many threads.
//!
//! * **[S1]** `QUEUED` without `DONE`: exactly one [`Task`](crate::Task) exists, or is made by
//!   whoever set the bit, or is taken back by whoever clears `RUNNING`.
//! * **[S2]** `RUNNING`: one thread has the right to the future, and it alone.
//! * **[S3]** `DONE` is never cleared. The outcome bits are set with it and never change.
//! * **[S4]** `JOIN_WAKER` clear and `JOIN_INTEREST` set: the waker slot is the join handle's.
//!   `JOIN_WAKER` set: it belongs to whoever completes the task.
//! * **[S5]** After `DONE` the output belongs to the join handle if `JOIN_INTEREST` was still
//!   set in the word that `complete` replaced, else to whoever completed the task.
//! * **[S6]** The count is never zero while somebody holds a reference. "Being alive" (not
//!   `DONE`) is a reference of its own, so queueing, polling and waking touch no count.
//! * **[S7]** After a wake or a cancel the word says `QUEUED` or `DONE`; `start` alone clears `QUEUED`.
//!   So a poll follows every wake, or the end.
//!
//! Every transition is a pure function from a [`Snapshot`] to the next one and to what its
//! caller must do. One loop applies it. Three edges are so hot that they are a single addition;
//! their pure functions stay as their specification, and a test compares the two on every word.

use crate::priority::Priority;
use crate::snapshot::{Complete, End, Join, Pend, Release, Snapshot, Start, Wake};
use crate::sync::{AtomicU64, Ordering};

/// The word itself.
#[derive(Debug)]
pub(crate) struct State(AtomicU64);

impl State {
    /// The word of a new task.
    pub(crate) fn new(class: Priority, local: bool) -> State {
        State(AtomicU64::new(Snapshot::new(class, local).bits()))
    }

    /// What the word says now, and everything that happened before it said so.
    #[inline]
    pub(crate) fn load(&self) -> Snapshot {
        // ORDER(complete): receives the output that the completing thread stored.
        Snapshot::from_bits(self.0.load(Ordering::Acquire))
    }

    /// Whether the future belongs to one thread; that never changes.
    #[inline]
    pub(crate) fn is_local(&self) -> bool {
        Snapshot::from_bits(self.0.load(Ordering::Relaxed)).is_local()
    }

    /// Applies a transition in one step: what is returned belongs to the word that was replaced,
    /// whatever other threads do meanwhile. Also where nothing changes the word is written: what the
    /// caller did before is visible to the next poll.
    #[inline]
    // COURSE(2.3) stub: todo
    fn apply<A>(&self, transition: impl Fn(Snapshot) -> (Snapshot, A)) -> A {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let (next, action) = transition(Snapshot::from_bits(word));
            // ORDER(wake): the release half publishes what the waker's thread did; the acquire
            // half of `start` receives it.
            // ORDER(slot): the release half hands the joiner's waker over; `complete` receives it.
            // Nothing here rests on the acquire half: `start` and `load` receive for themselves.
            match self.0.compare_exchange_weak(
                word,
                next.bits(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return action,
                Err(newer) => word = newer,
            }
        }
    }

    /// IDLE → QUEUED, RUNNING → RUNNING+QUEUED.
    #[inline]
    pub(crate) fn wake(&self) -> Wake {
        self.apply(Snapshot::wake)
    }

    /// A wake that leaves a mark.
    pub(crate) fn cancel(&self) -> Wake {
        self.apply(Snapshot::cancel)
    }

    /// QUEUED → RUNNING, in one addition. What was done before the wake is visible from here on.
    #[inline]
    // COURSE(2.3) stub: todo
    pub(crate) fn start(&self) -> Start {
        // ORDER(wake): receives what the thread that woke the task did before.
        Snapshot::from_bits(self.0.fetch_add(Snapshot::START, Ordering::Acquire)).start().1
    }

    /// RUNNING → IDLE or QUEUED, in one subtraction. The next poll sees what this one did; who is
    /// told `Again` sees what was done before the wake.
    #[inline]
    // COURSE(2.3) stub: todo
    pub(crate) fn pend(&self) -> Pend {
        // ORDER(wake): publishes this poll to the next one, wherever it runs, and receives what
        // a wake during this poll published if the task is queued again.
        Snapshot::from_bits(self.0.fetch_sub(Snapshot::PEND, Ordering::AcqRel)).pend().1
    }

    /// RUNNING → QUEUED.
    pub(crate) fn restart(&self) {
        self.apply(Snapshot::restart);
    }

    /// RUNNING → DONE, in one addition. Who reads `DONE` sees the output; who is told of a joiner sees
    /// its waker.
    #[inline]
    // COURSE(2.3) stub: todo
    pub(crate) fn complete(&self, end: End) -> Complete {
        let step = Snapshot::completion(end);
        // ORDER(complete): the release half publishes the output to the join handle.
        // ORDER(slot): the acquire half receives the joiner's waker.
        Snapshot::from_bits(self.0.fetch_add(step, Ordering::AcqRel)).complete(end).1
    }

    /// The handle takes the waker slot back.
    pub(crate) fn claim_slot(&self) -> Join {
        self.apply(Snapshot::claim_slot)
    }

    /// The handle hands the full slot over.
    pub(crate) fn offer_slot(&self) -> Join {
        self.apply(Snapshot::offer_slot)
    }

    /// The handle is dropped.
    pub(crate) fn detach(&self) -> Join {
        self.apply(Snapshot::detach)
    }

    /// Changes the class.
    pub(crate) fn set_priority(&self, class: Priority) {
        self.apply(|word| (word.with_priority(class), ()));
    }

    /// One more reference, made from one that exists. Before the count could wrap the process ends.
    #[inline]
    // COURSE(2.5) stub: todo
    pub(crate) fn retain(&self) {
        let before = Snapshot::from_bits(self.0.fetch_add(Snapshot::REFERENCE, Ordering::Relaxed));
        if before.is_overcounted() {
            // A program that forgets references by the billion: stop before the count wraps.
            std::process::abort();
        }
    }

    /// One reference less. Exactly one caller is told to free the cell: the last one, who sees all that
    /// was done through the others.
    #[inline]
    // COURSE(2.5) stub: todo
    pub(crate) fn release(&self) -> Release {
        // ORDER(count): publishes the last use through this reference to whoever frees the cell…
        let before = Snapshot::from_bits(self.0.fetch_sub(Snapshot::REFERENCE, Ordering::AcqRel));
        // ORDER(count): …and the acquire half of the last one receives all of them.
        if before.count() == 1 { Release::Free } else { Release::Keep }
    }
}

#[cfg(all(test, not(rt_loom)))]
mod tests {
    use super::*;

    /// Every word that can exist: all bits below the count, with three references.
    fn words() -> impl Iterator<Item = Snapshot> {
        (0..1 << 11).map(|bits| Snapshot::from_bits(bits | (3 * Snapshot::REFERENCE)))
    }

    fn state(word: Snapshot) -> State {
        State(AtomicU64::new(word.bits()))
    }

    fn within(body: impl FnOnce() + Send + 'static) {
        rt_testkit::within(std::time::Duration::from_secs(20), body);
    }

    #[test]
    fn the_one_addition_of_start_agrees_with_its_specification() {
        for word in words().filter(|w| w.is_queued() && !w.is_running() && !w.is_done()) {
            let real = state(word);
            assert_eq!((real.start(), real.load()), swap(word.start()), "[S2] from {word:?}");
        }
    }

    #[test]
    fn the_one_subtraction_of_pend_agrees_with_its_specification() {
        for word in words().filter(|w| w.is_running() && !w.is_done()) {
            let real = state(word);
            assert_eq!((real.pend(), real.load()), swap(word.pend()), "[S1] from {word:?}");
        }
    }

    #[test]
    fn the_one_addition_of_complete_agrees_with_its_specification() {
        for word in words().filter(|w| w.is_running() && !w.is_done() && !w.has_outcome()) {
            for end in [End::Completed, End::Panicked, End::Cancelled] {
                let real = state(word);
                let found = (real.complete(end), real.load());
                assert_eq!(found, swap(word.complete(end)), "[S3] {end:?} from {word:?}");
                assert_eq!(found.1.end(), Some(end), "the joiner is told another end: {word:?}");
            }
        }
    }

    fn swap<A, B>((a, b): (A, B)) -> (B, A) {
        (b, a)
    }

    #[test]
    fn a_change_in_between_is_seen_and_not_undone() {
        let state = State::new(Priority::Normal, false);
        let is_first = std::cell::Cell::new(true);
        let wake = state.apply(|word| {
            if is_first.replace(false) {
                assert_eq!(state.start(), Start::Poll, "another thread starts the task just now");
            }
            word.wake()
        });
        let word = state.load();
        assert!(word.is_running(), "another thread's change is undone: [S2], {word:?}");
        assert!(word.is_queued(), "the wake is lost, the task hangs: [S7], {word:?}");
        assert_eq!(wake, Wake::Ignore, "two threads may poll one future: [S1], {word:?}");
    }

    #[test]
    fn what_one_thread_changes_another_does_not_undo() {
        within(|| {
            const ROUNDS: usize = 20_000;
            let (state, both) = (State::new(Priority::Normal, false), std::sync::Barrier::new(2));
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    both.wait();
                    for _ in 0..ROUNDS {
                        let _ = state.offer_slot();
                        assert!(state.load().has_join_waker(), "a joiner is forgotten: [S4]");
                        let _ = state.claim_slot();
                        assert!(!state.load().has_join_waker(), "two own one slot: [S4]");
                    }
                });
                scope.spawn(|| {
                    both.wait();
                    for class in Priority::ALL.into_iter().cycle().take(ROUNDS) {
                        state.set_priority(class);
                        assert_eq!(state.load().priority(), class, "a change is lost");
                    }
                });
            });
        });
    }

    #[test]
    fn of_threads_that_wake_at_once_one_submits() {
        within(|| {
            for _ in 0..200 {
                let state = State::new(Priority::Normal, false);
                assert_eq!(state.start(), Start::Poll, "a new task is polled");
                assert_eq!(state.pend(), Pend::Rest, "nobody has woken it");
                let wake = || (0..10).filter(|_| state.wake() == Wake::Submit).count();
                let submitted = std::thread::scope(|scope| {
                    let other = scope.spawn(wake);
                    wake() + other.join().expect("a wake does not panic")
                });
                assert_eq!(submitted, 1, "two threads poll one future, or none does: [S1]");
            }
        });
    }

    #[test]
    fn the_last_of_all_references_is_told_to_free() {
        let state = State::new(Priority::Normal, false);
        state.retain();
        assert_eq!(state.load().count(), 3, "a cell would be freed that somebody uses: [S6]");
        let found = [state.release(), state.release(), state.release()];
        let why = "freed too early, or never: [S6]";
        assert_eq!(found, [Release::Keep, Release::Keep, Release::Free], "{why}");
        assert!(state.load().is_queued(), "counting touches no phase");
    }

    #[test]
    fn of_threads_that_give_back_at_once_one_frees() {
        const ROUNDS: usize = 2_000;
        within(|| {
            let rounds: Vec<_> = (0..ROUNDS)
                .map(|_| (State::new(Priority::Normal, false), AtomicU64::new(0)))
                .collect();
            let frees = || {
                let each = rounds.iter().map(|(state, arrived)| {
                    arrived.fetch_add(1, Ordering::Relaxed);
                    // The other one may have no processor of its own.
                    let mut looks = 0;
                    while arrived.load(Ordering::Relaxed) < 2 {
                        looks += 1;
                        if looks > 1_000 {
                            std::thread::yield_now();
                        }
                    }
                    state.release() == Release::Free
                });
                each.collect::<Vec<_>>()
            };
            let (one, two) = std::thread::scope(|scope| {
                let other = scope.spawn(frees);
                (frees(), other.join().expect("to give a reference back does not panic"))
            });
            for (one, two) in one.into_iter().zip(two) {
                assert!(one != two, "a cell is freed twice, or never: [S6]");
            }
        });
    }
}
