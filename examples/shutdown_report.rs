//! How a runtime ends that has a deadline: who completed, who was cancelled, and who would not stop.
//!
//! Run it with `cargo run --example shutdown_report`. It prints, with other times,
//!
//! ```text
//! 2 completed, 101 cancelled, 2 left
//!   task 101 ("spin"), spawned at examples/shutdown_report.rs:47:50, in a poll for 117.885821ms
//!   task 102 ("disk"), spawned at examples/shutdown_report.rs:59:51, running on a thread that blocks for 125.222098ms
//! spin was cancelled after all: its poll came to an end
//! ```

#![forbid(unsafe_code)]

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rt::runtime::{Builder, TaskState};
use rt::task;

const CONNECTIONS: usize = 100;
const PATIENCE: Duration = Duration::from_millis(100);

fn block(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        thread::sleep(duration.saturating_sub(start.elapsed()));
    }
}

fn main() -> io::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
    let entered = runtime.enter();

    // These wait, as an idle connection does: they are dropped at once.
    for number in 0..CONNECTIONS {
        let name = format!("connection-{number}");
        drop(task::Builder::new().name(&name).spawn(pending::<()>()));
    }

    // This one does not come back from its poll before it is told to: nothing can stop it.
    let (is_over, spins) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (told, begun) = (is_over.clone(), spins.clone());
    let spin = task::Builder::new().name("spin").spawn(async move {
        begun.store(true, Ordering::Relaxed);
        while !told.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        pending::<()>().await;
    });
    while !spins.load(Ordering::Relaxed) {
        thread::yield_now();
    }

    // One job is too slow, two are done in time.
    let _slow = task::Builder::new().name("disk").spawn_blocking(|| block(10 * PATIENCE));
    for _ in 0..2 {
        drop(rt::spawn_blocking(|| block(PATIENCE / 2)));
    }
    // And one more connection that nobody gave a name.
    drop(rt::spawn(pending::<()>()));
    block(PATIENCE / 4);

    drop(entered);
    let report = runtime.shutdown(PATIENCE);
    println!("{report}");
    assert_eq!((report.completed, report.cancelled), (2, CONNECTIONS + 1));
    let states: Vec<_> =
        report.left.iter().map(|left| (left.name.as_deref(), left.state)).collect();
    let expected = [(Some("spin"), TaskState::Running), (Some("disk"), TaskState::Blocking)];
    assert_eq!(states, expected);
    assert!(report.left.iter().all(|left| left.age >= PATIENCE));

    is_over.store(true, Ordering::Relaxed);
    let outcome = rt::parts::executor::block_on(spin);
    assert!(outcome.is_err_and(|error| error.is_cancelled()));
    println!("spin was cancelled after all: its poll came to an end");
    Ok(())
}
