//! Chapter 11, part 1: a read, as tokio asks for it and as futures do.

#![cfg(feature = "io-util")]

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::executor::block_on;
use futures::io::Cursor as FuturesCursor;
use futures::task::noop_waker_ref;
use rt_compat::TokioIo;
use rt_testkit::within;
use tokio::io::ReadBuf;

const DEADLINE: Duration = Duration::from_secs(60);

/// Reads at most `step` bytes at a time, and waits once before each.
struct Slow {
    bytes: VecDeque<u8>,
    step: usize,
    is_ready: bool,
}

impl Slow {
    fn new(bytes: &[u8], step: usize) -> Slow {
        Slow { bytes: bytes.iter().copied().collect(), step, is_ready: false }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        self.is_ready = !self.is_ready;
        if self.is_ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let count = self.step.min(self.bytes.len());
        Poll::Ready(self.bytes.drain(..count).collect())
    }
}

impl futures::io::AsyncRead for Slow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx).map(|bytes| {
            buf[..bytes.len()].copy_from_slice(&bytes);
            Ok(bytes.len())
        })
    }
}

impl tokio::io::AsyncRead for Slow {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll(cx).map(|bytes| {
            buf.put_slice(&bytes);
            Ok(())
        })
    }
}

#[test]
fn tokio_reads_what_is_of_futures_piece_by_piece() {
    within(DEADLINE, || {
        let mut text = Vec::new();
        let mut reader = TokioIo::new(Slow::new(b"piece by piece", 3));
        let count = block_on(tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut text)).unwrap();
        assert_eq!((count, text.as_slice()), (14, b"piece by piece".as_slice()));
    });
}

#[test]
fn futures_read_what_is_of_tokio_piece_by_piece() {
    within(DEADLINE, || {
        let mut text = Vec::new();
        let mut reader = TokioIo::new(Slow::new(b"piece by piece", 3));
        let read = futures::io::AsyncReadExt::read_to_end(&mut reader, &mut text);
        assert_eq!(block_on(read).unwrap(), 14);
        assert_eq!(text, b"piece by piece");
    });
}

#[test]
fn a_read_leaves_what_the_buffer_had() {
    let mut memory = [0; 7];
    let mut buf = ReadBuf::new(&mut memory);
    buf.put_slice(b"had ");
    let mut reader = TokioIo::new(FuturesCursor::new(b"more"));
    let mut cx = Context::from_waker(noop_waker_ref());
    assert!(tokio::io::AsyncRead::poll_read(Pin::new(&mut reader), &mut cx, &mut buf).is_ready());
    assert_eq!(buf.filled(), b"had mor", "a read overwrites what was in the buffer");
    assert_eq!(reader.into_inner().position(), 3, "what had no room is lost");
}

#[test]
#[should_panic(expected = "filled must not become larger than initialized")]
fn a_reader_that_says_more_than_it_wrote_panics() {
    struct Lies;
    impl futures::io::AsyncRead for Lies {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len() + 1))
        }
    }
    let _bytes = block_on(tokio::io::AsyncReadExt::read_u8(&mut TokioIo::new(Lies)));
}

/// What comes from tokio says how much it put in; the rest of the buffer stays as it was.
#[test]
fn a_short_read_says_how_short_it_was() {
    within(DEADLINE, || {
        let mut buf = *b"........";
        let mut reader = TokioIo::new(Slow::new(b"abc", 3));
        let count = block_on(futures::io::AsyncReadExt::read(&mut reader, &mut buf)).unwrap();
        assert_eq!((count, &buf), (3, b"abc....."));
        let count = block_on(futures::io::AsyncReadExt::read(&mut reader, &mut buf)).unwrap();
        assert_eq!(count, 0, "the end");
    });
}

#[test]
fn an_error_comes_through() {
    struct Fails;
    impl futures::io::AsyncRead for Fails {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
        }
    }
    impl tokio::io::AsyncRead for Fails {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
        }
    }
    let told = block_on(tokio::io::AsyncReadExt::read_u8(&mut TokioIo::new(Fails)));
    assert_eq!(told.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    let told = block_on(futures::io::AsyncReadExt::read(&mut TokioIo::new(Fails), &mut [0]));
    assert_eq!(told.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}
