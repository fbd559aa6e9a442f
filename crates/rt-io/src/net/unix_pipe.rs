//! A pipe within this machine: bytes go one way.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use mio::unix::pipe;

use crate::interest::Interest;
use crate::net::stream::{Reads, Writes};
use crate::registration::Registration;

/// The end of a pipe that is written to. The pipe ends when all handles of this end are dropped. Names are tokio's.
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use rt_io::net::unix::pipe::pipe;
///
/// # rt_executor::block_on(async {
/// let (mut sender, mut receiver) = pipe()?;
/// sender.write_all(b"hello").await?;
/// drop(sender);
/// let mut text = String::new();
/// receiver.read_to_string(&mut text).await?;
/// assert_eq!(text, "hello");
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Sender {
    io: Registration<pipe::Sender>,
}

/// The end of a pipe that is read from. See [`Sender`].
pub struct Receiver {
    io: Registration<pipe::Receiver>,
}

/// A new pipe. No child process inherits it.
///
/// # Errors
///
/// The system's.
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (sender, receiver) = pipe::new()?;
    Ok((Sender::of(sender), Receiver::of(receiver)))
}

macro_rules! end {
    ($type:ident, $interest:expr) => {
        impl $type {
            fn of(io: pipe::$type) -> $type {
                $type { io: Registration::one_way(io, $interest) }
            }

            pub(crate) fn registration(&self) -> &Registration<pipe::$type> {
                &self.io
            }

            /// Takes over this end of a pipe, which becomes non-blocking: for all who have it.
            ///
            /// # Errors
            ///
            /// If the system says so.
            pub fn from_owned_fd(fd: OwnedFd) -> io::Result<$type> {
                let io = pipe::$type::from(fd);
                io.set_nonblocking(true)?;
                Ok($type::of(io))
            }

            /// The descriptor, which stays non-blocking.
            ///
            /// # Errors
            ///
            /// None so far: tokio's signature.
            pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
                Ok(self.io.into_inner().into())
            }

            /// The descriptor, which blocks again: for a child process.
            ///
            /// # Errors
            ///
            /// If the system says so.
            pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
                let io = self.io.into_inner();
                io.set_nonblocking(false)?;
                Ok(io.into())
            }
        }

        descriptor!($type);

        static_assertions::assert_impl_all!($type: Send, Sync, Unpin);
    };
}

end!(Sender, Interest::WRITABLE);
end!(Receiver, Interest::READABLE);

impl Sender {
    /// Waits until a write may not block, also because nobody reads. A hint: only the call says.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// If it can not be registered, or its runtime is gone.
    pub async fn writable(&self) -> io::Result<()> {
        self.io.ready(Interest::WRITABLE).await.map(drop)
    }

    /// Writes what there is room for.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none; else the system's.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        self.io.try_io(Interest::WRITABLE, |io| io.write(buf))
    }
}

impl Receiver {
    /// Waits until a read may not block, also because nobody writes. A hint: only the call says.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// If it can not be registered, or its runtime is gone.
    pub async fn readable(&self) -> io::Result<()> {
        self.io.ready(Interest::READABLE).await.map(drop)
    }

    /// Reads what is there. `Ok(0)` is the end.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if nothing is there; else the system's.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Interest::READABLE, |io| io.read(buf))
    }
}

async_read!(Receiver);

async_write!(Sender, "Nothing: the pipe ends when all handles of this end are dropped.", |_this| {
    Ok(())
});
