//! hyper's traits on our streams: the same calls as `futures_io`'s, another buffer. How that is filled:
//! `[IO6]`, as tokio's.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::hyper::rt::{Read, ReadBufCursor, Write};

use crate::net::tcp;
use crate::net::unix;
use crate::net::{TcpStream, UnixStream};

macro_rules! read {
    ($($type:ty)*) => {$(
        impl Read for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                mut buf: ReadBufCursor<'_>,
            ) -> Poll<io::Result<()>> {
                // SAFETY: [IO6] nothing but initialized bytes are written there.
                let unfilled = unsafe { buf.as_mut() };
                let count = ready!(self.registration().poll_read_uninit(cx, unfilled))?;
                // SAFETY: [IO6] the kernel has written as many, from the beginning on.
                unsafe { buf.advance(count) };
                Poll::Ready(Ok(()))
            }
        }
    )*};
}

macro_rules! write {
    ($($type:ty)*) => {$(
        impl Write for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                futures_io::AsyncWrite::poll_write(self, cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                futures_io::AsyncWrite::poll_write_vectored(self, cx, bufs)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_io::AsyncWrite::poll_flush(self, cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_io::AsyncWrite::poll_close(self, cx)
            }
        }
    )*};
}

read!(TcpStream tcp::ReadHalf<'_> tcp::OwnedReadHalf);
read!(UnixStream unix::ReadHalf<'_> unix::OwnedReadHalf unix::pipe::Receiver);
write!(TcpStream tcp::WriteHalf<'_> tcp::OwnedWriteHalf);
write!(UnixStream unix::WriteHalf<'_> unix::OwnedWriteHalf unix::pipe::Sender);
