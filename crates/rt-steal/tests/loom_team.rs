//! Models of what workers share beside their queues: the park, the monitor's sleep, who polls what, the end, and
//! desks that are left.
//!
//! ```sh
//! RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-steal --test loom_team -- --nocapture
//! ```
#![cfg(rt_loom)]

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use rt_steal::{Doze, Ending, Idle, Injector, LastLook, Searching, Shared, Stamp, Vacancies};
use rt_task::sync::{AtomicBool, Ordering, thread};
use rt_task::{Builder, Generation, Id, JoinHandle, Living, Polled, Schedule, Task};
use rt_testkit::{CountingWaker, Exploration, Tally, poll};
use rt_waker::{Park, Parker, WakeBatch};

/// Far beyond what a model needs: one that reaches it fails.
const BRANCHES: usize = 100_000;

fn explore(name: &str, threads: usize, model: impl Fn() + Send + Sync + 'static) {
    Exploration::of(threads).branches(BRANCHES).run(name, model);
}

fn explore_within(
    name: &str,
    threads: usize,
    bound: Option<usize>,
    model: impl Fn() + Send + Sync + 'static,
) {
    Exploration::of(threads).preemptions(bound).branches(BRANCHES).run(name, model);
}

/// Parks until the flag is set.
fn wait_for(flag: &AtomicBool, park: &mut impl Park) {
    let mut ready = WakeBatch::new();
    while !flag.load(Ordering::Relaxed) {
        park.park(None, &mut ready);
    }
}

#[test]
fn a_wake_reaches_a_thread_that_takes_the_park() {
    explore("wake against taking the park", 2, || {
        let mut park = Shared::new(Parker::new());
        let flag = Arc::new(AtomicBool::new(false));
        let (waker, is_set) = (park.waker(), flag.clone());
        let other = thread::spawn(move || {
            is_set.store(true, Ordering::Relaxed);
            waker.wake();
        });
        // A wake that is lost is a deadlock here.
        wait_for(&flag, &mut park);
        other.join().unwrap();
    });
}

#[test]
fn a_wake_reaches_each_of_two_threads_wherever_they_wait() {
    explore("wakes against two that share a park", 3, || {
        let mut one = Shared::new(Parker::new());
        let mut two = one.another();
        let flags = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let (first, second) = (one.waker(), two.waker());
        let [mine, other] = flags.clone();
        let waits = thread::spawn(move || wait_for(&other, &mut two));
        let wakes = thread::spawn(move || {
            flags[1].store(true, Ordering::Relaxed);
            second.wake();
            flags[0].store(true, Ordering::Relaxed);
            first.wake();
        });
        wait_for(&mine, &mut one);
        waits.join().unwrap();
        wakes.join().unwrap();
    });
}

#[test]
fn the_monitor_does_not_sleep_while_somebody_is_active() {
    explore("stir against the monitor's sleep", 2, || {
        let parker = Parker::new();
        let doze = Arc::new(Doze::new(parker.unparker()));
        let is_active = Arc::new(AtomicBool::new(false));
        let (stirs, says) = (doze.clone(), is_active.clone());
        let other = thread::spawn(move || {
            says.store(true, Ordering::Relaxed);
            stirs.stir();
        });
        // Asleep for ever, it is a deadlock here.
        doze.sleep(&parker, || is_active.load(Ordering::Relaxed));
        other.join().unwrap();
    });
}

/// What a foreign thread that spawns, one that closes, and workers of a team share: the parts of a commons
/// but rings, slots and desks, which a spawn from elsewhere does not touch. They are used in the order of
/// `commons.rs`, `team.rs` and `worker.rs`.
struct Commons {
    lists: Vec<Living>,
    generation: Generation,
    injector: Injector,
    idle: Idle,
    ending: Ending,
}

/// As the door of a commons delivers.
#[derive(Clone)]
struct Door(Arc<Commons>);

