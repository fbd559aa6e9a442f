//! Where a wheel turns: its lock, and the deadline that others read without it.
//!
//! ```text
//!   Timer::poll ── arm ──► ┌ Axle ─────────────────────────────┐
//!   Timer::drop ─ disarm ─►│ state: generation │ wheel, clock  │── expire ─► WakeBatch
//!   Timer::reset ─ reset ─►│ next:  no later than its earliest │── next ───► who parks, monitors
//!                          └───────────────────────────────────┘   without the lock
//! ```
//!
//! Owns the memory of the axles, which is never freed: a wheel is put on one (`Mount::new`), taken
//! off at its end (`close`), and when nobody can name it any more the axle carries another
//! (`recycle`). So a timer keeps a plain reference to its axle, and counts nothing; that the wheel
//! is still its own, it learns under the lock that it takes anyway.
//!
//! * **[E2]** No waker is cloned, woken or dropped under the lock.
//! * **[E3]** After `close` nothing is armed. What was, is woken, and finds itself another wheel.
//! * **[E5]** `next` is no later than any deadline of the wheel. It is written under the lock
//!   alone, and before the lock is given back: published later, the write of one thread could undo
//!   that of another (tokio #6682).
//! * **[E6]** A mount's generation is its axle's until `close`, and never again. All but `next`
//!   asks for it.
//!
//! A `disarm` leaves `next` as it is: too early at worst, until somebody looks because of it.

use std::iter::Sum;
use std::sync::Arc;
use std::task::Waker;

use rt_task::sync::{AtomicU64, Mutex, Ordering, lock};
use rt_waker::WakeBatch;

use crate::alarm::Alarm;
use crate::clock::{Clock, Instant, NEVER};
use crate::observer;
use crate::wheel::{Key, Wheel};

/// Loom's locks belong to one execution of a model.
const IS_MODEL: bool = cfg!(rt_loom);

/// Axles without a wheel.
static FREE: std::sync::Mutex<Vec<&'static Axle>> = std::sync::Mutex::new(Vec::new());

/// Neighbours in memory are other workers': two lines apart, since processors fetch them in pairs.
#[repr(align(128))]
struct Axle {
    next: AtomicU64,
    state: Mutex<State>,
}

struct State {
    /// How many wheels were taken off.
    generation: u64,
    mounted: Option<Mounted>,
    /// Of the last one that was taken off.
    counts: TimerCounts,
}

struct Mounted {
    wheel: Wheel<Waker>,
    clock: Clock,
    alarm: Arc<Alarm>,
    fired: u64,
}

/// What a wheel has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimerCounts {
    /// Timers that were armed. A reset is none.
    pub armed: u64,
    /// Timers whose deadline came.
    pub fired: u64,
    /// Timers that were dropped before, or were left when the driver ended.
    pub cancelled: u64,
}

impl Sum for TimerCounts {
    fn sum<I: Iterator<Item = TimerCounts>>(counts: I) -> TimerCounts {
        counts.fold(TimerCounts::default(), |sum, wheel| TimerCounts {
            armed: sum.armed + wheel.armed,
            fired: sum.fired + wheel.fired,
            cancelled: sum.cancelled + wheel.cancelled,
        })
    }
}

/// What came of arming.
#[derive(Debug)]
pub(crate) enum Arm {
    Armed(Key),
    /// The deadline has passed.
    Due,
    /// The driver is gone.
    Closed,
}

/// What became of a timer that was armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renew {
    Waiting,
    Fired,
    /// The driver is gone.
    Closed,
}

/// One wheel on its axle. A copy of it keeps nothing alive.
#[derive(Clone, Copy)]
pub(crate) struct Mount {
    axle: &'static Axle,
    generation: u64,
}

impl Mount {
    /// Puts a new wheel on an axle.
    pub(crate) fn new(clock: Clock, alarm: Arc<Alarm>) -> Mount {
        let recycled = free().pop();
        let axle = recycled.unwrap_or_else(|| Box::leak(Box::new(Axle::new())));
        let mut state = lock(&axle.state);
        state.mounted = Some(Mounted { wheel: Wheel::new(), clock, alarm, fired: 0 });
        Mount { axle, generation: state.generation }
    }

