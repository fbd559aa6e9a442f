//! After step 1: the toy runs it all.
//!
//! Run it with `cargo run --example step_1`.

#![forbid(unsafe_code)]

#[path = "step/program.rs"]
mod program;

use rt_toy::{Executor, sleep, spawn};

fn main() {
    Executor::new().run(program::program(sleep, |sleeper| drop(spawn(sleeper))));
    println!(
        "borrowed: nothing. Three allocations a task, one lock for all timers, a thread for the time."
    );
}
