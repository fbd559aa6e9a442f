//! How precisely a thread waits.
//!
//! Linux lets each wait with a timeout be 50 µs late, so that wake-ups fall together. Workers ask for none of
//! that: the driver of the timers [gathers](rt_timer::TimerDriver::gathering) those that are close, and a lone
//! one is in time. Threads that are started by a worker begin with what it has.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub(super) use linux::wait_precisely;
#[cfg(not(target_os = "linux"))]
pub(super) use other::wait_precisely;
