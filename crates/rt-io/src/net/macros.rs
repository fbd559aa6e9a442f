//! What all sockets have, written once.
//!
//! * **[NT1]** A socket may be made, used and dropped on any thread, in a runtime or in none. It waits with the
//!   reactor of the thread on which it blocked first.
//! * **[NT2]** No descriptor is inherited by a child process, and all are non-blocking from the beginning.
//! * **[NT3]** Calls that take `&self` may wait in any number of tasks at once. Of those who poll one
//!   direction of a stream (`poll_*`, `read`, `write`), the last one is woken.
//! * **[NT4]** The owned halves of a stream are two, and nobody else has it.

/// Readiness, conversions and descriptors of a type whose field `io` is a registration.
macro_rules! socket {
    ($type:ident, $inner:ty, $std:ty $(, $field:ident: $value:expr)?) => {
        impl $type {
            pub(crate) fn of(io: $inner) -> $type {
                $type { io: Registration::new(io) $(, $field: $value)? }
            }

            /// Takes over a socket of std, which becomes non-blocking.
            ///
            /// # Errors
            ///
            /// If the system says so.
            pub fn from_std(socket: $std) -> io::Result<$type> {
                socket.set_nonblocking(true)?;
                Ok($type::of(<$inner>::from_std(socket)))
            }

            /// The socket as one of std. It stays non-blocking.
            ///
            /// # Errors
            ///
            /// None so far: tokio's signature.
            pub fn into_std(self) -> io::Result<$std> {
                Ok(self.io.into_inner().into())
            }

            /// The address of this end.
            ///
            /// # Errors
            ///
            /// If the system says so.
            pub fn local_addr(&self) -> io::Result<SocketAddr> {
                self.io.get_ref().local_addr()
            }

            /// Takes the error that waits for whoever asks, if there is one.
            ///
            /// # Errors
            ///
            /// If the system says so.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.io.get_ref().take_error()
            }
        }

        impl TryFrom<$std> for $type {
            type Error = io::Error;

            fn try_from(socket: $std) -> io::Result<$type> {
                $type::from_std(socket)
            }
        }

        descriptor!($type);
    };
}

/// The descriptor of a type whose field `io` is a registration.
macro_rules! descriptor {
    ($type:ident) => {
        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.io.as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.io.as_raw_fd()
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.io.fmt(f)
            }
        }
    };
}

/// What listeners have: `of` makes a connection of what `mio` accepts.
macro_rules! accepts {
    ($type:ident, $inner:ty, $stream:ident) => {
        impl $type {
            /// The next connection, and where it comes from.
            ///
            /// Any number of tasks may wait here at once; each connection goes to one of them.
            ///
            /// Cancel safe: a connection is taken or not.
            ///
            /// # Errors
            ///
            /// Of the system, or if the runtime of the socket is gone. After most errors of the system it is
            /// worth another call: a peer that went away (`ConnectionAborted`), or too many open files, which
            /// ends when some are closed; that next call waits 10 ms first, so that a loop that goes on does
            /// not take a core.
            pub async fn accept(&self) -> io::Result<($stream, SocketAddr)> {
                self.patience.wait().await;
                let accepted = self.io.async_io(Direction::Read, <$inner>::accept).await;
                self.patience.note(accepted).map(|(stream, addr)| ($stream::of(stream), addr))
            }

            /// As [`accept`](Self::accept), but it waits behind no error. The last task that polled is woken.
            ///
            /// # Errors
            ///
            /// As of `accept`.
            pub fn poll_accept(
                &self,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<($stream, SocketAddr)>> {
                let accepted = self.io.poll_io(Direction::Read, cx, <$inner>::accept);
                accepted.map_ok(|(stream, addr)| ($stream::of(stream), addr))
            }
        }
    };
}

/// Waiting without a call, for types that read and write.
macro_rules! readiness {
    ($type:ident) => {
        impl $type {
            /// Waits for one of what the interest names. A hint: only the call says.
            ///
            /// Cancel safe.
            ///
            /// # Errors
            ///
            /// If the socket can not be registered, or its runtime is gone.
            pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
                self.io.ready(interest).await.map(|seen| seen.ready(interest))
            }

            /// Waits until a read may not block. As [`ready`](Self::ready).
            ///
            /// # Errors
            ///
            /// As of `ready`.
            pub async fn readable(&self) -> io::Result<()> {
                self.ready(Interest::READABLE).await.map(drop)
            }

            /// Waits until a write may not block. As [`ready`](Self::ready).
            ///
            /// # Errors
            ///
            /// As of `ready`.
            pub async fn writable(&self) -> io::Result<()> {
                self.ready(Interest::WRITABLE).await.map(drop)
            }

            /// As [`readable`](Self::readable). The last task that polled is woken.
            ///
            /// # Errors
            ///
            /// As of `ready`.
            pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.io.poll_ready(Direction::Read, cx).map_ok(drop)
            }

            /// As [`writable`](Self::writable). The last task that polled is woken.
            ///
            /// # Errors
            ///
            /// As of `ready`.
            pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.io.poll_ready(Direction::Write, cx).map_ok(drop)
            }

            /// Calls `call` if the socket may be ready for it, which should be one system call on it.
            /// "Would block" if it is not, or if `call` says so, which the socket then knows.
            ///
            /// # Errors
            ///
            /// `WouldBlock`, and what `call` gives.
            pub fn try_io<R>(
                &self,
                interest: Interest,
                call: impl FnOnce() -> io::Result<R>,
            ) -> io::Result<R> {
                self.io.try_io(interest, |_| call())
            }

            /// Calls `call` again and again, as long as it says that it would block, and waits in between.
            ///
            /// Cancel safe, if `call` is one system call.
            ///
            /// # Errors
            ///
            /// What `call` gives, and as of [`ready`](Self::ready).
            pub async fn async_io<R>(
                &self,
                interest: Interest,
                mut call: impl FnMut() -> io::Result<R>,
            ) -> io::Result<R> {
                loop {
                    let proceed = std::future::poll_fn(coop::poll_proceed).await; // [IO4]
                    match self.io.try_io(interest, |_| call()) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        done => {
                            proceed.made_progress();
                            return done;
                        }
                    }
                    drop(proceed);
                    self.ready(interest).await?;
                }
            }
        }
    };
}

