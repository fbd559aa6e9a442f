//! What blocks, and who runs it.

use std::io;

/// A job that blocks.
pub type Job = Box<dyn FnOnce() + Send>;

/// Runs a job elsewhere, and is not waited for.
pub(crate) type Offload = Box<dyn Fn(Job) -> io::Result<()> + Send + Sync>;
