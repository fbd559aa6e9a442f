//! What priorities are for: how late tasks are that want to run a thousand times a second, while others want all of
//! the processors. On tokio, on `rt` where all are of one class, and on `rt` with classes.
//!
//! The urgent ones tick together, each waits for its next full millisecond, and notes how late it was polled.
//! The load is tasks that compute for some microseconds and yield, for ever.

use std::env;
use std::fmt::Write;
use std::fs;
use std::future::Future;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rt::task::{Builder, Priority};

use crate::runtime::{Flavor, Runtime};
use crate::runtimes::{Rt, Tokio};

/// Tasks that tick.
const URGENT: usize = 8;
/// How often each does.
const PERIOD: Duration = Duration::from_millis(1);
/// How long a cell runs.
const TIME: Duration = Duration::from_secs(2);
/// Tasks that compute.
const LOAD: usize = 1000;
/// For how long, between two yields.
const COMPUTES: Duration = Duration::from_micros(5);

/// The columns, by name: whose figures stand side by side.
const NAMES: [&str; 3] = ["tokio", "rt, one class", "rt, High and Low"];

/// How the two kinds of tasks are spawned.
trait Spawns {
    fn urgent(future: impl Future<Output = ()> + Send + 'static);
    fn load(future: impl Future<Output = ()> + Send + 'static);
}

/// All alike.
impl<R: Runtime> Spawns for R {
    fn urgent(future: impl Future<Output = ()> + Send + 'static) {
        R::spawn_detached(future);
    }

    fn load(future: impl Future<Output = ()> + Send + 'static) {
        R::spawn_detached(future);
    }
}

/// Each in its class.
struct Classes;

impl Spawns for Classes {
    fn urgent(future: impl Future<Output = ()> + Send + 'static) {
        drop(Builder::new().priority(Priority::High).spawn(future));
    }

    fn load(future: impl Future<Output = ()> + Send + 'static) {
        drop(Builder::new().priority(Priority::Low).spawn(future));
    }
}

/// How late each tick was, in microseconds, and how often the load was polled a second.
struct Outcome {
    late: Vec<u64>,
    load: u64,
}

async fn run<R: Runtime, S: Spawns>() -> Outcome {
    let is_over = Arc::new(AtomicBool::new(false));
    let (late, polls) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU64::new(0)));
    for _ in 0..LOAD {
        let (is_over, polls) = (is_over.clone(), polls.clone());
        S::load(async move {
            while !is_over.load(Ordering::Relaxed) {
                compute();
                polls.fetch_add(1, Ordering::Relaxed);
                R::yield_now().await;
            }
        });
    }
    let start = Instant::now();
    for _ in 0..URGENT {
        let (is_over, late) = (is_over.clone(), late.clone());
        S::urgent(async move {
            let mut mine = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let periods = start.elapsed().as_micros() / PERIOD.as_micros() + 1;
                let due = start + PERIOD * periods as u32;
                R::sleep(due.saturating_duration_since(Instant::now())).await;
                mine.push(due.elapsed().as_micros() as u64);
            }
            late.lock().expect("nobody panics").extend(mine);
        });
    }
    // The root is not held up on any of them: it has a thread of its own, or is polled in between.
    R::sleep(TIME).await;
    let spent = start.elapsed();
    is_over.store(true, Ordering::Relaxed);
    R::sleep(Duration::from_millis(200)).await; // the last ticks
    let late = std::mem::take(&mut *late.lock().expect("nobody panics"));
    let load = polls.load(Ordering::Relaxed) as f64 / spent.as_secs_f64();
    Outcome { late, load: load as u64 }
}

fn compute() {
    let start = Instant::now();
    while start.elapsed() < COMPUTES {
        std::hint::spin_loop();
    }
}

/// Runs one column in this process: its answer is a line of numbers, the load's first.
pub(crate) fn cell(name: &str, workers: &str) -> Result<bool, String> {
    let flavor: Flavor = workers.parse()?;
    let outcome = match name {
        "tokio" => Tokio::block_on_with_timers(flavor, run::<Tokio, Tokio>()),
        "rt, one class" => Rt::block_on_with_timers(flavor, run::<Rt, Rt>()),
        "rt, High and Low" => Rt::block_on_with_timers(flavor, run::<Rt, Classes>()),
        other => return Err(format!("no column `{other}`")),
    };
    let mut line = outcome.load.to_string();
    for late in outcome.late {
        write!(line, " {late}").map_err(|error| error.to_string())?;
    }
    println!("{line}");
    Ok(true)
}

