//! Models of the ring, the slot and the injector: every order in which their threads can meet.
//!
//! `RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-steal --test 'loom*' -- --nocapture`
//!
//! Each model prints how many executions it explored and how often a thread may be preempted in one:
//! as often as it likes with two threads, three times with three. A model that is cut short fails.
//! `mutations/` has a fault for each. Every task is polled, so that loom sees who touches its cell
//! without having received it; and holds an `Arc` of loom's, so that it sees who leaks it.
#![cfg(rt_loom)]

use std::mem::ManuallyDrop;
use std::sync::Arc as StdArc;
use std::sync::Mutex as StdMutex;

use rt_executor::{RunQueue, Stealable};
use rt_steal::{CAPACITY, Injector, Ring, Slot, Stealer};
use rt_task::sync::{Arc, UnsafeCell, thread};
use rt_task::{Builder, Polled, Priority, Schedule, Task, TaskList, TaskRef};
use rt_testkit::{Exploration, poll};

/// Far beyond what a model needs: one that reaches it fails.
const BRANCHES: usize = 100_000;

fn explore(name: &str, threads: usize, model: impl Fn() + Send + Sync + 'static) {
    Exploration::of(threads).branches(BRANCHES).run(name, model);
}

/// Nobody wakes these tasks.
#[derive(Clone)]
struct Nobody;

impl Schedule for Nobody {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }
}

/// A few tasks, and how often each came out. It keeps their memory, and looks before it polls: so a model
/// in which a task comes out twice, or is not received, fails with a message, not with a crash.
struct Ledger {
    entries: StdMutex<Vec<Entry>>,
}

struct Entry {
    task: TaskRef,
    /// Touched before the task is pushed: who gets the task must have received that, says loom.
    made: StdArc<UnsafeCell<()>>,
    times: usize,
}

impl Ledger {
    fn new() -> Arc<Ledger> {
        Arc::new(Ledger { entries: StdMutex::default() })
    }

    /// A task that leaks, as loom would see, unless it is polled.
    fn task(&self, class: Priority) -> Task {
        let held = Arc::new(());
        let future = async move { drop(held) };
        let (task, _handle) = Builder::new().priority(class).spawn(future, Nobody);
        let task = task.expect("nobody refuses it");
        // Before the lock: loom may switch threads here.
        let (reference, made) = (task.reference(), StdArc::new(UnsafeCell::new(())));
        made.with_mut(|_| ());
        self.entries.lock().expect("no panic").push(Entry { task: reference, made, times: 0 });
        task
    }

    fn push(&self, ring: &mut Ring) {
        ring.push(self.task(Priority::Normal)).expect("there is room");
    }

    /// Polls the tasks that came out, each for the first time, and says how many.
    fn run(&self, tasks: impl IntoIterator<Item = Task>) -> usize {
        tasks.into_iter().map(|task| self.poll(task)).count()
    }

    fn poll(&self, task: Task) {
        let task = ManuallyDrop::new(task);
        let (times, made) = {
            let mut entries = self.entries.lock().expect("no panic");
            let entry = entries.iter_mut().find(|entry| entry.task.id() == task.id());
            let entry = entry.expect("a task that nobody made");
            entry.times += 1;
            (entry.times, entry.made.clone())
        };
        assert_eq!(times, 1, "a task came out twice: two threads poll it");
        made.with(|_| ());
        assert!(matches!(poll(ManuallyDrop::into_inner(task)), Polled::Completed));
    }

    /// Polls what is left in a ring.
    fn drain(&self, ring: &mut Ring) -> usize {
        self.run(std::iter::from_fn(|| ring.pop()))
    }

    fn drain_list(&self, mut list: TaskList) -> usize {
        self.run(std::iter::from_fn(|| list.pop_front()))
    }

    /// Steals once, and polls what that brought.
    fn steal_once(&self, victim: &Stealer, start: u64) -> usize {
        let mut own = Ring::starting_at(start);
        let first = victim.steal_into(&mut own);
        self.run(first) + self.drain(&mut own)
    }

    #[track_caller]
    fn all_once(&self) {
        let entries = self.entries.lock().expect("no panic");
        assert!(
            entries.iter().all(|entry| entry.times == 1),
            "a task was lost: it is never polled"
        );
    }
}

/// A thread of the model that polls what it gets, and says how many.
fn spawn(
    ledger: &Arc<Ledger>,
    body: impl FnOnce(&Ledger) -> usize + 'static,
) -> thread::JoinHandle<usize> {
    let ledger = ledger.clone();
    thread::spawn(move || body(&ledger))
}

/// Where a ring of four begins so that its indices come round in the model, as 32 bits and as 64.
const STARTS: [u64; 2] = [u32::MAX as u64 - 1, u64::MAX - 1];

#[test]
fn ring_push_and_pop_against_a_stealer() {
    for start in STARTS {
        explore("ring: push and pop against a stealer", 2, move || {
            let (ledger, mut ring) = (Ledger::new(), Ring::starting_at(start));
            let stealer = ring.stealer();
            (0..3).for_each(|_| ledger.push(&mut ring));
            let thief = spawn(&ledger, move |ledger| ledger.steal_once(&stealer, start));
            ledger.run(ring.pop());
            ledger.push(&mut ring);
            // Into the place of the one that was popped, and that a thief may be about to copy.
            ledger.push(&mut ring);
            ledger.run(ring.pop());
            assert!(thief.join().expect("no panic") > 0, "the ring was never empty");
            ledger.drain(&mut ring);
            ledger.all_once();
        });
    }
}

