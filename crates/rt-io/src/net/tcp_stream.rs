//! A connection.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;

use rt_task::coop;

use crate::interest::{Interest, Ready};
use crate::net::addr::{ToSocketAddrs, first_of};
use crate::net::stream::{Reads, Writes, halves};
use crate::registration::Registration;
use crate::source::Direction;

/// A TCP connection.
///
/// It implements `futures_io`'s `AsyncRead` and `AsyncWrite`, and tokio's with the feature `tokio`. To close
/// it (`close`, `shutdown`) ends the direction of writing; to drop it ends both. What was written is sent all
/// the same.
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use rt_io::net::{TcpListener, TcpStream};
///
/// # rt_executor::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// let (mut server, _address) = listener.accept().await?;
///
/// client.write_all(b"hello").await?;
/// client.close().await?; // only what goes out
/// let mut text = String::new();
/// server.read_to_string(&mut text).await?;
/// assert_eq!(text, "hello");
/// server.write_all(b"and good bye").await?;
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TcpStream {
    io: Registration<mio::net::TcpStream>,
}

socket!(TcpStream, mio::net::TcpStream, std::net::TcpStream);
readiness!(TcpStream);
stream!(TcpStream);
halves!(TcpStream, mio::net::TcpStream);

impl TcpStream {
    /// Connects to the first address that takes it.
    ///
    /// Cancel safe: the connection that is being made is dropped.
    ///
    /// # Errors
    ///
    /// That of the last address: the system's. There is no time-out but the system's, some two minutes.
    pub async fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        first_of(addr, |addr| async move {
            TcpStream::established(mio::net::TcpStream::connect(addr)?).await
        })
        .await
    }

    /// Waits until a connection that was begun stands.
    pub(crate) async fn established(begun: mio::net::TcpStream) -> io::Result<TcpStream> {
        let stream = TcpStream::of(begun);
        let mut seen = None;
        loop {
            // Asked first: on loopback it stands at once, and nothing is to be registered.
            if let Some(error) = stream.take_error()? {
                return Err(error);
            }
            match stream.peer_addr() {
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
                connected => return connected.map(|_| stream),
            }
            // Not before it was asked: the event that says "connected" is the one that says "writable".
            if let Some(seen) = seen.take() {
                stream.io.clear(seen, Ready::WRITABLE | Ready::WRITE_CLOSED);
            }
            seen = Some(stream.io.ready(Interest::WRITABLE).await?);
        }
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// Waits until something is there, and copies it without taking it. `Ok(0)` is the end.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// The system's, or if the runtime of the socket is gone.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.async_io(Direction::Read, |io| io.peek(buf)).await
    }

    /// As [`peek`](TcpStream::peek). The last task that polled is woken.
    ///
    /// # Errors
    ///
    /// As of `peek`.
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Direction::Read, cx, |io| io.peek(buf))
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.io.get_ref().nodelay()
    }

    /// Whether small writes are to be sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.get_ref().set_nodelay(nodelay)
    }

    /// How many routers a packet may pass.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// How many routers a packet may pass.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }

    /// How long the drop may wait for what was not sent yet (`SO_LINGER`).
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self).linger()
    }

    /// How long the drop may wait for what was not sent yet (`SO_LINGER`): it blocks the thread then. With
    /// zero it waits for nothing, and the peer is told that the connection was reset.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(self).set_linger(linger)
    }

    /// Has the drop send a reset, and not wait: as a linger of zero.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.set_linger(Some(Duration::ZERO))
    }

    /// Whether the system asks a silent peer whether it is there (`SO_KEEPALIVE`).
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn keepalive(&self) -> io::Result<bool> {
        SockRef::from(self).keepalive()
    }

    /// Whether the system shall ask a silent peer whether it is there (`SO_KEEPALIVE`).
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        SockRef::from(self).set_keepalive(keepalive)
    }
}

static_assertions::assert_impl_all!(TcpStream: Send, Sync, Unpin);
static_assertions::assert_impl_all!(OwnedReadHalf: Send, Sync, Unpin);
static_assertions::assert_impl_all!(OwnedWriteHalf: Send, Sync, Unpin);