impl Schedule for Door {
    fn schedule(self, task: Task) -> Result<(), Task> {
        self.0.injector.push(task);
        self.0.idle.notify_unfenced();
        Ok(())
    }
}

/// As a team wakes its workers when a list has become empty.
struct Emptied(Arc<Commons>);

impl Wake for Emptied {
    fn wake(self: Arc<Self>) {
        let is_nobody_alive = || self.0.is_nobody_alive();
        self.0.ending.emptied(is_nobody_alive, || self.0.idle.wake_all());
    }
}

impl Commons {
    fn new(workers: usize) -> (Arc<Commons>, Vec<Parker>) {
        Commons::with_lists(1, workers)
    }

    fn with_lists(lists: usize, workers: usize) -> (Arc<Commons>, Vec<Parker>) {
        let lists: Vec<_> = (0..lists).map(|_| Living::new().expect("a list is free")).collect();
        let generation = Generation::next();
        lists.iter().for_each(|list| list.open_for(generation));
        let (injector, idle, ending) = (Injector::new(), Idle::new(workers), Ending::new());
        let parkers: Vec<Parker> = (0..workers).map(|_| Parker::new()).collect();
        for (worker, parker) in parkers.iter().enumerate() {
            idle.register(worker, parker.waker());
        }
        (Arc::new(Commons { lists, generation, injector, idle, ending }), parkers)
    }

    /// From a thread that is no worker. `None`: refused.
    fn spawn(self: &Arc<Self>, tally: &Tally) -> (Option<Task>, JoinHandle<()>) {
        self.spawn_into(0, tally)
    }

    fn spawn_into(self: &Arc<Self>, list: usize, tally: &Tally) -> (Option<Task>, JoinHandle<()>) {
        let held = tally.witness();
        let future = async move {
            let _held = held;
            pending::<()>().await;
        };
        let builder = Builder::new().listed(&self.lists[list], self.generation);
        builder.spawn(future, Door(self.clone()))
    }

    fn deliver(self: &Arc<Self>, task: Task) {
        assert!(Door(self.clone()).schedule(task).is_ok());
    }

    fn close(self: &Arc<Self>) {
        let emptied = Waker::from(Arc::new(Emptied(self.clone())));
        let close = || {
            self.lists.iter().for_each(|list| list.close_for(self.generation, emptied.clone()));
        };
        let tasks = || self.lists.iter().flat_map(|list| list.tasks_of(self.generation)).collect();
        let _were_alive = self.ending.close(close, tasks, || self.idle.wake_all());
    }

    fn is_over(&self) -> bool {
        self.ending.is_over(|| self.is_nobody_alive())
    }

    fn is_nobody_alive(&self) -> bool {
        self.lists.iter().all(|list| list.count_of(self.generation) == 0)
    }

    fn pop(&self) -> Option<Task> {
        self.injector.pop()
    }

    /// A worker, until it may leave.
    fn work(&self, worker: usize, parker: &Parker) {
        let mut searching: Option<Searching<'_>> = None;
        loop {
            let task = self.pop();
            if task.is_some() {
                let has_more = || self.injector.look();
                searching.take().into_iter().for_each(|searching| searching.finish(has_more));
            }
            let has_polled = task.is_some();
            task.into_iter().for_each(|task| drop(poll(task)));
            if self.is_over() {
                break;
            }
            if has_polled {
                continue;
            }
            searching = searching.or_else(|| self.idle.search());
            let look = || match self.injector.look() {
                _ if self.is_over() => LastLook::Stay,
                true => LastLook::Work,
                false => LastLook::Nothing,
            };
            let sleeping = self.idle.sleep(worker, searching.take(), look);
            parker.wait();
            searching = sleeping.wake();
        }
        drop(searching);
        // The last who leaves gives the commons back: the next team opens the list.
        assert!(self.is_nobody_alive(), "a worker left, and a task is alive");
    }

