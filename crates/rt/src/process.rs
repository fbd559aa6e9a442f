//! Children of this process: starting them, their pipes, how they end. Names and behaviour are tokio's.
//!
//! ```
//! use rt::process::Command;
//!
//! # rt::block_on(async {
//! let output = Command::new("echo").arg("hello").output().await?;
//! assert!(output.status.success());
//! assert_eq!(output.stdout, b"hello\n");
//! # Ok::<(), std::io::Error>(())
//! # })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! [`std::process::Command`] starts them; pipes are those of [`rt::net::unix`](crate::net::unix::pipe), and wait with
//! the reactor of whoever uses them. Linux gives a descriptor for each child that is readable when it has ended, a
//! pidfd: the reactor waits for that, too. No handler of SIGCHLD is installed, no other child of the process is
//! looked at, and no thread waits. Where there is no pidfd a thread waits for each child that is waited for.
//!
//! **No zombies.** A [`Child`] that is dropped while it runs goes on running (unless `kill_on_drop` was said), and is
//! waited for all the same: a thread of the process, `rt-reaper`, started by the first such child, takes its status
//! when it ends, in this runtime's life or after it.
//!
//! `async-process` of the smol stack has the same on a reactor and a thread of its own, `async-io`'s, beside the
//! runtime's. What it would save is this module; what it would cost is a second epoll, and a wake-up from thread to
//! thread for each event of a pipe.

mod exit;

mod stdio;

mod orphans;

mod child;

mod command;

pub use child::Child;
pub use command::Command;
pub use stdio::{ChildStderr, ChildStdin, ChildStdout};
