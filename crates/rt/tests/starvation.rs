//! Chapter 7, part 11: who waits how long on a multi-threaded runtime. `--nocapture` prints the figures.
//!
//! The bounds in time are those of the monitor, 20 ms, and a lot more for a machine that does other things
//! too; those in polls hold on any machine.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rt::parts::executor::TURN;
use rt::runtime::{Builder, Runtime};
use rt::task::yield_now;
use rt::time::{sleep, timeout};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

/// What the monitor promises, and what a busy machine may add.
const BOUND: Duration = Duration::from_millis(20);
const MERCY: Duration = Duration::from_millis(400);

fn workers(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
}

fn compute(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        std::hint::spin_loop();
    }
}

/// Polls of others from when a timer of a microsecond is made until its task runs, the fewest and the most of
/// a hundred.
fn polls_beside_a_timer(runtime: &Runtime, others: usize) -> (usize, usize) {
    let (is_over, polls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    for _ in 0..others {
        let (is_over, polls) = (is_over.clone(), polls.clone());
        drop(runtime.spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                polls.fetch_add(1, Ordering::Relaxed);
                compute(Duration::from_micros(1));
                yield_now().await;
            }
        }));
    }
    let (sender, receiver) = mpsc::channel();
    drop(runtime.spawn(async move {
        let (mut fewest, mut most) = (usize::MAX, 0);
        for _ in 0..100 {
            let before = polls.load(Ordering::Relaxed);
            sleep(Duration::from_micros(1)).await;
            let waited = polls.load(Ordering::Relaxed) - before;
            (fewest, most) = (fewest.min(waited), most.max(waited));
        }
        is_over.store(true, Ordering::Relaxed);
        sender.send((fewest, most)).unwrap();
    }));
    // Not in a `block_on`: a root could take a timer out, and be off its processor before it wakes the task.
    receiver.recv().unwrap()
}

#[test]
fn timers_fire_beside_tasks_that_wake_themselves_for_ever() {
    within(LIMIT, || {
        let others = 8;
        let (fewest, most) = polls_beside_a_timer(&workers(1), others);
        println!("one worker: {fewest} to {most} polls of others before a timer that is due");
        // The turn that goes on, and the next, whose polls may reach the number at its end; then the task
        // stands behind the others once.
        // On a slow machine a timer of a microsecond may be over as its task first looks.
        assert!(most > 0, "nobody polled beside the timers: nothing was shown");
        assert!(most <= 2 * TURN + others, "a timer waited for {most} polls of others");
        let (fewest, most) = polls_beside_a_timer(&workers(2), 2 * others);
        println!("two workers: {fewest} to {most}");
        // One worker may be off its processor while the other one polls on: the fewest tells.
        assert!(fewest <= 2 * (2 * TURN + others), "each timer waited for {fewest} polls or more");
    });
}

#[test]
fn what_comes_from_outside_three_seconds_into_a_poll_of_five_runs_at_once() {
    within(LIMIT, || {
        let runtime = workers(2);
        let (begun, has_begun) = mpsc::channel();
        let rude = runtime.spawn(async move {
            // So that whoever computes had the park.
            sleep(Duration::from_millis(1)).await;
            begun.send(Instant::now()).unwrap();
            compute(Duration::from_secs(5));
        });
        let begun: Instant = has_begun.recv().unwrap();
        thread::sleep(Duration::from_secs(3).saturating_sub(begun.elapsed()));
        let spawned = Instant::now();
        let task = runtime.spawn(async move { spawned.elapsed() });
        let timer = runtime.spawn(async move {
            let due = Instant::now() + Duration::from_millis(5);
            sleep(Duration::from_millis(5)).await;
            due.elapsed()
        });
        let (task, timer) = runtime.block_on(async { (task.await.unwrap(), timer.await.unwrap()) });
        println!(
            "3 s into a poll of 5 s: a task from outside after {task:?}, a timer late by {timer:?}"
        );
        assert!(!rude.is_finished(), "the poll was over before: nothing was shown");
        assert!(task <= BOUND + MERCY, "a task from outside waited for {task:?}");
        assert!(timer <= BOUND + MERCY, "a timer was late by {timer:?}");
    });
}

#[test]
fn a_task_spawned_or_woken_by_one_that_then_computes_is_run_by_another() {
    within(LIMIT, || {
        let runtime = workers(2);
        let task = runtime.spawn(async {
            let (wakes, woken) = futures::channel::oneshot::channel::<Instant>();
            let waits = rt::spawn(async move { woken.await.unwrap().elapsed() });
            yield_now().await;
            wakes.send(Instant::now()).unwrap();
            compute(Duration::from_millis(300));
            let woken = waits.await.unwrap();
            let spawned = Instant::now();
            let task = rt::spawn(async move { spawned.elapsed() });
            compute(Duration::from_millis(300));
            (woken, task.await.unwrap())
        });
        let (woken, spawned) = runtime.block_on(task).unwrap();
        println!(
            "behind a poll of 300 ms: woken, run after {woken:?}; spawned, run after {spawned:?}"
        );
        assert!(woken <= Duration::from_millis(200), "a woken task waited for {woken:?}");
        assert!(spawned <= Duration::from_millis(200), "a spawned task waited for {spawned:?}");
    });
}

#[test]
fn a_roots_timeout_holds_while_every_worker_computes() {
    within(LIMIT, || {
        let runtime = workers(2);
        let is_over = Arc::new(AtomicBool::new(false));
        for _ in 0..2 {
            let is_over = is_over.clone();
            drop(runtime.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            }));
        }
        let due = Instant::now() + Duration::from_millis(20);
        let waited = runtime.block_on(timeout(Duration::from_millis(20), pending::<()>()));
        let late = due.elapsed();
        is_over.store(true, Ordering::Relaxed);
        println!("a root's timeout beside two tasks that never yield: late by {late:?}");
        assert!(waited.is_err() && late <= BOUND + MERCY, "late by {late:?}");
    });
}
