//! One waker, registered by one thread and woken by any other.
//!
//! ```text
//!            claim                     hand_back: no mark
//!   IDLE ─────────────► REGISTERING ──────────────────────► IDLE
//!    │                       │ take: leaves a mark            ▲
//!    │ take                  ▼                                │ hand_back: takes the waker out,
//!    ▼              REGISTERING+TAKING ───────────────────────┤ and wakes it
//!  TAKING ────────────────────────────────────────────────────┘ take: has emptied the slot
//! ```
//!
//! * **[G1]** Whoever changed the state from `IDLE` has the slot, alone, until it changes it back.
//! * **[G2]** A `take` that comes while the slot is being filled leaves a mark, and the filling
//!   thread, which looks again after filling, wakes what it has just registered. A `register` that
//!   comes while the slot is being emptied wakes its own waker at once. So of "condition, then
//!   wake" and "register, then look at the condition" one always sees the other.
//! * **[G3]** Every change of the state is a read-modify-write, also a `take` that finds another one
//!   at work and the step that follows it. So what was done before any of the wakes is received by
//!   whoever acquires the state later: a plain store would cut that chain.
//! * **[G4]** User code runs when it may: a waker is woken and dropped after the slot was given
//!   back. Only `clone` runs while the slot is claimed, where it keeps nobody waiting; if it panics,
//!   the slot is as it was before.
//! * **[G5]** The newest waker wins: of one task only one is in, and no clone is made of one that
//!   would wake the same task as the one that is in.
//!
//! `AtomicWaker` of the `futures` crates is where this protocol comes from.

use std::fmt;
use std::mem::ManuallyDrop;
use std::task::Waker;

use rt_task::sync::{AtomicU8, Ordering, UnsafeCell};
use rt_task::unwind::contained;

const IDLE: u8 = 0;
const REGISTERING: u8 = 1;
const TAKING: u8 = 2;

/// A place for one waker. The newest one registered wins.
///
/// First register, then look at what you wait for: in this order no wake is lost.
///
/// ```
/// use rt_waker::WakerSlot;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use std::task::Poll;
///
/// static SLOT: WakerSlot = WakerSlot::new();
/// static READY: AtomicBool = AtomicBool::new(false);
///
/// std::thread::spawn(|| {
///     READY.store(true, Ordering::Relaxed); // `wake` publishes it, and `register` receives it
///     SLOT.wake();
/// });
/// rt_toy::block_on(std::future::poll_fn(|cx| {
///     SLOT.register(cx.waker());
///     if READY.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
/// }));
/// ```
pub struct WakerSlot {
    state: AtomicU8,
    waker: UnsafeCell<Option<Waker>>,
}

// SAFETY: [G1] the waker is touched by one thread at a time, and a `Waker` is Send and Sync.
unsafe impl Send for WakerSlot {}
// SAFETY: [G1] as above.
unsafe impl Sync for WakerSlot {}

impl WakerSlot {
    /// An empty one.
    #[cfg(not(rt_loom))]
    #[must_use]
    pub const fn new() -> WakerSlot {
        WakerSlot { state: AtomicU8::new(IDLE), waker: UnsafeCell::new(None) }
    }

    /// An empty one.
    #[cfg(rt_loom)]
    #[must_use]
    pub fn new() -> WakerSlot {
        WakerSlot { state: AtomicU8::new(IDLE), waker: UnsafeCell::new(None) }
    }

    /// Puts a clone of `waker` in, unless what is in would wake the same task.
    ///
    /// For one thread at a time: of two that register at once, one is woken instead.
    ///
    /// # Panics
    ///
    /// If a waker does. When its `clone` panics, what was registered before stays registered; when
    /// the one that was replaced panics in its drop, the new one is in.
    // COURSE(3.4) stub: todo
    pub fn register(&self, waker: &Waker) {
        let Some(claim) = self.claim() else {
            // Somebody wakes right now, or registers: look again soon [G2].
            waker.wake_by_ref();
            return;
        };
        let replaced = claim.fill(waker);
        claim.release();
        drop(replaced); // user code, so not before [G4]
    }

