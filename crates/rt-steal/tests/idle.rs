//! Chapter 7, parts 5 and 6: who is woken, who is not, and that a push finds somebody.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use rt_steal::{Idle, LastLook, MAX_SEARCHING, Sleeping};
use rt_waker::Parker;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
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
        assert_eq!(searching.len(), MAX_SEARCHING, "[ID1] nobody can search");
        assert!(crew.idle.search().is_none(), "[ID1] two workers fight over the same task");
        drop(searching);
        assert!(crew.idle.search().is_some(), "[ID1] nobody can search any more");
    });
}

// 7.5: counted as asleep, and then a last look

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
        assert_eq!(
            seen,
            Some((0, 1)),
            "[ID3] it looks while a push still relies on it: nobody comes"
        );
        assert!(sleeping.wake().is_none(), "[ID1] nobody has chosen it");
        assert_eq!(crew.counts(), (0, 0), "[ID2] it is awake, and counted as asleep");
    });
}

#[test]
fn who_wakes_of_itself_is_not_counted_as_asleep_any_more() {
    within(|| {
        let crew = Crew::new(3);
        let [first, middle, last] = [2, 0, 1].map(|worker| crew.sleep(worker));
        assert_eq!(crew.counts(), (0, 3), "[ID2] a push does not know that somebody sleeps");
        for (sleeping, left) in [(middle, 2), (last, 1), (first, 0)] {
            assert!(sleeping.wake().is_none(), "[ID1] nobody has chosen it");
            assert_eq!(crew.counts(), (0, left), "[ID2] it is awake, and counted as asleep");
        }
        assert_eq!(crew.unparked(), [], "[ID2] a thread was woken, and nobody pushed");
    });
}

#[test]
fn a_last_look_that_sees_the_end_wakes_the_one_who_looked_though_another_searches() {
    within(|| {
        let crew = Crew::new(3);
        let _asleep = crew.sleep(1);
        let searching = crew.idle.search();
        let sleeping = crew.idle.sleep(0, None, || LastLook::Stay);
        assert_eq!(crew.unparked(), [0], "[ID5] a shutdown waits for a worker that has seen it");
        assert!(sleeping.wake().is_none(), "[ID5] it does not search, it stays awake");
        assert_eq!(crew.counts(), (1, 1), "[ID1] somebody is counted who is not there");
        drop(searching);
    });
}

#[test]
fn at_the_end_all_are_woken_and_none_of_them_searches() {
    within(|| {
        let crew = Crew::new(4);
        let sleeping = [0, 1, 3].map(|worker| crew.sleep(worker));
        crew.idle.wake_all();
        assert_eq!(crew.unparked(), [0, 1, 3], "[ID5] a shutdown waits for a thread that sleeps");
        assert_eq!(crew.counts(), (0, 0), "[ID2] all are awake");
        let searching = sleeping.into_iter().any(|sleeping| sleeping.wake().is_some());
        assert!(!searching, "[ID1] somebody searches at the end");
        crew.idle.wake_all();
        assert_eq!(crew.unparked(), [], "[ID2] one was woken that is awake");
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
        assert_eq!(crew.counts(), (0, 0), "[ID2] a worker is counted that is gone");
    });
}

#[test]
#[should_panic(expected = "call `Idle::register` first")]
fn who_can_not_be_woken_may_not_sleep() {
    let idle = Idle::new(1);
    drop(idle.sleep(0, None, || LastLook::Nothing));
}

// 7.6: whom a push wakes

#[test]
fn a_push_wakes_nobody_if_all_work() {
    within(|| {
        let crew = Crew::new(2);
        crew.idle.notify();
        crew.idle.notify_unfenced();
        assert_eq!(crew.unparked(), [], "[ID2] a thread was woken that works");
        assert_eq!(crew.counts(), (0, 0), "[ID1] somebody is counted who works");
    });
}

#[test]
fn a_push_wakes_nobody_if_somebody_searches() {
    within(|| {
        let crew = Crew::new(2);
        let _sleeping = crew.sleep(0);
        let searching = crew.idle.search();
        crew.idle.notify();
        assert_eq!(crew.unparked(), [], "[ID1] a thread was woken that is not needed");
        searching.expect("nobody searched").finish(|| false);
        assert_eq!(crew.unparked(), [], "[ID3] there is no more: a thread was woken for nothing");
        assert_eq!(crew.counts(), (0, 1), "[ID1] a searcher is counted for ever");
    });
}

#[test]
fn who_fell_asleep_last_is_woken_first_and_counts_as_searching_before() {
    within(|| {
        let crew = Crew::new(3);
        let sleeping = [2, 0, 1].map(|worker| crew.sleep(worker));
        for (round, sleeping) in sleeping.into_iter().rev().enumerate() {
            crew.idle.notify();
            assert_eq!(
                crew.unparked(),
                [[1, 0, 2][round]],
                "[ID2] nobody was woken, or a cold one"
            );
            assert_eq!(crew.counts(), (1, 2 - round), "[ID1] not counted before it is unparked");
            crew.idle.notify();
            crew.idle.notify_unfenced();
            assert_eq!(crew.unparked(), [], "[ID1] a second thread was woken, and finds nothing");
            sleeping.wake().expect("it was chosen: it searches").finish(|| false);
        }
        assert_eq!(crew.counts(), (0, 0), "[ID1] somebody is counted who is not there");
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
            "[ID3] the rest waits for one worker"
        );
        let [first, second] = sleeping;
        second.wake().expect("it was chosen").finish(|| true);
        assert_eq!((crew.unparked(), crew.counts()), (vec![0], (1, 0)), "[ID3] the rest waits");
        first.wake().expect("it was chosen").finish(|| false);
        assert_eq!((crew.unparked(), crew.counts()), (vec![], (0, 0)), "[ID3] woken in vain");
    });
}

