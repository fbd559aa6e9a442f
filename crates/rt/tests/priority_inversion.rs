//! Chapter 9: an urgent task waits for a lock that a Low one holds. The bound, and what raising the holder does.
//!
//! Counted in polls: it holds on any machine, however busy.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::lock::Mutex;
use rt::runtime::{Builder, Runtime};
use rt::task::Priority::{self, High, Low, Normal};
use rt::task::{JoinHandle, yield_now};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

/// Polls of the holder between the moment when somebody waits, and its end.
const HOLDS: usize = 5;

/// Tasks of a class that never end, so that both classes always wait.
const FLOOD: usize = 3;

fn runtimes(every: u32) -> [(&'static str, Runtime); 2] {
    let build = |mut builder: Builder| builder.priority_ageing(every).build().unwrap();
    let mut worker = Builder::new_multi_thread();
    worker.worker_threads(1);
    [("one thread", build(Builder::new_current_thread())), ("a worker", build(worker))]
}

fn spawn<F>(class: Priority, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    rt::task::Builder::new().priority(class).spawn(future)
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

/// In a task, so that all it spawns is in the queue of its thread.
fn counted(runtime: &Runtime, raised: Option<Priority>) -> usize {
    let task = runtime.spawn(polls_while_high_waits(raised));
    runtime.block_on(task).unwrap()
}

#[test]
fn who_waits_for_a_lock_of_a_low_task_waits_for_a_number_of_polls() {
    within(LIMIT, || {
        for every in [2, 4, 16] {
            for (name, runtime) in runtimes(every) {
                let waited = counted(&runtime, None);
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
            let [low, raised] = [None, Some(High)].map(|raised| counted(&runtime, raised));
            println!("{name}: {low} polls for a Low holder, {raised} for one that was raised");
            // One poll in its old lane; then it takes turns with the other High ones.
            let turns = (HOLDS + 1) * (FLOOD + 1);
            let bound = 2 * 16 + turns + turns / 15 + FLOOD + 2;
            assert!(raised <= bound, "{name}: a raised holder kept the lock for {raised} polls");
            assert!(raised < low, "{name}: raising it did nothing: {raised} and {low}");
        }
    });
}
