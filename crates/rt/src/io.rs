//! Waiting for descriptors; with the feature `io-util` also what of `tokio::io` needs no runtime.

#[cfg(any(feature = "fs", feature = "io-std"))]
pub(crate) mod blocking;

#[cfg(feature = "io-util")]
mod util;

#[cfg(feature = "io-util")]
pub use util::*;

pub use rt_io::{Interest, Ready};

/// Readiness for any descriptor that the kernel can wait for.
pub mod unix {
    pub use rt_io::{AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, TryIoError};
}
