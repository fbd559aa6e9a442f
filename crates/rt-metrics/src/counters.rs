//! What one thread counts while it works.
//!
//! * **[MT1]** A counter is written by one thread at a time, and read by any: a load, an addition and a
//!   store. That is one instruction, on a line that is the thread's own.
//! * **[MT2]** How long a worker was busy is one word. While it waits, that is the time in all. While it is
//!   awake, it is the moment at which it would have begun, had it never waited. The lowest bit tells the two
//!   apart. So whoever reads it knows how long the worker was busy, also while it is.
//! * **[MT3]** What was shown of that never becomes less: who goes to wait reads the clock, and then writes the
//!   word; who looks in between reads a later clock. So the most that was shown is kept beside the word.
//! * **[MT4]** A thread was woken for nothing if it has polled nothing between two waits. That is known, and counted,
//!   when the second begins. Before the first there was no wake.
//! * **[MT5]** Yields are counted a thread, whoever polls there: who begins to count notes where that stands, and adds
//!   what came since: once a turn, and before the thread waits or counts no more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rt_task::{Polled, coop};

use crate::worker::WorkerSnapshot;

/// What came of polls, in this order.
const COMPLETED: usize = 0;
const PANICKED: usize = 1;
const CANCELLED: usize = 2;
const PENDING: usize = 3;
const AGAIN: usize = 4;

/// Yields are counted for no thread.
const NOBODY: u64 = u64::MAX;

/// Counters of one thread. Two lines of their own, since processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Counters {
    polled: [AtomicU64; 5],
    steals: AtomicU64,
    stolen: AtomicU64,
    drained: AtomicU64,
    yields: AtomicU64,
    parks: AtomicU64,
    unparks: AtomicU64,
    noops: AtomicU64,
    waiting: AtomicU64,
    /// See [MT2].
    busy: AtomicU64,
    /// See [MT3]. Written by who reads.
    shown: AtomicU64,
    /// For the writer: polls when it had last waited, and yields of its thread that are counted.
    polls_before: AtomicU64,
    yields_before: AtomicU64,
}

/// Adds to a counter of this thread's own [MT1].
#[inline]
// COURSE(10.3) stub: todo
fn add(counter: &AtomicU64, count: u64) {
    counter.store(get(counter) + count, Ordering::Relaxed);
}

