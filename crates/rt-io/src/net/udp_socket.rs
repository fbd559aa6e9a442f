//! Datagrams.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll};

use rt_task::coop;

use crate::interest::{Interest, Ready};
use crate::net::addr::{ToSocketAddrs, first_of};
use crate::registration::Registration;
use crate::source::Direction;

/// A UDP socket. All calls take `&self`: share it, in an `Arc`, among tasks.
///
/// ```
/// use rt_io::net::UdpSocket;
///
/// # rt_executor::block_on(async {
/// let (one, two) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
/// one.send_to(b"ping", two.local_addr()?).await?;
/// let mut buf = [0; 64];
/// let (len, from) = two.recv_from(&mut buf).await?;
/// assert_eq!((&buf[..len], from), (&b"ping"[..], one.local_addr()?));
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UdpSocket {
    io: Registration<mio::net::UdpSocket>,
}

socket!(UdpSocket, mio::net::UdpSocket, std::net::UdpSocket);
readiness!(UdpSocket);
datagrams!(UdpSocket, SocketAddr);

/// Options that are passed on.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// If the system says so.
        pub fn $name(&self $(, $argument: $type)*) -> io::Result<$result> {
            self.io.get_ref().$name($($argument),*)
        }
    )*};
}

impl UdpSocket {
    /// Takes the first address that is free. With port 0 the system chooses one.
    ///
    /// # Errors
    ///
    /// That of the last address: the system's.
    pub async fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<UdpSocket> {
        first_of(addr, |addr| async move { mio::net::UdpSocket::bind(addr).map(UdpSocket::of) })
            .await
    }

    /// Sends to one address from now on, and receives from nobody else.
    ///
    /// # Errors
    ///
    /// That of the last address: the system's.
    pub async fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        first_of(addr, |addr| async move { self.io.get_ref().connect(addr) }).await
    }

    /// Sends to the first of some addresses. A datagram goes whole or not at all.
    ///
    /// Cancel safe: it is sent or not.
    ///
    /// # Errors
    ///
    /// The system's, or if the runtime of the socket is gone.
    pub async fn send_to<A: ToSocketAddrs>(&self, buf: &[u8], target: A) -> io::Result<usize> {
        let target = lookup_one(target).await?;
        self.io.async_io(Direction::Write, |io| io.send_to(buf, target)).await
    }

    /// As [`send_to`](UdpSocket::send_to). The last task that polled is woken.
    ///
    /// # Errors
    ///
    /// As of `send_to`.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.io.poll_io(Direction::Write, cx, |io| io.send_to(buf, target))
    }

    /// Sends, if there is room.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none; else the system's.
    pub fn try_send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.io.try_io(Interest::WRITABLE, |io| io.send_to(buf, target))
    }

    /// Waits for a datagram, and copies it without taking it.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// As of `recv_from`.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.async_io(Direction::Read, |io| io.peek_from(buf)).await
    }

    /// As [`peek_from`](UdpSocket::peek_from), from whom it is connected to.
    ///
    /// # Errors
    ///
    /// As of `recv`.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.async_io(Direction::Read, |io| io.peek(buf)).await
    }

    options! {
        /// The address that it is connected to.
        peer_addr() -> SocketAddr;
        /// Whether it may send to all of a network at once.
        broadcast() -> bool;
        /// Whether it may send to all of a network at once.
        set_broadcast(on: bool) -> ();
        /// Whether what it sends to a group of version 4 comes back.
        multicast_loop_v4() -> bool;
        /// Whether what it sends to a group of version 4 comes back.
        set_multicast_loop_v4(on: bool) -> ();
        /// How many routers what it sends to a group of version 4 may pass.
        multicast_ttl_v4() -> u32;
        /// How many routers what it sends to a group of version 4 may pass.
        set_multicast_ttl_v4(ttl: u32) -> ();
        /// Whether what it sends to a group of version 6 comes back.
        multicast_loop_v6() -> bool;
        /// Whether what it sends to a group of version 6 comes back.
        set_multicast_loop_v6(on: bool) -> ();
        /// How many routers a datagram may pass.
        ttl() -> u32;
        /// How many routers a datagram may pass.
        set_ttl(ttl: u32) -> ();
    }

    /// Joins a group at an interface: `0.0.0.0` is any.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().join_multicast_v4(&group, &interface)
    }

    /// Leaves a group.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v4(&group, &interface)
    }

    /// Joins a group at the interface of a number: 0 is any.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().join_multicast_v6(group, interface)
    }

    /// Leaves a group.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v6(group, interface)
    }
}

async fn lookup_one<A: ToSocketAddrs>(addr: A) -> io::Result<SocketAddr> {
    first_of(addr, |addr| async move { Ok(addr) }).await
}

static_assertions::assert_impl_all!(UdpSocket: Send, Sync, Unpin);