#[test]
fn a_searcher_that_has_found_something_is_counted_out_when_it_looks_for_more() {
    within(|| {
        let crew = Crew::new(2);
        let _sleeping = crew.sleep(0);
        let searching = crew.idle.search().expect("nobody searched");
        let mut seen = None;
        searching.finish(|| {
            seen = Some(crew.counts());
            false
        });
        let seen = seen.expect("[ID3] it does not look");
        assert_eq!(seen, (0, 1), "[ID3] it looks while a push still relies on it: nobody comes");
    });
}

#[test]
fn a_last_look_that_finds_work_wakes_the_one_who_looked() {
    within(|| {
        let crew = Crew::new(2);
        let _asleep = crew.sleep(1);
        let sleeping = crew.idle.sleep(0, crew.idle.search(), || LastLook::Work);
        assert_eq!(crew.unparked(), [0], "[ID3] it sleeps on work, or a cold one was woken");
        let searching = sleeping.wake().expect("[ID1] it has chosen itself");
        assert_eq!(crew.counts(), (1, 1), "[ID1] it searches, and is not counted");
        searching.finish(|| false);
    });
}

#[test]
fn a_last_look_that_finds_work_is_left_to_who_searches() {
    within(|| {
        let crew = Crew::new(3);
        let _asleep = crew.sleep(1);
        let searching = crew.idle.search();
        let sleeping = crew.idle.sleep(0, None, || LastLook::Work);
        assert_eq!(crew.unparked(), [], "[ID5] two workers fight over the same task");
        assert!(sleeping.wake().is_none(), "[ID1] nobody has chosen it");
        drop(searching);
    });
}

#[test]
fn a_worker_woken_by_its_timer_is_not_counted_as_asleep_any_more() {
    within(|| {
        let crew = Crew::new(3);
        let [first, middle, _last] = [0, 1, 2].map(|worker| crew.sleep(worker));
        assert!(middle.wake().is_none(), "[ID1] nobody has chosen it");
        assert_eq!(crew.counts(), (0, 2), "[ID2] it is awake, and counted as asleep");
        drop(first);
        crew.idle.notify();
        assert_eq!(crew.unparked(), [2], "[ID2] one was woken that is awake");
        crew.idle.notify();
        assert_eq!((crew.unparked(), crew.counts()), (vec![], (1, 0)), "[ID2] one is awake");
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
        assert_eq!(crew.unparked(), [1], "[ID3] who pushed relied on a worker that is gone");
        assert_eq!(crew.counts(), (1, 0), "[ID1] nobody can search any more");
    });
}

#[test]
fn another_thread_can_take_a_workers_place() {
    within(|| {
        let crew = Crew::new(1);
        let successor = Parker::new();
        crew.idle.register(0, successor.waker());
        let _sleeping = crew.sleep(0);
        crew.idle.notify();
        assert_eq!(crew.unparked(), [], "[ID2] the thread was woken that left");
        assert!(successor.try_take(), "[ID2] nobody was woken");
    });
}

#[test]
fn a_waker_is_called_when_the_lock_is_free() {
    /// The waker of a park that another thread takes over as it is woken.
    struct Successor {
        idle: Arc<OnceLock<Idle>>,
        wakes: AtomicUsize,
    }

    impl Wake for Successor {
        fn wake(self: Arc<Self>) {
            self.wakes.fetch_add(1, Ordering::Relaxed);
            let idle = self.idle.get().expect("it was made before anybody slept");
            idle.register(0, Waker::noop().clone()); // takes the lock
        }
    }

    within(|| {
        let idle = Arc::new(OnceLock::new());
        let successor = Arc::new(Successor { idle: idle.clone(), wakes: AtomicUsize::new(0) });
        let idle = idle.get_or_init(|| Idle::new(1));
        idle.register(0, Waker::from(successor.clone()));
        let sleeping = idle.sleep(0, None, || LastLook::Nothing);
        idle.notify(); // [ID4] or it waits for itself
        assert_eq!(successor.wakes.load(Ordering::Relaxed), 1, "[ID2] nobody was woken");
        sleeping.wake().expect("[ID1] it was chosen").finish(|| false);
    });
}

#[test]
fn a_thousand_workers_are_woken_one_by_one() {
    within(|| {
        const WORKERS: usize = 1024;
        let crew = Crew::new(WORKERS);
        let sleeping: Vec<_> = (0..WORKERS).map(|worker| crew.sleep(worker)).collect();
        assert_eq!(crew.counts(), (0, WORKERS), "[ID2] a sleeper is not counted");
        for (worker, sleeping) in sleeping.into_iter().enumerate().rev() {
            crew.idle.notify();
            assert_eq!(crew.unparked(), [worker], "[ID1] nobody was woken, or two");
            sleeping.wake().expect("it was chosen").finish(|| false);
        }
    });
}

// The whole of it

/// Ends the workers of a test, also of one that fails.
struct End<'a> {
    idle: &'a Idle,
    is_over: &'a AtomicBool,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.idle.wake_all();
    }
}

/// Pieces of work that workers take; each is pushed by a thread that then notifies. A lost wake-up
/// is a piece that stays: the deadline finds it.
#[test]
fn every_push_is_answered_by_four_workers_that_sleep_in_between() {
    rt_testkit::within(Duration::from_secs(60), || {
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
            let end = End { idle: &idle, is_over: &is_over };
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
            drop(end);
        });
        assert_eq!((done.into_inner(), idle.searching(), idle.sleeping()), (PUSHES, 0, 0));
    });
}
