#![doc = include_str!("../README.md")]

// In the order of the chapter; the empty lines keep rustfmt from sorting them.
#[cfg(feature = "observed")]
mod told;
#[cfg(not(feature = "observed"))]
#[path = "untold.rs"]
mod told;

mod task_waker;

mod traced;

mod slot;

mod batch;

mod park;

mod parker;

pub use batch::WakeBatch;
pub use park::Park;
pub use parker::{Parker, Unparker};
pub use slot::WakerSlot;
pub use task_waker::{task_of, waker, waker_ref};
pub use traced::poll_traced;
