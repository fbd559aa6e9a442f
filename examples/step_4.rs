//! After step 4: the executor has its own queue, its inbox, and an end.
//!
//! Run it with `cargo run --example step_4`.

#![forbid(unsafe_code)]

#[path = "step/program.rs"]
mod program;

use rt_executor::{Executor, spawn};
use rt_toy::sleep;

fn main() {
    Executor::new().run(program::program(sleep, |sleeper| drop(spawn(sleeper))));
    println!("borrowed: the timers of step 1, with their thread and their lock.");
}
