//! What TCP's streams, Unix's and pipes have in common: reading, writing, ending.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::task::{Context, Poll};

use rustix::io::Errno;
use rustix::net::RecvFlags;

use crate::registration::Registration;
use crate::source::Direction;

/// What is read from: a type of `mio`.
pub(crate) trait Reads: AsRawFd {
    /// Whether a read that does not fill its buffer has taken all there was `[IO5]`.
    const READS_ALL: bool;

    fn read(&self, buf: &mut [u8]) -> io::Result<usize>;
    fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize>;

    /// Into memory that nothing may have been written to: how many bytes from its beginning now are.
    fn read_uninit(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize>;
}

/// What is written to.
pub(crate) trait Writes: AsRawFd {
    fn write(&self, buf: &[u8]) -> io::Result<usize>;
    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// Both, and each direction ends by itself.
pub(crate) trait Stream: Reads + Writes {
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

macro_rules! reads {
    ($($type:ty, $reads_all:literal, $read_uninit:expr;)*) => {$(
        impl Reads for $type {
            const READS_ALL: bool = $reads_all;

            fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
                Read::read(&mut &*self, buf)
            }

            fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                Read::read_vectored(&mut &*self, bufs)
            }

            fn read_uninit(&self, buf: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
                Ok($read_uninit(self, buf)?)
            }
        }
    )*};
}

macro_rules! writes {
    ($($type:ty)*) => {$(
        impl Writes for $type {
            fn write(&self, buf: &[u8]) -> io::Result<usize> {
                Write::write(&mut &*self, buf)
            }

            fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                Write::write_vectored(&mut &*self, bufs)
            }
        }
    )*};
}

macro_rules! is_stream {
    ($($type:ty)*) => {$(
        impl Stream for $type {
            fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                <$type>::shutdown(self, how)
            }
        }
    )*};
}

reads! {
    mio::net::TcpStream, true, receive;
    mio::net::UnixStream, false, receive; // it stops where the sender passed a descriptor
    mio::unix::pipe::Receiver, false, read; // it may be one of packets, a terminal, anything
}

/// For a socket: `read` would go through the layer of files first, a percent of a small request's time.
fn receive(socket: &impl AsFd, buf: &mut [MaybeUninit<u8>]) -> Result<usize, Errno> {
    let ((written, _), _) = rustix::net::recv(socket, buf, RecvFlags::empty())?;
    Ok(written.len())
}

fn read(fd: &impl AsFd, buf: &mut [MaybeUninit<u8>]) -> Result<usize, Errno> {
    let (written, _) = rustix::io::read(fd, buf)?;
    Ok(written.len())
}

writes!(mio::net::TcpStream mio::net::UnixStream mio::unix::pipe::Sender);
is_stream!(mio::net::TcpStream mio::net::UnixStream);

/// The system takes no more buffers in one call: the rest stays empty, or unsent, whatever there is.
const BUFFERS: usize = 1024;

/// How many bytes a call moves if nothing but a lack of them, or of room, stops it; 0 if something may.
fn len(buffers: impl ExactSizeIterator<Item = usize>) -> usize {
    if buffers.len() > BUFFERS { 0 } else { buffers.sum() }
}

impl<S: Reads> Registration<S> {
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let len = if S::READS_ALL { buf.len() } else { 0 };
        self.poll_transfer(Direction::Read, cx, len, |io| io.read(buf))
    }

    /// As `poll_read`, into memory that nothing may have been written to. What it says was written, from the
    /// beginning on.
    #[cfg_attr(not(any(feature = "hyper", feature = "tokio")), expect(dead_code))]
    pub(crate) fn poll_read_uninit(
        &self,
        cx: &mut Context<'_>,
        buf: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        let len = if S::READS_ALL { buf.len() } else { 0 };
        self.poll_transfer(Direction::Read, cx, len, |io| io.read_uninit(buf))
    }

    pub(crate) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = if S::READS_ALL { len(bufs.iter().map(|buf| buf.len())) } else { 0 };
        self.poll_transfer(Direction::Read, cx, len, |io| io.read_vectored(bufs))
    }
}

impl<S: Writes> Registration<S> {
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_transfer(Direction::Write, cx, buf.len(), |io| io.write(buf))
    }

    pub(crate) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = len(bufs.iter().map(|buf| buf.len()));
        self.poll_transfer(Direction::Write, cx, len, |io| io.write_vectored(bufs))
    }
}

impl<S: Stream> Registration<S> {
    /// Ends the direction of writing. A stream whose peer has ended all is ended already.
    pub(crate) fn end_writing(&self) -> io::Result<()> {
        match self.get_ref().shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            done => done,
        }
    }
}

