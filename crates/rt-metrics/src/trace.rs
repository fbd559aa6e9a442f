//! What a runtime did, event by event: for pictures, tests, and the curious.
//!
//! ```text
//!   a worker ──► its ring ─┐
//!   a worker ──► its ring ─┤ events: by time ──► Picture: bars, wakes, marks ─┬─► Chrome's trace
//!   main     ──► its ring ─┘                                                  └─► one page of HTML
//!                           └────────────────────────────────────────────────────► text in logical time
//! ```

mod event;
mod names;
mod ring;
mod shared;

mod registry;

mod record;

mod picture;
mod rows;
mod sketch;

mod json;

mod chrome;
mod html;
mod logical;

pub use event::{Event, Outcome, Thread, What, Who};
pub use picture::{Bar, Cause, Doing, Mark, Picture, Row, Task, Wake};
pub use record::Trace;
pub use registry::record_here;
pub use rt_task::End;
