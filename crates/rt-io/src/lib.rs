#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// In the order of the chapter; the empty lines keep rustfmt from sorting them.
mod messages;

mod interest;

mod readiness;

mod source;

mod sources;

mod bell;

mod alarm;

mod job;

mod observer;

mod reactor;

mod offload;

mod background;

mod context;

mod registration;

mod async_fd;

pub mod net;

#[cfg(any(feature = "hyper", feature = "tokio"))]
mod foreign;
#[cfg(feature = "hyper")]
#[allow(unsafe_code)] // fills hyper's buffers
mod hyper;
#[cfg(feature = "hyper-util")]
mod hyper_util;
#[cfg(feature = "tokio")]
#[allow(unsafe_code)] // fills tokio's buffers
mod tokio;

pub use async_fd::{AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, TryIoError};
pub use bell::Bell;
pub use context::HandleGuard;
pub use interest::{Interest, Ready};
pub use job::Job;
pub use observer::{Observer, observe};
pub use reactor::{Handle, Reactor};
pub use readiness::{Flags, Readiness, Snapshot};
pub use source::{Direction, Source, Wait};
pub use sources::SocketCounts;
