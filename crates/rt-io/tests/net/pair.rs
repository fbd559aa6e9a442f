//! Two ends of a stream: of TCP, or of a Unix socket.
#![allow(dead_code, reason = "each file of tests uses some of it")]

use std::future::Future;
use std::io;
use std::time::Duration;

use futures::{AsyncRead, AsyncWrite};
use rt_io::net::{TcpListener, TcpStream, UnixStream};

#[track_caller]
pub(crate) fn within(body: impl FnOnce() -> io::Result<()> + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body).expect("no call fails here");
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sized + 'static {
    /// Two ends, which the reactor does not know yet.
    async fn pair() -> io::Result<(Self, Self)>;

    /// Until it may be written to: then the reactor knows it.
    fn known(&self) -> impl Future<Output = io::Result<()>>;

    /// Two ends that the reactor knows from the beginning: then each call goes by what it says.
    async fn known_pair() -> io::Result<(Self, Self)> {
        let (one, two) = Self::pair().await?;
        one.known().await?;
        two.known().await?;
        Ok((one, two))
    }
}

impl Stream for TcpStream {
    async fn pair() -> io::Result<(TcpStream, TcpStream)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let client = TcpStream::connect(listener.local_addr()?).await?;
        let (server, address) = listener.accept().await?;
        assert_eq!(address, client.local_addr()?, "a connection comes from somewhere else");
        Ok((client, server))
    }

    fn known(&self) -> impl Future<Output = io::Result<()>> {
        self.writable()
    }
}

impl Stream for UnixStream {
    async fn pair() -> io::Result<(UnixStream, UnixStream)> {
        UnixStream::pair()
    }

    fn known(&self) -> impl Future<Output = io::Result<()>> {
        self.writable()
    }
}

/// Bytes that say where they belong: two neighbours, and two pages, differ.
pub(crate) fn bytes(len: usize, seed: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 + at / 251 + seed) as u8).collect()
}
