//! The runtimes that are compared, one file each.

mod in_time;
mod joined;
mod rt;
mod smol;
mod tokio;
mod two_workers;

pub(crate) use self::rt::Rt;
pub(crate) use self::smol::{Smol, SmolOwning};
pub(crate) use self::tokio::Tokio;
pub(crate) use self::two_workers::{Rt2, Smol2, Tokio2};
