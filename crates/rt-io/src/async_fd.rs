//! Readiness for any descriptor that the kernel can wait for.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use crate::interest::{Interest, Ready};
use crate::registration::{Registration, Seen};
use crate::source::Direction;

/// A descriptor of anything that the kernel can wait for, for whoever has the calls: a pipe, a device, a
/// socket of another library. Names and behaviour are tokio's.
///
/// It must be non-blocking; nobody else may wait for it with the same reactor, also not a socket of ours that it
/// was borrowed from: of two one would hear nothing. Regular files
/// can not be waited for: they are always ready.
///
/// ```
/// use rt_io::AsyncFd;
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// # rt_executor::block_on(async {
/// let (one, mut two) = UnixStream::pair()?;
/// one.set_nonblocking(true)?;
/// let one = AsyncFd::new(one)?;
/// two.write_all(b"hello")?;
/// let mut buf = [0; 8];
/// let len = loop {
///     let mut guard = one.readable().await?;
///     // Clears the readiness if the call would block.
///     match guard.try_io(|one| one.get_ref().read(&mut buf)) {
///         Ok(read) => break read?,
///         Err(_would_block) => {}
///     }
/// };
/// assert_eq!(&buf[..len], b"hello");
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct AsyncFd<T: AsRawFd> {
    io: Registration<T>,
}

/// A descriptor that was ready, and what that was.
#[must_use = "call `try_io`, or say with `clear_ready` that it was not so"]
pub struct AsyncFdReadyGuard<'a, T: AsRawFd> {
    fd: &'a AsyncFd<T>,
    seen: Seen,
    interest: Interest,
}

/// The same for a descriptor that is borrowed mutably.
#[must_use = "call `try_io`, or say with `clear_ready` that it was not so"]
pub struct AsyncFdReadyMutGuard<'a, T: AsRawFd> {
    fd: &'a mut AsyncFd<T>,
    seen: Seen,
    interest: Interest,
}

/// The call of a [`try_io`](AsyncFdReadyGuard::try_io) said that it would block.
#[derive(Debug)]
pub struct TryIoError(());

impl fmt::Display for TryIoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the call would block")
    }
}

impl std::error::Error for TryIoError {}

impl<T: AsRawFd> AsyncFd<T> {
    /// For reads and writes. It waits with the reactor that this thread has entered, else with the one in the
    /// background.
    ///
    /// # Errors
    ///
    /// If the kernel can not wait for it.
    pub fn new(inner: T) -> io::Result<AsyncFd<T>> {
        AsyncFd::with_interest(inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// For what is named: others never become ready.
    ///
    /// # Errors
    ///
    /// If the kernel can not wait for it.
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<AsyncFd<T>> {
        let io = Registration::of_others(inner, interest);
        io.register_now()?;
        Ok(AsyncFd { io })
    }

    /// What it was made of.
    pub fn get_ref(&self) -> &T {
        self.io.get_ref()
    }

    /// What it was made of.
    pub fn get_mut(&mut self) -> &mut T {
        self.io.get_mut()
    }

    /// What it was made of; the kernel waits for it no more.
    pub fn into_inner(self) -> T {
        self.io.into_inner()
    }

    /// Waits for one of what the interest names.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    ///
    /// If its runtime is gone.
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        let seen = self.io.ready(interest).await?;
        Ok(AsyncFdReadyGuard { fd: self, seen, interest })
    }

    /// As [`ready`](AsyncFd::ready).
    ///
    /// # Errors
    ///
    /// As of `ready`.
    pub async fn ready_mut(
        &mut self,
        interest: Interest,
    ) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let seen = self.io.ready(interest).await?;
        Ok(AsyncFdReadyMutGuard { fd: self, seen, interest })
    }

    /// Waits until a read may not block.
    ///
    /// # Errors
    ///
    /// As of `ready`.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// As [`readable`](AsyncFd::readable).
    ///
    /// # Errors
    ///
    /// As of `ready`.
    pub async fn readable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until a write may not block.
    ///
    /// # Errors
    ///
    /// As of `ready`.
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// As [`writable`](AsyncFd::writable).
    ///
    /// # Errors
    ///
    /// As of `ready`.
    pub async fn writable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    /// As [`readable`](AsyncFd::readable). The last task that polled is woken.
    ///
    /// # Errors
    ///
    /// As of `ready`.
    pub fn poll_read_ready(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'_, T>>> {
        self.poll_ready(Direction::Read, Interest::READABLE, cx)
    }

