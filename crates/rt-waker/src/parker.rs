//! Parking a thread: a token that cannot be lost, and a place to wait for it.
//!
//! ```text
//!            park                    unpark
//!   EMPTY ─────────────► PARKED ─────────────────► NOTIFIED ─┐ unpark: many count as one
//!    ▲ ▲ │                 │ leave: the time is up   ▲  │ ▲──┘
//!    │ └─┼─────────────────┘                         │  │
//!    │   └────────────── unpark ─────────────────────┘  │
//!    └────────────────── take, or leave ────────────────┘
//! ```
//!
//! * **[P1]** An `unpark` before a `park` makes that park return at once; many count as one.
//! * **[P2]** Everything before an `unpark` is visible after the park that takes its token. All
//!   changes are read-modify-writes, so that this holds for each of many that count as one.
//! * **[P3]** From saying `PARKED` until it waits the thread holds the lock, and who finds `PARKED`
//!   takes the lock before it notifies: no notification falls between the two.
//! * **[P4]** One thread waits at a parker. It is not `Sync`, so the compiler says so.
//!
//! std's `thread::park` has the same protocol with one token a thread. Here each parker has its
//! own: two executors nested on one thread do not eat each other's wake-ups, nor those of code that
//! parks the thread for its own purposes.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use rt_task::sync::{AtomicU8, Condvar, Mutex, Ordering, lock};

use crate::batch::WakeBatch;
use crate::park::Park;

const EMPTY: u8 = 0;
const PARKED: u8 = 1;
const NOTIFIED: u8 = 2;

/// Where one thread waits. The other half is [`Unparker`], or a [`Waker`].
///
/// It may move to another thread, but two cannot wait at it:
///
/// ```
/// let parker = rt_waker::Parker::new();
/// let unparker = parker.unparker();
/// std::thread::spawn(move || unparker.unpark());
/// parker.wait();
/// ```
pub struct Parker {
    token: Arc<Token>,
    not_sync: PhantomData<Cell<()>>,
}

static_assertions::assert_impl_all!(Parker: Send);
static_assertions::assert_not_impl_any!(Parker: Sync);

/// Wakes the thread that waits at a [`Parker`], now or the next time.
#[derive(Clone)]
pub struct Unparker {
    token: Arc<Token>,
}

static_assertions::assert_impl_all!(Unparker: Send, Sync);

impl Parker {
    /// A parker without a token.
    #[must_use]
    pub fn new() -> Parker {
        let token =
            Token { state: AtomicU8::new(EMPTY), lock: Mutex::new(()), arrived: Condvar::new() };
        Parker { token: Arc::new(token), not_sync: PhantomData }
    }

    /// The other half.
    #[must_use]
    pub fn unparker(&self) -> Unparker {
        Unparker { token: self.token.clone() }
    }

    /// The other half as a waker. [`Waker::will_wake`] is true between two of one parker.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::from(self.token.clone())
    }

    /// Waits for the token and takes it.
    pub fn wait(&self) {
        while !self.wait_until(None) {}
    }

    /// Waits for the token, for at most `timeout`, and takes it. `false` if it did not come; no
    /// sooner than that. `Duration::MAX` is for ever.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        if self.token.take() {
            return true;
        }
        if timeout.is_zero() {
            return false;
        }
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.wait_until(Some(deadline)),
            None => {
                self.wait();
                true
            }
        }
    }

    /// Takes the token if it is there.
    #[must_use]
    pub fn try_take(&self) -> bool {
        self.token.take()
    }

    /// Waits for the token and takes it. `false` if it did not come by the deadline; without one it
    /// always comes. No token is lost that comes at the last moment, and none between the look at
    /// the state and the sleep [P1] [P3].
    // COURSE(3.8) stub: todo
    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let token = &*self.token;
        if token.take() {
            return true;
        }
        let mut guard = lock(&token.lock);
        if !token.park() {
            // Only an unpark can have come between [P4].
            return token.take();
        }
        loop {
            guard = match deadline {
                None => token.arrived.wait(guard).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return token.leave();
                    }
                    let waited = token.arrived.wait_timeout(guard, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            // Not so after a spurious wake-up, or the late notification of an earlier park.
            if token.take() {
                return true;
            }
        }
    }
}

impl Unparker {
    /// Puts the token there, and wakes the thread if it waits. Costs no system call if it does not.
    pub fn unpark(&self) {
        self.token.unpark();
    }
}

struct Token {
    state: AtomicU8,
    lock: Mutex<()>,
    arrived: Condvar,
}

impl Token {
    /// NOTIFIED → EMPTY. Says whether it was so: then what was done before the unpark is visible
    /// [P2].
    #[inline]
    // COURSE(3.7) stub: todo
    fn take(&self) -> bool {
        // ORDER(park): receives what was done before the unpark [P2].
        self.state.compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// EMPTY → PARKED, under the lock [P3]. Says whether it was so.
    // COURSE(3.8) stub: todo
    fn park(&self) -> bool {
        self.state.compare_exchange(EMPTY, PARKED, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// PARKED → EMPTY, or takes the token if it came at the last moment. Says whether it did.
    // COURSE(3.8) stub: todo
    fn leave(&self) -> bool {
        // ORDER(park): receives what was done before the unpark [P2].
        self.state.swap(EMPTY, Ordering::Acquire) == NOTIFIED
    }

    /// Anything → NOTIFIED, and publishes what was done before, whatever it finds [P2]. A thread that
    /// said `PARKED` is notified, also if it does not sleep yet [P3]; for any other it takes no lock.
    // COURSE(3.7) stub: todo
    fn unpark(&self) {
        // ORDER(park): publishes what was done before, to the park that takes the token [P2].
        if self.state.swap(NOTIFIED, Ordering::Release) != PARKED {
            return;
        }
        // The parked thread may be on its way from PARKED into the wait [P3].
        drop(lock(&self.lock));
        self.arrived.notify_one();
    }
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}

impl Park for Parker {
    fn park(&mut self, timeout: Option<Duration>, _ready: &mut WakeBatch) {
        match timeout {
            None => self.wait(),
            Some(timeout) => {
                self.wait_timeout(timeout);
            }
        }
    }

    fn waker(&self) -> Waker {
        Parker::waker(self)
    }
}

impl Default for Parker {
    fn default() -> Parker {
        Parker::new()
    }
}

impl fmt::Debug for Parker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parker").finish_non_exhaustive()
    }
}

impl fmt::Debug for Unparker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unparker").finish_non_exhaustive()
    }
}
