//! What stands above a desk: whether its worker polls, which task, and for how long others have seen that.
//!
//! ```text
//!   the worker   even ── begin(task) ──► odd: it polls ── tick ──► even
//!   the monitor  look: the same odd number twice is a poll that lasts
//!   a searcher   get, and is_long some microseconds later: the same, on its own account
//!   a report     age_of(task): since when the monitor sees the poll that it is in
//!   the watchdog lasting: the poll that goes on, and since when; set_told: once a poll
//! ```
//!
//! A poll is what a runtime does most often: it may cost its worker two plain stores and one of the task's
//! number, no lock and no clock. Those who look pay for that.
//!
//! * **[SM1]** Only the worker changes the stamp and the number: the number first, then the odd stamp of its
//!   poll; the next number behind the even stamp that ends it.
//! * **[SM2]** Who finds the same odd stamp before and after the number has the number of that very poll. Who
//!   sees the stamp sees the number before it; a later number would have brought a later stamp along. (That
//!   the stamp must be a release rests on this argument: loom finds no fault where a thread stores relaxed
//!   behind its own load, and passes without it.)
//! * **[SM3]** The stamp that was seen, and since when, change together, under a lock.

use std::time::{Duration, Instant};

use rt_task::Id;
use rt_task::sync::{AtomicU32, AtomicU64, Mutex, Ordering, lock};

/// See the module.
#[derive(Debug)]
pub struct Stamp {
    /// Odd while the worker polls.
    stamp: AtomicU32,
    /// The number of the task that is polled, or was: zero for some that are local.
    polled: AtomicU64,
    seen: Mutex<Seen>,
    /// The stamp that was told of last. For the monitor alone.
    told: AtomicU32,
}

/// What the monitor found last, and when it found it first.
#[derive(Debug)]
struct Seen {
    stamp: u32,
    since: Option<Instant>,
}

impl Stamp {
    /// Of a desk where nobody polls.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "loom's atomics have none")]
    pub fn new() -> Stamp {
        let seen = Mutex::new(Seen { stamp: 0, since: None });
        let (stamp, polled) = (AtomicU32::new(0), AtomicU64::new(0));
        Stamp { stamp, polled, seen, told: AtomicU32::new(0) }
    }

    /// A poll of this task begins; `None`, of some that are local. For the worker.
    #[inline]
    pub fn begin(&self, task: Option<Id>) {
        // ORDER(stamp): who sees the number sees that the poll before it is over [SM2].
        self.polled.store(task.map_or(0, Id::get), Ordering::Release);
        self.tick();
    }

    /// A poll begins or ends. For the worker.
    #[inline]
    pub fn tick(&self) {
        let stamp = self.stamp.load(Ordering::Relaxed);
        // ORDER(stamp): who sees that a poll goes on sees its number [SM2].
        self.stamp.store(stamp.wrapping_add(1), Ordering::Release);
    }

    /// Whether a poll goes on. For the worker.
    pub(crate) fn is_polling(&self) -> bool {
        is_odd(self.get())
    }

    /// The stamp, to be compared later.
    pub(crate) fn get(&self) -> u32 {
        self.stamp.load(Ordering::Relaxed)
    }

    /// Whether one poll goes on since it was `seen`.
    pub(crate) fn is_long(&self, seen: u32) -> bool {
        is_odd(seen) && self.get() == seen
    }

    /// Whether a poll goes on that went on at the last look. For the monitor.
    pub fn look(&self) -> bool {
        let mut seen = lock(&self.seen);
        let stamp = self.stamp.load(Ordering::Relaxed);
        let is_same = seen.stamp == stamp;
        if !is_same {
            *seen = Seen { stamp, since: is_odd(stamp).then(Instant::now) };
        }
        is_same && is_odd(stamp)
    }

    /// For how long the monitor has seen this task in a poll that goes on here: zero, if it has not looked
    /// since the poll began. `None` if the task is not polled here.
    pub fn age_of(&self, task: Id) -> Option<Duration> {
        let seen = lock(&self.seen);
        let (stamp, _) = self.goes_on().filter(|&(_, polled)| polled == Some(task))?;
        let since = seen.since.filter(|_| seen.stamp == stamp);
        Some(since.map_or(Duration::ZERO, |since| since.elapsed()))
    }

    /// The poll that goes on: its stamp, and its task, unless it is of some that are local [SM2].
    fn goes_on(&self) -> Option<(u32, Option<Id>)> {
        // ORDER(stamp): the number that is read next is that of this stamp, or a later one [SM2].
        let stamp = self.stamp.load(Ordering::Acquire);
        // ORDER(stamp): a later number shows a later stamp [SM2].
        let polled = self.polled.load(Ordering::Acquire);
        let is_one_poll = is_odd(stamp) && self.stamp.load(Ordering::Relaxed) == stamp;
        is_one_poll.then(|| (stamp, Id::from_number(polled)))
    }
}

/// A poll of a task that the monitor has seen before and that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// The task.
    pub task: Id,
    /// When it was seen first.
    pub since: Instant,
    stamp: u32,
}

impl Stamp {
    /// The poll that goes on and was seen already, unless it was told of. For the monitor, behind a look.
    pub fn lasting(&self) -> Option<Lasting> {
        let seen = lock(&self.seen);
        let (stamp, task) = self.goes_on()?;
        let is_new = seen.stamp == stamp && self.told.load(Ordering::Relaxed) != stamp;
        let since = seen.since.filter(|_| is_new)?;
        Some(Lasting { task: task?, since, stamp })
    }

    /// That poll was told of. For the monitor.
    pub fn set_told(&self, poll: Lasting) {
        self.told.store(poll.stamp, Ordering::Relaxed);
    }
}

fn is_odd(stamp: u32) -> bool {
    stamp % 2 == 1
}
