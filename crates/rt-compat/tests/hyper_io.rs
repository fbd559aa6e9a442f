//! `HyperIo`: what has the traits of futures has those of hyper, and the other way round.

#![cfg(feature = "hyper")]

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::executor::block_on;
use futures::io::{AsyncReadExt, Cursor};
use futures::task::noop_waker_ref;
use hyper::rt::{Read, ReadBuf, Write};
use rt_compat::HyperIo;

fn cx() -> Context<'static> {
    Context::from_waker(noop_waker_ref())
}

#[test]
fn hyper_reads_what_is_of_futures_behind_what_the_buffer_had() {
    let mut memory = [MaybeUninit::uninit(); 7];
    let mut buf = ReadBuf::uninit(&mut memory);
    buf.unfilled().put_slice(b"had ");
    let mut reader = HyperIo::new(Cursor::new(b"more"));
    assert!(Pin::new(&mut reader).poll_read(&mut cx(), buf.unfilled()).is_ready());
    assert_eq!(buf.filled(), b"had mor");
    assert_eq!(reader.into_inner().position(), 3);
}

#[test]
#[should_panic(expected = "a reader says that it read 8 bytes into a buffer of 7")]
fn a_reader_that_says_more_than_it_wrote_panics() {
    struct Lies;
    impl futures::AsyncRead for Lies {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len() + 1))
        }
    }
    let mut memory = [MaybeUninit::uninit(); 7];
    let mut buf = ReadBuf::uninit(&mut memory);
    let _polled = Pin::new(&mut HyperIo::new(Lies)).poll_read(&mut cx(), buf.unfilled());
}

/// Both ways: what was hyper's is hyper's again.
#[test]
fn wrapped_twice_it_reads_and_writes_as_before() {
    let mut both = HyperIo::new(HyperIo::new(Cursor::new(b"abc".to_vec())));
    let mut text = Vec::new();
    block_on(both.read_to_end(&mut text)).unwrap();
    assert_eq!(text, b"abc");

    #[derive(Default)]
    struct Told(Vec<&'static str>);
    impl futures::AsyncWrite for Told {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.push("write");
            Poll::Ready(Ok(buf.len()))
        }
        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.0.push("writev");
            Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()))
        }
        fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.0.push("flush");
            Poll::Ready(Ok(()))
        }
        fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.0.push("close");
            Poll::Ready(Ok(()))
        }
    }
    let mut thrice = HyperIo::new(HyperIo::new(HyperIo::new(Told::default())));
    let bufs = [IoSlice::new(b"a"), IoSlice::new(b"bc")];
    assert!(matches!(Pin::new(&mut thrice).poll_write(&mut cx(), b"abc"), Poll::Ready(Ok(3))));
    let written = Pin::new(&mut thrice).poll_write_vectored(&mut cx(), &bufs);
    assert!(matches!(written, Poll::Ready(Ok(3))), "{written:?}");
    assert!(Pin::new(&mut thrice).poll_flush(&mut cx()).is_ready());
    assert!(Pin::new(&mut thrice).poll_shutdown(&mut cx()).is_ready());
    let told = thrice.into_inner().into_inner().into_inner().0;
    assert_eq!(told, ["write", "writev", "flush", "close"]);
}
