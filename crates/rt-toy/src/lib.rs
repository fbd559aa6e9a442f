#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
mod block_on;
mod executor;
mod timer;
pub use block_on::block_on;
pub use executor::{Executor, JoinHandle, spawn, yield_now};
pub use timer::{Timer, sleep};
