//! Arithmetic between yields, and the same in plain loops on as many threads: S8, S8f and S8j.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use crate::measure::Laps;
use crate::runtime::Runtime;

/// Tasks that each do a piece of arithmetic and yield, so many times.
#[derive(Clone, Copy)]
pub(crate) struct Crowd {
    tasks: u64,
    pieces: u64,
    /// Rounds of arithmetic in a piece.
    rounds: u32,
}

/// Rounds that take about a microsecond.
const MICROSECOND: u32 = 500;

/// Many tasks: S8, and S8f with a tenth of the work.
pub(crate) const MANY: Crowd = Crowd { tasks: 10_000, pieces: 10, rounds: MICROSECOND };
pub(crate) const MANY_FINE: Crowd = Crowd { rounds: MICROSECOND / 10, ..MANY };
/// Few tasks, with longer pieces: S8j.
pub(crate) const FEW: Crowd = Crowd { tasks: 8, pieces: 2_000, rounds: 5 * MICROSECOND };

/// The plain loops run so often, and the fastest counts: they are short, and others use the machine too.
const PLAIN_TIMES: u32 = 5;

impl Crowd {
    /// Pieces of one repeat.
    pub(crate) const fn operations(self) -> u64 {
        self.tasks * self.pieces
    }

    fn in_plain_loops(self, threads: u64) -> u64 {
        let share = move |thread: u64| {
            let seeds = (thread..self.tasks).step_by(threads as usize);
            let values =
                seeds.map(|seed| (0..self.pieces).fold(seed, |value, _| piece(value, self.rounds)));
            values.fold(0, |sum, value| sum ^ value)
        };
        thread::scope(|scope| {
            let threads: Vec<_> =
                (0..threads).map(|thread| scope.spawn(move || share(thread))).collect();
            let sums = threads.into_iter().map(|thread| thread.join().expect("arithmetic ends"));
            sums.fold(0, |sum, value| sum ^ value)
        })
    }
}

/// S8, S8f, S8j: tasks that compute and yield; beside it the same on so many threads without a runtime.
pub(crate) async fn compute_and_yield<R: Runtime>(
    mut laps: Laps,
    crowd: Crowd,
    threads: usize,
) -> Laps {
    let mut sums = Vec::new();
    for crowds in &mut laps {
        for _ in 0..crowds {
            let tasks: Vec<_> = (0..crowd.tasks)
                .map(|seed| {
                    R::spawn(async move {
                        let mut value = seed;
                        for _ in 0..crowd.pieces {
                            value = piece(value, crowd.rounds);
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
        sums.push(crowd.in_plain_loops(threads as u64));
        plain = plain.min(start.elapsed());
    }
    laps.set_plain(plain);
    let expected = sums[0];
    assert!(sums.iter().all(|&sum| sum == expected), "the tasks compute what plain loops do");
    laps
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
