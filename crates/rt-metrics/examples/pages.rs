//! Pages to look at: one whose tasks have hostile names, and one of a hundred thousand events.
//!
//! `cargo run -p rt-metrics --example pages -- FOLDER` makes `hostile.html` and `large.html` there.

#![forbid(unsafe_code)]

use std::io;
use std::path::Path;
use std::thread;

use rt_metrics::trace::What;

#[path = "../tests/trace/stage.rs"]
mod stage;

use stage::{HOSTILE, Stage};

fn hostile(folder: &Path) -> io::Result<()> {
    let stage = Stage::new(1000);
    for name in HOSTILE {
        let _detached =
            stage.spawn(name, async { thread::sleep(std::time::Duration::from_millis(1)) });
    }
    stage.run();
    stage.trace.write(folder.join("hostile.html"))
}

/// Two threads, and tasks that wake each other.
fn large(folder: &Path) -> io::Result<()> {
    let stage = Stage::new(100_000);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..12_000 {
                stage.trace.record(None, Some(1), What::Parking);
                stage.trace.record(None, Some(1), What::Parked);
            }
        });
        for round in 0..95 {
            for number in 0..100 {
                let inner = stage.spawn(&format!("inner {number}"), async move { round + number });
                let _detached = stage.spawn(&format!("task {number}"), inner);
            }
            stage.run();
        }
    });
    println!("{} events", stage.trace.events().len());
    stage.trace.write(folder.join("large.html"))
}

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, Into::into);
    hostile(&folder)?;
    large(&folder)
}
