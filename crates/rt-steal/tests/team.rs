//! A team from outside: what goes in comes out once, whoever runs it, and the end is the end of all.

mod hired {
    pub(crate) mod team;
}

use std::collections::HashSet;
use std::future::{Future, pending, poll_fn};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rt_executor::{block_on, yield_now};
use rt_steal::{Ring, Shared, Team, Worker, step_aside};
use rt_testkit::{Tally, within};
use rt_waker::{Park, Parker, WakeBatch};

use crate::hired::team::{end, start};

const LIMIT: Duration = Duration::from_secs(60);

/// Computes for so long.
fn compute(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        std::hint::spin_loop();
    }
}

#[test]
fn tasks_from_outside_all_run_once() {
    within(LIMIT, || {
        let team = start(2);
        let handle = team.handle();
        let count = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..10_000)
            .map(|_| {
                let count = count.clone();
                handle.spawn(async move {
                    yield_now().await;
                    count.fetch_add(1, Ordering::Relaxed);
                })
            })
            .collect();
        for task in tasks {
            block_on(task).unwrap();
        }
        assert_eq!(count.load(Ordering::Relaxed), 10_000);
        end(&team);
    });
}

#[test]
fn what_one_worker_spawns_others_help_with() {
    within(LIMIT, || {
        let team = start(2);
        let handle = team.handle();
        let threads = Arc::new(Mutex::new(HashSet::new()));
        let spawner = handle.clone();
        let seen = threads.clone();
        let tasks = block_on(handle.spawn(async move {
            let work = |_| {
                let seen = seen.clone();
                spawner.spawn(async move {
                    seen.lock().unwrap().insert(thread::current().id());
                    compute(Duration::from_millis(1));
                })
            };
            (0..100).map(work).collect::<Vec<_>>()
        }));
        for task in tasks.unwrap() {
            block_on(task).unwrap();
        }
        assert_eq!(threads.lock().unwrap().len(), 2, "a worker slept beside a full queue");
        end(&team);
    });
}

/// A team whose tasks are in every state when it ends: each is dropped once, each handle resolves.
#[test]
fn the_end_drops_every_future_once() {
    within(LIMIT, || {
        for _ in 0..50 {
            let team = start(2);
            let handle = team.handle();
            let tally = Tally::new();
            let task = |number: usize| {
                let held = tally.witness();
                let spawner = handle.clone();
                async move {
                    let _held = held;
                    match number % 4 {
                        0 => {}
                        1 => pending().await,
                        2 => loop {
                            yield_now().await;
                        },
                        _ => drop(spawner.spawn(pending::<()>())),
                    }
                }
            };
            let tasks: Vec<_> = (0..100).map(|number| handle.spawn(task(number))).collect();
            end(&team);
            assert_eq!(tally.dropped(), 100);
            assert!(tasks.iter().all(rt_task::JoinHandle::is_finished));
        }
    });
}

#[test]
fn spawns_of_eight_threads_race_with_the_end() {
    within(LIMIT, || {
        for _ in 0..20 {
            let team = start(2);
            let begin = Barrier::new(9);
            thread::scope(|scope| {
                for _ in 0..8 {
                    let handle = team.handle();
                    let begin = &begin;
                    scope.spawn(move || {
                        begin.wait();
                        let tasks: Vec<_> = (0..200).map(|_| handle.spawn(yield_now())).collect();
                        for task in tasks {
                            // Completed or cancelled; one that does neither hangs here.
                            let _ = block_on(task);
                        }
                    });
                }
                begin.wait();
                end(&team);
            });
        }
    });
}

#[test]
fn teams_come_and_go_and_handles_of_the_gone_spawn_nothing() {
    within(LIMIT, || {
        let mut gone = Vec::new();
        for round in 0..300 {
            let team = start(1 + round % 4);
            let handle = team.handle();
            let waits = handle.spawn(pending::<()>());
            if round % 3 == 0 {
                assert_eq!(block_on(handle.spawn(async { 7 })).unwrap(), 7);
            }
            for old in &gone {
                let old: &rt_executor::Handle = old;
                assert!(block_on(old.spawn(async {})).unwrap_err().is_cancelled());
            }
            end(&team);
            assert!(block_on(waits).unwrap_err().is_cancelled());
            gone.truncate(4);
            gone.insert(0, handle);
        }
    });
}

#[test]
fn a_place_that_nobody_takes_does_not_hold_up_the_end() {
    within(LIMIT, || {
        let (team, mut places) = Team::hire(3).unwrap();
        let park = Shared::new(Parker::new());
        let place = places.pop().unwrap();
        thread::spawn(move || Worker::new(place, park, (), ()).run());
        drop(places); // as when a thread could not be created
        assert_eq!(block_on(team.handle().spawn(async { 1 })).unwrap(), 1);
        end(&team);
    });
}

