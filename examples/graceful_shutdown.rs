//! Stopping a whole program: tell everybody, let them finish what they are at, wait so long and no
//! longer, and abort who is still there.
//!
//! Closing a channel is the message: whoever waits on it goes on at once, however many they are.
//! A real server would close it on Ctrl-C; here it is a timer, and the clock jumps from one to the
//! next instead of waiting.
//!
//! Run it with `cargo run --example graceful_shutdown`. It prints
//!
//! ```text
//!    0 ms  three workers and a listener are there
//!   35 ms  stop!
//!   35 ms  the listener left, after 0 jobs
//!   40 ms  worker 1 left, after 4 jobs
//!   50 ms  worker 2 left, after 2 jobs
//!  135 ms  the grace is over, 1 is still there
//!  135 ms  worker 3 was cancelled
//!  135 ms  every job that was begun and could be finished was: 6
//! ```

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_channel::{Receiver, bounded};
use rt::task::{Id, JoinSet};
use rt::time::{Duration, Instant, sleep, timeout_at};

const OPEN: Duration = Duration::from_millis(35);
const GRACE: Duration = Duration::from_millis(100);

/// The third worker's job takes too long.
const JOBS: [Duration; 3] =
    [Duration::from_millis(10), Duration::from_millis(25), Duration::from_secs(3600)];

/// Begins one job after the other until it is told to stop, and says how many it did.
async fn work(job: Duration, stop: Receiver<()>, done: Arc<AtomicU32>) -> u32 {
    let mut jobs = 0;
    while !stop.is_closed() {
        // The job itself is not raced against `stop`: what was begun is finished.
        sleep(job).await;
        done.fetch_add(1, Ordering::Relaxed);
        jobs += 1;
    }
    jobs
}

/// Waits for requests that never come, so it races them against `stop`.
async fn listen(stop: Receiver<()>) -> u32 {
    let request = std::future::pending::<()>();
    rt::select! {
        () = request => unreachable!("there are none"),
        _closed = stop.recv() => 0,
    }
}

#[rt::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let say = |what: &str| {
        // Who reads may have seen enough.
        let _ = writeln!(io::stdout(), "{:>4} ms  {what}", start.elapsed().as_millis());
    };

    let (stop, stopped) = bounded::<()>(1);
    let done = Arc::new(AtomicU32::new(0));
    let mut workers = JoinSet::new();
    let mut ids: Vec<Id> = Vec::new();
    for job in JOBS {
        ids.push(workers.spawn(work(job, stopped.clone(), done.clone())).id());
    }
    ids.push(workers.spawn(listen(stopped)).id());
    let name = |id: Id| match ids.iter().position(|other| *other == id) {
        Some(3) => "the listener".to_owned(),
        Some(at) => format!("worker {}", at + 1),
        None => unreachable!("all were noted"),
    };
    say("three workers and a listener are there");

    sleep(OPEN).await;
    say("stop!");
    stop.close();

    let deadline = Instant::now() + GRACE;
    let mut left = Vec::new();
    while let Ok(Some(outcome)) = timeout_at(deadline, workers.join_next_with_id()).await {
        let (id, jobs) = outcome.expect("no worker panics, and none was aborted yet");
        say(&format!("{} left, after {jobs} jobs", name(id)));
        left.push((name(id), jobs));
    }

    say(&format!("the grace is over, {} is still there", workers.len()));
    assert_eq!(workers.len(), 1, "the one with the long job");
    workers.abort_all();
    while let Some(outcome) = workers.join_next().await {
        let error = outcome.expect_err("it was aborted");
        assert!(error.is_cancelled());
        say(&format!("{} was cancelled", name(error.id())));
    }
    let done = done.load(Ordering::Relaxed);
    say(&format!("every job that was begun and could be finished was: {done}"));

    let expected = [("the listener", 0), ("worker 1", 4), ("worker 2", 2)];
    assert_eq!(left, expected.map(|(name, jobs)| (name.to_owned(), jobs)));
    assert_eq!(done, 6);
    assert_eq!(start.elapsed(), OPEN + GRACE, "nobody waited longer than the grace");
}