    /// Closes, and has all workers work until they leave: the first one on this thread.
    fn close_and_leave(self: &Arc<Self>, parkers: Vec<Parker>) {
        self.close();
        let mut workers = parkers.into_iter().enumerate();
        let (first, parker) = workers.next().expect("there is one");
        let others: Vec<_> = workers
            .map(|(worker, parker)| {
                let commons = self.clone();
                thread::spawn(move || commons.work(worker, &parker))
            })
            .collect();
        self.work(first, &parker);
        others.into_iter().for_each(|other| other.join().expect("no panic"));
        self.check();
    }

    /// When all have left.
    fn check(&self) {
        assert!(self.is_nobody_alive(), "a task outlived its team");
        assert!(self.pop().is_none(), "a task stands in the injector of the next team");
        assert_eq!(self.idle.sleeping(), 0, "somebody is counted as asleep who has left");
        assert_eq!(self.idle.searching(), 0, "somebody is counted as searching who has left");
    }
}

/// Polls once. Ready, it must be the end by a cancel.
fn look_for_the_end(handle: &mut JoinHandle<()>, waker: &Waker) -> bool {
    match Pin::new(handle).poll(&mut Context::from_waker(waker)) {
        Poll::Ready(joined) => joined.unwrap_err().is_cancelled(),
        Poll::Pending => false,
    }
}

/// Of two threads one of which closes. Not none: a whole end has some hundred steps, and every order of them
/// does not come to its own end.
const TWO_ENDING: Option<usize> = Some(5);

/// What a foreign thread does: it spawns, delivers, and looks once at the handle.
struct Spawned {
    handle: JoinHandle<()>,
    wakes: Arc<CountingWaker>,
    has_ended: bool,
}

impl Spawned {
    fn on(commons: &Arc<Commons>, tally: &Tally) -> Spawned {
        let (task, mut handle) = commons.spawn(tally);
        let is_refused = task.is_none();
        task.into_iter().for_each(|task| commons.deliver(task));
        let (waker, wakes) = CountingWaker::new();
        let has_ended = look_for_the_end(&mut handle, &waker);
        assert!(has_ended || !is_refused, "the joiner of a refused spawn hangs");
        Spawned { handle, wakes, has_ended }
    }

    /// When the team is gone.
    fn check(mut self, tally: &Tally) {
        assert_eq!(tally.dropped(), 1, "the future leaked, or was dropped twice");
        if !self.has_ended {
            assert_eq!(self.wakes.count(), 1, "the joiner is not told of the end");
            assert!(look_for_the_end(&mut self.handle, Waker::noop()), "the joiner hangs");
        }
    }
}

#[test]
fn a_spawn_from_elsewhere_against_a_worker_that_closes_its_team() {
    explore_within("team: a spawn against a worker that closes", 2, TWO_ENDING, || {
        let ((commons, parkers), tally) = (Commons::new(1), Tally::new());
        let (spawner, held) = (commons.clone(), tally.clone());
        let spawns = thread::spawn(move || Spawned::on(&spawner, &held));
        commons.close();
        commons.work(0, &parkers[0]);
        let spawned = spawns.join().expect("no panic");
        commons.check();
        spawned.check(&tally);
    });
}

#[test]
fn a_close_against_a_worker_that_falls_asleep() {
    explore_within("team: a close against a worker that falls asleep", 2, TWO_ENDING, || {
        let ((commons, parkers), tally) = (Commons::new(1), Tally::new());
        let (task, handle) = commons.spawn(&tally);
        assert!(matches!(poll(task.expect("open")), Polled::Pending));
        let closer = commons.clone();
        let closes = thread::spawn(move || closer.close());
        // A worker that sleeps through the end is a deadlock here.
        commons.work(0, &parkers[0]);
        closes.join().expect("no panic");
        commons.check();
        assert!(handle.is_finished() && tally.dropped() == 1);
    });
}

