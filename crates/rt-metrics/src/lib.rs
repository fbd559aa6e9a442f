#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod observers;

// Always on: what threads and lists count.
mod subtract;
mod worker;

mod census;
mod counters;
mod meter;
mod roster;

// One look at a runtime, and how it is shown.
mod prometheus;
mod snapshot;
mod table;

// On request: durations, by the place where a task was spawned.
mod histogram;
mod places;
mod poll_times;

pub mod trace;

#[cfg(feature = "tracing")]
pub mod tracing;

pub mod tasks;

mod frames;
pub mod waits;

pub use census::Census;
pub use histogram::Histogram;
pub use meter::Meter;
pub use places::{PlaceSnapshot, Places};
pub use poll_times::{PollTimer, PollTimes};
pub use roster::Roster;
pub use snapshot::{BlockingSnapshot, Snapshot, SocketsSnapshot, TimersSnapshot};
pub use worker::WorkerSnapshot;
