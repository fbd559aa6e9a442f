//! The waker slot: the newest waker wins, and no wake is lost, whatever a waker does.

use std::future::poll_fn;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;
use std::time::Duration;

use rt_testkit::{CountingWaker, within};
use rt_waker::WakerSlot;

const DEADLINE: Duration = Duration::from_secs(10);

// The side that registers, alone.

#[test]
fn registering_keeps_one_clone_and_wakes_nobody() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (waker, told) = hostile();
        slot.register(&waker);
        assert_eq!(told.clones(), 1, "what is registered is a clone, and one is enough [G5]");
        assert_eq!(told.wakes(), 0, "registering alone woke the task: it would never sleep");
        assert_eq!(
            Arc::strong_count(&told),
            3,
            "the slot does not hold the waker: nobody can wake"
        );
    });
}

#[test]
fn a_task_that_registers_again_is_not_cloned_again() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (waker, told) = hostile();
        slot.register(&waker);
        slot.register(&waker);
        slot.register(&waker.clone());
        assert_eq!(told.clones(), 2, "one for the slot, one of ours: each poll would pay [G5]");
        assert_eq!(
            told.wakes(),
            0,
            "the slot is still claimed by the first: a task that spins [G1]"
        );
    });
}

#[test]
fn the_newer_waker_takes_the_place_of_the_older_one() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (older, told_older) = hostile();
        let (newer, told_newer) = hostile();
        slot.register(&older);
        slot.register(&newer);
        let (held_older, held_newer) =
            (Arc::strong_count(&told_older), Arc::strong_count(&told_newer));
        assert_eq!(held_newer, 3, "the task that polled last is not in: it would hang [G5]");
        assert_eq!(held_older, 2, "the replaced waker is leaked");
        assert_eq!(told_older.wakes() + told_newer.wakes(), 0, "a task was woken by nobody");
    });
}

#[test]
fn dropping_the_slot_drops_the_waker_and_does_not_wake_it() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (waker, wakes) = CountingWaker::new();
        slot.register(&waker);
        drop(slot);
        assert_eq!(wakes.count(), 0, "a task was woken by nobody");
        assert_eq!(Arc::strong_count(&wakes), 2, "the registered waker is leaked");
    });
}

#[test]
fn of_two_that_register_at_once_one_is_woken() {
    within(DEADLINE, || {
        let slot = Arc::new(WakerSlot::new());
        let (outer, told) = hostile();
        let (inner, wakes_of_inner) = CountingWaker::new();
        let inside = slot.clone();
        told.when(Moment::Clone, move || inside.register(&inner));
        slot.register(&outer);
        assert_eq!(wakes_of_inner.count(), 1, "neither registered nor woken: it would hang [G2]");
        assert_eq!(Arc::strong_count(&told), 3, "the one that had the slot first would hang [G1]");
        assert_eq!(told.wakes(), 0, "the one that had the slot first was woken by nobody");
    });
}

#[test]
fn a_replaced_waker_is_dropped_when_the_slot_is_free_again() {
    within(DEADLINE, || {
        let slot = Arc::new(WakerSlot::new());
        let (older, told) = hostile();
        slot.register(&older);
        let (third, wakes_of_third) = CountingWaker::new();
        let inside = slot.clone();
        told.when(Moment::Drop, move || inside.register(&third));
        let (newer, _wakes) = CountingWaker::new();
        slot.register(&newer);
        assert_eq!(
            wakes_of_third.count(),
            0,
            "user code ran while the slot was claimed, and found it taken [G4]"
        );
        assert_eq!(Arc::strong_count(&wakes_of_third), 2, "what that code registered is lost [G4]");
    });
}

// The side that wakes, and where the two meet.

#[test]
fn a_wake_reaches_who_is_registered_once() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (waker, wakes) = CountingWaker::new();
        slot.register(&waker);
        assert_eq!(wakes.count(), 0, "registering alone woke the task: it would never sleep");
        slot.wake();
        assert_eq!(wakes.count(), 1, "the wake was lost: the task hangs [G2]");
        slot.wake();
        assert_eq!(wakes.count(), 1, "who was woken is still registered");
    });
}

#[test]
fn a_wake_of_an_empty_slot_does_nothing_and_leaves_nothing() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        slot.wake();
        assert!(slot.take().is_none(), "an empty slot gave a waker");
        let (waker, wakes) = CountingWaker::new();
        slot.register(&waker);
        assert_eq!(wakes.count(), 0, "an old wake reached a waker that came later");
        assert!(slot.take().is_some_and(|taken| taken.will_wake(&waker)), "the slot is stuck [G1]");
    });
}