    /// Gives the axle back after [`close`](Mount::close), when no handle names it: what is left are
    /// timers, and they ask for the generation.
    pub(crate) fn recycle(self) {
        if !IS_MODEL {
            free().push(self.axle);
        }
    }

    /// Has `waker` woken at `deadline`, unless that has passed or the wheel was taken off [E3]. A
    /// new first deadline is announced under the lock [E5], and the driver rung for after it; no
    /// waker is cloned or dropped under it [E2].
    // COURSE(5.6) stub: todo
    pub(crate) fn arm(self, deadline: Instant, may_have_passed: bool, waker: &Waker) -> Arm {
        let waker = waker.clone();
        let mut state = lock(&self.axle.state);
        let Some(mounted) = state.of(self) else {
            return unlocked(state, waker, Arm::Closed);
        };
        let tick = mounted.clock.tick(deadline);
        if mounted.has_passed(tick, may_have_passed) {
            return unlocked(state, waker, Arm::Due);
        }
        let key = mounted.wheel.insert(tick, waker);
        let alarm = self.axle.announce(tick, mounted);
        drop(state);
        ring(alarm);
        observer::tell(|observer| observer.armed(deadline));
        Arm::Armed(key)
    }

    /// Has `waker` woken in place of the one before [TI1], which is kept if it wakes the same task.
    /// Also here no waker is cloned or dropped under the lock [E2]. If the timer does not wait any
    /// more, says why.
    // COURSE(5.6) stub: todo
    pub(crate) fn renew(self, key: Key, waker: &Waker) -> Renew {
        match lock(&self.axle.state).find(self, key) {
            Ok(current) if current.will_wake(waker) => return Renew::Waiting,
            Ok(_) => {}
            Err(end) => return end,
        }
        let mut newest = waker.clone();
        let mut state = lock(&self.axle.state);
        let found = state.find(self, key).map(|current| std::mem::swap(current, &mut newest));
        let renewed = found.err().unwrap_or(Renew::Waiting);
        unlocked(state, newest, renewed)
    }

    /// Moves the deadline of a timer that waits, and rings, after the lock, for a driver that would
    /// sleep for longer [E1]. `false` if it does not wait any more.
    // COURSE(5.9) stub: todo
    pub(crate) fn reset(self, key: Key, deadline: Instant) -> bool {
        let mut state = lock(&self.axle.state);
        let Some(mounted) = state.of(self) else { return false };
        let tick = mounted.clock.tick(deadline);
        if !mounted.wheel.reset(key, tick) {
            return false;
        }
        let alarm = self.axle.announce(tick, mounted);
        drop(state);
        ring(alarm);
        true
    }

    /// The timer is gone: so is its entry, and its waker is dropped, after the lock [E2].
    // COURSE(5.9) stub: todo
    pub(crate) fn disarm(self, key: Key) {
        let mut state = lock(&self.axle.state);
        let waker = state.of(self).and_then(|mounted| mounted.wheel.remove(key));
        drop(state);
        if waker.is_some() {
            observer::tell(|observer| observer.cancelled());
        }
        drop(waker);
    }

    /// No later than the earliest deadline; [`NEVER`] if none waits. Takes no lock.
    pub(crate) fn next(self) -> u64 {
        self.axle.next.load(Ordering::Relaxed)
    }

    /// Takes out who is due at tick `now`, makes [`next`](Mount::next) exact, and says how many it
    /// took out.
    pub(crate) fn expire(self, now: u64, ready: &mut WakeBatch) -> usize {
        let mut state = lock(&self.axle.state);
        let Some(mounted) = state.of(self) else { return 0 };
        let fired = mounted.wheel.expire(now, |waker| ready.push(waker));
        mounted.fired += fired as u64;
        self.axle.publish(mounted);
        drop(state);
        if fired > 0 {
            observer::tell(|observer| observer.fired(fired));
        }
        fired
    }

    /// Makes [`next`](Mount::next) exact, after timers were cancelled, and gives it.
    pub(crate) fn look(self) -> u64 {
        let mut state = lock(&self.axle.state);
        state.of(self).map_or(NEVER, |mounted| self.axle.publish(mounted))
    }

