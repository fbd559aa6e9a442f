//! What a poll pays for classes and for being watched: the same tasks that do nothing but yield, on executors
//! that have less and less of it.
//!
//! The first two are put together here of the crates below `rt`: with one queue, then with lanes, and nobody
//! counts. The others are runtimes, as their builder makes them.

use std::env;
use std::future::Future;
use std::process::Command;
use std::thread;
use std::time::Instant;

use rt::runtime::Builder;
use rt_executor::{Executor, Fifo, RunQueue, Stealable, yield_now};
use rt_priority::Lanes;
use rt_steal::{Ring, Shared, Team, Worker};
use rt_waker::Parker;

use crate::count;
use crate::rounds::median;
use crate::runtime::Flavor;

const TASKS: usize = 200;
const YIELDS: usize = 1000;
/// Rounds of all tasks, in a cell that is timed: the first fifth is the warm-up.
const ROUNDS: u64 = 25;
/// In one that is counted, and twice as many.
const COUNTED: u64 = 2;

/// Who polls, by name: each has what the one before has, and more; the last three have it beside the defaults.
const NAMES: [&str; 6] = ["one queue", "lanes", "defaults", "task stats", "histograms", "timeline"];

/// Says how long a poll took, in nanoseconds: of this process.
pub(crate) fn cell(name: &str, flavor: &str, rounds: &str) -> Result<bool, String> {
    let flavor: Flavor = flavor.parse()?;
    let rounds = rounds.parse().map_err(|error| format!("`{rounds}`: {error}"))?;
    let poll = match name {
        "one queue" => bare(flavor, rounds, Fifo::new, Ring::new),
        "lanes" => bare(flavor, rounds, Lanes::<Fifo>::default, Lanes::<Ring>::default),
        _ => built(name, flavor, rounds)?,
    };
    println!("{poll}");
    Ok(true)
}

/// Without the facade: nobody counts, and there is no driver.
fn bare<Q: RunQueue, S: Stealable>(
    flavor: Flavor,
    rounds: u64,
    queue: impl FnOnce() -> Q,
    stealable: impl FnMut() -> S,
) -> f64 {
    if flavor == Flavor::CurrentThread {
        let executor = Executor::with(Parker::new(), queue(), ());
        return executor.run(crowds(rounds, |task| executor.spawn(task)));
    }
    let (team, places) = Team::hire_with(flavor.threads(), stealable).expect("there are threads");
    let park = Shared::new(Parker::new());
    team.share(&park);
    let workers: Vec<_> = places
        .into_iter()
        .map(|place| {
            let park = park.another();
            thread::spawn(move || Worker::new(place, park, (), ()).run())
        })
        .collect();
    let handle = team.handle();
    let root = handle.spawn({
        let handle = handle.clone();
        async move { crowds(rounds, |task| handle.spawn(task)).await }
    });
    let poll = rt_executor::block_on(root).expect("it ends");
    team.close();
    workers.into_iter().for_each(|worker| worker.join().expect("a worker ends"));
    poll
}

fn built(name: &str, flavor: Flavor, rounds: u64) -> Result<f64, String> {
    let mut builder = match flavor {
        Flavor::CurrentThread => Builder::new_current_thread(),
        Flavor::Workers(_) => Builder::new_multi_thread(),
    };
    builder.worker_threads(flavor.threads());
    let file = env::temp_dir().join(format!("rt-bench-{}.json", std::process::id()));
    match name {
        "defaults" => &mut builder,
        "task stats" => builder.task_stats(true),
        "histograms" => builder.poll_histograms(true),
        "timeline" => builder.timeline(&file),
        _ => return Err(format!("nobody polls `{name}`: there are {}", NAMES.join(", "))),
    };
    let runtime = builder.build().map_err(|error| error.to_string())?;
    let root = runtime.spawn(crowds(rounds, |task| rt::spawn(task)));
    let poll = runtime.block_on(root).map_err(|error| error.to_string());
    drop(runtime);
    drop(std::fs::remove_file(file)); // only the timeline writes one
    poll
}

