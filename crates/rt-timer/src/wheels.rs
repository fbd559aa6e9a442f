//! The wheels of one driver, and how long it may sleep.
//!
//! ```text
//!   Wheels ─┬─ timers(0) ─► Timers ── enter ──► worker 0's timers
//!           ├─ timers(1) ─► Timers ── enter ──► worker 1's     each arms on its own wheel
//!           └─ overdue, expire_all ◄── the monitor, whoever parks with the TimerDriver
//! ```
//!
//! Whoever parks looks at the deadlines that the wheels publish and takes a lock only where one of
//! them says so. What is deliberately not here: who is allowed to look when. Anybody is, at any
//! time.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use rt_task::sync::{Ordering, fence};
use rt_waker::WakeBatch;

use crate::alarm::Alarm;
use crate::axle::{Mount, TimerCounts};
use crate::clock::{Clock, NEVER};
use crate::messages;

/// The wheels of a [`TimerDriver`](crate::TimerDriver), one for each thread that arms timers of its
/// own.
///
/// A cheap handle, for any thread. See [`timers`](Wheels::timers) for one wheel of them.
///
/// ```
/// use rt_timer::{Clock, TimerDriver, sleep};
/// use rt_waker::{Park, Parker, WakeBatch};
/// use std::time::Duration;
///
/// let mut driver = TimerDriver::with_wheels(Parker::new(), Clock::real(), 2);
/// let wheels = driver.wheels();
/// let worker = std::thread::spawn(move || {
///     let _entered = wheels.timers(1).enter(); // its own wheel
///     rt_executor::block_on(sleep(Duration::from_millis(2)));
/// });
/// let mut ready = WakeBatch::new();
/// while !worker.is_finished() {
///     driver.park(Some(Duration::from_millis(1)), &mut ready); // and this thread looks at both
///     ready.wake_all();
/// }
/// ```
#[derive(Clone)]
pub struct Wheels {
    set: Arc<Set>,
}

static_assertions::assert_impl_all!(Wheels: Send, Sync);

/// What the handles share. With the last of them the axles are free.
struct Set {
    clock: Clock,
    alarm: Arc<Alarm>,
    mounts: Box<[Mount]>,
}

/// How long the driver may sleep.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sleep {
    No,
    /// Until this tick, which is so far away.
    For(u64, Duration),
    ForEver,
}

impl Wheels {
    #[track_caller]
    pub(crate) fn new(clock: Clock, bell: Waker, count: usize) -> Wheels {
        if count == 0 {
            messages::no_wheel();
        }
        let alarm = Arc::new(Alarm::new(bell));
        let mounts = (0..count).map(|_| Mount::new(clock.clone(), alarm.clone())).collect();
        Wheels { set: Arc::new(Set { clock, alarm, mounts }) }
    }