#[test]
fn a_spawn_from_elsewhere_against_a_close_and_a_worker() {
    explore("team: a spawn from elsewhere against a close and a worker", 3, || {
        let ((commons, parkers), tally) = (Commons::new(1), Tally::new());
        let (spawner, held) = (commons.clone(), tally.clone());
        let spawns = thread::spawn(move || {
            let (task, handle) = spawner.spawn(&held);
            task.into_iter().for_each(|task| spawner.deliver(task));
            handle
        });
        let closer = commons.clone();
        let closes = thread::spawn(move || closer.close());
        commons.work(0, &parkers[0]);
        closes.join().expect("no panic");
        let handle = spawns.join().expect("no panic");
        commons.check();
        assert!(handle.is_finished() && tally.dropped() == 1);
    });
}

#[test]
fn the_last_task_ends_as_another_worker_falls_asleep() {
    explore("team: the last task ends as another worker falls asleep", 2, || {
        let ((commons, parkers), tally) = (Commons::new(2), Tally::new());
        let (task, handle) = commons.spawn(&tally);
        assert!(matches!(poll(task.expect("open")), Polled::Pending));
        commons.close_and_leave(parkers);
        assert!(handle.is_finished() && tally.dropped() == 1);
    });
}

#[test]
fn the_last_tasks_of_two_lists_end_on_two_workers() {
    explore_within("team: the last tasks of two lists end on two workers", 2, TWO_ENDING, || {
        let ((commons, parkers), tally) = (Commons::with_lists(2, 2), Tally::new());
        let handles = [0, 1].map(|list| {
            let (task, handle) = commons.spawn_into(list, &tally);
            assert!(matches!(poll(task.expect("open")), Polled::Pending));
            handle
        });
        commons.close_and_leave(parkers);
        assert!(handles.iter().all(JoinHandle::is_finished) && tally.dropped() == 2);
    });
}

#[test]
fn of_three_workers_one_ends_the_last_task() {
    explore("team: of three workers one ends the last task", 3, || {
        let ((commons, parkers), tally) = (Commons::new(3), Tally::new());
        let (task, handle) = commons.spawn(&tally);
        assert!(matches!(poll(task.expect("open")), Polled::Pending));
        commons.close_and_leave(parkers);
        assert!(handle.is_finished() && tally.dropped() == 1);
    });
}

/// A poll of the first task was seen; it ends, and one of the second begins, on a thread.
fn poll_that_was_seen() -> (Arc<Stamp>, [Id; 2], thread::JoinHandle<()>) {
    let stamp = Arc::new(Stamp::new());
    let (first, second) = (Id::next(), Id::next());
    // On a thread of its own: loom takes it that a thread sees no more what it saw before a lock.
    let worker = stamp.clone();
    let begins = thread::spawn(move || {
        worker.begin(Some(first));
        assert!(!worker.look(), "it is seen for the first time");
    });
    begins.join().expect("no panic");
    let worker = stamp.clone();
    let works = thread::spawn(move || {
        worker.tick();
        worker.begin(Some(second));
    });
    (stamp, [first, second], works)
}

#[test]
fn an_age_is_that_of_the_poll_that_was_seen_and_of_no_other() {
    explore("stamp: an age against the end of a poll and the next one", 2, || {
        let (stamp, [first, second], works) = poll_that_was_seen();
        let is_seen = |age: Duration| age > Duration::ZERO;
        assert!(
            stamp.age_of(first).is_none_or(is_seen),
            "the first poll was seen: no other is its"
        );
        assert!(!stamp.age_of(second).is_some_and(is_seen), "it has the age of the poll before");
        works.join().expect("no panic");
        assert_eq!(stamp.age_of(first), None);
        assert_eq!(stamp.age_of(second), Some(Duration::ZERO));
    });
}

