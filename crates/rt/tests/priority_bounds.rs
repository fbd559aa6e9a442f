//! Chapter 9: nobody waits for ever, and the bounds are numbers. `--nocapture` prints them.
//!
//! They are numbers of polls: they hold on any machine, however busy.

mod priorities {
    pub(crate) mod log;
    pub(crate) mod start;
}

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use rt::parts::executor::TURN;
use rt::runtime::Runtime;
use rt::task::Priority::{self, High, Low, Normal};
use rt::task::{Id, yield_now};
use rt_testkit::within;

use crate::priorities::log::{Log, Polled, flood_two_workers};
use crate::priorities::start::{inside, one_thread, spawn, workers};

const LIMIT: Duration = Duration::from_secs(60);

/// The most polls of others between two of this class.
fn longest_wait(order: &[Priority], class: Priority) -> usize {
    order.split(|&polled| polled == class).map(<[_]>::len).max().unwrap_or(0)
}

/// The most polls below this class in so many.
fn most_below(order: &[Priority], class: Priority, window: usize) -> usize {
    let below = |polls: &[Priority]| polls.iter().filter(|&&polled| polled > class).count();
    order.windows(window).map(below).max().unwrap_or(0)
}

/// The polls of one thread while nothing came or went, against the bounds of the documentation.
fn check_bounds(order: &[Polled], every: u32, where_: &str) {
    let bound = if every == 1 { 2 } else { 2 * every as usize - 1 };
    let classes: Vec<Priority> = order.iter().map(|&(_, class, _)| class).collect();
    for class in Priority::ALL {
        let ids: HashSet<Id> =
            order.iter().filter(|polled| polled.1 == class).map(|polled| polled.2).collect();
        if ids.is_empty() {
            continue;
        }
        let waited = longest_wait(&classes, class);
        println!("{where_}, every {every}: {class:?} waits for {waited} polls of others at most");
        assert!(waited <= bound, "{where_}: a {class:?} task waited for {waited} polls of others");
        // One alone is not ready while it is polled: with two, one always is.
        if class == High && ids.len() > 1 {
            let lower = most_below(&classes, High, every as usize);
            assert!(lower <= 1, "{where_}: {lower} polls of {every} went before a High task");
        }
    }
}

#[test]
fn on_one_thread_no_class_starves_and_none_is_held_up() {
    within(LIMIT, || {
        for every in [1, 2, 5, 16] {
            let (runtime, log) = (one_thread(every), Log::default());
            let (flood, polls) = (log.clone(), 40 * every as usize);
            runtime.block_on(async move {
                flood.flood(&Priority::ALL, 3);
                while flood.len() < polls {
                    yield_now().await;
                }
                flood.end();
            });
            let order = log.take();
            let first = order.iter().position(|polled| polled.1 == Low);
            let seen: HashSet<Priority> = order.iter().map(|polled| polled.1).collect();
            assert_eq!(seen.len(), 3, "a class starves: {seen:?}");
            assert!(first.is_some_and(|first| first <= 2 * every as usize), "{first:?}");
            check_bounds(&order[..polls], every, "one thread");
        }
    });
}

#[test]
fn on_two_workers_that_steal_no_class_starves_and_none_is_held_up() {
    within(LIMIT, || {
        for every in [2, 16] {
            let (runtime, log) = (workers(2, every), Log::default());
            flood_two_workers(&runtime, &log, &Priority::ALL);
            // From here on nothing comes or goes: nobody is idle, so nobody steals.
            drop(log.take());
            // Both polled, however long the system kept one of them waiting.
            while log.polls_of_the_second() < 2_000 {
                thread::sleep(Duration::from_millis(1));
            }
            let order = log.take();
            log.end();
            let threads: HashSet<ThreadId> = order.iter().map(|polled| polled.0).collect();
            let seen: HashSet<Priority> = order.iter().map(|polled| polled.1).collect();
            assert_eq!((threads.len(), seen.len()), (2, 3), "workers and classes that were polled");
            for (number, worker) in threads.into_iter().enumerate() {
                let own: Vec<Polled> =
                    order.iter().copied().filter(|polled| polled.0 == worker).collect();
                check_bounds(&own, every, &format!("worker {number} of two"));
            }
        }
    });
}

