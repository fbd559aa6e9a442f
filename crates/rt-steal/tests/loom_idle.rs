//! Models of who sleeps and who is woken: a wake-up that is lost is a deadlock, which loom reports.
//!
//! `RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-steal --test 'loom*' -- --nocapture`
//!
//! Work is a number of pieces without a lock, or tasks in an [`Injector`]. A worker ends when it has
//! done what the model asks for, and parks for ever if nobody wakes it.
#![cfg(rt_loom)]

use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering as StdOrdering};

use rt_steal::{Idle, Injector, LastLook, Searching};
use rt_task::sync::{Arc, AtomicBool, AtomicUsize, Mutex, Ordering, lock, thread};
use rt_task::{Polled, Schedule, Task};
use rt_testkit::{Exploration, poll};
use rt_waker::Parker;

/// Far beyond what a model needs: one that reaches it fails.
const BRANCHES: usize = 100_000;

fn explore(name: &str, threads: usize, model: impl Fn() + Send + Sync + 'static) {
    Exploration::of(threads).branches(BRANCHES).run(name, model);
}

/// Where workers find pieces of work.
trait Source {
    fn take(&self) -> bool;
    fn has_work(&self) -> bool;
    fn supply(&self, idle: &Idle);
}

/// A counter without a lock: as a ring, it needs the fences.
struct Pieces(AtomicUsize);

impl Source for Pieces {
    fn take(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn has_work(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn supply(&self, idle: &Idle) {
        self.0.fetch_add(1, Ordering::Relaxed);
        idle.notify();
    }
}

/// A counter under a lock: what of the injector concerns those who sleep, in fewer steps.
struct Locked(Mutex<usize>);

impl Source for Locked {
    fn take(&self) -> bool {
        let mut left = lock(&self.0);
        let is_there = *left > 0;
        *left -= usize::from(is_there);
        is_there
    }

    fn has_work(&self) -> bool {
        *lock(&self.0) > 0
    }

    fn supply(&self, idle: &Idle) {
        *lock(&self.0) += 1;
        idle.notify_unfenced();
    }
}

#[derive(Clone)]
struct Nobody;

impl Schedule for Nobody {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }
}

/// The injector has a lock: nobody needs a fence.
impl Source for Injector {
    fn take(&self) -> bool {
        let task = self.pop();
        task.map(|task| assert!(matches!(poll(task), Polled::Completed))).is_some()
    }

    fn has_work(&self) -> bool {
        self.look()
    }

    fn supply(&self, idle: &Idle) {
        let (task, _handle) = Task::new(async {}, Nobody);
        self.push(task);
        idle.notify_unfenced();
    }
}

/// What the threads of a model share.
struct Shared<S> {
    idle: Idle,
    source: S,
    /// How many pieces are taken when it is over.
    pieces: usize,
    /// Not part of what is modelled: it says when a model is over.
    taken: StdAtomicUsize,
}

impl<S: Source> Shared<S> {
    fn new(workers: usize, source: S, pieces: usize) -> (Arc<Shared<S>>, Vec<Parker>) {
        let idle = Idle::new(workers);
        let parkers: Vec<Parker> = (0..workers).map(|_| Parker::new()).collect();
        for (worker, parker) in parkers.iter().enumerate() {
            idle.register(worker, parker.waker());
        }
        (Arc::new(Shared { idle, source, pieces, taken: StdAtomicUsize::new(0) }), parkers)
    }

    fn is_over(&self) -> bool {
        self.taken.load(StdOrdering::Relaxed) == self.pieces
    }

    /// Takes a piece. Who takes the last one wakes all, for the end.
    fn take(&self) -> bool {
        let is_taken = self.source.take();
        if is_taken && self.taken.fetch_add(1, StdOrdering::Relaxed) + 1 == self.pieces {
            self.idle.wake_all();
        }
        is_taken
    }

    fn look(&self) -> LastLook {
        if self.source.has_work() { LastLook::Work } else { LastLook::Nothing }
    }

