//! A park that several threads share: one of them waits at it, the others at parkers of their own.
//!
//! ```text
//!   thread A ── park ──► the park is there: takes it, and waits where timers and sockets are looked at
//!   thread B ── park ──► it is taken:       waits at its own parker
//!   wake(B)  ──► B's token
//!   wake(A)  ──► A's token, and the bell of the park, because A has it
//! ```
//!
//! * **[SP1]** Whoever takes the park says so, and then looks for its token; whoever wakes leaves the
//!   token, and then looks whether the park must be rung. Between the two steps of each stands a fence:
//!   of the two looks one at least finds what the other side did. So no wake is lost, and no bell rings
//!   for a thread that sleeps elsewhere.
//! * **[SP2]** The park is given back before its owner goes on, also when it unwinds.
//! * **[SP3]** Whoever gives the park back after a wait stirs the monitor: a park that [is
//!   free](Shared::is_free) at two looks in a row is one that nobody looks after, because all are busy, or
//!   because those who sleep do so elsewhere. Somebody of them is woken then, and takes it.
//!
//! Proof sketch of [SP1]. Let A take the park and B wake A.
//!
//! | A | B |
//! |---|---|
//! | `is_driving = true` | leave the token |
//! | fence | fence |
//! | look for the token | look at `is_driving` |
//!
//! One of the two fences comes first in the order of all fences. If it is A's, B's look sees `true` and
//! rings: the park ends, or does not begin. If it is B's, A's look sees the token, and A only looks at
//! the park instead of waiting.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use rt_task::sync::{AtomicBool, Mutex, Ordering, fence, lock};
use rt_waker::{Park, Parker, Unparker, WakeBatch};

use crate::monitor;

/// Looks at the token between two readings of the clock.
const LOOKS: usize = 16;

/// One thread's handle of a park that it shares with others.
///
/// ```
/// use rt_steal::Shared;
/// use rt_waker::{Park, Parker, WakeBatch};
/// use std::time::{Duration, Instant};
///
/// let mut one = Shared::new(Parker::new());
/// let mut two = one.another();
/// let (first, second) = (one.waker(), two.waker());
/// let waits = std::thread::spawn(move || two.park(None, &mut WakeBatch::new()));
/// first.wake();
/// one.park(None, &mut WakeBatch::new()); // whichever of the two has the park: both are woken
/// second.wake();
/// waits.join().unwrap();
/// ```
pub struct Shared<P: Park> {
    place: Arc<Place<P>>,
    parker: Parker,
    remote: Arc<Remote>,
    /// What it looks at of its own, while another has the park.
    look: Option<OwnLook>,
    /// How long it looks for its token before it waits.
    spin: Duration,
}

type OwnLook = Box<dyn FnMut(&mut WakeBatch) + Send>;

struct Place<P> {
    /// Empty while somebody has it.
    park: Mutex<Option<P>>,
    /// Whether nobody waits at it. Who only looks at it for a moment changes nothing: the monitor would take
    /// it for one that somebody looks after [SP3].
    is_free: Arc<AtomicBool>,
    /// What the park said when somebody had it last.
    is_fed_from_outside: AtomicBool,
    bell: Waker,
}

/// How a thread is woken, wherever it waits.
struct Remote {
    unparker: Unparker,
    is_driving: AtomicBool,
    bell: Waker,
}

/// Evidence that this thread has the park.
struct Driving<'a, P> {
    place: &'a Place<P>,
    remote: &'a Remote,
    park: Option<P>,
}

/// Whether a thread may spin: never with one processor. Asked once, because std reads the files of the
/// cgroup for the answer.
pub(crate) fn may_spin() -> bool {
    static MAY_SPIN: OnceLock<bool> = OnceLock::new();
    *MAY_SPIN
        .get_or_init(|| std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1))
}

impl<P: Park> Shared<P> {
    /// The first handle of a park.
    #[must_use]
    pub fn new(park: P) -> Shared<P> {
        let bell = park.waker();
        let is_free = Arc::new(AtomicBool::new(true));
        let is_fed_from_outside = AtomicBool::new(false);
        let park = Mutex::new(Some(park));
        Shared::of(Arc::new(Place { park, is_free, is_fed_from_outside, bell }))
    }

    /// A handle for another thread.
    #[must_use]
    pub fn another(&self) -> Shared<P> {
        Shared::of(self.place.clone())
    }

