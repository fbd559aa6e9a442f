#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod messages;

mod panic;

mod hooks;

mod ledger;
mod lookout;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(not(feature = "tracing"))]
#[path = "no_spans.rs"]
mod spans;

#[cfg(feature = "tokio-context")]
mod tokio_context;
#[cfg(not(feature = "tokio-context"))]
#[path = "no_tokio_context.rs"]
mod tokio_context;

mod recorder;

pub mod trace;

mod observing;

mod inner;

mod stall;

mod context;

mod asking;

pub mod io;
pub mod metrics;
pub mod net;
pub mod runtime;
pub mod task;
pub mod time;

#[cfg(any(feature = "hyper", feature = "io-util", feature = "tokio-context"))]
pub mod compat;

#[cfg(feature = "fs")]
pub mod fs;

#[cfg(feature = "process")]
pub mod process;

#[cfg(feature = "signal")]
pub mod signal;

#[cfg(feature = "sync")]
pub mod sync;

#[cfg(feature = "macros")]
mod macros;

// Its programs need both features, and their readers no lines that say so.
#[cfg(all(doctest, feature = "macros", feature = "sync"))]
#[doc = include_str!("../../../README.md")]
mod readme {}

#[cfg(doctest)]
#[doc = include_str!("../../../CONCEPTS.md")]
mod concepts {}

#[doc(inline)]
pub use task::{spawn, spawn_blocking, spawn_local};

#[cfg(feature = "macros")]
pub use macros::{join, main, pin, select, test, try_join};

/// The crates that this one is made of, each a chapter and usable alone.
pub mod parts {
    pub use rt_blocking as blocking;
    pub use rt_executor as executor;
    pub use rt_io as io;
    pub use rt_metrics as metrics;
    pub use rt_priority as priority;
    pub use rt_steal as steal;
    pub use rt_task as task;
    pub use rt_timer as timer;
    pub use rt_waker as waker;
}

#[doc(hidden)]
pub mod __macros {
    /// The runtime of `#[rt::main]` without a flavor.
    pub fn builder() -> crate::runtime::Builder {
        crate::runtime::Builder::new_multi_thread()
    }
}

/// Runs a future to its end on a runtime of its own, with default settings.
///
/// A multi-threaded one, for a quick start and for small programs. To keep tasks beyond one call, make a
/// [`Runtime`](runtime::Runtime).
///
/// ```
/// assert_eq!(rt::block_on(async { rt::spawn(async { 40 }).await.unwrap() + 2 }), 42);
/// ```
///
/// # Panics
///
/// As [`Runtime::block_on`](runtime::Runtime::block_on); and if no runtime can be made.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    match runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => messages::no_runtime_made(&error),
    }
}