#[test]
fn after_a_wake_a_task_that_registers_again_is_in_again() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (waker, told) = hostile();
        slot.register(&waker);
        slot.wake();
        slot.register(&waker);
        assert_eq!(told.clones(), 2, "a wake leaves an empty slot, which needs a clone");
        slot.wake();
        assert_eq!(told.wakes(), 2, "the second wake was lost: the task hangs [G2]");
    });
}

#[test]
fn what_is_taken_is_the_callers_to_wake() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (waker, wakes) = CountingWaker::new();
        slot.register(&waker);
        let taken = slot.take().expect("it was registered");
        assert_eq!(wakes.count(), 0, "taking woke: no waker could be fired after unlocking");
        assert!(slot.take().is_none(), "one registration was taken twice");
        taken.wake();
        assert_eq!(wakes.count(), 1, "the taken waker is not the registered one");
    });
}

#[test]
fn the_newest_waker_wins() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (older, wakes_of_older) = CountingWaker::new();
        let (newer, wakes_of_newer) = CountingWaker::new();
        slot.register(&older);
        slot.register(&newer);
        assert_eq!(Arc::strong_count(&wakes_of_older), 2, "the replaced waker is leaked");
        slot.wake();
        assert_eq!(wakes_of_newer.count(), 1, "the task that polled last would hang [G5]");
        assert_eq!(wakes_of_older.count(), 0, "a task was woken that does not wait any more [G5]");
    });
}

#[test]
fn a_wake_that_comes_while_a_waker_is_registered_is_passed_on() {
    within(DEADLINE, || {
        let slot = Arc::new(WakerSlot::new());
        let (waker, told) = hostile();
        let inside = slot.clone();
        told.when(Moment::Clone, move || {
            inside.wake();
            assert!(inside.take().is_none(), "two have the slot at once [G1]");
        });
        slot.register(&waker);
        assert_eq!(told.wakes(), 1, "the wake fell between clone and store: a hang [G2]");
        assert!(slot.take().is_none(), "who was woken is still registered");
        slot.register(&waker);
        assert!(slot.take().is_some(), "the mark of an old wake is still there [G1]");
    });
}

#[test]
fn a_waker_whose_clone_panics_leaves_the_slot_as_it_was() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (before, wakes) = CountingWaker::new();
        slot.register(&before);
        let (waker, told) = hostile();
        told.when(Moment::Clone, || panic!("clone panics, as the test wants it"));
        assert!(panics(|| slot.register(&waker)), "the caller must know that it is not registered");
        slot.wake();
        assert_eq!(wakes.count(), 1, "who was registered before lost its wake [G4]");
        slot.register(&waker);
        slot.wake();
        assert_eq!(told.wakes(), 1, "the slot is stuck since a clone panicked [G4]");
    });
}

#[test]
fn a_wake_that_meets_a_panicking_clone_reaches_who_was_registered_before() {
    within(DEADLINE, || {
        let slot = Arc::new(WakerSlot::new());
        let (before, told_before) = hostile();
        // Its panic meets the other one, and must not end the process.
        told_before.when(Moment::Wake, || panic!("wake panics, as the test wants it"));
        slot.register(&before);
        let (waker, told) = hostile();
        let inside = slot.clone();
        told.when(Moment::Clone, move || {
            inside.wake();
            panic!("clone panics, as the test wants it");
        });
        assert!(panics(|| slot.register(&waker)), "the caller must know that it is not registered");
        assert_eq!(told_before.wakes(), 1, "the wake vanished with the panic [G2]");
        slot.register(&waker);
        slot.wake();
        assert_eq!(told.wakes(), 1, "the slot is stuck since a clone panicked [G4]");
    });
}

#[test]
fn a_replaced_waker_whose_drop_panics_takes_nobody_with_it() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (older, told) = hostile();
        slot.register(&older);
        told.when(Moment::Drop, || panic!("drop panics, as the test wants it"));
        let (newer, wakes) = CountingWaker::new();
        assert!(panics(|| slot.register(&newer)), "the panic of a drop was swallowed");
        slot.wake();
        assert_eq!(wakes.count(), 1, "the newest waker was lost with the older one [G4]");
        assert_eq!(told.wakes(), 0, "a replaced waker was woken");
    });
}

#[test]
fn a_replaced_waker_may_use_the_slot_in_its_drop() {
    within(DEADLINE, || {
        let slot = Arc::new(WakerSlot::new());
        let (older, told) = hostile();
        slot.register(&older);
        let inside = slot.clone();
        told.when(Moment::Drop, move || inside.wake());
        let (newer, wakes) = CountingWaker::new();
        slot.register(&newer);
        assert_eq!(wakes.count(), 1, "the slot was still claimed when user code ran [G4]");
    });
}

