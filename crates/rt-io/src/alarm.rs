//! Waiting for less than a millisecond.
//!
//! `epoll_wait`, as `mio` calls it, counts milliseconds, and a timer that is due in 50 µs would be late by 950.
//! So on Linux a wait with a timeout sets a `timerfd` that stands beside the sockets; one without sets none.

#[cfg(target_os = "linux")]
#[path = "alarm/linux.rs"]
mod system;
#[cfg(not(target_os = "linux"))]
#[path = "alarm/other.rs"]
mod system;

pub(crate) use system::Alarm;