fn cell_apart(name: &str, flavor: Flavor) -> Result<Outcome, String> {
    let this = env::current_exe().map_err(|error| format!("where is this binary? {error}"))?;
    let cell = Command::new(this).args(["priorities", "cell", name, &flavor.to_string()]).output();
    let cell = cell.map_err(|error| format!("can not start a cell: {error}"))?;
    if !cell.status.success() {
        let message = String::from_utf8_lossy(&cell.stderr);
        return Err(format!("`{name}` failed, {}: {message}", cell.status));
    }
    let text = String::from_utf8_lossy(&cell.stdout);
    let numbers: Result<Vec<u64>, _> = text.split_whitespace().map(str::parse).collect();
    match numbers.map_err(|error| error.to_string())?.split_first() {
        Some((&load, late)) if !late.is_empty() => Ok(Outcome { late: late.to_vec(), load }),
        _ => Err(format!("`{name}`: nobody ticked")),
    }
}

/// Prints the table and the picture of so many interleaved rounds, and writes the picture where it is wanted.
pub(crate) fn compare(flavor: Flavor, rounds: usize, svg: Option<&str>) -> Result<bool, String> {
    let mut columns: [Outcome; 3] = std::array::from_fn(|_| Outcome { late: Vec::new(), load: 0 });
    for _ in 0..rounds {
        for (column, name) in columns.iter_mut().zip(NAMES) {
            let outcome = cell_apart(name, flavor)?;
            column.late.extend(outcome.late);
            column.load += outcome.load / rounds as u64;
        }
    }
    columns.iter_mut().for_each(|column| column.late.sort_unstable());
    println!(
        "{URGENT} tasks that tick every {PERIOD:?} beside {LOAD} that compute for {COMPUTES:?}, on {} threads, {rounds} rounds: how late, in us\n",
        flavor.threads()
    );
    println!(
        "{:<18}{:>8}{:>8}{:>9}{:>9}{:>10}{:>16}",
        "", "p50", "p99", "p99.9", "max", "ticks/s", "load, polls/s"
    );
    for (column, name) in columns.iter().zip(NAMES) {
        let ticks = column.late.len() as f64 / (TIME.as_secs_f64() * rounds as f64);
        let [p50, p99, p999, most] =
            [0.5, 0.99, 0.999, 1.0].map(|share| quantile(&column.late, share));
        println!("{name:<18}{p50:>8}{p99:>8}{p999:>9}{most:>9}{ticks:>10.0}{:>16}", column.load);
    }
    for (column, name) in columns.iter().zip(NAMES) {
        println!("\n{name}\n{}", bars(&column.late));
    }
    if let Some(file) = svg {
        let figure =
            crate::figure::curves(&columns.each_ref().map(|column| &column.late[..]), NAMES);
        fs::write(file, figure).map_err(|error| format!("can not write {file}: {error}"))?;
    }
    Ok(true)
}

/// The value that this share of all is at most. They are sorted.
pub(crate) fn quantile(sorted: &[u64], share: f64) -> u64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// A line for each power of two of microseconds, as long as its share.
fn bars(sorted: &[u64]) -> String {
    const WIDTH: usize = 60;
    let octave = |late: u64| u64::BITS - late.leading_zeros();
    let [first, last] =
        [sorted.first(), sorted.last()].map(|late| late.map_or(0, |&late| octave(late)));
    let mut text = String::new();
    for at in first..=last {
        let count = sorted.iter().filter(|&&late| octave(late) == at).count();
        let bar = "#".repeat((count * WIDTH).div_ceil(sorted.len()));
        let share = count as f64 * 100.0 / sorted.len() as f64;
        let _written = writeln!(text, "  < {:>7} us {share:>6.2} %  {bar}", 1_u64 << at);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{bars, quantile};

    #[test]
    fn a_quantile_is_a_value_that_was_seen() {
        let late = [1, 2, 3, 4, 100];
        assert_eq!(
            [0.0, 0.5, 0.8, 0.81, 1.0].map(|share| quantile(&late, share)),
            [1, 3, 4, 100, 100]
        );
    }

    #[test]
    fn every_tick_is_in_one_bar() {
        let text = bars(&[0, 1, 2, 3, 1000]);
        let shares: Vec<_> =
            text.lines().map(|line| line.split_whitespace().nth(3).unwrap_or("")).collect();
        assert_eq!(shares[..3], ["20.00", "20.00", "40.00"], "{text}");
        assert_eq!(shares.last(), Some(&"20.00"), "{text}");
    }
}