#[inline]
fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Counters {
    /// A poll is over: it is counted by what came of it.
    #[inline]
    // COURSE(10.3) stub: todo
    pub(crate) fn polled(&self, polled: &Polled) {
        let outcome = match polled {
            Polled::Pending => PENDING,
            Polled::Completed => COMPLETED,
            Polled::Panicked => PANICKED,
            Polled::Cancelled => CANCELLED,
            Polled::Again(_) => AGAIN,
        };
        add(&self.polled[outcome], 1);
    }

    /// Counts what the budgets of this thread's polls have stopped since the last look.
    pub(crate) fn count_yields(&self) {
        let now = coop::yields_here();
        let before = get(&self.yields_before);
        if now != before && before != NOBODY {
            self.yields_before.store(now, Ordering::Relaxed);
            add(&self.yields, now.saturating_sub(before));
        }
    }

    /// From now on it counts for this thread, whose yields before are not its own.
    pub(crate) fn begin(&self) {
        self.yields_before.store(coop::yields_here(), Ordering::Relaxed);
    }

    /// It may go to another thread now, or to no one.
    pub(crate) fn end(&self) {
        self.count_yields();
        self.yields_before.store(NOBODY, Ordering::Relaxed);
    }

    pub(crate) fn stolen(&self, tasks: usize) {
        add(&self.steals, 1);
        add(&self.stolen, tasks as u64);
    }

    pub(crate) fn drained(&self, tasks: usize) {
        add(&self.drained, tasks as u64);
    }

    /// A turn is over, and so many tasks wait: what budgets have stopped in it is counted [MT5].
    #[inline]
    pub(crate) fn turned(&self, waiting: usize) {
        self.count_yields();
        self.waiting.store(waiting as u64, Ordering::Relaxed);
    }

    /// The thread is about to wait. It was woken for nothing if it has polled nothing since [MT4].
    // COURSE(10.3) stub: todo
    pub(crate) fn parking(&self, now: u64) {
        let polls = self.polls();
        if get(&self.unparks) > 0 && polls == get(&self.polls_before) {
            add(&self.noops, 1);
        }
        self.polls_before.store(polls, Ordering::Relaxed);
        self.count_yields();
        add(&self.parks, 1);
        self.rest(now);
    }

    pub(crate) fn parked(&self, now: u64) {
        add(&self.unparks, 1);
        self.wake(now);
    }

    fn polls(&self) -> u64 {
        self.polled.iter().map(get).sum()
    }

    /// It is busy from now on, if it was not.
    pub(crate) fn wake(&self, now: u64) {
        let busy = Busy(get(&self.busy));
        if !busy.is_awake() {
            self.busy.store(Busy::awake(now, busy.total(now)).0, Ordering::Relaxed);
        }
    }

    /// It is busy no more.
    pub(crate) fn rest(&self, now: u64) {
        let total = Busy(get(&self.busy)).total(now);
        self.busy.store(Busy::resting(total).0, Ordering::Relaxed);
    }

    /// How long it was busy [MT3]. The clock is read between two looks at the word, so that it is the word's time.
    // COURSE(10.2) stub: expr: 0
    fn busy(&self, clock: impl Fn() -> u64) -> u64 {
        let mut busy = get(&self.busy);
        loop {
            let now = clock();
            let again = get(&self.busy);
            if again == busy {
                let total = Busy(busy).total(now);
                return self.shown.fetch_max(total, Ordering::Relaxed).max(total);
            }
            busy = again;
        }
    }

    /// What was counted.
    pub(crate) fn read(&self, clock: impl Fn() -> u64) -> WorkerSnapshot {
        let mut seen = WorkerSnapshot::new();
        seen.busy = Duration::from_nanos(self.busy(clock));
        seen.queue_depth = get(&self.waiting) as usize;
        let fields = [
            (&mut seen.completed, &self.polled[COMPLETED]),
            (&mut seen.panicked, &self.polled[PANICKED]),
            (&mut seen.cancelled, &self.polled[CANCELLED]),
            (&mut seen.requeued, &self.polled[AGAIN]),
            (&mut seen.polls, &self.polled[PENDING]),
            (&mut seen.steals, &self.steals),
            (&mut seen.stolen, &self.stolen),
            (&mut seen.drained, &self.drained),
            (&mut seen.yields, &self.yields),
            (&mut seen.parks, &self.parks),
            (&mut seen.unparks, &self.unparks),
            (&mut seen.noops, &self.noops),
        ];
        fields.into_iter().for_each(|(field, counter)| *field = get(counter));
        seen.polls += seen.completed + seen.panicked + seen.cancelled + seen.requeued;
        seen
    }

    /// What was counted; from now on it counts from zero, and the queue of its thread is not looked at. For
    /// the writer, while nobody reads.
    pub(crate) fn take(&self, now: u64) -> WorkerSnapshot {
        let mut seen = self.read(|| now);
        seen.queue_depth = 0;
        let is_awake = Busy(get(&self.busy)).is_awake();
        let all = self.polled.iter().chain([
            &self.steals,
            &self.stolen,
            &self.drained,
            &self.yields,
            &self.parks,
            &self.unparks,
            &self.noops,
            &self.waiting,
            &self.polls_before,
            &self.shown,
        ]);
        all.for_each(|counter| counter.store(0, Ordering::Relaxed));
        let busy = if is_awake { Busy::awake(now, 0) } else { Busy::resting(0) };
        self.busy.store(busy.0, Ordering::Relaxed);
        seen
    }
}

/// One value of the word of [MT2], in nanoseconds.
#[derive(Clone, Copy)]
struct Busy(u64);

impl Busy {
    /// Busy no more, after it was for `total`.
    fn resting(total: u64) -> Busy {
        Busy(total << 1)
    }

    /// Awake from `now` on, after it was busy for `total`.
    // COURSE(10.2) stub: todo
    fn awake(now: u64, total: u64) -> Busy {
        Busy(now.saturating_sub(total) << 1 | 1)
    }

    fn is_awake(self) -> bool {
        self.0 & 1 == 1
    }

    /// How long it was busy, at this moment.
    // COURSE(10.2) stub: expr: 0
    fn total(self, now: u64) -> u64 {
        let word = self.0 >> 1;
        if self.is_awake() { now.saturating_sub(word) } else { word }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_of_busy_time_does_not_become_less() {
        let counters = Counters::default();
        counters.wake(0);
        assert_eq!(counters.busy(|| 100), 100);
        // The thread read the clock before that look, and wrote behind it.
        counters.rest(90);
        let why = "a counter goes back, and a scraper takes that for a restart: [MT3]";
        assert_eq!(counters.busy(|| 120), 100, "{why}");
        counters.wake(200);
        assert_eq!(counters.busy(|| 205), 100, "{why}");
        assert_eq!(counters.busy(|| 215), 105, "what came since is not counted: [MT2]");
    }
}