#[test]
fn a_panic_ends_its_task_and_no_worker() {
    within(LIMIT, || {
        let team = start(1);
        let handle = team.handle();
        for _ in 0..10 {
            let task = handle.spawn(async { resume_unwind(Box::new("oh")) });
            let _: &rt_task::JoinHandle<()> = &task;
            assert!(block_on(task).unwrap_err().is_panic());
        }
        assert_eq!(block_on(handle.spawn(async { 2 })).unwrap(), 2);
        end(&team);
    });
}

#[test]
fn the_end_waits_no_longer_than_it_is_told_for_a_poll_that_goes_on() {
    within(LIMIT, || {
        let team = start(2);
        let (go, may_go) = mpsc::channel::<()>();
        let (began, has_begun) = mpsc::channel();
        let stuck = team.handle().spawn(async move {
            began.send(()).unwrap();
            may_go.recv().unwrap();
        });
        has_begun.recv().unwrap();
        team.close();
        assert!(!team.wait(Some(Duration::from_millis(1))));
        assert_eq!((team.alive(), stuck.is_finished()), (1, false));
        go.send(()).unwrap();
        assert!(team.wait(Some(LIMIT)), "the poll is over, and its worker stays");
        assert!(stuck.is_finished());
    });
}

/// Woken by another thread, a million times in all: none is lost.
#[test]
fn wakes_from_elsewhere_meet_workers_that_go_to_sleep() {
    let wakes = if cfg!(rt_sanitize) { 2_000 } else { 20_000 };
    within(LIMIT, move || {
        let team = start(2);
        let (waker_of, wakers) = mpsc::channel();
        let turn = Arc::new(AtomicUsize::new(0));
        let (seen, is_over) = (turn.clone(), Arc::new(AtomicBool::new(false)));
        let over = is_over.clone();
        let task = team.handle().spawn(poll_fn(move |cx| {
            if over.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            seen.fetch_add(1, Ordering::Relaxed);
            waker_of.send(cx.waker().clone()).unwrap();
            Poll::Pending
        }));
        for wake in 0..wakes {
            let waker = wakers.recv().unwrap();
            if wake % 64 == 0 {
                thread::yield_now(); // so that workers sleep now and then
            }
            is_over.store(wake + 1 == wakes, Ordering::Relaxed);
            waker.wake();
        }
        block_on(task).unwrap();
        assert_eq!(turn.load(Ordering::Relaxed), wakes);
        end(&team);
    });
}

/// Runs a future on a worker.
fn on_a_worker<T: Send + 'static>(
    team: &Team,
    future: impl Future<Output = T> + Send + 'static,
) -> T {
    block_on(team.handle().spawn(future)).unwrap()
}

#[test]
fn a_worker_knows_that_it_is_one() {
    within(LIMIT, || {
        let team = Arc::new(start(1));
        let inside = team.clone();
        assert!(on_a_worker(&team, async move { inside.is_here() }));
        assert!(!team.is_here());
        let other = start(1);
        let stranger = team.clone();
        assert!(!on_a_worker(&other, async move { stranger.is_here() }));
        end(&other);
        end(&team);
    });
}

#[test]
fn a_team_that_is_over_touches_nothing_of_the_next_one_at_the_same_desks() {
    within(LIMIT, || {
        let before = start(7); // a number that no other test has: the desks are used again
        end(&before);
        let next = start(7);
        let waits = next.handle().spawn(pending::<()>());
        assert_eq!((before.alive(), before.tasks().len()), (0, 0));
        end(&before);
        assert_eq!(next.alive(), 1);
        assert!(!waits.is_finished(), "a task of somebody else's was cancelled");
        assert_eq!(block_on(next.handle().spawn(async { 5 })).unwrap(), 5);
        end(&next);
        assert!(waits.is_finished());
    });
}

#[test]
fn a_handle_that_closes_a_team_which_ends_already_leaves_no_worker_asleep() {
    within(LIMIT, || {
        let team = start(2);
        let (begun, has_begun) = mpsc::channel();
        let (gate, wait) = mpsc::channel::<()>();
        drop(team.handle().spawn(async move {
            begun.send(()).unwrap();
            let _is_over = wait.recv();
        }));
        has_begun.recv().unwrap();
        team.close();
        let alive = team.handle().close();
        assert_eq!(alive.len(), 1, "the one in a poll");
        drop(gate);
        assert!(team.wait(Some(Duration::from_secs(20))), "nobody told the other worker");
    });
}

