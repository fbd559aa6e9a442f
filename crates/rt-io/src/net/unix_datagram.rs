//! Datagrams within this machine.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::task::{Context, Poll};

use rt_task::coop;

use crate::interest::{Interest, Ready};
use crate::registration::Registration;
use crate::source::Direction;

/// A Unix socket for datagrams, which are neither lost nor overtake each other. All calls take `&self`.
///
/// ```
/// use rt_io::net::UnixDatagram;
///
/// # rt_executor::block_on(async {
/// let (one, two) = UnixDatagram::pair()?;
/// one.send(b"hello").await?;
/// let mut buf = [0; 8];
/// assert_eq!(two.recv(&mut buf).await?, 5);
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixDatagram {
    io: Registration<mio::net::UnixDatagram>,
}

socket!(UnixDatagram, mio::net::UnixDatagram, std::os::unix::net::UnixDatagram);
readiness!(UnixDatagram);
datagrams!(UnixDatagram, SocketAddr);

impl UnixDatagram {
    /// Takes a path, which must not exist.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        mio::net::UnixDatagram::bind(path).map(UnixDatagram::of)
    }

    /// Without an address: nobody can send to it unless it is connected.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn unbound() -> io::Result<UnixDatagram> {
        mio::net::UnixDatagram::unbound().map(UnixDatagram::of)
    }

    /// Two that are connected to each other.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, two) = mio::net::UnixDatagram::pair()?;
        Ok((UnixDatagram::of(one), UnixDatagram::of(two)))
    }

    /// Sends to a path from now on, and receives from nobody else.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.io.get_ref().connect(path)
    }

    /// Sends to a path. A datagram goes whole or not at all.
    ///
    /// Cancel safe: it is sent or not.
    ///
    /// # Errors
    ///
    /// The system's, or if the runtime of the socket is gone.
    pub async fn send_to(&self, buf: &[u8], target: impl AsRef<Path>) -> io::Result<usize> {
        let target = target.as_ref();
        self.io.async_io(Direction::Write, |io| io.send_to(buf, target)).await
    }

    /// As [`send_to`](UnixDatagram::send_to). The last task that polled is woken.
    ///
    /// # Errors
    ///
    /// As of `send_to`.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: impl AsRef<Path>,
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(Direction::Write, cx, |io| io.send_to(buf, target.as_ref()))
    }

    /// Sends to a path, if there is room.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none; else the system's.
    pub fn try_send_to(&self, buf: &[u8], target: impl AsRef<Path>) -> io::Result<usize> {
        self.io.try_io(Interest::WRITABLE, |io| io.send_to(buf, target))
    }

    /// The address that it is connected to.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// Ends one direction, or both.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }
}

static_assertions::assert_impl_all!(UnixDatagram: Send, Sync, Unpin);