#[test]
fn ring_push_and_pop_against_two_stealers() {
    for start in STARTS {
        explore("ring: push and pop against two stealers", 3, move || {
            let (ledger, mut ring) = (Ledger::new(), Ring::starting_at(start));
            let stealers = [ring.stealer(), ring.stealer()];
            (0..2).for_each(|_| ledger.push(&mut ring));
            let thieves = stealers
                .map(|stealer| spawn(&ledger, move |ledger| ledger.steal_once(&stealer, start)));
            ledger.push(&mut ring);
            ledger.run(ring.pop());
            ledger.push(&mut ring);
            for thief in thieves {
                thief.join().expect("no panic");
            }
            ledger.drain(&mut ring);
            ledger.all_once();
        });
    }
}

#[test]
fn ring_a_thief_is_robbed_while_it_steals() {
    explore("ring: a thief is robbed while it steals", 3, || {
        let (ledger, mut ring) = (Ledger::new(), Ring::starting_at(u64::MAX - 1));
        let mut thief = Ring::starting_at(u64::MAX);
        let (victim, robbed) = (ring.stealer(), thief.stealer());
        (0..3).for_each(|_| ledger.push(&mut ring));
        ledger.push(&mut thief);
        let middle = spawn(&ledger, move |ledger| {
            thief.steal(&victim);
            ledger.drain(&mut thief)
        });
        let last = spawn(&ledger, move |ledger| ledger.steal_once(&robbed, 0));
        ledger.drain(&mut ring);
        middle.join().expect("no panic");
        last.join().expect("no panic");
        ledger.all_once();
    });
}

#[test]
fn ring_overflow_during_a_steal() {
    for start in STARTS {
        explore("ring: overflow during a steal", 2, move || {
            let (ledger, mut ring) = (Ledger::new(), Ring::starting_at(start));
            let stealer = ring.stealer();
            (0..CAPACITY).for_each(|_| ledger.push(&mut ring));
            let thief = spawn(&ledger, move |ledger| ledger.steal_once(&stealer, start));
            let over = ledger.task(Priority::Normal);
            if let Err(over) = ring.push(over) {
                let half = ring.overflow(over);
                assert!([0, CAPACITY / 2 + 1].contains(&half.len()), "not half of a full ring");
                ledger.drain_list(half);
            }
            ledger.drain(&mut ring);
            thief.join().expect("no panic");
            ledger.all_once();
        });
    }
}

#[test]
fn slot_owner_against_a_taker() {
    explore("slot: the owner against a taker", 2, || {
        let (ledger, mut slot) = (Ledger::new(), Slot::new());
        let taker = slot.taker();
        let other = spawn(&ledger, move |ledger| {
            ledger.run(taker.take());
            ledger.run(taker.take())
        });
        assert!(slot.put(ledger.task(Priority::Normal)).is_none());
        ledger.run(slot.put(ledger.task(Priority::Normal)));
        ledger.run(slot.take());
        ledger.run(slot.put(ledger.task(Priority::Normal)));
        ledger.run(slot.take());
        other.join().expect("no panic");
        ledger.all_once();
    });
}

#[test]
fn slot_two_takers_and_the_owner() {
    explore("slot: two takers and the owner", 3, || {
        let (ledger, mut slot) = (Ledger::new(), Slot::new());
        assert!(slot.put(ledger.task(Priority::Normal)).is_none());
        let others = [slot.taker(), slot.taker()]
            .map(|taker| spawn(&ledger, move |ledger| ledger.run(taker.take())));
        ledger.run(slot.put(ledger.task(Priority::Normal)));
        ledger.run(slot.take());
        for other in others {
            other.join().expect("no panic");
        }
        ledger.all_once();
    });
}

#[test]
fn injector_batch_against_pop() {
    explore("injector: a batch and a push against pops", 3, || {
        let (ledger, injector) = (Ledger::new(), Arc::new(Injector::new()));
        let other = injector.clone();
        let pusher = spawn(&ledger, move |ledger| {
            let mut list = TaskList::new();
            list.push_back(ledger.task(Priority::Low));
            list.push_back(ledger.task(Priority::Normal));
            other.push_batch(list);
            0
        });
        let other = injector.clone();
        let popper =
            spawn(&ledger, move |ledger| ledger.drain_list(other.pop_class(Priority::Normal, 2)));
        injector.push(ledger.task(Priority::Normal));
        ledger.run(injector.pop());
        pusher.join().expect("no panic");
        popper.join().expect("no panic");
        assert_eq!(injector.is_empty(), !injector.look(), "the summary is not that of the lists");
        while ledger.run(injector.pop()) > 0 {}
        assert!(injector.is_empty(), "workers look for ever for what is not there");
        ledger.all_once();
    });
}

#[test]
fn injector_class_against_push() {
    explore("injector: a push of each class against a worker that takes one", 2, || {
        let (ledger, injector) = (Ledger::new(), Arc::new(Injector::new()));
        let other = injector.clone();
        let pusher = spawn(&ledger, move |ledger| {
            other.push(ledger.task(Priority::Normal));
            other.push(ledger.task(Priority::Low));
            0
        });
        ledger.drain_list(injector.pop_class(Priority::Normal, 2));
        pusher.join().expect("no panic");
        assert_eq!(injector.is_empty(), !injector.look(), "the summary is not that of the lists");
        for class in Priority::ALL {
            ledger.drain_list(injector.pop_class(class, 2));
        }
        assert!(injector.is_empty(), "workers look for ever for what is not there");
        ledger.all_once();
    });
}
