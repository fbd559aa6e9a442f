//! A connection within this machine.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rt_task::coop;

use crate::interest::{Interest, Ready};
use crate::net::stream::{Reads, Writes, halves};
use crate::registration::Registration;
use crate::source::Direction;

/// A connection over a Unix socket. All that is said of [`TcpStream`](crate::net::TcpStream) holds.
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use rt_io::net::UnixStream;
///
/// # rt_executor::block_on(async {
/// let (mut one, mut two) = UnixStream::pair()?;
/// one.write_all(b"hello").await?;
/// drop(one);
/// let mut text = String::new();
/// two.read_to_string(&mut text).await?;
/// assert_eq!(text, "hello");
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixStream {
    io: Registration<mio::net::UnixStream>,
}

socket!(UnixStream, mio::net::UnixStream, std::os::unix::net::UnixStream);
readiness!(UnixStream);
stream!(UnixStream);
halves!(UnixStream, mio::net::UnixStream);

impl UnixStream {
    /// Connects to who listens at a path.
    ///
    /// # Errors
    ///
    /// The system's. `WouldBlock` if too many wait for the listener already: there is nothing to wait for.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        UnixStream::of(mio::net::UnixStream::connect(path)?).established()
    }

    /// Connects to an address, which may be an abstract one.
    ///
    /// # Errors
    ///
    /// As [`connect`](UnixStream::connect).
    pub async fn connect_addr(addr: &SocketAddr) -> io::Result<UnixStream> {
        UnixStream::of(mio::net::UnixStream::connect_addr(addr)?).established()
    }

    /// Connections over Unix sockets stand at once, or not at all.
    fn established(self) -> io::Result<UnixStream> {
        match self.take_error()? {
            Some(error) => Err(error),
            None => self.peer_addr().map(|_| self),
        }
    }

    /// Two ends of a connection that has no name.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, two) = mio::net::UnixStream::pair()?;
        Ok((UnixStream::of(one), UnixStream::of(two)))
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }
}

static_assertions::assert_impl_all!(UnixStream: Send, Sync, Unpin);
