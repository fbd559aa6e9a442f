//! Between the I/O traits of futures and those of tokio, for types that are neither's and ours.
//!
//! ```text
//!   a type that is futures'  ── TokioIo ──►  tokio's traits      a TLS stream under a library of tokio's
//!   a type that is tokio's   ── TokioIo ──►  futures' traits     tokio::fs::File under a codec of futures'
//! ```
//!
//! * **[CP1]** What a read says it read is what it wrote into the buffer: a type that says more panics, and shows
//!   nobody memory that was not written.
//! * **[CP2]** tokio's seek is begun and then waited for, that of futures is one call that is repeated. The wrapper
//!   keeps what was begun. Towards futures, a seek that was given up is over before another one begins.
//!
//! The traits have the same shape but for that. Not here: vectored reads, which tokio does not have.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::io::ReadBuf;

pin_project! {
    /// Has the traits of tokio over a type that has those of futures, and the other way round: reading, writing,
    /// buffered reading and seeking, whichever the type has.
    ///
    /// The streams of `rt` have both already and need no wrapper.
    ///
    /// ```
    /// use futures::io::Cursor;
    /// use rt_compat::TokioIo;
    /// use tokio::io::AsyncReadExt;
    ///
    /// let mut text = String::new();
    /// let mut reader = TokioIo::new(Cursor::new("futures' cursor, tokio's reader"));
    /// rt_executor::block_on(reader.read_to_string(&mut text))?;
    /// assert_eq!(text, "futures' cursor, tokio's reader");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[derive(Debug)]
    pub struct TokioIo<T> {
        #[pin]
        inner: T,
        seek: Seek,
    }
}

/// `[CP2]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seek {
    None,
    /// Begun by tokio's call, to be made by that of futures.
    To(SeekFrom),
    /// Begun by us, and waited for by who polls that of futures.
    Begun(SeekFrom),
}

impl<T> TokioIo<T> {
    /// Wraps it.
    pub fn new(inner: T) -> TokioIo<T> {
        TokioIo { inner, seek: Seek::None }
    }

    /// What is wrapped.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// What is wrapped.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// What was wrapped. A seek that goes on is left to it.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: futures_io::AsyncRead> tokio::io::AsyncRead for TokioIo<T> {
    // COURSE(11.1) stub: todo
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = ready!(self.project().inner.poll_read(cx, buf.initialize_unfilled()))?;
        buf.advance(count); // panics if it says more [CP1]
        Poll::Ready(Ok(()))
    }
}

impl<T: tokio::io::AsyncRead> futures_io::AsyncRead for TokioIo<T> {
    // COURSE(11.1) stub: todo
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(self.project().inner.poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

impl<T: futures_io::AsyncWrite> tokio::io::AsyncWrite for TokioIo<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }
}

impl<T: tokio::io::AsyncWrite> futures_io::AsyncWrite for TokioIo<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}

impl<T: futures_io::AsyncBufRead> tokio::io::AsyncBufRead for TokioIo<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.project().inner.consume(amount);
    }
}

impl<T: tokio::io::AsyncBufRead> futures_io::AsyncBufRead for TokioIo<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.project().inner.consume(amount);
    }
}

impl<T: futures_io::AsyncSeek> tokio::io::AsyncSeek for TokioIo<T> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        *self.project().seek = Seek::To(position);
        Ok(())
    }

    /// Without a seek that was begun: where the stream stands, as tokio's own types say.
    // COURSE(11.2) stub: todo
    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let this = self.project();
        let position = match *this.seek {
            Seek::To(position) => position,
            Seek::None | Seek::Begun(_) => SeekFrom::Current(0),
        };
        let done = ready!(this.inner.poll_seek(cx, position));
        *this.seek = Seek::None;
        Poll::Ready(done)
    }
}

impl<T: tokio::io::AsyncSeek> futures_io::AsyncSeek for TokioIo<T> {
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
            this.inner.as_mut().start_seek(position)?;
            *this.seek = Seek::Begun(position);
        }
        let done = ready!(this.inner.poll_complete(cx));
        *this.seek = Seek::None;
        Poll::Ready(done)
    }
}
