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

mod builder;
mod current_thread;
mod handle;
mod local;
mod seat;
mod session;

pub use crate::inner::RuntimeFlavor;
pub use builder::Builder;
pub use current_thread::Runtime;
pub use handle::{EnterGuard, Handle, TryCurrentError};
pub use local::LocalRuntime;
