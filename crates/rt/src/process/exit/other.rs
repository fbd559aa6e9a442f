//! There is no such descriptor.

use std::io;
use std::os::fd::OwnedFd;

use rustix::process::Pid;

pub(super) fn open(_: Pid) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn is_missing(_: &io::Error) -> bool {
    true
}