    /// As [`writable`](AsyncFd::writable). The last task that polled is woken.
    ///
    /// # Errors
    ///
    /// As of `ready`.
    pub fn poll_write_ready(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'_, T>>> {
        self.poll_ready(Direction::Write, Interest::WRITABLE, cx)
    }

    fn poll_ready(
        &self,
        direction: Direction,
        interest: Interest,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'_, T>>> {
        let seen = ready!(self.io.poll_ready(direction, cx))?;
        Poll::Ready(Ok(AsyncFdReadyGuard { fd: self, seen, interest }))
    }

    /// Calls `call` again and again, as long as it says that it would block, and waits in between.
    ///
    /// Cancel safe, if `call` is one system call.
    ///
    /// # Errors
    ///
    /// What `call` gives; and if its runtime is gone.
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let mut guard = self.ready(interest).await?;
            match guard.try_io(|fd| call(fd.get_ref())) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(done) => return done,
                Err(_would_block) => {}
            }
        }
    }

    /// Calls `call` if it may not block; "would block" if it may, or if `call` says so.
    ///
    /// # Errors
    ///
    /// `WouldBlock`, and what `call` gives.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        call: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.io.try_io(interest, call)
    }
}

macro_rules! guard {
    ($guard:ident, $fd:ty, |$this:ident| $lend:expr) => {
        impl<T: AsRawFd> $guard<'_, T> {
            /// What it was ready for.
            #[must_use]
            pub fn ready(&self) -> Ready {
                self.seen.ready(self.interest)
            }

            /// It is not ready any more: a call would block. Nothing is cleared that came since the wait
            /// for this guard ended.
            pub fn clear_ready(&mut self) {
                let ready = self.ready();
                // The end is for those who read: who waits for something else says nothing of it.
                let end = Ready::READ_CLOSED;
                let ready = if self.interest.is_readable() { ready } else { ready - end };
                self.clear_ready_matching(ready);
            }

            /// As [`clear_ready`](Self::clear_ready), of some of what it was ready for.
            pub fn clear_ready_matching(&mut self, ready: Ready) {
                self.fd.io.clear(self.seen, ready);
            }

            /// It is as ready as before, as far as is known.
            pub fn retain_ready(&mut self) {}

            /// Makes one call, and clears the readiness if it would block.
            ///
            /// # Errors
            ///
            /// If it would block. What else the call gives is in the `Ok`.
            pub fn try_io<R>(
                &mut self,
                call: impl FnOnce($fd) -> io::Result<R>,
            ) -> Result<io::Result<R>, TryIoError> {
                let $this = &mut *self;
                match call($lend) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        self.clear_ready();
                        Err(TryIoError(()))
                    }
                    done => Ok(done),
                }
            }

            /// What the descriptor was made of.
            #[must_use]
            pub fn get_inner(&self) -> &T {
                self.fd.get_ref()
            }
        }

        impl<T: AsRawFd> fmt::Debug for $guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($guard)).field(&self.ready()).finish()
            }
        }
    };
}

guard!(AsyncFdReadyGuard, &AsyncFd<T>, |guard| guard.fd);
guard!(AsyncFdReadyMutGuard, &mut AsyncFd<T>, |guard| &mut *guard.fd);

impl<'a, T: AsRawFd> AsyncFdReadyGuard<'a, T> {
    /// The descriptor.
    #[must_use]
    pub fn get_ref(&self) -> &'a AsyncFd<T> {
        self.fd
    }
}

impl<T: AsRawFd> AsyncFdReadyMutGuard<'_, T> {
    /// The descriptor.
    #[must_use]
    pub fn get_ref(&self) -> &AsyncFd<T> {
        self.fd
    }

    /// The descriptor.
    pub fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.fd
    }

    /// What the descriptor was made of.
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.fd.get_mut()
    }
}

impl<T: AsRawFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}

impl<T: AsRawFd + AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl<T: AsRawFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncFd").field(self.get_ref()).finish()
    }
}
