//! Standard output and standard error.

use std::io::{self, IoSlice, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::task::{Context, Poll, ready};

use rt_task::coop;

use crate::io::blocking::{Blocking, MAX_BUF_SIZE};
use crate::io::forward::futures_write;

macro_rules! output {
    ($type:ident, $name:ident, $what:literal, $stream:literal) => {
        #[doc = concat!("Standard ", $stream, ", written on the blocking pool. Names and behaviour are tokio's.")]
        ///
        /// A write copies its bytes, and is done when a job has them; the next operation waits for that job, and has its
        /// error. So end with `flush`, which waits; to close is the same, and leaves the stream open. A write that was accepted is made, whole, also if its runtime ends;
        #[doc = concat!("the bytes of one write are not torn by other writes of this process to std's ", $stream, ".")]
        ///
        #[doc = concat!("Each handle of [`", stringify!($name), "`] writes in its own order: of two, either may be first.")]
        ///
        /// # Panics
        ///
        /// Outside of a runtime.
        ///
        /// ```
        /// use futures::AsyncWriteExt;
        ///
        /// # rt::block_on(async {
        #[doc = concat!("let mut stream = rt::io::", stringify!($name), "();")]
        /// stream.write_all(b"hello\n").await?;
        /// stream.flush().await
        /// # })?;
        /// # Ok::<(), std::io::Error>(())
        /// ```
        #[derive(Debug)]
        pub struct $type {
            blocking: Blocking,
        }

        #[doc = concat!("A handle of standard ", $stream, ".")]
        #[must_use]
        pub fn $name() -> $type {
            $type { blocking: Blocking::new() }
        }

        impl $type {
            pub(super) fn poll_write_from(
                &mut self,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let proceed = ready!(coop::poll_proceed(cx));
                ready!(self.blocking.poll_done(cx))?;
                let count = self.blocking.start_write($what, (bufs, MAX_BUF_SIZE), |_, bytes| {
                    let mut stream = io::$name().lock();
                    stream.write_all(bytes)?;
                    stream.flush() // here, and not as a job of its own
                });
                proceed.made_progress();
                Poll::Ready(Ok(count))
            }

            /// Waits for the write that is on its way.
            pub(super) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.blocking.poll_done(cx).map_ok(drop)
            }
        }

        futures_write!($type);

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                io::$name().as_raw_fd()
            }
        }
    };
}

output!(Stdout, stdout, "`rt::io::Stdout`", "output");
output!(Stderr, stderr, "`rt::io::Stderr`", "error");
