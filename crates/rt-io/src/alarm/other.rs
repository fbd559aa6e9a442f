//! Here a wait counts milliseconds, and ends up to one late.

use std::io;
use std::time::Duration;

/// Nothing.
#[derive(Debug)]
pub(crate) struct Alarm;

impl Alarm {
    pub(crate) fn new(_: &mio::Registry) -> io::Result<Alarm> {
        Ok(Alarm)
    }

    /// What `mio` is to wait.
    pub(crate) fn set(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        timeout
    }
}
