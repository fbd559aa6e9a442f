//! Waiting for descriptors; with the feature `io-util` also what of `tokio::io` needs no runtime, with `io-std` the
//! standard streams.

#[cfg(any(feature = "fs", feature = "io-std"))]
#[cfg_attr(not(feature = "fs"), allow(dead_code, reason = "a file does more than a stream"))]
pub(crate) mod blocking;

#[cfg(any(feature = "fs", feature = "io-std"))]
pub(crate) mod forward;

#[cfg(feature = "io-std")]
mod stdio;

#[cfg(feature = "io-util")]
mod util;

#[cfg(feature = "io-util")]
pub use util::*;

#[cfg(feature = "io-std")]
pub use stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};

pub use rt_io::{Interest, Ready};

/// Readiness for any descriptor that the kernel can wait for.
pub mod unix {
    pub use rt_io::{AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, TryIoError};
}