    /// How many there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.set.mounts.len()
    }

    /// The clock that they go by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.set.clock
    }

    /// Whether these are the wheels of the same driver.
    #[must_use]
    pub fn is_same(&self, other: &Wheels) -> bool {
        Arc::ptr_eq(&self.set, &other.set)
    }

    /// How many timers wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.set.mounts.iter().map(|mount| mount.waiting()).sum()
    }

    /// What they have done so far, also when the driver is gone. Of each wheel the numbers are of one moment:
    /// `armed = fired + cancelled` and those that wait.
    ///
    /// ```
    /// use rt_timer::{Clock, TimerDriver};
    /// use rt_waker::Parker;
    ///
    /// let driver = TimerDriver::with_wheels(Parker::new(), Clock::real(), 2);
    /// assert_eq!(driver.wheels().counts().armed, 0);
    /// ```
    #[must_use]
    pub fn counts(&self) -> TimerCounts {
        self.set.mounts.iter().map(|mount| mount.counts()).sum()
    }

    /// A wheel whose next timer should have fired `by` ago and longer: its owner is busy, and the
    /// driver is with nobody. Takes no lock. For the thread that watches the others: hand what it
    /// gives to [`timers`](Wheels::timers) and [`expire_due`](crate::Timers::expire_due).
    ///
    /// It may name a wheel whose late timer was cancelled, but not again after that was looked at.
    #[must_use]
    pub fn overdue(&self, by: Duration) -> Option<usize> {
        let by = u64::try_from(by.as_nanos()).unwrap_or(NEVER);
        let limit = self.now_if_needed()?.checked_sub(by)?;
        self.set.mounts.iter().position(|mount| mount.next() <= limit)
    }

    /// Takes out who is due on any wheel, and says how many. Among those of one wheel in the order
    /// of their deadlines. Locks only wheels on which somebody is due.
    pub fn expire_all(&self, ready: &mut WakeBatch) -> usize {
        self.now_if_needed().map_or(0, |now| self.expire_at(now, ready))
    }

    /// Wakes the driver if it sleeps for a timer that was cancelled since, and says whether it
    /// does: it looks, and sleeps for the next one. Without this it wakes later, once, in vain.
    ///
    /// For whoever sees a runtime become idle. Not for each timer that is cancelled: that is why a
    /// drop does not do it.
    pub fn correct_sleep(&self) -> bool {
        let is_in_vain = self.set.alarm.is_set_before(self.earliest_exact());
        if is_in_vain {
            self.set.alarm.ring();
        }
        is_in_vain
    }

    /// Gives back what memory a peak of timers left behind.
    pub fn trim(&self) {
        self.set.mounts.iter().for_each(|mount| mount.trim());
    }

    pub(crate) fn ring(&self) {
        self.set.alarm.ring();
    }

    /// Wakes the driver, if it sleeps for a timer: its clock has changed its pace.
    pub(crate) fn rouse(&self) {
        // ORDER(alarm): what was done to the clock, before the look at the driver's word.
        fence(Ordering::SeqCst);
        if self.set.alarm.is_set_before(NEVER) {
            self.set.alarm.ring();
        }
    }

    pub(crate) fn mount(&self, index: usize) -> Option<Mount> {
        self.set.mounts.get(index).copied()
    }

    /// Takes out who is due, and if nobody is, and the driver means to sleep, says until when. Until
    /// it has promised that, the driver is awake, and nobody rings. Reads the clock as [V1] says.
    // COURSE(5.8) stub: todo
    pub(crate) fn expire_or_sleep(&self, may_sleep: bool, ready: &mut WakeBatch) -> Sleep {
        self.set.alarm.stop();
        let now = self.now_if_needed();
        self.expire_at(now.unwrap_or(0), ready);
        if !may_sleep || !ready.is_empty() {
            return Sleep::No;
        }
        match (self.set_alarm(), now) {
            (NEVER, _) => Sleep::ForEver,
            (next, Some(now)) => Sleep::For(next, Duration::from_nanos(next.saturating_sub(now))),
            // It was armed since the first look, which found nothing to read the clock for.
            (next, None) => Sleep::For(next, self.set.clock.until(next).unwrap_or_default()),
        }
    }

    /// The driver is awake: nobody need ring. The tick at which it looked, if somebody was due.
    pub(crate) fn awake(&self, ready: &mut WakeBatch) -> Option<u64> {
        self.set.alarm.stop();
        self.now_if_needed().filter(|&now| self.expire_at(now, ready) > 0)
    }

    /// How long until a timer is due, promised as if to sleep.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.set.clock.until(self.set_alarm())
    }

    /// Wakes all, and takes in nothing any more [E3].
    pub(crate) fn close(&self) {
        let mut ready = WakeBatch::new();
        self.set.mounts.iter().for_each(|mount| mount.close(&mut ready));
        ready.wake_all();
    }

    fn expire_at(&self, now: u64, ready: &mut WakeBatch) -> usize {
        let overdue = self.set.mounts.iter().filter(|mount| mount.next() <= now);
        overdue.map(|mount| mount.expire(now, ready)).sum()
    }

    /// Promises to look at this tick again, the earliest deadline of all. One that is armed meanwhile
    /// is in the answer, or rings [E1].
    // COURSE(5.7) stub: todo
    fn set_alarm(&self) -> u64 {
        let earliest = self.earliest_exact();
        self.set.alarm.set(earliest);
        let again = self.earliest();
        if again < earliest {
            self.set.alarm.lower(again);
        }
        again.min(earliest)
    }

    /// No later than the earliest deadline of all.
    fn earliest(&self) -> u64 {
        self.set.mounts.iter().map(|mount| mount.next()).min().unwrap_or(NEVER)
    }

    /// The same, and not earlier for the sake of timers that were cancelled. Locks the wheels that
    /// say they are the first, one after the other, until one of them is: nearly always one.
    fn earliest_exact(&self) -> u64 {
        // Whoever looks once at each has seen what there was.
        for _ in self.set.mounts.iter() {
            let first = self.set.mounts.iter().min_by_key(|mount| mount.next());
            let Some(first) = first.filter(|mount| mount.next() != NEVER) else { break };
            let said = first.next();
            if first.look() == said {
                return said;
            }
        }
        self.earliest()
    }

    /// The clock, if a timer waits.
    fn now_if_needed(&self) -> Option<u64> {
        (self.earliest() != NEVER).then(|| self.set.clock.now_to_fire())
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        self.mounts.iter().for_each(|mount| mount.recycle());
    }
}

impl fmt::Debug for Wheels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheels")
            .field("len", &self.len())
            .field("waiting", &self.waiting())
            .field("clock", self.clock())
            .finish_non_exhaustive()
    }
}
