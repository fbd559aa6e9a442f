#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod clock;
pub mod wheel;

mod alarm;
mod axle;
mod background;
mod call;
mod context;
mod driver;
#[cfg(feature = "hyper")]
mod hyper;
mod interval;
mod messages;
mod observer;
mod timeout;
mod timer;
mod timers;
mod wheels;

pub use axle::TimerCounts;
pub use clock::{Clock, ClockGuard, Instant, NEVER};
pub use context::TimersGuard;
pub use driver::TimerDriver;
#[cfg(feature = "hyper")]
pub use hyper::HyperTimer;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use observer::{Observer, observe};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
pub use timer::{Timer, sleep, sleep_until};
pub use timers::{ClockHold, Timers};
pub use wheel::{Key, Wheel};
pub use wheels::Wheels;