#[test]
fn a_waker_whose_wake_panics_leaves_an_empty_slot() {
    within(DEADLINE, || {
        let slot = WakerSlot::new();
        let (waker, told) = hostile();
        told.when(Moment::Wake, || panic!("wake panics, as the test wants it"));
        slot.register(&waker);
        assert!(panics(|| slot.wake()), "the panic of a waker was swallowed");
        assert!(slot.take().is_none(), "who was woken is still registered");
        slot.register(&waker);
        slot.wake();
        assert_eq!(told.wakes(), 2, "the slot is stuck since a wake panicked [G4]");
    });
}

#[test]
fn a_condition_set_before_the_wake_is_never_missed() {
    within(DEADLINE, || {
        const ROUNDS: usize = 20_000;
        let shared = Arc::new((WakerSlot::new(), AtomicUsize::new(0), WakerSlot::new()));
        let other = shared.clone();
        // Two threads play ball, so that each wake meets a register about to happen.
        let thread = thread::spawn(move || {
            for round in 0..ROUNDS {
                until(&other.2, &other.1, 2 * round + 1);
                other.1.fetch_add(1, Ordering::Relaxed);
                other.0.wake();
            }
        });
        for round in 0..ROUNDS {
            shared.1.fetch_add(1, Ordering::Relaxed);
            shared.2.wake();
            until(&shared.0, &shared.1, 2 * round + 2);
        }
        thread.join().expect("the other player sees what we see");
    });
}

/// Relaxed is enough for the counter: the slot makes it visible.
fn until(slot: &WakerSlot, counter: &AtomicUsize, wanted: usize) {
    rt_toy::block_on(poll_fn(|cx| {
        slot.register(cx.waker());
        if counter.load(Ordering::Relaxed) == wanted { Poll::Ready(()) } else { Poll::Pending }
    }));
}

fn panics(action: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(action)).is_err()
}

/// A waker that does something of its own, once, when it is cloned, woken or dropped.
#[derive(Default)]
struct Hostile {
    clones: AtomicUsize,
    wakes: AtomicUsize,
    acts: Mutex<Vec<(Moment, Act)>>,
}

type Act = Box<dyn FnOnce() + Send>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Clone,
    Wake,
    Drop,
}

static HOSTILE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        // SAFETY: the data of a live waker is an `Arc` as a word.
        let told = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Hostile>()) });
        told.clones.fetch_add(1, Ordering::Relaxed);
        told.act(Moment::Clone);
        RawWaker::new(Arc::into_raw(Arc::clone(&told)).cast(), &HOSTILE)
    },
    |data| {
        // SAFETY: as above; this is the waker's end.
        let told = unsafe { Arc::from_raw(data.cast::<Hostile>()) };
        told.wakes.fetch_add(1, Ordering::Relaxed);
        told.act(Moment::Wake);
    },
    |data| {
        // SAFETY: as above.
        let told = ManuallyDrop::new(unsafe { Arc::from_raw(data.cast::<Hostile>()) });
        told.wakes.fetch_add(1, Ordering::Relaxed);
        told.act(Moment::Wake);
    },
    |data| {
        // SAFETY: as above; this is the waker's end.
        let told = unsafe { Arc::from_raw(data.cast::<Hostile>()) };
        told.act(Moment::Drop);
    },
);

fn hostile() -> (Waker, Arc<Hostile>) {
    let told = Arc::new(Hostile::default());
    let raw = RawWaker::new(Arc::into_raw(told.clone()).cast(), &HOSTILE);
    // SAFETY: the functions above treat the data as the `Arc` that it is.
    (unsafe { Waker::from_raw(raw) }, told)
}

impl Hostile {
    fn when(&self, moment: Moment, act: impl FnOnce() + Send + 'static) {
        self.acts.lock().expect("no act runs under it").push((moment, Box::new(act)));
    }

    fn act(&self, moment: Moment) {
        let mut acts = self.acts.lock().expect("no act runs under it");
        let next = acts.iter().position(|(when, _)| *when == moment).map(|at| acts.remove(at));
        drop(acts);
        if let Some((_, act)) = next {
            act();
        }
    }

    fn clones(&self) -> usize {
        self.clones.load(Ordering::Relaxed)
    }

    fn wakes(&self) -> usize {
        self.wakes.load(Ordering::Relaxed)
    }
}