    /// Whether nobody waits at the park at this moment.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.place.is_free.load(Ordering::Relaxed)
    }

    /// What says so also when this handle is gone. It does not keep the park.
    pub(crate) fn free_flag(&self) -> Arc<AtomicBool> {
        self.place.is_free.clone()
    }

    fn of(place: Arc<Place<P>>) -> Shared<P> {
        let parker = Parker::new();
        let (unparker, bell) = (parker.unparker(), place.bell.clone());
        let remote = Arc::new(Remote { unparker, is_driving: AtomicBool::new(false), bell });
        Shared { place, parker, remote, look: None, spin: Duration::ZERO }
    }

    /// What a look is while another thread has the park: a look at this thread's own part of it. So a thread
    /// that works does not depend on when the one at the park is woken.
    #[must_use]
    pub fn looking(self, look: impl FnMut(&mut WakeBatch) + Send + 'static) -> Shared<P> {
        Shared { look: Some(Box::new(look)), ..self }
    }

    /// Before it waits, this thread looks for its token for as long as a wake-up costs: for a thread
    /// that nobody else spins for. Never on a machine with one processor.
    #[must_use]
    pub fn spinning(self, spin: Duration) -> Shared<P> {
        Shared { spin: if may_spin() { spin } else { Duration::ZERO }, ..self }
    }

    /// Whether the token came while it looked for it.
    fn spin(&self) -> bool {
        if self.spin.is_zero() {
            return false;
        }
        let start = Instant::now();
        loop {
            for _ in 0..LOOKS {
                if self.parker.try_take() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if start.elapsed() >= self.spin {
                return false;
            }
        }
    }

    /// Waits for its token alone, whoever has the park.
    pub(crate) fn wait_aside(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        if !self.spin() {
            self.parker.park(timeout, ready);
        }
    }

    fn drive(&self, mut driving: Driving<'_, P>, timeout: Option<Duration>, ready: &mut WakeBatch) {
        self.remote.is_driving.store(true, Ordering::Relaxed);
        // ORDER(driving): between what we say and what we look at [SP1].
        fence(Ordering::SeqCst);
        let timeout = if self.parker.try_take() { Some(Duration::ZERO) } else { timeout };
        if timeout != Some(Duration::ZERO) {
            driving.place.is_free.store(false, Ordering::Relaxed);
        }
        if let Some(park) = &mut driving.park {
            park.park(timeout, ready);
            let is_fed = park.is_fed_from_outside();
            driving.place.is_fed_from_outside.store(is_fed, Ordering::Relaxed);
        }
        drop(driving);
        // The token that came with the ring.
        let _ = self.parker.try_take();
        if timeout != Some(Duration::ZERO) {
            // It is free now: unless somebody takes it over, the monitor must see to it.
            monitor::stir();
        }
    }
}

impl<P> Place<P> {
    fn take<'a>(&'a self, remote: &'a Remote) -> Option<Driving<'a, P>> {
        let mut place = lock(&self.park);
        let park = place.take()?;
        Some(Driving { place: self, remote, park: Some(park) })
    }
}

impl<P> Drop for Driving<'_, P> {
    fn drop(&mut self) {
        self.remote.is_driving.store(false, Ordering::Relaxed);
        let mut place = lock(&self.place.park);
        *place = self.park.take();
        self.place.is_free.store(true, Ordering::Relaxed);
    }
}

impl<P: Park> Park for Shared<P> {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        if timeout != Some(Duration::ZERO) && self.spin() {
            return;
        }
        match self.place.take(&self.remote) {
            Some(driving) => self.drive(driving, timeout, ready),
            None => {
                if timeout == Some(Duration::ZERO) {
                    self.look.iter_mut().for_each(|look| look(ready));
                }
                self.parker.park(timeout, ready);
            }
        }
    }

    fn due(&self) -> Option<Duration> {
        lock(&self.place.park).as_ref().and_then(Park::due)
    }

    fn is_fed_from_outside(&self) -> bool {
        self.place.is_fed_from_outside.load(Ordering::Relaxed)
    }

    fn waker(&self) -> Waker {
        Waker::from(self.remote.clone())
    }
}

impl Wake for Remote {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unparker.unpark();
        // ORDER(driving): between what we leave and what we look at [SP1].
        fence(Ordering::SeqCst);
        if self.is_driving.load(Ordering::Relaxed) {
            self.bell.wake_by_ref();
        }
    }
}

impl<P: Park> fmt::Debug for Shared<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("is_free", &self.is_free()).finish_non_exhaustive()
    }
}
