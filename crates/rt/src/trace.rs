//! What a runtime did, event by event: for pictures, tests, and the curious.
//!
//! ```
//! use rt::trace::{Trace, What};
//!
//! let trace = Trace::new(1000);
//! let runtime = rt::runtime::Builder::new_current_thread().trace(&trace).build()?;
//! let id = runtime.block_on(async {
//!     let task = rt::spawn(async {});
//!     let id = task.id();
//!     task.await.unwrap();
//!     id
//! });
//! let seen: Vec<What> = trace.events().iter().filter(|e| e.task == Some(id)).map(|e| e.what).collect();
//! assert!(matches!(seen[..], [What::Spawned, What::Polling, What::Ended(_), What::Polled(_)]));
//! # Ok::<(), std::io::Error>(())
//! ```

pub use rt_metrics::trace::{
    Bar, Cause, Doing, End, Event, Mark, Outcome, Picture, Row, Task, Thread, Trace, Wake, What,
    Who,
};
