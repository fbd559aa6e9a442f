//! Arithmetic between yields, and the same in plain loops on as many threads: S8 and S8f.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use crate::measure::Laps;
use crate::runtime::{Runtime, Workers};

/// Operations of one repeat: an operation is a piece of arithmetic and a yield.
pub(crate) const OPERATIONS: u64 = TASKS * PIECES;
/// Rounds of a piece that takes about a microsecond (S8), and a tenth of it (S8f).
pub(crate) const MICROSECOND: u32 = 500;
pub(crate) const TENTH: u32 = MICROSECOND / 10;

const TASKS: u64 = 10_000;
const PIECES: u64 = 10;
/// The plain loops run so often, and the fastest counts: they are short, and others use the machine too.
const PLAIN_TIMES: u32 = 5;

/// S8, S8f: many tasks that compute and yield, ten times each.
pub(crate) async fn compute_and_yield<R: Runtime>(mut laps: Laps, rounds: u32) -> Laps {
    let mut sums = Vec::new();
    for crowds in &mut laps {
        for _ in 0..crowds {
            let tasks: Vec<_> = (0..TASKS)
                .map(|seed| {
                    R::spawn(async move {
                        let mut value = seed;
                        for _ in 0..PIECES {
                            value = piece(value, rounds);
                            R::yield_now().await;
                        }
                        value
                    })
                })
                .collect();
            let mut sum = 0;
            for task in tasks {
                sum ^= task.await;
            }
            sums.push(sum);
        }
    }
    let mut plain = Duration::MAX;
    for _ in 0..PLAIN_TIMES {
        let start = Instant::now();
        sums.push(in_plain_loops(R::WORKERS, rounds));
        plain = plain.min(start.elapsed());
    }
    laps.set_plain(plain);
    let expected = sums[0];
    assert!(sums.iter().all(|&sum| sum == expected), "the tasks compute what plain loops do");
    laps
}

fn in_plain_loops(workers: Workers, rounds: u32) -> u64 {
    let threads = match workers {
        Workers::One => 1,
        Workers::Two => 2,
    };
    let share = move |thread: u64| {
        let seeds = (thread..TASKS).step_by(threads as usize);
        let values = seeds.map(|seed| (0..PIECES).fold(seed, |value, _| piece(value, rounds)));
        values.fold(0, |sum, value| sum ^ value)
    };
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || share(thread))).collect();
        let sums = threads.into_iter().map(|thread| thread.join().expect("arithmetic ends"));
        sums.fold(0, |sum, value| sum ^ value)
    })
}

/// Arithmetic of which each step needs the one before. Marsaglia, "Xorshift RNGs" (2003).
fn piece(seed: u64, rounds: u32) -> u64 {
    let mut value = black_box(seed) | 1;
    for _ in 0..rounds {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
    }
    black_box(value)
}
