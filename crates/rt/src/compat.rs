//! What lets code that was written for others run here: see `rt-compat`, which has the migration page.
//!
//! * feature `hyper`: servers of hyper and of tower's services (`serve`, axum's `Router` among them), a connector
//!   for its client.
//! * feature `io-util`: `TokioIo`, between the traits of tokio and those of futures.
//! * feature `tokio-context`: `TokioCompat` and `CompatExt`, for libraries that ask for tokio's runtime.

#[cfg(feature = "hyper")]
mod hyper;

#[cfg(feature = "hyper")]
pub use hyper::{HyperExecutor, http_connector, serve, serve_with};
#[cfg(feature = "io-util")]
pub use rt_compat::TokioIo;
#[cfg(feature = "tokio-context")]
pub use rt_compat::{Compat, CompatExt, TokioCompat, TokioContext};
#[cfg(feature = "hyper")]
pub use rt_compat::{HttpConnector, HyperIo, Listener, Serve, Server, Spawn};
#[cfg(feature = "hyper")]
pub use rt_timer::HyperTimer;
