//! The runtimes that are compared, one file each.

mod in_time;
mod joined;
mod rt;
mod smol;
mod tokio;

pub(crate) use self::rt::Rt;
pub(crate) use self::smol::{Local, LocalStatic, Shared, SharedStatic, Smol};
pub(crate) use self::tokio::Tokio;
