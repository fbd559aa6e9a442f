//! The wheel of one thread that parks, and what others may do with it.
//!
//! ```text
//!   Timer::poll ── arm ──► wheel ── expire ──► WakeBatch ──► the task
//!   Timer::drop ─ disarm ─►  │
//!                            └─ next deadline ──► how long the driver parks
//! ```
//!
//! * **[E1]** Who parks says until when, under the lock with which it has looked at the wheel. Who
//!   arms an earlier timer under that lock sees it, and rings: no deadline falls between the two.
//! * **[E2]** No waker is cloned, woken or dropped under the lock.
//! * **[E3]** After `close` nothing is armed. What was, is woken, and finds itself another wheel.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use rt_task::sync::{Mutex, lock};
use rt_waker::WakeBatch;

use crate::clock::{Clock, Instant, NEVER};
use crate::wheel::{Key, Wheel};

/// A handle to the timers of a [`TimerDriver`](crate::TimerDriver): cheap to clone, for any thread.
#[derive(Clone)]
pub struct Timers {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    /// Ends the driver's park.
    bell: Waker,
    state: Mutex<State>,
}

struct State {
    wheel: Wheel<Waker>,
    /// The tick until which the driver has promised to sleep; `None` while it is awake.
    asleep_until: Option<u64>,
    is_closed: bool,
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

impl Timers {
    pub(crate) fn new(clock: Clock, bell: Waker) -> Timers {
        let state = State { wheel: Wheel::new(), asleep_until: None, is_closed: false };
        Timers { shared: Arc::new(Shared { clock, bell, state: Mutex::new(state) }) }
    }

    /// The clock that the deadlines go by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// How many timers wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        lock(&self.shared.state).wheel.len()
    }

    /// Gives back what memory a peak of timers left behind.
    pub fn trim(&self) {
        lock(&self.shared.state).wheel.trim();
    }

    /// Moves a paused clock on by `by` and fires what is due then, in the order of the deadlines.
    ///
    /// # Panics
    ///
    /// If the clock runs.
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        self.shared.clock.advance(by);
        let mut ready = WakeBatch::new();
        self.expire(&mut ready);
        ready.wake_all();
    }

    /// Has `waker` woken at `deadline`.
    pub(crate) fn arm(&self, deadline: Instant, waker: &Waker) -> Arm {
        let tick = self.shared.clock.tick(deadline);
        let waker = waker.clone();
        let mut state = lock(&self.shared.state);
        if state.is_closed {
            return unlocked(state, waker, Arm::Closed);
        }
        if tick <= state.wheel.elapsed() {
            return unlocked(state, waker, Arm::Due);
        }
        let key = state.wheel.insert(tick, waker);
        let must_ring = state.must_ring(tick);
        drop(state);
        self.ring_if(must_ring);
        Arm::Armed(key)
    }

    /// Has `waker` woken in place of the one before.
    pub(crate) fn renew(&self, key: Key, waker: &Waker) -> Renew {
        match lock(&self.shared.state).find(key) {
            Ok(current) if current.will_wake(waker) => return Renew::Waiting,
            Ok(_) => {}
            Err(end) => return end,
        }
        let mut newest = waker.clone();
        let mut state = lock(&self.shared.state);
        let found = state.find(key).map(|current| std::mem::swap(current, &mut newest));
        let renewed = found.err().unwrap_or(Renew::Waiting);
        unlocked(state, newest, renewed)
    }

    /// Moves the deadline of a timer that waits. `false` if it does not wait any more.
    pub(crate) fn reset(&self, key: Key, deadline: Instant) -> bool {
        let tick = self.shared.clock.tick(deadline);
        let mut state = lock(&self.shared.state);
        let is_reset = state.wheel.reset(key, tick);
        let must_ring = is_reset && state.must_ring(tick);
        drop(state);
        self.ring_if(must_ring);
        is_reset
    }

    /// The timer is gone.
    pub(crate) fn disarm(&self, key: Key) {
        let waker = lock(&self.shared.state).wheel.remove(key);
        drop(waker);
    }

    /// Takes out who is due.
    pub(crate) fn expire(&self, ready: &mut WakeBatch) {
        let now = self.now();
        lock(&self.shared.state).wheel.expire(now, |waker| ready.push(waker));
    }

    /// Takes out who is due, and if nobody is, and the driver means to sleep, says until when.
    pub(crate) fn expire_or_sleep(&self, may_sleep: bool, ready: &mut WakeBatch) -> Sleep {
        let now = self.now();
        let mut state = lock(&self.shared.state);
        state.asleep_until = None;
        state.wheel.expire(now, |waker| ready.push(waker));
        if !may_sleep || !ready.is_empty() {
            return Sleep::No;
        }
        let next = state.next();
        state.asleep_until = Some(next.unwrap_or(NEVER));
        match next {
            None => Sleep::ForEver,
            Some(next) => Sleep::For(next, Duration::from_nanos(next - now.min(next))),
        }
    }

    /// The driver is awake: nobody need ring.
    pub(crate) fn awake(&self, ready: &mut WakeBatch) {
        let now = self.now();
        let mut state = lock(&self.shared.state);
        state.asleep_until = None;
        state.wheel.expire(now, |waker| ready.push(waker));
    }

    /// How long until a timer is due, promised as if to sleep.
    pub(crate) fn due(&self) -> Option<Duration> {
        let mut state = lock(&self.shared.state);
        let next = state.next();
        state.asleep_until = Some(next.unwrap_or(NEVER));
        drop(state);
        next.and_then(|next| self.shared.clock.until(next))
    }

    /// Wakes all, and takes in nothing any more [E3].
    pub(crate) fn close(&self) {
        let mut ready = WakeBatch::new();
        let mut state = lock(&self.shared.state);
        state.is_closed = true;
        state.wheel.expire(u64::MAX, |waker| ready.push(waker));
        drop(state);
        ready.wake_all();
    }

    /// Never the tick that never comes, also when the clock was advanced to the end of time.
    #[inline]
    fn now(&self) -> u64 {
        self.shared.clock.now_tick().min(NEVER - 1)
    }

    #[inline]
    fn ring_if(&self, must_ring: bool) {
        if must_ring {
            self.shared.bell.wake_by_ref();
        }
    }
}

/// How long the driver may sleep.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sleep {
    No,
    /// Until this tick, which is so far away.
    For(u64, Duration),
    ForEver,
}

impl State {
    /// The timer of a key, or why there is none.
    fn find(&mut self, key: Key) -> Result<&mut Waker, Renew> {
        let end = if self.is_closed { Renew::Closed } else { Renew::Fired };
        self.wheel.get_mut(key).ok_or(end)
    }

    /// The next deadline. One that never comes is in the wheel too, for its reset, and is none.
    fn next(&mut self) -> Option<u64> {
        self.wheel.next_deadline().filter(|&next| next != NEVER)
    }

    /// Whether the driver sleeps for longer than until `tick` [E1]. It is rung for once.
    fn must_ring(&mut self, tick: u64) -> bool {
        let must_ring = self.asleep_until.is_some_and(|until| tick < until);
        if must_ring {
            self.asleep_until = Some(tick);
        }
        must_ring
    }
}

/// Drops a waker when the lock is gone [E2].
fn unlocked<G, R>(guard: G, waker: Waker, result: R) -> R {
    drop(guard);
    drop(waker);
    result
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("waiting", &self.waiting())
            .field("clock", self.clock())
            .finish_non_exhaustive()
    }
}
