//! The pipes to a child, and from it.

#[cfg(feature = "io-util")]
mod tokio;

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use rt_io::net::unix::pipe::{Receiver, Sender};

/// The pipe to the standard input of a child. Dropped, or closed, it is the end of that input.
///
/// (`shutdown` of tokio's `ChildStdin` closes nothing; a child that reads to the end waits there until the drop.)
#[derive(Debug)]
pub struct ChildStdin {
    /// `None` once it was closed.
    pipe: Option<Sender>,
}

/// The pipe from the standard output of a child.
#[derive(Debug)]
pub struct ChildStdout {
    pipe: Receiver,
}

/// The pipe from the standard error of a child.
#[derive(Debug)]
pub struct ChildStderr {
    pipe: Receiver,
}

impl ChildStdin {
    /// Takes a pipe of std over, which becomes non-blocking.
    ///
    /// # Errors
    ///
    /// If the system says so.
    pub fn from_std(std: std::process::ChildStdin) -> io::Result<ChildStdin> {
        Ok(ChildStdin { pipe: Some(Sender::from_owned_fd(std.into())?) })
    }

    /// The descriptor, which blocks again.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if it was closed; else the system's.
    pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
        self.pipe.ok_or(io::ErrorKind::BrokenPipe)?.into_blocking_fd()
    }

    fn poll_with<R>(
        &mut self,
        call: impl FnOnce(Pin<&mut Sender>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        match &mut self.pipe {
            Some(pipe) => call(Pin::new(pipe)),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn close(&mut self) {
        self.pipe = None;
    }
}

impl AsyncWrite for ChildStdin {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_with(|pipe| pipe.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_with(|pipe| pipe.poll_write_vectored(cx, bufs))
    }

    /// Nothing is kept back: there is nothing to do.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().close();
        Poll::Ready(Ok(()))
    }
}

impl TryFrom<ChildStdin> for Stdio {
    type Error = io::Error;

    fn try_from(pipe: ChildStdin) -> io::Result<Stdio> {
        pipe.into_owned_fd().map(Stdio::from)
    }
}

macro_rules! output {
    ($($type:ident)*) => {$(
        impl $type {
            /// Takes a pipe of std over, which becomes non-blocking.
            ///
            /// # Errors
            ///
            /// If the system says so.
            pub fn from_std(std: std::process::$type) -> io::Result<$type> {
                Ok($type { pipe: Receiver::from_owned_fd(std.into())? })
            }

            /// The descriptor, which blocks again.
            ///
            /// # Errors
            ///
            /// The system's.
            pub fn into_owned_fd(self) -> io::Result<OwnedFd> {
                self.pipe.into_blocking_fd()
            }
        }

        impl AsyncRead for $type {
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.pipe).poll_read(cx, buf)
            }

            fn poll_read_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.pipe).poll_read_vectored(cx, bufs)
            }
        }

        /// For the standard input of another child.
        impl TryFrom<$type> for Stdio {
            type Error = io::Error;

            fn try_from(pipe: $type) -> io::Result<Stdio> {
                pipe.into_owned_fd().map(Stdio::from)
            }
        }

        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.pipe.as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.pipe.as_raw_fd()
            }
        }
    )*};
}

output!(ChildStdout ChildStderr);
