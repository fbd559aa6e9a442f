#![doc = include_str!("../README.md")]

pub mod coop;
#[doc(hidden)]
pub mod sync;

// 2.1 to 2.3: the state word.
mod snapshot;
mod state;

// 2.4 to 2.6: the cell, its type forgotten; counting, waking.
mod cell;
mod header;
mod memory;
mod reference;
mod stats;
mod tail;

// 2.7 and 2.8: polling, and the end of it.
mod current;
mod schedule;
mod task;
#[doc(hidden)]
pub mod unwind;

// 2.9 to 2.12: joining, aborting; who is alive. And tasks from elsewhere.
mod error;
mod inbox;
mod join;
mod list;
mod living;
mod tally;

// What a task is told at its birth, and what is told of it.
mod builder;
mod hook;
mod id;
mod messages;
mod observer;
mod priority;
mod waiting;
mod watched;

pub use builder::Builder;
pub use current::{PollNumber, mark_poll, polls_here, settle_marks, unmark_poll};
pub use error::JoinError;
pub use hook::Hook;
pub use id::{Id, ThreadNumber};
pub use inbox::{Inbox, Push};
pub use join::{AbortHandle, AbortOnDrop, JoinHandle};
pub use list::TaskList;
pub use living::{Generation, Living};
pub use memory::trim;
pub use observer::{Kind, Observer, Spawned, observe, tell_waker_dropped, tell_waker_made};
pub use priority::Priority;
pub use reference::TaskRef;
pub use schedule::Schedule;
pub use snapshot::{End, Snapshot};
pub use stats::{Measured, Stats};
pub use tally::Tally;
pub use task::{Polled, Running, Task};
pub use waiting::Waiting;
pub use watched::{Watching, is_watched};

/// The number of the task that is being polled on this thread.
#[must_use]
pub fn current() -> Option<Id> {
    current::id()
}