/// The halves of a stream: borrowed and owned, each with the traits of its direction.
macro_rules! halves {
    ($stream:ident, $inner:ty) => {
        /// The half that reads, borrowed. See `split`.
        #[derive(Debug)]
        pub struct ReadHalf<'a>(&'a $stream);

        /// The half that writes, borrowed. See `split`. Its drop ends nothing.
        #[derive(Debug)]
        pub struct WriteHalf<'a>(&'a $stream);

        /// The half that reads, for a task of its own. See `into_split`.
        #[derive(Debug)]
        pub struct OwnedReadHalf {
            stream: Arc<$stream>,
        }

        /// The half that writes, for a task of its own. See `into_split`. Its drop ends the direction of
        /// writing; [`forget`](OwnedWriteHalf::forget) does not.
        #[derive(Debug)]
        pub struct OwnedWriteHalf {
            stream: Arc<$stream>,
            ends: bool,
        }

        /// Two halves that are not of one stream. They are in it.
        #[derive(Debug)]
        pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

        impl fmt::Display for ReuniteError {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tried to reunite halves that are not from the same socket")
            }
        }

        impl std::error::Error for ReuniteError {}

        impl $stream {
            /// The two directions, for two parts of one task.
            pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
                (ReadHalf(self), WriteHalf(self))
            }

            /// The two directions, for two tasks.
            #[must_use]
            pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
                let stream = Arc::new(self);
                (OwnedReadHalf { stream: stream.clone() }, OwnedWriteHalf { stream, ends: true })
            }

            pub(crate) fn registration(&self) -> &Registration<$inner> {
                &self.io
            }
        }

        impl ReadHalf<'_> {
            pub(crate) fn registration(&self) -> &Registration<$inner> {
                self.0.registration()
            }
        }

        impl WriteHalf<'_> {
            pub(crate) fn registration(&self) -> &Registration<$inner> {
                self.0.registration()
            }
        }

        impl OwnedReadHalf {
            pub(crate) fn registration(&self) -> &Registration<$inner> {
                self.stream.registration()
            }

            /// The stream again.
            ///
            /// # Errors
            ///
            /// If the other half is not of the same stream.
            pub fn reunite(self, other: OwnedWriteHalf) -> Result<$stream, ReuniteError> {
                if !Arc::ptr_eq(&self.stream, &other.stream) {
                    return Err(ReuniteError(self, other));
                }
                other.forget();
                let stream = Arc::try_unwrap(self.stream);
                Ok(stream.unwrap_or_else(|_| unreachable!("[NT4] a stream has two halves")))
            }
        }

        impl OwnedWriteHalf {
            pub(crate) fn registration(&self) -> &Registration<$inner> {
                self.stream.registration()
            }

            /// The stream again.
            ///
            /// # Errors
            ///
            /// If the other half is not of the same stream.
            pub fn reunite(self, other: OwnedReadHalf) -> Result<$stream, ReuniteError> {
                other.reunite(self)
            }

            /// Drops the half without an end of the direction of writing: for a peer that goes on reading.
            pub fn forget(mut self) {
                self.ends = false;
            }
        }

        impl Drop for OwnedWriteHalf {
            fn drop(&mut self) {
                if self.ends {
                    let _gone = self.registration().end_writing();
                }
            }
        }

        /// All calls that take `&self`, also those of the other direction.
        impl Deref for OwnedReadHalf {
            type Target = $stream;

            fn deref(&self) -> &$stream {
                &self.stream
            }
        }

        impl Deref for OwnedWriteHalf {
            type Target = $stream;

            fn deref(&self) -> &$stream {
                &self.stream
            }
        }

        impl Deref for ReadHalf<'_> {
            type Target = $stream;

            fn deref(&self) -> &$stream {
                self.0
            }
        }

        impl Deref for WriteHalf<'_> {
            type Target = $stream;

            fn deref(&self) -> &$stream {
                self.0
            }
        }

        impl AsRef<$stream> for OwnedReadHalf {
            fn as_ref(&self) -> &$stream {
                &self.stream
            }
        }

        impl AsRef<$stream> for OwnedWriteHalf {
            fn as_ref(&self) -> &$stream {
                &self.stream
            }
        }

        async_read!($stream);
        ends_writing!($stream);
        async_read!(ReadHalf<'_>);
        ends_writing!(WriteHalf<'_>);
        async_read!(OwnedReadHalf);
        ends_writing!(OwnedWriteHalf);
    };
}

pub(crate) use halves;
