//! What computes goes to the workers, what blocks to threads of its own. The numbers are computed by one task
//! a chunk, spread over all workers; the files are read by the pool for what blocks, and who makes the jobs
//! waits for a place when there are too many.
//!
//! Run it with `cargo run --example parallel_map`. It prints, on two cores,
//!
//! ```text
//! 64 chunks on 2 of 2 workers: 56 ms, alone 104 ms: 1.86 times as fast
//! the longest way to 1 begins at 230631 and has 442 steps, alone and in parallel
//! 4000 files read by 4 threads at most, 542 jobs at a time at most; the same 14 MiB
//! ```

#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use rt::runtime::Builder;

const CHUNKS: u64 = 64;
const NUMBERS: u64 = 300_000;
const READERS: usize = 4;
const READS: usize = 4_000;
/// So many jobs `reserve_blocking` lets in at a time, queued and running.
const PLACES: usize = 2_048;

/// Each item is mapped by a task of its own, on whichever worker gets to it first.
async fn parallel_map<T, R>(items: impl Iterator<Item = T>, map: fn(T) -> R) -> Vec<R>
where
    T: Send + 'static,
    R: Send + 'static,
{
    let tasks: Vec<_> = items.map(|item| rt::spawn(async move { map(item) })).collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await.expect("no chunk panics"));
    }
    results
}

/// The longest way to 1 in this chunk, and the thread that found it. Where a number goes next: to its half,
/// or to three times itself plus one.
fn longest(chunk: u64) -> ((u32, u64), ThreadId) {
    let width = NUMBERS.div_ceil(CHUNKS);
    let numbers = (1 + chunk * width)..=((chunk + 1) * width).min(NUMBERS);
    let longest = numbers.map(|number| (steps(number), number)).max();
    (longest.expect("a chunk has numbers"), thread::current().id())
}

fn steps(mut number: u64) -> u32 {
    let mut steps = 0;
    while number != 1 {
        number = if number.is_multiple_of(2) { number / 2 } else { 3 * number + 1 };
        steps += 1;
    }
    steps
}

/// What was seen of the files.
#[derive(Default)]
struct Reads {
    /// Jobs that were made and are not done.
    jobs: AtomicUsize,
    most_jobs: AtomicUsize,
    reading: AtomicUsize,
    most_reading: AtomicUsize,
}

fn enter(count: &AtomicUsize, most: &AtomicUsize) {
    most.fetch_max(1 + count.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
}

fn size(path: &Path) -> io::Result<usize> {
    std::fs::read(path).map(|bytes| bytes.len())
}

/// Reads each file on a thread that may block. Here the task waits while too many jobs are on their way.
async fn read_all(paths: impl Iterator<Item = PathBuf>, seen: &Arc<Reads>) -> io::Result<usize> {
    let mut jobs = Vec::new();
    for path in paths {
        let permit = rt::task::reserve_blocking().await.expect("the runtime does not end");
        enter(&seen.jobs, &seen.most_jobs);
        let seen = seen.clone();
        let job = permit.spawn(move || {
            enter(&seen.reading, &seen.most_reading);
            let size = size(&path);
            seen.reading.fetch_sub(1, Ordering::Relaxed);
            seen.jobs.fetch_sub(1, Ordering::Relaxed);
            size
        });
        jobs.push(job.expect("the system gives a thread"));
    }
    let mut sum = 0;
    for job in jobs {
        sum += job.await.expect("no job panics")?;
    }
    Ok(sum)
}

fn timed<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let start = Instant::now();
    (work(), start.elapsed())
}

fn main() -> io::Result<()> {
    let workers = thread::available_parallelism().map_or(2, usize::from).max(2);
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(workers).max_blocking_threads(READERS).build()?;

    let (alone, took_alone) = timed(|| (0..CHUNKS).map(|chunk| longest(chunk).0).max());
    let (results, took) = timed(|| runtime.block_on(parallel_map(0..CHUNKS, longest)));
    let used: HashSet<_> = results.iter().map(|&(_, thread)| thread).collect();
    let together = results.iter().map(|&(longest, _)| longest).max();
    let (used_count, ratio) = (used.len(), took_alone.as_secs_f64() / took.as_secs_f64());
    let (took, took_alone) = (took.as_millis(), took_alone.as_millis());
    println!(
        "{CHUNKS} chunks on {used_count} of {workers} workers: {took} ms, alone {took_alone} ms: {ratio:.2} \
         times as fast"
    );
    assert_eq!(alone, together, "the same result");
    let (steps, number) = together.expect("there are numbers");
    println!(
        "the longest way to 1 begins at {number} and has {steps} steps, alone and in parallel"
    );
    assert!((2..=workers).contains(&used_count), "the work was shared, by the workers alone");
    assert!(!used.contains(&thread::current().id()), "who blocks computes nothing");

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut files = entries.collect::<io::Result<Vec<_>>>()?;
    files.retain(|path| path.is_file());
    let paths = || files.iter().cycle().take(READS);
    let plain = paths().map(|path| size(path)).sum::<io::Result<usize>>()?;
    let seen = Arc::new(Reads::default());
    let sum = runtime.block_on(read_all(paths().cloned(), &seen))?;
    let most = [&seen.most_reading, &seen.most_jobs].map(|most| most.load(Ordering::Relaxed));
    let [readers, jobs] = most;
    println!(
        "{READS} files read by {readers} threads at most, {jobs} jobs at a time at most; the same {} MiB",
        sum >> 20
    );
    assert_eq!(sum, plain, "the same bytes");
    assert!(readers <= READERS && jobs <= PLACES, "no more at a time than was said");
    Ok(())
}