/// Runs all tasks so often, and says how long a poll took after the warm-up.
async fn crowds<H, E>(rounds: u64, spawn: impl Fn(Yielder) -> H) -> f64
where
    H: Future<Output = Result<usize, E>>,
    E: std::fmt::Debug,
{
    let warm_up = rounds / 5;
    let mut start = Instant::now();
    for round in 0..rounds {
        if round == warm_up {
            start = Instant::now();
        }
        let tasks: Vec<_> = (0..TASKS).map(|_| spawn(Box::pin(yields()))).collect();
        let mut yielded = 0;
        for task in tasks {
            yielded += task.await.expect("it ends");
        }
        assert_eq!(yielded, TASKS * YIELDS, "every yield comes back");
    }
    let polls = (rounds - warm_up) as f64 * TASKS as f64 * YIELDS as f64;
    start.elapsed().as_nanos() as f64 / polls
}

/// One type for all executors, so that each polls the same code.
type Yielder = std::pin::Pin<Box<dyn Future<Output = usize> + Send>>;

async fn yields() -> usize {
    let mut yielded = 0;
    for _ in 0..YIELDS {
        yield_now().await;
        yielded += 1;
    }
    yielded
}

/// Prints the table: what a poll takes in so many interleaved rounds, and what it takes more than the first.
pub(crate) fn compare(flavor: Flavor, rounds: usize) -> Result<bool, String> {
    let mut times: [Vec<f64>; NAMES.len()] = Default::default();
    for _ in 0..rounds {
        for (times, name) in times.iter_mut().zip(NAMES) {
            times.push(time(name, flavor)?);
        }
    }
    println!(
        "A poll of a task that yields, {TASKS} of them, on {}: {rounds} rounds, medians\n",
        match flavor {
            Flavor::CurrentThread => "the current thread".to_owned(),
            Flavor::Workers(workers) => format!("{workers} workers"),
        }
    );
    println!("{:<12}{:>8}{:>8}{:>14}{:>8}", "", "ns", "more", "instructions", "more");
    let mut first = None;
    for (times, name) in times.iter().zip(NAMES) {
        let (time, count) = (median(times.iter().copied()), instructions(name, flavor)?);
        let (first_time, first_count) = *first.get_or_insert((time, count));
        let (later, more) = (time - first_time, count - first_count);
        println!("{name:<12}{time:>8.1}{later:>+8.1}{count:>14.1}{more:>+8.1}");
    }
    Ok(true)
}

fn time(name: &str, flavor: Flavor) -> Result<f64, String> {
    let this = env::current_exe().map_err(|error| format!("where is this binary? {error}"))?;
    let cell = Command::new(this).args(arguments(name, flavor, ROUNDS)).output();
    let cell = cell.map_err(|error| format!("can not start a cell: {error}"))?;
    let text = String::from_utf8_lossy(&cell.stdout);
    text.trim().parse().map_err(|_| {
        let message = String::from_utf8_lossy(&cell.stderr);
        format!("`{name}` failed, {}: {message}", cell.status)
    })
}

/// Of the busiest thread, by the difference of two sizes.
fn instructions(name: &str, flavor: Flavor) -> Result<f64, String> {
    let once = count::instructions_of(&arguments(name, flavor, COUNTED))?;
    let twice = count::instructions_of(&arguments(name, flavor, COUNTED * 2))?;
    Ok((twice - once) / (COUNTED as usize * TASKS * YIELDS) as f64)
}

fn arguments(name: &str, flavor: Flavor, rounds: u64) -> Vec<String> {
    let (flavor, rounds) = (flavor.to_string(), rounds.to_string());
    ["overhead", "cell", name, &flavor, &rounds].map(str::to_owned).to_vec()
}