    /// Takes the wheel off, with who waits [E3].
    pub(crate) fn close(self, ready: &mut WakeBatch) {
        let mut state = lock(&self.axle.state);
        let Some(mounted) = state.of(self) else { return };
        mounted.wheel.expire(u64::MAX, |waker| ready.push(waker));
        state.counts = mounted.counts();
        state.generation += 1;
        let off = state.mounted.take();
        self.axle.next.store(NEVER, Ordering::Relaxed); // [E5]
        drop(state);
        drop(off); // its memory, and with the alarm the bell: a waker
    }

    /// How many timers wait.
    pub(crate) fn waiting(self) -> usize {
        lock(&self.axle.state).of(self).map_or(0, |mounted| mounted.wheel.len())
    }

    /// Gives back what memory a peak of timers left behind.
    pub(crate) fn trim(self) {
        if let Some(mounted) = lock(&self.axle.state).of(self) {
            mounted.wheel.trim();
        }
    }

    /// What the wheel has done, also after [`close`](Mount::close).
    pub(crate) fn counts(self) -> TimerCounts {
        let mut state = lock(&self.axle.state);
        let ended = state.counts;
        state.of(self).map_or(ended, |mounted| mounted.counts())
    }
}

impl Axle {
    fn new() -> Axle {
        let state = State { generation: 0, mounted: None, counts: TimerCounts::default() };
        Axle { next: AtomicU64::new(NEVER), state: Mutex::new(state) }
    }

    /// Publishes the earliest deadline of the wheel [E5], under the lock.
    fn publish(&self, mounted: &mut Mounted) -> u64 {
        let next = mounted.wheel.next_deadline().unwrap_or(NEVER);
        self.next.store(next, Ordering::Relaxed);
        next
    }

    /// Publishes a deadline that is the earliest of the wheel [E5], under the lock. The alarm to
    /// ring, after the lock, if the driver sleeps for longer [E1].
    #[inline]
    fn announce(&self, tick: u64, mounted: &Mounted) -> Option<Arc<Alarm>> {
        if tick >= self.next.load(Ordering::Relaxed) {
            return None; // [E4]
        }
        self.announce_first(tick, &mounted.alarm)
    }

    #[cold]
    fn announce_first(&self, tick: u64, alarm: &Arc<Alarm>) -> Option<Arc<Alarm>> {
        self.next.store(tick, Ordering::Relaxed);
        alarm.is_later_than(tick).then(|| alarm.clone())
    }
}

impl State {
    /// The wheel of a mount, if it was not taken off [E6].
    #[inline]
    fn of(&mut self, mount: Mount) -> Option<&mut Mounted> {
        if self.generation == mount.generation { self.mounted.as_mut() } else { None }
    }

    /// The timer of a key, or why there is none.
    fn find(&mut self, mount: Mount, key: Key) -> Result<&mut Waker, Renew> {
        let mounted = self.of(mount).ok_or(Renew::Closed)?;
        mounted.wheel.get_mut(key).ok_or(Renew::Fired)
    }
}

impl Mounted {
    /// Whether a deadline has passed: by the clock if it may have, else by the last look at it.
    #[inline]
    fn has_passed(&self, tick: u64, may_have_passed: bool) -> bool {
        tick <= self.wheel.elapsed() || (may_have_passed && tick <= self.clock.now_to_fire())
    }

    fn counts(&self) -> TimerCounts {
        let (armed, fired) = (self.wheel.inserted(), self.fired);
        let cancelled = armed - fired - self.wheel.len() as u64;
        TimerCounts { armed, fired, cancelled }
    }
}

/// Not a lock of a model: it belongs to the process.
fn free() -> std::sync::MutexGuard<'static, Vec<&'static Axle>> {
    FREE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[inline]
fn ring(alarm: Option<Arc<Alarm>>) {
    if let Some(alarm) = alarm {
        alarm.ring();
    }
}

/// Drops a waker when the lock is gone [E2].
fn unlocked<G, R>(guard: G, waker: Waker, result: R) -> R {
    drop(guard);
    drop(waker);
    result
}
