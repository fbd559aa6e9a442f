//! hyper's traits on our streams: the same calls as `futures_io`'s, another buffer. How that is filled:
//! `[IO6]`, as tokio's.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::hyper::rt::{Read, ReadBufCursor, Write};

use crate::foreign::{readers, writers};

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

readers!(read);
writers!(Write);
