//! Stopping a task: its future is dropped where it waits, and with it everything it holds. What a
//! task has to put in order it leaves to destructors, as it would for a panic or an early return.
//!
//! Run it with `cargo run --example cancel`. It prints
//!
//! ```text
//! 1 aborted while it waits:        started, cleaned up; the joiner hears "cancelled"
//! 2 aborted before its first poll: (nothing); the joiner hears "cancelled"
//! 3 aborted after its end:         started, finished, cleaned up; the joiner gets 7
//! 4 handle dropped:                started, finished, cleaned up; it ran on, detached
//! 5 `abort_on_drop` dropped:       started, cleaned up
//! 6 `select!` dropped the slower:  started, cleaned up
//! ```

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use rt::task::yield_now;
use rt::time::{Duration, sleep};

const WORK: Duration = Duration::from_millis(20);

/// What a job did, for the others to see.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, what: &'static str) {
        self.0.lock().expect("nobody panics while they write").push(what);
    }

    /// Everything up to now. The log is empty afterwards.
    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics while they write"))
    }
}

/// Its drop is what a job has to put in order.
struct CleanUp(Log);

impl Drop for CleanUp {
    fn drop(&mut self) {
        self.0.note("cleaned up");
    }
}

async fn job(log: Log) -> u32 {
    log.note("started");
    let _clean_up = CleanUp(log.clone());
    sleep(WORK).await; // a task is cancelled at an `.await`, nowhere else
    log.note("finished");
    7
}

const CUT: [&str; 2] = ["started", "cleaned up"];
const WHOLE: [&str; 3] = ["started", "finished", "cleaned up"];

/// The clock stands and jumps: no machine is too slow for the order of things here.
#[rt::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let log = Log::default();

    let task = rt::spawn(job(log.clone()));
    yield_now().await; // it starts, and waits
    task.abort();
    let error = task.await.expect_err("it was cancelled");
    assert!(error.is_cancelled());
    report("1 aborted while it waits:", &log, &CUT, "; the joiner hears \"cancelled\"");

    let task = rt::spawn(job(log.clone()));
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    report("2 aborted before its first poll:", &log, &[], "; the joiner hears \"cancelled\"");

    let task = rt::spawn(job(log.clone()));
    let abort = task.abort_handle();
    sleep(WORK * 2).await;
    abort.abort(); // too late, which is no error
    assert_eq!(task.await.expect("it was done"), 7);
    report("3 aborted after its end:", &log, &WHOLE, "; the joiner gets 7");

    drop(rt::spawn(job(log.clone())));
    sleep(WORK * 2).await;
    report("4 handle dropped:", &log, &WHOLE, "; it ran on, detached");

    let task = rt::spawn(job(log.clone())).abort_on_drop();
    yield_now().await;
    drop(task);
    sleep(WORK * 2).await;
    report("5 `abort_on_drop` dropped:", &log, &CUT, "");

    // No task at all: a future that is dropped before it is ready is cancelled, too.
    rt::select! {
        _ = job(log.clone()) => unreachable!("it takes four times as long"),
        () = sleep(WORK / 4) => {}
    }
    report("6 `select!` dropped the slower:", &log, &CUT, "");
}

/// Prints what the job did, and insists on it.
#[track_caller]
fn report(what: &str, log: &Log, expected: &[&str], then: &str) {
    let done = log.take();
    assert_eq!(done, expected, "{what}");
    let done = if done.is_empty() { "(nothing)".to_owned() } else { done.join(", ") };
    let _ = writeln!(io::stdout(), "{what:<33}{done}{then}"); // who reads may have seen enough
}
