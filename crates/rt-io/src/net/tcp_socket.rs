//! A socket that is neither connected nor listens yet: for options that must be set before.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use crate::net::tcp_listener::TcpListener;
use crate::net::tcp_stream::TcpStream;

/// A TCP socket before it connects or listens.
///
/// ```
/// use rt_io::net::{TcpSocket, TcpStream};
///
/// # rt_executor::block_on(async {
/// let socket = TcpSocket::new_v4()?;
/// socket.set_reuseaddr(true)?;
/// socket.bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = socket.listen(128)?;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_nodelay(true)?;
/// let client = socket.connect(listener.local_addr()?).await?;
/// assert!(client.nodelay()?);
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpSocket {
    socket: Socket,
}

/// A getter and a setter of one option.
macro_rules! options {
    ($($(#[$doc:meta])* $get:ident $set:ident $type:ty => $inner_get:ident $inner_set:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// If the system says so.
        pub fn $set(&self, value: $type) -> io::Result<()> {
            self.socket.$inner_set(value)
        }

        /// See the setter.
        ///
        /// # Errors
        ///
        /// If the system says so.
        pub fn $get(&self) -> io::Result<$type> {
            self.socket.$inner_get()
        }
    )*};
}

impl TcpSocket {
    /// For addresses of version 4.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn new_v4() -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::IPV4)
    }

    /// For addresses of version 6.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn new_v6() -> io::Result<TcpSocket> {
        TcpSocket::new(Domain::IPV6)
    }

    fn new(domain: Domain) -> io::Result<TcpSocket> {
        let kind = Type::STREAM.nonblocking().cloexec();
        Ok(TcpSocket { socket: Socket::new(domain, kind, Some(Protocol::TCP))? })
    }

    /// Takes over a socket of std that is neither connected nor listens, and becomes non-blocking: made by
    /// `socket2`, say.
    #[must_use]
    pub fn from_std_stream(stream: std::net::TcpStream) -> TcpSocket {
        let _fails_for_no_socket = stream.set_nonblocking(true);
        TcpSocket { socket: stream.into() }
    }

    /// Has the drop send a reset, and not wait: as a linger of zero.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.socket.set_linger(Some(Duration::ZERO))
    }

    options! {
        /// Whether an address may be taken whose connections of before have not quite ended.
        reuseaddr set_reuseaddr bool => reuse_address set_reuse_address;
        /// Whether several sockets may listen at one address, and share what comes in.
        reuseport set_reuseport bool => reuse_port set_reuse_port;
        /// Whether the system asks a silent peer whether it is there.
        keepalive set_keepalive bool => keepalive set_keepalive;
        /// Whether small writes are sent at once.
        nodelay set_nodelay bool => tcp_nodelay set_tcp_nodelay;
        /// How long the drop may wait for what was not sent yet.
        linger set_linger Option<Duration> => linger set_linger;
        /// How many routers a packet may pass. Version 4 only.
        ttl set_ttl u32 => ttl_v4 set_ttl_v4;
    }

    /// Room for what is to be sent, in bytes. The system may take another number.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn set_send_buffer_size(&self, bytes: u32) -> io::Result<()> {
        self.socket.set_send_buffer_size(bytes as usize)
    }

    /// Room for what is to be sent, in bytes.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        self.socket.send_buffer_size().map(|bytes| bytes.try_into().unwrap_or(u32::MAX))
    }

    /// Room for what came in, in bytes. The system may take another number.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn set_recv_buffer_size(&self, bytes: u32) -> io::Result<()> {
        self.socket.set_recv_buffer_size(bytes as usize)
    }

    /// Room for what came in, in bytes.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        self.socket.recv_buffer_size().map(|bytes| bytes.try_into().unwrap_or(u32::MAX))
    }

    /// When the system asks a silent peer, and how often.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn set_keepalive_after(&self, idle: Duration, interval: Duration) -> io::Result<()> {
        let keepalive = TcpKeepalive::new().with_time(idle).with_interval(interval);
        self.socket.set_tcp_keepalive(&keepalive)
    }

    /// Takes the error that waits for whoever asks, if there is one.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let addr = self.socket.local_addr()?;
        addr.as_socket().ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    /// Takes an address.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn bind(&self, addr: SocketAddr) -> io::Result<()> {
        self.socket.bind(&addr.into())
    }

    /// Connects.
    ///
    /// Cancel safe: the connection that is being made is dropped.
    ///
    /// # Errors
    ///
    /// The system's.
    pub async fn connect(self, addr: SocketAddr) -> io::Result<TcpStream> {
        match self.socket.connect(&addr.into()) {
            Err(error) if !is_begun(&error) => return Err(error),
            _ => {}
        }
        let stream = std::net::TcpStream::from(self.socket);
        TcpStream::established(mio::net::TcpStream::from_std(stream)).await
    }

    /// Listens. So many connections wait for an `accept` at most.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        self.socket.listen(backlog.try_into().unwrap_or(i32::MAX))?;
        TcpListener::from_std(self.socket.into())
    }
}

/// Whether a connection is on its way.
fn is_begun(error: &io::Error) -> bool {
    let kind = error.kind();
    kind == io::ErrorKind::WouldBlock
        || error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error())
        || kind == io::ErrorKind::Interrupted
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
