//! Where connections come in.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, Socket, Type};

use crate::net::addr::{ToSocketAddrs, first_of};
use crate::net::patience::Patience;
use crate::net::tcp_stream::TcpStream;
use crate::registration::Registration;
use crate::source::Direction;

/// A TCP socket that takes connections in. For an example, see [`TcpStream`].
pub struct TcpListener {
    io: Registration<mio::net::TcpListener>,
    patience: Patience,
}

/// As tokio's: a burst of more is tried again by its clients, after a second.
const BACKLOG: i32 = 1024;

socket!(TcpListener, mio::net::TcpListener, std::net::TcpListener, patience: Patience::new());
accepts!(TcpListener, mio::net::TcpListener, TcpStream);

impl TcpListener {
    /// Listens at the first address that is free. With port 0 the system chooses one.
    ///
    /// An address whose connections of before have not quite ended is taken (`SO_REUSEADDR`), one at which
    /// somebody listens is not. Up to 1,024 connections wait for an `accept`, unless
    /// the system allows fewer; [`TcpSocket::listen`](crate::net::TcpSocket::listen) takes another number.
    ///
    /// # Errors
    ///
    /// That of the last address: the system's.
    pub async fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        first_of(addr, |addr| async move {
            let kind = Type::STREAM.nonblocking().cloexec();
            let socket = Socket::new(Domain::for_address(addr), kind, Some(Protocol::TCP))?;
            socket.set_reuse_address(true)?;
            socket.bind(&addr.into())?;
            socket.listen(BACKLOG)?;
            Ok(TcpListener::of(mio::net::TcpListener::from_std(socket.into())))
        })
        .await
    }

    /// How many routers a packet of its connections may pass.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// How many routers a packet of its connections may pass.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }
}

static_assertions::assert_impl_all!(TcpListener: Send, Sync, Unpin);
