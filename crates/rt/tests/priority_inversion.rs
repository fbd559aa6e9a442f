//! Chapter 9: an urgent task waits for a lock that a Low one holds. The bound, and what raising the holder does.
//!
//! Counted in polls: it holds on any machine, however busy.

mod priorities {
    pub(crate) mod log;
    pub(crate) mod start;
}

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures::lock::Mutex;
use rt::runtime::Runtime;
use rt::task::Priority::{self, High, Low, Normal};
use rt::task::yield_now;
use rt_testkit::within;

use crate::priorities::log::{Log, flood_two_workers};
use crate::priorities::start::{inside, one_thread, spawn, workers};

const LIMIT: Duration = Duration::from_secs(60);

/// Polls of the holder between the moment when somebody waits, and its end.
const HOLDS: usize = 5;

/// Tasks of a class that never end, so that both classes always wait.
const FLOOD: usize = 3;

fn runtimes(every: u32) -> [(&'static str, Runtime); 2] {
    [("one thread", one_thread(every)), ("a worker", workers(1, every))]
}

/// Polls of all others while a High task waits for a lock, if its holder is raised to that class or not.
async fn polls_while_high_waits(raised: Option<Priority>) -> usize {
    let (polls, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (lock, is_wanted) = (Arc::new(Mutex::new(())), Arc::new(AtomicBool::new(false)));
    let floods: Vec<_> = (0..2 * FLOOD)
        .map(|number| {
            let (polls, is_over) = (polls.clone(), is_over.clone());
            spawn([High, Normal][number % 2], async move {
                while !is_over.load(Ordering::Relaxed) {
                    polls.fetch_add(1, Ordering::Relaxed);
                    yield_now().await;
                }
            })
        })
        .collect();
    let (held, wanted, counted) = (lock.clone(), is_wanted.clone(), polls.clone());
    let holder = spawn(Low, async move {
        let _guard = held.lock().await;
        let left = Cell::new(HOLDS);
        while left.get() > 0 {
            if wanted.load(Ordering::Relaxed) {
                counted.fetch_add(1, Ordering::Relaxed);
                left.set(left.get() - 1);
            }
            yield_now().await;
        }
    });
    while lock.try_lock().is_some() {
        yield_now().await;
    }
    let waits = spawn(High, async move {
        if let Some(class) = raised {
            holder.set_priority(class);
        }
        let before = polls.load(Ordering::Relaxed);
        is_wanted.store(true, Ordering::Relaxed);
        let _guard = lock.lock().await;
        polls.load(Ordering::Relaxed) - before
    });
    let waited = waits.await.unwrap();
    is_over.store(true, Ordering::Relaxed);
    for flood in floods {
        flood.await.unwrap();
    }
    waited
}

#[test]
fn who_waits_for_a_lock_of_a_low_task_waits_for_a_number_of_polls() {
    within(LIMIT, || {
        for every in [2, 4, 16] {
            for (name, runtime) in runtimes(every) {
                let waited = inside(&runtime, polls_while_high_waits(None));
                println!("{name}, every {every}: {waited} polls for {HOLDS} of the holder");
                // The holder gives it back when it is polled once more, and the one that waits has its place.
                let bound = 2 * every as usize * (HOLDS + 1) + FLOOD + 2;
                assert!(waited <= bound, "{name}: a High task waited for {waited} polls");
                assert!(
                    waited >= HOLDS * every as usize,
                    "{name}: nobody was in the way: {waited}"
                );
            }
        }
    });
}

#[test]
fn a_holder_that_is_raised_by_hand_gives_the_lock_back_sooner() {
    within(LIMIT, || {
        for (name, runtime) in runtimes(16) {
            let [low, raised] =
                [None, Some(High)].map(|raised| inside(&runtime, polls_while_high_waits(raised)));
            println!("{name}: {low} polls for a Low holder, {raised} for one that was raised");
            // One poll in its old lane; then it takes turns with the other High ones.
            let turns = (HOLDS + 1) * (FLOOD + 1);
            let bound = 2 * 16 + turns + turns / 15 + FLOOD + 2;
            assert!(raised <= bound, "{name}: a raised holder kept the lock for {raised} polls");
            assert!(raised < low, "{name}: raising it did nothing: {raised} and {low}");
        }
    });
}

/// What is noted beside the polls of a flood, all of High and Normal tasks.
const MARK: Priority = Low;

#[test]
fn on_two_workers_the_bound_holds_for_the_one_that_has_the_holder() {
    within(LIMIT, || {
        for every in [2, 16] {
            let (runtime, log) = (workers(2, every), Log::default());
            flood_two_workers(&runtime, &log, &[High, Normal]);
            drop(log.take());
            while log.polls_of_the_second() == 0 {
                thread::yield_now();
            }
            let (lock, is_wanted) = (Arc::new(Mutex::new(())), Arc::new(AtomicBool::new(false)));
            let held = runtime.block_on(lock.clone().lock_owned());
            let (wanted, at_each) = (is_wanted.clone(), log.clone());
            let _entered = runtime.enter();
            let holder = spawn(Low, async move {
                let (_guard, mut left) = (held, HOLDS);
                while left > 0 {
                    at_each.note(MARK);
                    left -= usize::from(wanted.load(Ordering::Relaxed));
                    yield_now().await;
                }
                thread::current().id()
            });
            let polled = log.clone();
            let waits = spawn(High, async move {
                drop(polled.take());
                is_wanted.store(true, Ordering::Relaxed);
                let _guard = lock.lock().await;
                polled.take()
            });
            let order = runtime.block_on(waits).unwrap();
            let worker: ThreadId = runtime.block_on(holder).unwrap();
            log.end();
            let has_moved = order.iter().any(|polled| polled.1 == MARK && polled.0 != worker);
            assert!(!has_moved, "somebody was idle, and took the holder");
            let waited = order.iter().filter(|polled| polled.0 == worker).count();
            println!(
                "two workers, every {every}: {waited} polls of {} by the holder's",
                order.len()
            );
            // Two more turns: a poll of the holder that had begun, and the one in which it ends.
            let flood = 24;
            let bound = 2 * every as usize * (HOLDS + 2) + flood + 2;
            assert!(waited <= bound, "a High task waited for {waited} polls");
            assert!(waited >= (HOLDS - 1) * every as usize, "nobody was in the way: {waited}");
        }
    });
}
