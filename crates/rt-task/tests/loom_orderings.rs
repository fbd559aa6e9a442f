//! What release and acquire are for, as models: a wake in three versions, two of which lose it.
//!
//! ```sh
//! RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-task --test loom_orderings -- --nocapture
//! ```
//!
//! The task is in the queue. A thread leaves a message for it and wakes it; the executor takes it out of the
//! queue and polls it. loom runs every order of the steps, and lets each load read what the orderings allow it to
//! read: also a value that is out of date.
#![cfg(rt_loom)]

use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering as StdOrdering};

use rt_task::sync::{Arc, AtomicBool, AtomicU32, Ordering, thread};

/// A task of two words.
struct Task {
    is_queued: AtomicBool,
    /// What the waking thread did before the wake: relaxed, as a plain write would be.
    message: AtomicU32,
}

/// Whether the wake puts the task into the queue.
type Wake = fn(&AtomicBool) -> bool;

/// Explores a wake against the poll that is due, and says in how many executions.
fn explore(name: &str, wake: Wake, start_polling: fn(&AtomicBool)) {
    let executions = StdArc::new(StdAtomicUsize::new(0));
    let counter = executions.clone();
    loom::model(move || {
        counter.fetch_add(1, StdOrdering::Relaxed);
        let task = Task { is_queued: AtomicBool::new(true), message: AtomicU32::new(0) };
        let task = Arc::new(task);
        let waking = task.clone();
        let waker = thread::spawn(move || {
            waking.message.store(42, Ordering::Relaxed);
            wake(&waking.is_queued)
        });
        start_polling(&task.is_queued);
        let has_seen = task.message.load(Ordering::Relaxed) == 42;
        let is_queued_again = waker.join().expect("no panic");
        assert!(
            has_seen || is_queued_again,
            "a message waits, and nobody will look: the wake is lost"
        );
    });
    println!("{name}: {} executions, 2 threads", executions.load(StdOrdering::Relaxed));
}

#[test]
fn with_release_and_acquire_each_wake_is_seen_or_queues_the_task() {
    explore(
        "release and acquire",
        |is_queued| !is_queued.swap(true, Ordering::Release),
        |is_queued| {
            is_queued.swap(false, Ordering::Acquire);
        },
    );
}

/// The swap still decides who comes first. But it carries nothing along: the poll that comes second may read the
/// message as it was.
#[test]
#[should_panic(expected = "the wake is lost")]
fn with_relaxed_a_wake_is_lost() {
    explore(
        "relaxed",
        |is_queued| !is_queued.swap(true, Ordering::Relaxed),
        |is_queued| {
            is_queued.swap(false, Ordering::Relaxed);
        },
    );
}

/// "It is queued already, so there is nothing to write." There is: without a write the poll receives nothing.
#[test]
#[should_panic(expected = "the wake is lost")]
fn a_wake_that_only_looks_is_lost() {
    explore(
        "a look in place of a write",
        |is_queued| !is_queued.load(Ordering::Acquire) && !is_queued.swap(true, Ordering::Release),
        |is_queued| {
            is_queued.swap(false, Ordering::Acquire);
        },
    );
}

/// A store is no read: it receives nothing, whatever its ordering.
#[test]
#[should_panic(expected = "the wake is lost")]
fn a_poll_that_begins_with_a_store_receives_nothing() {
    explore(
        "a store in place of a swap",
        |is_queued| !is_queued.swap(true, Ordering::Release),
        |is_queued| is_queued.store(false, Ordering::Release),
    );
}