    /// A worker, until all is done.
    fn work(&self, worker: usize, parker: &Parker) {
        let mut searching: Option<Searching<'_>> = None;
        while !self.is_over() {
            searching = searching.or_else(|| self.idle.search());
            if searching.is_some() && self.take() {
                let has_more = || self.source.has_work();
                searching.take().into_iter().for_each(|searching| searching.finish(has_more));
                continue;
            }
            let look = || match self.is_over() {
                true => LastLook::Stay,
                false => self.look(),
            };
            let sleeping = self.idle.sleep(worker, searching.take(), look);
            parker.wait();
            searching = sleeping.wake();
        }
    }

    fn check(&self) {
        assert!(self.is_over(), "a piece of work was lost");
        assert_eq!(self.idle.sleeping(), 0, "somebody is counted as asleep who is awake");
        assert_eq!(self.idle.searching(), 0, "somebody is counted as searching who is not");
    }
}

/// One worker, which ends after so many pieces, and one thread that pushes them.
fn push_against_park<S: Source + Send + Sync + 'static>(
    name: &str,
    pieces: usize,
    source: fn() -> S,
) {
    explore(name, 2, move || {
        let (shared, parkers) = Shared::new(1, source(), pieces);
        let other = shared.clone();
        let pusher = thread::spawn(move || {
            (0..other.pieces).for_each(|_| other.source.supply(&other.idle));
        });
        shared.work(0, &parkers[0]);
        pusher.join().expect("no panic");
        shared.check();
    });
}

#[test]
fn push_against_park_with_fences() {
    push_against_park("idle: push against park, with fences", 1, || Pieces(AtomicUsize::new(0)));
}

#[test]
fn push_against_park_with_a_lock() {
    push_against_park("idle: push against park, with the injector's lock", 1, Injector::new);
}

#[test]
fn the_last_searcher_gives_up_as_a_push_lands() {
    explore("idle: the last searcher gives up as a push lands", 2, || {
        let (shared, parkers) = Shared::new(1, Pieces(AtomicUsize::new(0)), 1);
        // It searches, and has found nothing yet: who pushes now relies on it.
        let searching = shared.idle.search();
        let other = shared.clone();
        let pusher = thread::spawn(move || other.source.supply(&other.idle));
        let look = || shared.look();
        let sleeping = shared.idle.sleep(0, searching, look);
        parkers[0].wait();
        let searching = sleeping.wake().expect("it was chosen: nobody else sleeps");
        assert!(shared.take(), "woken for nothing");
        searching.finish(|| shared.source.has_work());
        pusher.join().expect("no panic");
        shared.check();
    });
}

#[test]
fn the_last_searcher_finds_work_as_a_push_lands() {
    explore("idle: the last searcher finds work as a push lands", 2, || {
        let (shared, parkers) = Shared::new(2, Pieces(AtomicUsize::new(1)), 2);
        let asleep = shared.idle.sleep(1, None, || LastLook::Nothing);
        let searching = shared.idle.search().expect("nobody searches");
        let other = shared.clone();
        let pusher = thread::spawn(move || other.source.supply(&other.idle));
        assert!(shared.take());
        // From here on it polls what it found, for as long as that takes: the second piece is for
        // the sleeper.
        searching.finish(|| shared.source.has_work());
        pusher.join().expect("no panic");
        parkers[1].wait();
        let searching = asleep.wake().expect("it was chosen");
        assert!(shared.take(), "woken for nothing");
        searching.finish(|| shared.source.has_work());
        shared.check();
    });
}

