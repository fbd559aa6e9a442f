//! The descriptor of a process.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Readable when the process has ended. No child inherits it.
pub(super) fn open(pid: Pid) -> io::Result<OwnedFd> {
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// Whether this system has none: before Linux 5.3, and in sandboxes that do not let the call through.
pub(super) fn is_missing(error: &io::Error) -> bool {
    [Errno::NOSYS, Errno::PERM]
        .iter()
        .any(|missing| error.raw_os_error() == Some(missing.raw_os_error()))
}