#[test]
fn a_desk_whose_next_thread_never_comes_goes_back_to_who_left_it() {
    within(LIMIT, || {
        let team = start(1);
        for _ in 0..3 {
            let start = |spare| panic!("{spare:?} is lost");
            assert!(!on_a_worker(&team, async move { step_aside(start) }), "no thread was started");
            let start = |spare| {
                drop(spare);
                true
            };
            assert!(on_a_worker(&team, async move { step_aside(start) }), "it was to be left");
        }
        end(&team);
    });
}

#[test]
fn what_stands_in_the_slot_of_a_desk_that_nobody_comes_to_is_run_by_another() {
    within(LIMIT, || {
        let team = start(2);
        let handle = team.handle();
        let waits = async move {
            let (sender, answer) = mpsc::channel();
            drop(handle.spawn(async move { sender.send(()).unwrap() })); // next at this desk
            assert!(step_aside(|spare| {
                drop(spare); // the thread that was to come
                true
            }));
            answer.recv().unwrap();
        };
        on_a_worker(&team, waits);
        end(&team);
    });
}

/// Two threads and one desk: one whose start of a third fails after the other has had the desk and left it
/// again. The other one's offer is not the first one's to take back.
#[test]
fn a_desk_that_was_left_by_another_meanwhile_is_not_taken_back() {
    within(LIMIT, || {
        let (team, mut places) = Team::hire(1).unwrap();
        let park = Shared::new(Parker::new());
        team.share(&park);
        let (place, at) = (places.remove(0), park.another());
        thread::spawn(move || Worker::new(place, at, (), ()).run());
        let ((end_first, first_ends), (left, has_left)) = (mpsc::channel(), mpsc::channel());
        let (go_on, goes_on) = mpsc::channel::<()>();
        let inner = team.handle();
        // On the first thread: it steps aside, and comes back for the desk when it is told to.
        let first = team.handle().spawn(async move {
            let start = move |spare| {
                thread::spawn(move || Worker::<_, _, Ring>::spare(spare, park, (), ()).run());
                true
            };
            assert!(step_aside(start));
            first_ends.recv().unwrap();
        });
        // On the second thread, which has the desk now.
        let second = team.handle().spawn(async move {
            inner.spawn(async move {
                // On the first thread again: it leaves the desk too, and no thread can be started.
                let is_left = step_aside(|_| {
                    left.send(()).unwrap();
                    goes_on.recv().is_ok()
                });
                assert!(!is_left, "its own offer was taken back by another");
            });
            let is_left = step_aside(|_| {
                end_first.send(()).unwrap();
                has_left.recv().unwrap();
                false
            });
            assert!(is_left, "the desk of another was taken back");
            drop(go_on);
        });
        block_on(first).unwrap();
        block_on(second).unwrap();
        // Each thread that sleeps at the desk can be woken.
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(5));
            assert!(on_a_worker(&team, async { true }));
        }
        end(&team);
    });
}

/// A park that says which thread waits at it.
struct Watched {
    parker: Parker,
    here: Arc<Mutex<Option<thread::ThreadId>>>,
}

impl Park for Watched {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        *self.here.lock().unwrap() = Some(thread::current().id());
        self.parker.park(timeout, ready);
        *self.here.lock().unwrap() = None;
    }

    fn waker(&self) -> Waker {
        self.parker.waker()
    }
}

#[test]
fn a_root_has_the_park_while_all_are_busy_and_leaves_it_to_a_worker_that_sleeps() {
    within(LIMIT, || {
        let here = Arc::new(Mutex::new(None));
        let park = Shared::new(Watched { parker: Parker::new(), here: here.clone() });
        let wait_until_there = |who: &dyn Fn(thread::ThreadId) -> bool| {
            while !here.lock().unwrap().is_some_and(who) {
                thread::yield_now();
            }
        };
        let (team, mut places) = Team::hire(1).unwrap();
        team.share(&park);
        let (place, at) = (places.remove(0), park.another());
        thread::spawn(move || Worker::new(place, at, (), ()).run());
        let (busy, is_free) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let computes = busy.clone();
        let task = team.handle().spawn(async move {
            while computes.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            thread::current().id()
        });
        let mut root = team.root(park);
        let (waker, is_over) = (root.waker(), is_free.clone());
        let waits = thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                root.park(None, &mut WakeBatch::new());
            }
        });
        let root = waits.thread().id();
        // Nobody else could look at it. The worker may have been there before, on its way to work.
        wait_until_there(&|thread| thread == root);
        busy.store(false, Ordering::Relaxed);
        let worker = block_on(task).unwrap();
        wait_until_there(&|thread| thread == worker);
        is_free.store(true, Ordering::Relaxed);
        waker.wake();
        waits.join().unwrap();
        end(&team);
    });
}
