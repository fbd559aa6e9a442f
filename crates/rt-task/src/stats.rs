//! What is counted of one task, where [`Builder::measured`](crate::Builder::measured) asked for it.
//!
//! * **[SA1]** Who polls the task writes `polls`, `busy`, `began` and `ended`, and nobody else: loads and plain
//!   stores. `woken` is written by whoever wakes it and cleared by the poll; the first wake of several counts.
//! * **[SA3]** A wake is noted before the state word says `QUEUED`, so a poll that clears it follows, or the end.
//!   Noted later, it could come behind that poll, and a task that sleeps would look like one that waits.
//! * **[SA2]** All of it is for reports: relaxed, and read while it is written. No two of the numbers need be of
//!   one moment.
//!
//! Times are nanoseconds since the process first asked for one, so that one word holds each; zero is "never".

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What is counted of one task: six words behind its cell.
///
/// Each number is what the last poll left there, or what the one that goes on has counted so far.
#[derive(Debug)]
pub struct Stats {
    spawned: u64,
    /// When it was woken first since the last poll began.
    woken: AtomicU64,
    polls: AtomicU64,
    busy: AtomicU64,
    /// When the poll began that goes on.
    began: AtomicU64,
    /// When the last poll ended.
    ended: AtomicU64,
}

/// What one poll took. See [`Stats::measure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measured {
    /// From the first wake since the last poll began, or from the spawn, to this poll. `None` where nobody was
    /// seen to wake the task: the counting began later, or it was aborted.
    pub delay: Option<Duration>,
    /// How long the poll was.
    pub took: Duration,
}

impl Stats {
    /// Of a task that is spawned now, and counts as woken.
    pub(crate) fn new() -> Stats {
        let now = now();
        Stats {
            spawned: now,
            woken: AtomicU64::new(now),
            polls: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            began: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        }
    }

    /// How long ago the task was spawned.
    #[must_use]
    pub fn age(&self) -> Duration {
        since(self.spawned)
    }

    /// How often it was polled, the poll that goes on included.
    #[must_use]
    pub fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    /// How long it was polled, all polls together, the one that goes on included.
    #[must_use]
    pub fn busy(&self) -> Duration {
        let before = Duration::from_nanos(self.busy.load(Ordering::Relaxed));
        before + self.in_poll().unwrap_or_default()
    }

    /// For how long it has been in the poll that goes on, if one does.
    #[must_use]
    pub fn in_poll(&self) -> Option<Duration> {
        Some(self.began.load(Ordering::Relaxed)).filter(|&began| began != 0).map(since)
    }

    /// How long ago its last poll ended: zero while one goes on, `None` before the first.
    #[must_use]
    pub fn since_last_poll(&self) -> Option<Duration> {
        if self.in_poll().is_some() {
            return Some(Duration::ZERO);
        }
        Some(self.ended.load(Ordering::Relaxed)).filter(|&ended| ended != 0).map(since)
    }

    /// How long ago the task was woken for its next poll; of several wakes the first one counts. `None` if nobody was
    /// seen to wake it since its last poll began.
    #[must_use]
    pub fn since_wake(&self) -> Option<Duration> {
        Some(self.woken.load(Ordering::Relaxed)).filter(|&woken| woken != 0).map(since)
    }

    /// Counts a poll. For who polls the task, in the closure of [`Task::poll`](crate::Task::poll): the task is
    /// there until that returns.
    pub fn measure(&self, poll: impl FnOnce()) -> Measured {
        let began = now();
        let woken = self.woken.load(Ordering::Relaxed);
        self.woken.store(0, Ordering::Relaxed);
        self.polls.store(self.polls() + 1, Ordering::Relaxed);
        self.began.store(began, Ordering::Relaxed);
        poll();
        let ended = now();
        let took = ended - began;
        self.busy.store(self.busy.load(Ordering::Relaxed) + took, Ordering::Relaxed);
        self.began.store(0, Ordering::Relaxed);
        self.ended.store(ended, Ordering::Relaxed);
        let delay = (woken != 0).then(|| Duration::from_nanos(began.saturating_sub(woken)));
        Measured { delay, took: Duration::from_nanos(took) }
    }

    /// The task is about to be woken [SA3]. Of several wakes before a poll the first one counts.
    pub(crate) fn woken(&self) {
        if self.woken.load(Ordering::Relaxed) == 0 {
            self.woken.store(now(), Ordering::Relaxed);
        }
    }
}

/// Nanoseconds since the process first asked: one at least, and for the next five hundred years.
fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let nanos = START.get_or_init(Instant::now).elapsed().as_nanos();
    u64::try_from(nanos).unwrap_or(u64::MAX).max(1)
}

fn since(time: u64) -> Duration {
    Duration::from_nanos(now().saturating_sub(time))
}