#[test]
fn a_poll_that_lasts_is_told_of_with_its_own_task() {
    explore("stamp: a watchdog against the end of a poll and the next one", 2, || {
        let (stamp, [first, second], works) = poll_that_was_seen();
        let blamed = stamp.lasting().map(|poll| poll.task);
        assert!(blamed.is_none_or(|task| task == first), "a task that has just begun is blamed");
        works.join().expect("no panic");
        assert_eq!(stamp.lasting(), None, "nobody has seen the second poll");
    });
}

#[test]
fn a_look_and_an_age_meet_at_what_was_seen() {
    explore("stamp: a look against an age", 2, || {
        let stamp = Arc::new(Stamp::new());
        let (first, second) = (Id::next(), Id::next());
        stamp.begin(Some(first));
        assert!(!stamp.look() && stamp.look(), "the second look sees it again");
        stamp.tick();
        stamp.begin(Some(second));
        let monitor = stamp.clone();
        let before = Instant::now();
        let looks = thread::spawn(move || monitor.look());
        let age = stamp.age_of(second).expect("it is polled here");
        let most = before.elapsed();
        assert!(age <= most, "{age:?}, and it was seen for {most:?} at most");
        assert!(!looks.join().expect("no panic"), "it was not seen before");
    });
}

/// Waits for a desk, as a thread without one does.
fn wait_for_a_desk(vacancies: &Vacancies, parker: &Parker) -> usize {
    loop {
        let line = match vacancies.take(&parker.waker()) {
            Ok(desk) => return desk,
            Err(line) => line,
        };
        parker.wait();
        if let Some(desk) = line.leave() {
            return desk;
        }
    }
}

#[test]
fn each_of_two_desks_finds_one_of_two_threads() {
    explore("vacancies: two desks against two threads that wait", 3, || {
        let vacancies = Arc::new(Vacancies::new());
        let waits = [(); 2].map(|()| {
            let vacancies = vacancies.clone();
            thread::spawn(move || wait_for_a_desk(&vacancies, &Parker::new()))
        });
        for desk in [7, 8] {
            // If nobody waits yet, somebody will look.
            let _ = vacancies.offer(desk);
        }
        let mut desks = waits.map(|waits| waits.join().expect("no panic"));
        desks.sort_unstable();
        assert_eq!(desks, [7, 8], "a desk was given to two, or to none");
    });
}

#[test]
fn a_desk_is_not_left_to_who_goes() {
    explore("vacancies: an offer against who leaves the line", 2, || {
        let vacancies = Arc::new(Vacancies::new());
        let goes = vacancies.clone();
        let goes = thread::spawn(move || match goes.take(Waker::noop()) {
            Ok(desk) => Some(desk),
            Err(line) => line.leave(), // its time is up
        });
        let offer = vacancies.offer(7);
        let taken = goes.join().expect("no panic");
        let is_mine_again = offer.is_err_and(|offer| vacancies.take_back(offer));
        assert_ne!(taken.is_some(), is_mine_again, "a desk is nobody's, or two have it");
    });
}

#[test]
fn who_takes_an_offer_back_is_who_worked_there_last() {
    explore("vacancies: an offer that is taken back against another's", 2, || {
        let (vacancies, last) = (Arc::new(Vacancies::new()), Arc::new(Counter::new(1)));
        // No thread can be started: each takes back what nobody has taken.
        let come_and_go = |vacancies: &Vacancies, last: &Counter, me: usize| {
            let Err(offer) = vacancies.offer(7) else { return };
            if vacancies.take_back(offer) {
                assert_eq!(last.load(Ordering::Relaxed), me, "it sleeps under another's waker");
            }
        };
        let (desks, worked) = (vacancies.clone(), last.clone());
        let other = thread::spawn(move || {
            if let Ok(_desk) = desks.take(Waker::noop()) {
                worked.store(2, Ordering::Relaxed);
                come_and_go(&desks, &worked, 2);
            }
        });
        come_and_go(&vacancies, &last, 1);
        other.join().expect("no panic");
    });
}