/// Two workers that go idle, and two threads that push.
fn two_pushes_against_two_workers<S: Source + Send + Sync + 'static>(
    name: &str,
    source: fn() -> S,
) {
    explore(name, 4, move || {
        let (shared, mut parkers) = Shared::new(2, source(), 2);
        let pushers = [(); 2].map(|()| {
            let other = shared.clone();
            thread::spawn(move || other.source.supply(&other.idle))
        });
        let (other, parker) = (shared.clone(), parkers.pop().expect("there are two"));
        let worker = thread::spawn(move || other.work(1, &parker));
        shared.work(0, &parkers[0]);
        pushers.into_iter().for_each(|pusher| pusher.join().expect("no panic"));
        worker.join().expect("no panic");
        shared.check();
    });
}

#[test]
fn two_remote_pushes_with_two_workers_going_idle() {
    let pieces = || Pieces(AtomicUsize::new(0));
    two_pushes_against_two_workers("idle: two pushes, two workers going idle", pieces);
}

#[test]
fn two_remote_pushes_under_a_lock_with_two_workers_going_idle() {
    let pieces = || Locked(Mutex::new(0));
    two_pushes_against_two_workers("idle: two pushes under a lock, two workers", pieces);
}

#[test]
fn a_worker_that_may_not_search_looks_before_it_sleeps() {
    explore("idle: one finds work, another may not search and sleeps, a push lands", 3, || {
        let (shared, parkers) = Shared::new(2, Pieces(AtomicUsize::new(1)), 2);
        let other = shared.clone();
        let pusher = thread::spawn(move || other.source.supply(&other.idle));
        let other = shared.clone();
        let busy = thread::spawn(move || {
            // It polls what it finds, for as long as that takes: it does not come again.
            if let Some(searching) = other.idle.search()
                && other.source.take()
            {
                searching.finish(|| other.source.has_work());
            }
        });
        // Of two pieces the busy one takes one at most.
        let mut searching = None;
        loop {
            searching = searching.or_else(|| shared.idle.search());
            if searching.is_some() && shared.source.take() {
                break;
            }
            let look = || shared.look();
            let sleeping = shared.idle.sleep(0, searching.take(), look);
            parkers[0].wait();
            searching = sleeping.wake();
        }
        busy.join().expect("no panic");
        pusher.join().expect("no panic");
    });
}

#[test]
fn a_timer_wakes_a_worker_as_a_push_chooses_it() {
    explore("idle: a timer wakes a worker as a push chooses it", 2, || {
        let (shared, parkers) = Shared::new(1, Pieces(AtomicUsize::new(0)), 1);
        let other = shared.clone();
        let pusher = thread::spawn(move || other.source.supply(&other.idle));
        // Its park ends at once, for the sake of a timer.
        let sleeping = shared.idle.sleep(0, None, || shared.look());
        let searching = sleeping.wake();
        if searching.is_some() {
            assert!(shared.take(), "chosen, and blind to what it was chosen for");
            searching.into_iter().for_each(|searching| searching.finish(|| false));
        } else {
            shared.work(0, &parkers[0]);
        }
        pusher.join().expect("no panic");
        shared.check();
    });
}

#[test]
fn wake_all_against_falling_asleep() {
    explore("idle: wake_all against two who fall asleep", 3, || {
        let (idle, is_over) = (Idle::new(2), AtomicBool::new(false));
        let shared = Arc::new((idle, is_over));
        let workers = [0, 1].map(|worker| {
            let shared = shared.clone();
            thread::spawn(move || {
                let parker = Parker::new();
                shared.0.register(worker, parker.waker());
                let mut searching = shared.0.search();
                while !shared.1.load(Ordering::Relaxed) {
                    let look = || match shared.1.load(Ordering::Relaxed) {
                        true => LastLook::Stay,
                        false => LastLook::Nothing,
                    };
                    let sleeping = shared.0.sleep(worker, searching.take(), look);
                    parker.wait();
                    searching = sleeping.wake();
                }
                drop(searching);
            })
        });
        shared.1.store(true, Ordering::Relaxed);
        shared.0.wake_all();
        workers.into_iter().for_each(|worker| worker.join().expect("no panic"));
        assert_eq!((shared.0.searching(), shared.0.sleeping()), (0, 0));
    });
}
