#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// One future, no tasks.
mod block_on;

// Where tasks wait, and how they get there.
mod queue;
mod stealable;

mod ready;

mod site;

mod entered;
mod to_site;

mod hub;

// The loop.
mod core;
mod probe;

mod drive;
mod root;

// How tasks come into the world.
mod handle;
mod home;
mod spawn;

// All of it on one thread.
mod executor;
mod futures_task;
#[cfg(feature = "hyper")]
mod hyper;

mod messages;
mod yield_now;

pub use crate::core::{Core, Running, TURN, poll};
pub use block_on::block_on;
pub use drive::{RootFuture, Work, drive};
pub use entered::{Arrival, Arrive, Entered};
pub use executor::Executor;
pub use handle::{Handle, LocalHandle};
pub use home::Home;
pub use probe::Probe;
pub use queue::{Fifo, RunQueue};
pub use site::{AtEnd, Door, Lease, OnPanic, Site};
pub use spawn::spawn;
pub use stealable::{MarkOf, Stealable, Victim};
pub use to_site::ToSite;
pub use yield_now::{YieldNow, yield_now};
