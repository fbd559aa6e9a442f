//! Where connections come from.

use std::future::Future;
use std::io;

use hyper::rt::{Read, Write};
use rt_io::net::unix::SocketAddr as UnixSocketAddr;
use rt_io::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// What [`Serve`](crate::Serve) takes connections from: a listener of TCP or of Unix, or one of the user's around
/// it, which may limit or filter.
///
/// One that makes a handshake in [`accept`](Listener::accept) lets the next connection wait for it: rather do that
/// elsewhere, and take from a channel here.
pub trait Listener: Send + 'static {
    /// A connection.
    type Io: Read + Write + Unpin + Send + 'static;
    /// Where it comes from.
    type Addr: Send;

    /// The next connection. It is not dropped but when the server ends.
    ///
    /// # Errors
    ///
    /// Those that end the server. One after which another call is worth it is dealt with here.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, Self::Addr)>> + Send;
}

impl Listener for TcpListener {
    type Io = TcpStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> io::Result<(TcpStream, std::net::SocketAddr)> {
        loop {
            match TcpListener::accept(self).await {
                Err(error) if passes(&error) => {}
                accepted => return accepted,
            }
        }
    }
}

impl Listener for UnixListener {
    type Io = UnixStream;
    type Addr = UnixSocketAddr;

    async fn accept(&mut self) -> io::Result<(UnixStream, UnixSocketAddr)> {
        loop {
            match UnixListener::accept(self).await {
                Err(error) if passes(&error) => {}
                accepted => return accepted,
            }
        }
    }
}

/// Whether it is the connection that failed, or something is missing that others give back: then another call is worth
/// it, which our listeners make wait a little. What is wrong with the listener stays so, as does a runtime that is gone,
/// which is no error of the system.
fn passes(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, NotConnected, Unsupported};
    let is_its_own = matches!(error.kind(), InvalidInput | NotConnected | Unsupported);
    error.raw_os_error().is_some() && !is_its_own
}
