//! tokio's traits on our streams: the same calls as `futures_io`'s, another buffer.
//!
//! * **[IO6]** A buffer of tokio's or hyper's may be memory that nothing was written to yet. The kernel is the first
//!   who writes there: what it said it wrote is called initialized, no byte more, and nothing is read before. To
//!   fill it with zeros first would cost more than the call, where a reader offers much and little comes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::foreign::{readers, writers};

macro_rules! read {
    ($($type:ty)*) => {$(
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                // SAFETY: [IO6] nothing but initialized bytes are written there.
                let unfilled = unsafe { buf.unfilled_mut() };
                let count = ready!(self.registration().poll_read_uninit(cx, unfilled))?;
                // SAFETY: [IO6] the kernel has written as many, from the beginning on.
                unsafe { buf.assume_init(count) };
                buf.advance(count);
                Poll::Ready(Ok(()))
            }
        }
    )*};
}

readers!(read);
writers!(AsyncWrite);
