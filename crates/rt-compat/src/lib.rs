#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// In the order of the chapter; none knows another, but for `serve`, which takes from a `listener` and `spawn`s, and
// `compat`, which starts a `tokio_context`.
#[cfg(feature = "io-util")]
mod tokio_io;

#[cfg(feature = "hyper")]
#[allow(unsafe_code)] // fills hyper's buffers
mod hyper_io;

#[cfg(feature = "hyper")]
mod spawn;

#[cfg(feature = "hyper")]
mod listener;

#[cfg(feature = "hyper")]
mod serve;

#[cfg(feature = "hyper")]
mod connector;

#[cfg(feature = "tokio-context")]
mod messages;

#[cfg(feature = "tokio-context")]
mod tokio_context;

#[cfg(feature = "tokio-context")]
mod compat;

#[cfg(feature = "tokio-context")]
pub use compat::{Compat, CompatExt};
#[cfg(feature = "hyper")]
pub use connector::HttpConnector;
#[cfg(feature = "hyper")]
pub use hyper_io::HyperIo;
#[cfg(feature = "hyper")]
pub use listener::Listener;
#[cfg(feature = "hyper")]
pub use serve::{Serve, Server};
#[cfg(feature = "hyper")]
pub use spawn::Spawn;
#[cfg(feature = "tokio-context")]
pub use tokio_context::{TokioCompat, TokioContext};
#[cfg(feature = "io-util")]
pub use tokio_io::TokioIo;
