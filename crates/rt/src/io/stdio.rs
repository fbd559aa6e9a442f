//! The standard streams of the process.

mod stdin;

mod stdout;

#[cfg(feature = "io-util")]
mod tokio;

pub use stdin::{Stdin, stdin};
pub use stdout::{Stderr, Stdout, stderr, stdout};
