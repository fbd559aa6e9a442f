//! `TokioIo`: writing and buffered reading, as tokio asks for it and as futures do.

#![cfg(feature = "io-util")]

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::task::{Context, Poll};

use futures::executor::block_on;
use futures::io::Cursor as FuturesCursor;
use rt_compat::TokioIo;

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

/// Says that it read a hundred bytes, of a buffer of its own.
struct Liar;

/// That buffer, which lives as long as the process: here whoever looks for leaks finds it.
static KEPT: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

impl tokio::io::AsyncRead for Liar {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let memory: &'static mut [u8] = Box::leak(Box::new([7; 100]));
        KEPT.store(memory.as_mut_ptr(), Ordering::Relaxed);
        *buf = tokio::io::ReadBuf::new(memory);
        buf.advance(100);
        Poll::Ready(Ok(()))
    }
}

#[test]
#[should_panic(expected = "another buffer than it was given")]
fn a_reader_that_fills_another_buffer_panics() {
    let (mut liar, mut room) = (TokioIo::new(Liar), [0; 10]);
    let read = futures::io::AsyncReadExt::read(&mut liar, &mut room);
    let _more_than_there_is_room = futures::executor::block_on(read);
}
