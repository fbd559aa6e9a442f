//! Signals: Ctrl-C, and all of Unix. Names and behaviour are tokio's.
//!
//! ```no_run
//! # rt::block_on(async {
//! rt::signal::ctrl_c().await?;
//! println!("stopping");
//! # Ok::<(), std::io::Error>(())
//! # })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The handler is `signal-hook`'s, which shares a signal with all who listen in the process and writes a byte into a
//! socket for each. A listener waits for that byte with the reactor of whoever polls it: any number of them, in any
//! number of runtimes and in none. `async-signal` of the smol stack stands on the same handler, and would bring a
//! reactor and a thread of its own for the wait.
//!
//! The first listener for a signal turns off what the system does by itself, in most cases the end of the process; it
//! stays off when the last listener is gone.

mod listener;

use std::io;

/// The signals of Unix.
pub mod unix {
    pub use super::listener::{Signal, SignalKind, signal};
}

/// Waits for the next Ctrl-C: SIGINT, which the terminal sends, or whoever.
///
/// It listens from its first poll on. From then on Ctrl-C no longer ends the process, also when this is done: for a
/// second one call it again, or listen with a [`Signal`](unix::Signal).
///
/// Cancel safe.
///
/// # Errors
///
/// If the handler can not be installed, or the runtime ends.
pub async fn ctrl_c() -> io::Result<()> {
    let mut interrupts = unix::signal(unix::SignalKind::interrupt())?;
    interrupts.recv().await.ok_or_else(|| io::Error::other("the runtime was shut down"))
}