/// What streams have: calls that do not wait, and the traits of `futures_io`. The field `io` is a
/// registration, or derefs to one.
macro_rules! stream {
    ($type:ident) => {
        impl $type {
            /// Reads what is there. `Ok(0)` is the end.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if nothing is there; else the system's.
            pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
                self.io.try_io(Interest::READABLE, |io| io.read(buf))
            }

            /// Reads what is there into several buffers.
            ///
            /// # Errors
            ///
            /// As [`try_read`](Self::try_read).
            pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.io.try_io(Interest::READABLE, |io| io.read_vectored(bufs))
            }

            /// Writes what there is room for.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is none; else the system's.
            pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
                self.io.try_io(Interest::WRITABLE, |io| io.write(buf))
            }

            /// Writes what there is room for, from several buffers.
            ///
            /// # Errors
            ///
            /// As [`try_write`](Self::try_write).
            pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                self.io.try_io(Interest::WRITABLE, |io| io.write_vectored(bufs))
            }
        }
    };
}

/// `futures_io::AsyncRead` for a type with a method `registration`.
macro_rules! async_read {
    ($type:ident $(<$life:lifetime>)?) => {
        impl futures_io::AsyncRead for $type $(<$life>)? {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.registration().poll_read(cx, buf)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.registration().poll_read_vectored(cx, bufs)
            }
        }
    };
}

/// `futures_io::AsyncWrite` for such a type; to close it is as said.
macro_rules! async_write {
    ($type:ident $(<$life:lifetime>)?, $doc:literal, |$this:ident| $end:expr) => {
        impl futures_io::AsyncWrite for $type $(<$life>)? {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.registration().poll_write(cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.registration().poll_write_vectored(cx, bufs)
            }

            /// Nothing is kept back: there is nothing to do.
            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            #[doc = $doc]
            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $this = &self;
                Poll::Ready($end)
            }
        }
    };
}

/// The same for a type whose other direction goes on.
macro_rules! ends_writing {
    ($type:ident $(<$life:lifetime>)?) => {
        async_write!(
            $type $(<$life>)?,
            "Ends this direction; the other one goes on.",
            |this| this.registration().end_writing()
        );
    };
}

/// What sockets of datagrams have in common.
macro_rules! datagrams {
    ($type:ident, $addr:ty) => {
        impl $type {
            /// Sends to whom it is connected to. A datagram goes whole or not at all.
            ///
            /// Cancel safe: it is sent or not.
            ///
            /// # Errors
            ///
            /// The system's, or if the runtime of the socket is gone.
            pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
                self.io.async_io(Direction::Write, |io| io.send(buf)).await
            }

            /// As [`send`](Self::send). The last task that polled is woken.
            ///
            /// # Errors
            ///
            /// As of `send`.
            pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                self.io.poll_io(Direction::Write, cx, |io| io.send(buf))
            }

            /// Sends to whom it is connected to, if there is room.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is none; else the system's.
            pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
                self.io.try_io(Interest::WRITABLE, |io| io.send(buf))
            }

            /// Waits for a datagram of whom it is connected to. What does not fit is lost.
            ///
            /// Cancel safe: a datagram is taken or not.
            ///
            /// # Errors
            ///
            /// The system's, or if the runtime of the socket is gone.
            pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
                self.io.async_io(Direction::Read, |io| io.recv(buf)).await
            }

            /// As [`recv`](Self::recv). The last task that polled is woken.
            ///
            /// # Errors
            ///
            /// As of `recv`.
            pub fn poll_recv(
                &self,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.io.poll_io(Direction::Read, cx, |io| io.recv(buf))
            }

            /// Takes a datagram, if there is one.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is none; else the system's.
            pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
                self.io.try_io(Interest::READABLE, |io| io.recv(buf))
            }

            /// Waits for a datagram, and says where it comes from. What does not fit is lost.
            ///
            /// Cancel safe: a datagram is taken or not.
            ///
            /// # Errors
            ///
            /// The system's, or if the runtime of the socket is gone.
            pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, $addr)> {
                self.io.async_io(Direction::Read, |io| io.recv_from(buf)).await
            }

            /// As [`recv_from`](Self::recv_from). The last task that polled is woken.
            ///
            /// # Errors
            ///
            /// As of `recv_from`.
            pub fn poll_recv_from(
                &self,
                cx: &mut Context<'_>,
                buf: &mut [u8],
            ) -> Poll<io::Result<(usize, $addr)>> {
                self.io.poll_io(Direction::Read, cx, |io| io.recv_from(buf))
            }

            /// Takes a datagram, if there is one, and says where it comes from.
            ///
            /// # Errors
            ///
            /// `WouldBlock` if there is none; else the system's.
            pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, $addr)> {
                self.io.try_io(Interest::READABLE, |io| io.recv_from(buf))
            }

            /// Waits until a send may not block. The last task that polled is woken.
            ///
            /// # Errors
            ///
            /// As of `ready`.
            pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_write_ready(cx)
            }

            /// Waits until a datagram may be there. The last task that polled is woken.
            ///
            /// # Errors
            ///
            /// As of `ready`.
            pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.poll_read_ready(cx)
            }
        }
    };
}