    /// Takes the waker out, if one is in and nobody else is about to wake it. To whoever registers
    /// at this moment it leaves a mark (`[G2]`). Whatever it finds, what was done before it is visible
    /// after a later [`register`](WakerSlot::register) (`[G3]`).
    #[must_use = "wake it"]
    // COURSE(3.5) stub: todo
    pub fn take(&self) -> Option<Waker> {
        // ORDER(waker_slot): the acquire half receives the slot; the release half publishes what
        // happened before this wake to a `register` that finds the mark, or comes later [G3].
        if self.state.fetch_or(TAKING, Ordering::AcqRel) != IDLE {
            return None;
        }
        // SAFETY: [G1] we changed the state from IDLE.
        let waker = self.waker.with_mut(|slot| unsafe { (*slot).take() });
        // ORDER(waker_slot): hands the slot on, and with it what others published meanwhile [G3].
        self.state.fetch_and(!TAKING, Ordering::Release);
        waker
    }

    /// Wakes and removes what was registered.
    ///
    /// # Panics
    ///
    /// If the waker does. The slot is empty then, as it is otherwise.
    pub fn wake(&self) {
        if let Some(waker) = self.take() {
            waker.wake();
        }
    }

    /// IDLE → REGISTERING. `None` if somebody else has the slot: then what was done before the wake
    /// that has it is visible to the caller [G3].
    // COURSE(3.4) stub: todo
    fn claim(&self) -> Option<Claim<'_>> {
        // ORDER(waker_slot): receives the slot from who had it before, or else what happened
        // before the wake that has it now: the caller looks at its condition next.
        let claimed =
            self.state.compare_exchange(IDLE, REGISTERING, Ordering::Acquire, Ordering::Acquire);
        claimed.ok().map(|_| Claim { slot: self })
    }
}

/// Evidence that we changed the state from `IDLE` to `REGISTERING`. The panic of a waker's `clone`
/// drops it.
struct Claim<'a> {
    slot: &'a WakerSlot,
}

impl Claim<'_> {
    /// Puts a clone in and returns what it replaces. Nothing happens if they would wake the same
    /// [G5]. If `clone` panics, what was in is in [G4].
    // COURSE(3.4) stub: todo
    fn fill(&self, waker: &Waker) -> Option<Waker> {
        let is_in = self.slot.waker.with(|slot| {
            // SAFETY: [G1] the slot is claimed.
            let registered = unsafe { &*slot };
            registered.as_ref().is_some_and(|registered| registered.will_wake(waker))
        });
        if is_in {
            return None;
        }
        // Between two accesses, not within one: it may come back to this slot.
        let clone = waker.clone();
        // SAFETY: [G1] the slot is claimed.
        self.slot.waker.with_mut(|slot| unsafe { (*slot).replace(clone) })
    }

    /// Gives the slot back, and wakes what it held if somebody left a mark [G2].
    fn release(self) {
        if let Some(waker) = ManuallyDrop::new(self).hand_back() {
            waker.wake();
        }
    }

    /// REGISTERING → IDLE. With a mark, the waker comes out: its wake has already happened, and what
    /// was done before that wake is visible to the caller.
    // COURSE(3.4) stub: todo
    fn hand_back(&self) -> Option<Waker> {
        let state = &self.slot.state;
        // ORDER(waker_slot): hands the slot on, full.
        let unmarked =
            state.compare_exchange(REGISTERING, IDLE, Ordering::Release, Ordering::Relaxed);
        if unmarked.is_ok() {
            return None;
        }
        // SAFETY: [G1] the slot is claimed, the mark changes nothing about that.
        let waker = self.slot.waker.with_mut(|slot| unsafe { (*slot).take() });
        // ORDER(waker_slot): hands the slot on, empty; the acquire half receives what happened
        // before the wakes that left the mark.
        state.swap(IDLE, Ordering::AcqRel);
        waker
    }
}

impl Drop for Claim<'_> {
    /// A `clone` has panicked: gives the slot back, and wakes what it held if somebody left a mark.
    /// A second panic ends here.
    // COURSE(3.5) stub: leak
    fn drop(&mut self) {
        // A second panic would end the process.
        if let Some(waker) = self.hand_back() {
            contained(|| waker.wake());
        }
    }
}

impl Default for WakerSlot {
    fn default() -> WakerSlot {
        WakerSlot::new()
    }
}

impl fmt::Debug for WakerSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakerSlot").finish_non_exhaustive()
    }
}
