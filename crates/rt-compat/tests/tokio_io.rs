//! `TokioIo`: what has the traits of futures has those of tokio, and the other way round.

#![cfg(feature = "io-util")]

use std::collections::VecDeque;
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::executor::block_on;
use futures::io::Cursor as FuturesCursor;
use futures::task::noop_waker;
use rt_compat::TokioIo;
use rt_testkit::within;
use tokio::io::ReadBuf;

const DEADLINE: Duration = Duration::from_secs(60);

fn pinned<T: Unpin>(value: &mut T) -> Pin<&mut T> {
    Pin::new(value)
}

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

/// Says what was called.
#[derive(Default)]
struct Told {
    calls: Vec<String>,
}

impl Told {
    fn tell<T>(&mut self, call: String, value: T) -> Poll<io::Result<T>> {
        self.calls.push(call);
        Poll::Ready(Ok(value))
    }
}

fn sum(bufs: &[IoSlice<'_>]) -> usize {
    bufs.iter().map(|buf| buf.len()).sum()
}

impl futures::io::AsyncWrite for Told {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.tell(format!("write {}", buf.len()), buf.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.tell(format!("writev {}", bufs.len()), sum(bufs))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tell("flush".to_owned(), ())
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tell("close".to_owned(), ())
    }
}

impl tokio::io::AsyncWrite for Told {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.tell(format!("write {}", buf.len()), buf.len())
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.tell(format!("writev {}", bufs.len()), sum(bufs))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tell("flush".to_owned(), ())
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tell("shutdown".to_owned(), ())
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
    let mut memory = [0; 8];
    let mut buf = ReadBuf::new(&mut memory);
    buf.put_slice(b"had ");
    let mut reader = TokioIo::new(FuturesCursor::new(b"more"));
    let mut cx = Context::from_waker(futures::task::noop_waker_ref());
    assert!(tokio::io::AsyncRead::poll_read(pinned(&mut reader), &mut cx, &mut buf).is_ready());
    assert_eq!(buf.filled(), b"had more", "a read overwrites what was in the buffer");
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

#[test]
fn tokio_writes_to_what_is_of_futures_with_every_call() {
    use tokio::io::AsyncWriteExt;
    let mut writer = TokioIo::new(Told::default());
    block_on(async {
        writer.write_all(b"abc").await.unwrap();
        let bufs = [IoSlice::new(b"a"), IoSlice::new(b"bc")];
        assert_eq!(writer.write_vectored(&bufs).await.unwrap(), 3);
        writer.flush().await.unwrap();
        writer.shutdown().await.unwrap();
    });
    assert_eq!(writer.into_inner().calls, ["write 3", "writev 2", "flush", "close"]);
}

#[test]
fn futures_write_to_what_is_of_tokio_with_every_call() {
    use futures::io::AsyncWriteExt;
    let mut writer = TokioIo::new(Told::default());
    block_on(async {
        writer.write_all(b"abc").await.unwrap();
        let bufs = [IoSlice::new(b"a"), IoSlice::new(b"bc")];
        assert_eq!(writer.write_vectored(&bufs).await.unwrap(), 3);
        writer.flush().await.unwrap();
        writer.close().await.unwrap();
    });
    assert_eq!(writer.into_inner().calls, ["write 3", "writev 2", "flush", "shutdown"]);
}

#[test]
fn lines_are_read_both_ways() {
    let ours = TokioIo::new(FuturesCursor::new("a\nb\n"));
    let mut line = String::new();
    block_on(async {
        let mut lines = tokio::io::AsyncBufReadExt::lines(ours);
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("a"));
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("b"));
        assert_eq!(lines.next_line().await.unwrap(), None);
        let mut theirs = TokioIo::new(io::Cursor::new("c\nd"));
        futures::io::AsyncBufReadExt::read_line(&mut theirs, &mut line).await.unwrap();
    });
    assert_eq!(line, "c\n");
}

