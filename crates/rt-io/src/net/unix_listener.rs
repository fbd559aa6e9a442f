//! Where connections within this machine come in.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::task::{Context, Poll};

use crate::net::patience::Patience;
use crate::net::unix_stream::UnixStream;
use crate::registration::Registration;
use crate::source::Direction;

/// A Unix socket that takes connections in.
///
/// Its path stays when it is dropped; remove it before the next one is bound there.
///
/// ```
/// use rt_io::net::{UnixListener, UnixStream};
///
/// # rt_executor::block_on(async {
/// let path = std::env::temp_dir().join(format!("rt-io-{}.sock", std::process::id()));
/// let listener = UnixListener::bind(&path)?;
/// let client = UnixStream::connect(&path).await;
/// std::fs::remove_file(&path)?;
/// let (_server, _address) = listener.accept().await?;
/// assert_eq!(client?.peer_addr()?.as_pathname(), Some(&*path));
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixListener {
    io: Registration<mio::net::UnixListener>,
    patience: Patience,
}

socket!(UnixListener, mio::net::UnixListener, std::os::unix::net::UnixListener, patience: Patience::new());
accepts!(UnixListener, mio::net::UnixListener, UnixStream);

impl UnixListener {
    /// Listens at a path, which must not exist.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        mio::net::UnixListener::bind(path).map(UnixListener::of)
    }

    /// Listens at an address, which may be an abstract one.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<UnixListener> {
        mio::net::UnixListener::bind_addr(addr).map(UnixListener::of)
    }
}

static_assertions::assert_impl_all!(UnixListener: Send, Sync, Unpin);