/// Two Low tasks that wake each other for ever through the slot, beside High ones.
#[test]
fn a_ping_pong_of_low_tasks_through_the_slot_keeps_the_bounds() {
    within(LIMIT, || {
        let every = 4;
        let (runtime, log) = (workers(1, every), Log::default());
        let inner = log.clone();
        inside(&runtime, async move {
            let wakers = Arc::new([(); 2].map(|()| Mutex::new(None::<Waker>)));
            for side in 0..2 {
                let (wakers, log) = (wakers.clone(), inner.clone());
                drop(spawn(
                    Low,
                    poll_fn(move |cx| {
                        log.note(Low);
                        *wakers[side].lock().unwrap() = Some(cx.waker().clone());
                        let other = wakers[1 - side].lock().unwrap().take();
                        other.into_iter().for_each(Waker::wake);
                        if log.is_over.load(Ordering::Relaxed) {
                            return Poll::Ready(());
                        }
                        Poll::Pending
                    }),
                ));
            }
            (0..2).for_each(|_| drop(spawn(High, inner.clone().endless(High))));
        });
        while log.len() < 2_000 {
            thread::yield_now();
        }
        log.end();
        check_bounds(&log.take()[..2_000], every, "one worker with a ping-pong");
    });
}

/// From outside, while tasks of the highest class flood the only worker: polls of the flood until it ran.
fn polls_before(runtime: &Runtime, class: Priority, polls: &Arc<AtomicUsize>) -> usize {
    let _entered = runtime.enter();
    let before = polls.load(Ordering::Relaxed);
    let (sender, ran) = mpsc::channel();
    let counted = polls.clone();
    drop(spawn(class, async move {
        sender.send(counted.load(Ordering::Relaxed)).unwrap();
    }));
    ran.recv().unwrap() - before
}

#[test]
fn what_comes_from_outside_gets_its_turn_whatever_its_class() {
    within(LIMIT, || {
        let every = 8;
        // The second flood is more than a lane takes: what overflows comes in again, before each turn.
        for flood in [4, 1_000] {
            let runtime = workers(1, every);
            let is_over = Arc::new(AtomicBool::new(false));
            let polls = Arc::new(AtomicUsize::new(0));
            for _ in 0..flood {
                let (is_over, polls) = (is_over.clone(), polls.clone());
                let _entered = runtime.enter();
                drop(spawn(High, async move {
                    while !is_over.load(Ordering::Relaxed) {
                        polls.fetch_add(1, Ordering::Relaxed);
                        yield_now().await;
                    }
                }));
            }
            for class in [Normal, Low] {
                let waits = (0..50).map(|_| polls_before(&runtime, class, &polls));
                // Polls between the count and the spawn are not its wait: the least of fifty has hardly any.
                let waited = waits.min().unwrap();
                println!("behind {flood} High ones a {class:?} task waited for {waited} polls");
                let bound = TURN + 2 * every as usize - 1;
                assert!(waited <= bound + TURN, "a {class:?} task waited for {waited} polls");
            }
            is_over.store(true, Ordering::Relaxed);
        }
    });
}

#[test]
fn a_high_task_from_outside_waits_for_the_turn_and_for_no_more_than_one_low_one() {
    within(LIMIT, || {
        for (name, runtime) in [("one thread", one_thread(16)), ("a worker", workers(1, 16))] {
            let (log, (sender, receiver)) = (Log::default(), mpsc::channel::<usize>());
            let inner = log.clone();
            // Spawned by a thread while a turn goes on, after so many polls of Low tasks.
            let low = move || {
                let log = inner.clone();
                let sender = sender.clone();
                async move {
                    let handle = rt::runtime::Handle::current();
                    for round in 0..200 {
                        log.note(Low);
                        if round == 100 {
                            let (log, sender) = (log.clone(), sender.clone());
                            let handle = handle.clone();
                            let spawns = move || {
                                let before = log.len();
                                let _entered = handle.enter();
                                drop(spawn(High, async move {
                                    sender.send(log.len() - before).unwrap();
                                }));
                            };
                            thread::spawn(spawns).join().unwrap();
                        }
                        yield_now().await;
                    }
                }
            };
            let tasks: Vec<_> = {
                let _entered = runtime.enter();
                (0..3).map(|_| spawn(Low, low())).collect()
            };
            runtime.block_on(async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
            for _ in 0..3 {
                let waited = receiver.recv().unwrap();
                println!("{name}: a High task from outside waited for {waited} polls of Low ones");
                assert!(waited <= TURN + 1, "{name}: it waited for {waited} polls of Low ones");
            }
        }
    });
}
