//! What a job costs: `cargo run --release -p rt-blocking --example blocking_costs`
//!
//! Each row is timed in several rounds, and the median is printed. A job does nothing, so that what is
//! measured is the way there and back.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use rt_blocking::{Config, Pool};
use rt_toy::block_on;

const ROUNDS: usize = 11;

/// The median of the time of one operation, of `count` a round.
fn row(what: &str, count: u32, mut round: impl FnMut()) {
    round();
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            round();
            began.elapsed() / count
        })
        .collect();
    times.sort();
    println!("{what:<58} {:>8} ns", times[ROUNDS / 2].as_nanos());
}

fn one_after_the_other(pool: &Pool, count: u32) {
    for _ in 0..count {
        block_on(pool.spawn(|| ()).expect("a thread")).expect("no panic");
    }
}

fn all_at_once(pool: &Pool, count: u32) {
    let jobs: Vec<_> = (0..count).map(|_| pool.spawn(|| ()).expect("a thread")).collect();
    jobs.into_iter().for_each(|job| block_on(job).expect("no panic"));
}

/// Queued and aborted, while the only thread is busy.
fn aborted(count: u32) {
    let pool = Config::new().max_threads(1).build();
    let (gate, wait) = channel::<()>();
    let first = pool.spawn(move || wait.recv().is_err()).expect("a thread");
    row("spawn a job and abort it in the queue", count, || {
        for _ in 0..count {
            let job = pool.spawn(|| ()).expect("a thread lives");
            job.abort();
            assert!(job.is_finished());
        }
    });
    drop(gate);
    assert!(block_on(first).expect("no panic"));
}

fn main() {
    let pool = Config::new().max_threads(4).build();
    row("spawn and await, one after the other", 2_000, || one_after_the_other(&pool, 2_000));
    row("spawn 10,000, await all: four threads", 10_000, || all_at_once(&pool, 10_000));
    let pool = Config::new().max_threads(1).build();
    row("spawn 10,000, await all: one thread", 10_000, || all_at_once(&pool, 10_000));
    aborted(10_000);
    let pool = Config::new().capacity(1).build();
    row("reserve a place and give it back", 10_000, || {
        for _ in 0..10_000 {
            drop(block_on(pool.reserve()).expect("it is open"));
        }
    });
    row("a thread of its own: std's spawn and join", 500, || {
        for _ in 0..500 {
            thread::spawn(|| ()).join().expect("no panic");
        }
    });
}
