//! After step 5: the thread that would sleep anyway knows what time it is.
//!
//! Run it with `cargo run --example step_5`.

#![forbid(unsafe_code)]

#[path = "step/program.rs"]
mod program;

use rt_executor::{Executor, Fifo, spawn};
use rt_timer::{Clock, TimerDriver, sleep};
use rt_waker::Parker;

fn main() {
    let driver = TimerDriver::new(Parker::new(), Clock::real());
    let _timers = driver.timers().enter();
    let executor = Executor::with(driver, Fifo::new(), ());
    executor.run(program::program(sleep, |sleeper| drop(spawn(sleeper))));
    println!("borrowed: nothing. Chapter 6 puts it behind one name: `rt::block_on`.");
}