/// A stream of tokio's kind in which a seek takes some polls.
struct Far {
    at: u64,
    going: Option<(u64, u32)>,
    trace: Vec<String>,
}

impl Far {
    fn new() -> Far {
        Far { at: 0, going: None, trace: Vec::new() }
    }
}

impl tokio::io::AsyncSeek for Far {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let SeekFrom::Start(position) = position else {
            return Err(io::Error::other("from the start alone"));
        };
        if self.going.is_some() {
            return Err(io::Error::other("another seek goes on"));
        }
        self.trace.push(format!("start {position}"));
        self.going = Some((position, 2));
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        match self.going {
            Some((position, 0)) => {
                self.going = None;
                self.at = position;
                self.trace.push(format!("at {position}"));
            }
            Some((position, left)) => {
                self.going = Some((position, left - 1));
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            None => {}
        }
        Poll::Ready(Ok(self.at))
    }
}

#[test]
fn a_seek_of_futures_is_begun_once_and_waited_for() {
    let mut far = TokioIo::new(Far::new());
    let at = block_on(futures::io::AsyncSeekExt::seek(&mut far, SeekFrom::Start(7))).unwrap();
    assert_eq!(at, 7);
    assert_eq!(far.get_ref().trace, ["start 7", "at 7"], "begun again, or not waited for");
}

#[test]
fn a_seek_that_was_given_up_is_over_before_the_next() {
    use futures::io::AsyncSeek;
    let mut far = TokioIo::new(Far::new());
    let waker = noop_waker();
    let mut cx = Context::from_waker(&waker);
    assert!(pinned(&mut far).poll_seek(&mut cx, SeekFrom::Start(7)).is_pending());
    let at = block_on(futures::io::AsyncSeekExt::seek(&mut far, SeekFrom::Start(9))).unwrap();
    assert_eq!(at, 9, "the one that was given up came back");
    assert_eq!(far.get_ref().trace, ["start 7", "at 7", "start 9", "at 9"]);
}

#[test]
fn the_same_seek_twice_is_made_twice() {
    let mut far = TokioIo::new(Far::new());
    for _ in 0..2 {
        let seek = futures::io::AsyncSeekExt::seek(&mut far, SeekFrom::Start(7));
        assert_eq!(block_on(seek).unwrap(), 7);
    }
    assert_eq!(far.get_ref().trace, ["start 7", "at 7", "start 7", "at 7"]);
}

#[test]
fn a_seek_that_fails_is_told_and_leaves_nothing() {
    let mut far = TokioIo::new(Far::new());
    let seek = futures::io::AsyncSeekExt::seek(&mut far, SeekFrom::End(0));
    assert_eq!(block_on(seek).unwrap_err().to_string(), "from the start alone");
    let seek = futures::io::AsyncSeekExt::seek(&mut far, SeekFrom::Start(3));
    assert_eq!(block_on(seek).unwrap(), 3);
}

#[test]
fn tokio_seeks_in_what_is_of_futures() {
    use tokio::io::{AsyncReadExt, AsyncSeekExt};
    let mut cursor = TokioIo::new(FuturesCursor::new(b"0123456789"));
    block_on(async {
        assert_eq!(cursor.stream_position().await.unwrap(), 0);
        assert_eq!(cursor.seek(SeekFrom::Start(7)).await.unwrap(), 7);
        assert_eq!(cursor.read_u8().await.unwrap(), b'7');
        assert_eq!(cursor.seek(SeekFrom::Current(-2)).await.unwrap(), 6);
        assert_eq!(cursor.seek(SeekFrom::End(-1)).await.unwrap(), 9);
        assert_eq!(cursor.read_u8().await.unwrap(), b'9');
        assert!(cursor.seek(SeekFrom::Start(2)).await.is_ok());
        assert!(cursor.seek(SeekFrom::Current(-3)).await.is_err());
        assert_eq!(cursor.stream_position().await.unwrap(), 2, "a seek that failed moved it");
    });
}
