//! The runtime itself: what runs tasks and wakes them in time.
//!
//! ```
//! use rt::runtime::Builder;
//! use std::time::Duration;
//!
//! let runtime = Builder::new_current_thread().build()?;
//! let task = runtime.spawn(async {
//!     rt::time::sleep(Duration::from_millis(1)).await;
//!     "done"
//! });
//! assert_eq!(runtime.block_on(task).unwrap(), "done");
//! # Ok::<(), std::io::Error>(())
//! ```

mod threads;
mod timeline;

mod handle;

mod session;

mod seat;

mod current_thread;

mod precise;

mod crew;

mod multi_thread;

mod report;

mod kind;

mod local;

mod builder;

mod futures_task;

#[cfg(feature = "tokio-context")]
mod tokio_compat;

#[cfg(feature = "criterion")]
mod criterion;

pub use crate::inner::RuntimeFlavor;
pub use crate::metrics::RuntimeMetrics;
pub use crate::panic::{PanicPolicy, TaskPanic};
pub use crate::stall::Stall;
pub use builder::Builder;
pub use handle::{EnterGuard, Handle, TryCurrentError};
pub use kind::Runtime;
pub use local::LocalRuntime;
pub use report::{ShutdownReport, StillAlive, TaskState};
pub use rt_metrics::tasks::{Phase, TaskInfo, Tasks};
pub use rt_metrics::waits::{Frame, NotTraced, TaskTrace};
