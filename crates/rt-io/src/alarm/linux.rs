//! A `timerfd`. Its events are edges, so nobody reads it.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use mio::unix::SourceFd;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

use crate::sources::Token;

/// Nobody waits longer in one go; whoever does waits again.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Ends a wait at its time.
#[derive(Debug)]
pub(crate) struct Alarm {
    timer: OwnedFd,
    is_set: bool,
}

impl Alarm {
    pub(crate) fn new(registry: &mio::Registry) -> io::Result<Alarm> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let fd = timer.as_raw_fd();
        registry.register(&mut SourceFd(&fd), Token::ALARM, mio::Interest::READABLE)?;
        Ok(Alarm { timer, is_set: false })
    }

    /// What `mio` is to wait, with the alarm set for the rest.
    pub(crate) fn set(&mut self, timeout: Option<Duration>) -> Option<Duration> {
        let Some(timeout) = timeout else {
            if self.is_set {
                // Or the wait that follows ends for nothing.
                self.is_set = self.arm(Duration::ZERO).is_err();
            }
            return None;
        };
        let timeout = timeout.min(LONGEST);
        if timeout.is_zero() || self.arm(timeout).is_err() {
            return Some(timeout);
        }
        self.is_set = true;
        None
    }

    fn arm(&self, timeout: Duration) -> io::Result<()> {
        let once = Timespec { tv_sec: 0, tv_nsec: 0 };
        let seconds = i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX);
        let due = Timespec { tv_sec: seconds, tv_nsec: timeout.subsec_nanos().into() };
        let time = Itimerspec { it_interval: once, it_value: due };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &time)?;
        Ok(())
    }
}
