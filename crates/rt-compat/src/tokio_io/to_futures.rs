//! The traits of futures over those of tokio.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;

use super::{Seek, TokioIo};

impl<T: tokio::io::AsyncRead> futures_io::AsyncRead for TokioIo<T> {
    /// Says how many bytes of the buffer were written `[CP1]`. A reader that put another buffer in its place panics.
    // COURSE(11.1) stub: todo
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let given = buf.as_ptr();
        let mut buf = ReadBuf::new(buf);
        ready!(self.beside_seeks().poll_read(cx, &mut buf))?;
        assert_eq!(
            buf.filled().as_ptr(),
            given,
            "a reader filled another buffer than it was given"
        );
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl<T: tokio::io::AsyncWrite> futures_io::AsyncWrite for TokioIo<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.beside_seeks().poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.beside_seeks().poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.beside_seeks().poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.beside_seeks().poll_shutdown(cx)
    }
}

impl<T: tokio::io::AsyncBufRead> futures_io::AsyncBufRead for TokioIo<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.beside_seeks().poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.beside_seeks().consume(amount);
    }
}

impl<T: tokio::io::AsyncSeek> futures_io::AsyncSeek for TokioIo<T> {
    /// Begins it once, when the one before is over, and waits for it `[CP2]`.
    // COURSE(11.2) stub: todo
    fn poll_seek(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        position: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let mut this = self.project();
        if *this.seek != Seek::Begun(position) {
            // Another one may go on, of somebody who gave it up [CP2]. What became of it is nobody's any more.
            let _before = ready!(this.inner.as_mut().poll_complete(cx));
            *this.seek = Seek::None;
            this.inner.as_mut().start_seek(position)?;
            *this.seek = Seek::Begun(position);
        }
        let done = ready!(this.inner.poll_complete(cx));
        *this.seek = Seek::None;
        Poll::Ready(done)
    }
}
