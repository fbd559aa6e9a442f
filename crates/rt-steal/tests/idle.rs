//! Who is woken, who is not, and that a push finds somebody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rt_steal::{Idle, LastLook, MAX_SEARCHING, Sleeping};
use rt_waker::Parker;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

/// So many workers, on one thread: their parkers say who was unparked.
struct Crew {
    idle: Idle,
    parkers: Vec<Parker>,
}

impl Crew {
    fn new(workers: usize) -> Crew {
        let (idle, parkers) =
            (Idle::new(workers), Vec::from_iter((0..workers).map(|_| Parker::new())));
        for (worker, parker) in parkers.iter().enumerate() {
            idle.register(worker, parker.waker());
        }
        Crew { idle, parkers }
    }

    fn sleep(&self, worker: usize) -> Sleeping<'_> {
        self.idle.sleep(worker, None, || LastLook::Nothing)
    }

    /// Who was unparked since this was asked last.
    fn unparked(&self) -> Vec<usize> {
        let parkers = self.parkers.iter().enumerate();
        parkers.filter(|(_, parker)| parker.try_take()).map(|(worker, _)| worker).collect()
    }

    fn counts(&self) -> (usize, usize) {
        (self.idle.searching(), self.idle.sleeping())
    }
}

#[test]
fn one_worker_searches_at_a_time() {
    within(|| {
        let crew = Crew::new(3);
        let searching: Vec<_> = (0..MAX_SEARCHING).map_while(|_| crew.idle.search()).collect();
        assert_eq!(searching.len(), MAX_SEARCHING);
        assert!(crew.idle.search().is_none(), "two workers fight over the same task");
        drop(searching);
        assert!(crew.idle.search().is_some(), "nobody can search any more");
    });
}

#[test]
fn a_push_wakes_nobody_if_all_work() {
    within(|| {
        let crew = Crew::new(2);
        crew.idle.notify();
        crew.idle.notify_unfenced();
        assert_eq!((crew.unparked(), crew.counts()), (vec![], (0, 0)));
    });
}

#[test]
fn a_push_wakes_nobody_if_somebody_searches() {
    within(|| {
        let crew = Crew::new(2);
        let _sleeping = crew.sleep(0);
        let searching = crew.idle.search();
        crew.idle.notify();
        assert_eq!(crew.unparked(), [], "a thread was woken that is not needed");
        searching.expect("nobody searched").finish(|| false);
        assert_eq!((crew.unparked(), crew.counts()), (vec![], (0, 1)));
    });
}

#[test]
fn who_fell_asleep_last_is_woken_first_and_counts_as_searching_before() {
    within(|| {
        let crew = Crew::new(3);
        let sleeping = [2, 0, 1].map(|worker| crew.sleep(worker));
        for (round, sleeping) in sleeping.into_iter().rev().enumerate() {
            crew.idle.notify();
            assert_eq!(crew.unparked(), [[1, 0, 2][round]], "the cold one was woken");
            assert_eq!(crew.counts(), (1, 2 - round), "not counted before it is unparked");
            crew.idle.notify();
            crew.idle.notify_unfenced();
            assert_eq!(crew.unparked(), [], "a second thread was woken, and finds nothing");
            sleeping.wake().expect("it was chosen: it searches").finish(|| false);
        }
        assert_eq!(crew.counts(), (0, 0));
    });
}

#[test]
fn a_searcher_that_leaves_work_behind_wakes_the_next() {
    within(|| {
        let crew = Crew::new(3);
        let sleeping = [0, 1].map(|worker| crew.sleep(worker));
        let searching = crew.idle.search().expect("nobody searched");
        searching.finish(|| true);
        assert_eq!(
            (crew.unparked(), crew.counts()),
            (vec![1], (1, 1)),
            "the rest waits for one worker"
        );
        let [first, second] = sleeping;
        second.wake().expect("it was chosen").finish(|| true);
        assert_eq!((crew.unparked(), crew.counts()), (vec![0], (1, 0)));
        first.wake().expect("it was chosen").finish(|| false);
        assert_eq!((crew.unparked(), crew.counts()), (vec![], (0, 0)));
    });
}

#[test]
fn a_searcher_that_gives_up_is_counted_as_asleep_when_it_looks_again() {
    within(|| {
        let crew = Crew::new(1);
        let searching = crew.idle.search();
        let mut seen = None;
        let sleeping = crew.idle.sleep(0, searching, || {
            seen = Some(crew.counts());
            LastLook::Nothing
        });
        assert_eq!(seen, Some((0, 1)), "it looks while a push still relies on it");
        assert!(sleeping.wake().is_none(), "nobody has chosen it");
        assert_eq!(crew.counts(), (0, 0));
    });
}

#[test]
fn a_last_look_that_finds_work_wakes_the_one_who_looked() {
    within(|| {
        let crew = Crew::new(2);
        let _asleep = crew.sleep(1);
        let sleeping = crew.idle.sleep(0, crew.idle.search(), || LastLook::Work);
        assert_eq!(crew.unparked(), [0], "it sleeps on work, or a cold one was woken");
        let searching = sleeping.wake().expect("it has chosen itself");
        assert_eq!(crew.counts(), (1, 1));
        searching.finish(|| false);
    });
}

#[test]
fn a_last_look_that_sees_the_end_wakes_the_one_who_looked_though_another_searches() {
    within(|| {
        let crew = Crew::new(3);
        let _asleep = crew.sleep(1);
        let searching = crew.idle.search();
        let sleeping = crew.idle.sleep(0, None, || LastLook::Work);
        assert_eq!(crew.unparked(), [], "somebody searches: work is not this worker's affair");
        assert!(sleeping.wake().is_none());
        let sleeping = crew.idle.sleep(0, None, || LastLook::Stay);
        assert_eq!(crew.unparked(), [0], "a shutdown waits for a worker that has seen it");
        assert!(sleeping.wake().is_none(), "it does not search, it stays awake");
        assert_eq!(crew.counts(), (1, 1));
        drop(searching);
    });
}

