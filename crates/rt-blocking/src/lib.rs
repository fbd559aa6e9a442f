#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// 7b.1: a job is a task. The empty lines keep rustfmt from sorting the chapter.
mod call;
mod claim;

// 7b.2: what stands under the one lock, each part without a thread or a lock of its own.
mod crew;
mod jobs;
mod places;
mod state;

// 7b.3: the lock, and what is done when it is let go.
mod shared;

// 7b.4: the threads.
mod here;
mod start;
mod unwind;
mod worker;

// 7b.5: what a user sees.
mod config;
mod entrance;
mod error;
mod messages;
mod metrics;
mod observer;
mod owner;
mod permit;
mod pool;
mod report;
mod schedule;

pub use config::Config;
#[doc(hidden)]
pub use config::Spawner;
pub use error::{Closed, SpawnError, TrySpawnError};
pub use metrics::Metrics;
pub use observer::Observer;
pub use permit::{Permit, Reserve};
pub use pool::Pool;
pub use report::{Report, StillRunning};