#[test]
fn a_worker_woken_by_its_timer_is_not_counted_as_asleep_any_more() {
    within(|| {
        let crew = Crew::new(3);
        let [first, middle, _last] = [0, 1, 2].map(|worker| crew.sleep(worker));
        assert!(middle.wake().is_none(), "nobody has chosen it");
        assert_eq!(crew.counts(), (0, 2));
        drop(first);
        crew.idle.notify();
        assert_eq!(crew.unparked(), [2], "one was woken that is awake");
        crew.idle.notify();
        assert_eq!((crew.unparked(), crew.counts()), (vec![], (1, 0)));
    });
}

#[test]
fn at_the_end_all_are_woken_and_none_of_them_searches() {
    within(|| {
        let crew = Crew::new(4);
        let sleeping = [0, 1, 3].map(|worker| crew.sleep(worker));
        crew.idle.wake_all();
        assert_eq!(crew.unparked(), [0, 1, 3], "a shutdown waits for a thread that sleeps");
        assert_eq!(crew.counts(), (0, 0));
        assert!(sleeping.into_iter().all(|sleeping| sleeping.wake().is_none()));
        crew.idle.wake_all();
        assert_eq!(crew.unparked(), []);
    });
}

#[test]
fn a_search_that_panics_is_counted_out_and_wakes_another() {
    within(|| {
        let crew = Crew::new(2);
        let _sleeping = crew.sleep(1);
        let panicking = AssertUnwindSafe(|| {
            let _searching = crew.idle.search();
            std::panic::resume_unwind(Box::new("worker"));
        });
        assert!(catch_unwind(panicking).is_err());
        assert_eq!(crew.unparked(), [1], "who pushed relied on a worker that is gone");
        assert_eq!(crew.counts(), (1, 0));
    });
}

#[test]
fn a_look_that_panics_leaves_nobody_asleep() {
    within(|| {
        let crew = Crew::new(1);
        let panicking = AssertUnwindSafe(|| {
            let look = || std::panic::resume_unwind(Box::new("look"));
            drop(crew.idle.sleep(0, crew.idle.search(), look));
        });
        assert!(catch_unwind(panicking).is_err());
        assert_eq!(crew.counts(), (0, 0), "a worker is counted that is gone");
    });
}

#[test]
#[should_panic(expected = "call `Idle::register` first")]
fn who_can_not_be_woken_may_not_sleep() {
    let idle = Idle::new(1);
    drop(idle.sleep(0, None, || LastLook::Nothing));
}

#[test]
fn another_thread_can_take_a_workers_place() {
    within(|| {
        let crew = Crew::new(1);
        let successor = Parker::new();
        crew.idle.register(0, successor.waker());
        let _sleeping = crew.sleep(0);
        crew.idle.notify();
        assert_eq!(crew.unparked(), [], "the thread was woken that left");
        assert!(successor.try_take());
    });
}

#[test]
fn a_thousand_workers_are_woken_one_by_one() {
    within(|| {
        const WORKERS: usize = 1024;
        let crew = Crew::new(WORKERS);
        let sleeping: Vec<_> = (0..WORKERS).map(|worker| crew.sleep(worker)).collect();
        assert_eq!(crew.counts(), (0, WORKERS));
        for (worker, sleeping) in sleeping.into_iter().enumerate().rev() {
            crew.idle.notify();
            assert_eq!(crew.unparked(), [worker]);
            sleeping.wake().expect("it was chosen").finish(|| false);
        }
    });
}

/// Pieces of work that workers take; each is pushed by a thread that then notifies. A lost wake-up
/// is a piece that stays: the deadline finds it.
#[test]
fn every_push_is_answered_by_four_workers_that_sleep_in_between() {
    within(|| {
        const PUSHES: usize = 20_000;
        let (idle, work, is_over) = (Idle::new(4), AtomicUsize::new(0), AtomicBool::new(false));
        let done = AtomicUsize::new(0);
        let take = || {
            let less = |left: usize| left.checked_sub(1);
            work.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
        };
        let worker = |index: usize| {
            let parker = Parker::new();
            idle.register(index, parker.waker());
            let mut searching = None;
            while !is_over.load(Ordering::Relaxed) {
                searching = searching.or_else(|| idle.search());
                if (searching.is_some() || index.is_multiple_of(2)) && take() {
                    let more = || work.load(Ordering::Relaxed) > 0;
                    searching.take().into_iter().for_each(|searching| searching.finish(more));
                    done.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let look = || match work.load(Ordering::Relaxed) {
                    _ if is_over.load(Ordering::Relaxed) => LastLook::Stay,
                    0 => LastLook::Nothing,
                    _ => LastLook::Work,
                };
                let sleeping = idle.sleep(index, searching.take(), look);
                parker.wait();
                searching = sleeping.wake();
            }
        };
        thread::scope(|scope| {
            (0..4).for_each(|index| drop(scope.spawn(move || worker(index))));
            for number in 0..PUSHES {
                work.fetch_add(1, Ordering::Relaxed);
                idle.notify();
                while number % 4 == 0 && done.load(Ordering::Relaxed) <= number {
                    thread::yield_now();
                }
            }
            while done.load(Ordering::Relaxed) < PUSHES {
                thread::yield_now();
            }
            is_over.store(true, Ordering::Relaxed);
            idle.wake_all();
        });
        assert_eq!((done.into_inner(), idle.searching(), idle.sleeping()), (PUSHES, 0, 0));
    });
}
