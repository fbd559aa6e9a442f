//! Chapter 11, part 2: a seek that is begun and waited for, and one that is repeated until it is done.

#![cfg(feature = "io-util")]

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::executor::block_on;
use futures::io::Cursor;
use futures::task::noop_waker_ref;
use rt_compat::TokioIo;
use rt_testkit::within;

const DEADLINE: Duration = Duration::from_secs(60);

/// A stream in which a seek takes some polls, of tokio's kind and of futures'. It knows places from the start alone.
#[derive(Default)]
struct Far {
    at: u64,
    going: Option<(u64, u32)>,
    trace: Vec<String>,
}

impl Far {
    fn start(&mut self, position: SeekFrom) -> io::Result<()> {
        let SeekFrom::Start(position) = position else {
            return Err(io::Error::other("from the start alone"));
        };
        self.trace.push(format!("start {position}"));
        self.going = Some((position, 2));
        Ok(())
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        match self.going.take() {
            Some((position, 0)) => {
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

impl tokio::io::AsyncSeek for Far {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        match self.going {
            Some(_) => Err(io::Error::other("another seek goes on")),
            None => self.start(position),
        }
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        self.poll(cx)
    }
}

impl futures::io::AsyncSeek for Far {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        position: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        let is_a_look = position == SeekFrom::Current(0);
        if self.going.is_none() && !is_a_look {
            self.start(position)?;
        }
        self.poll(cx)
    }
}

/// As with a file, a read waits for the seek that goes on.
impl tokio::io::AsyncRead for Far {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll(cx))?;
        let room = buf.remaining();
        buf.initialize_unfilled();
        buf.advance(room);
        self.at += room as u64;
        Poll::Ready(Ok(()))
    }
}

fn futures_seek(far: &mut TokioIo<Far>, position: SeekFrom) -> io::Result<u64> {
    block_on(futures::io::AsyncSeekExt::seek(far, position))
}

fn tokio_seek(far: &mut TokioIo<Far>, position: SeekFrom) -> io::Result<u64> {
    block_on(tokio::io::AsyncSeekExt::seek(far, position))
}

#[test]
fn a_seek_is_begun_once_and_waited_for() {
    within(DEADLINE, || {
        for seek in [futures_seek, tokio_seek] {
            let mut far = TokioIo::new(Far::default());
            assert_eq!(seek(&mut far, SeekFrom::Start(7)).unwrap(), 7);
            assert_eq!(far.get_ref().trace, ["start 7", "at 7"], "begun again, or not waited for");
        }
    });
}

#[test]
fn the_same_seek_twice_is_made_twice() {
    within(DEADLINE, || {
        for seek in [futures_seek, tokio_seek] {
            let mut far = TokioIo::new(Far::default());
            assert_eq!(seek(&mut far, SeekFrom::Start(7)).unwrap(), 7);
            assert_eq!(seek(&mut far, SeekFrom::Start(7)).unwrap(), 7);
            assert_eq!(far.get_ref().trace, ["start 7", "at 7", "start 7", "at 7"]);
        }
    });
}

#[test]
fn a_seek_that_was_given_up_is_over_before_the_next() {
    within(DEADLINE, || {
        let mut far = TokioIo::new(Far::default());
        let mut cx = Context::from_waker(noop_waker_ref());
        let begun =
            futures::io::AsyncSeek::poll_seek(Pin::new(&mut far), &mut cx, SeekFrom::Start(7));
        assert!(begun.is_pending());
        assert_eq!(futures_seek(&mut far, SeekFrom::Start(9)).unwrap(), 9);
        assert_eq!(far.get_ref().trace, ["start 7", "at 7", "start 9", "at 9"]);
    });
}

#[test]
fn a_seek_that_fails_is_told_and_leaves_nothing() {
    within(DEADLINE, || {
        for seek in [futures_seek, tokio_seek] {
            let mut far = TokioIo::new(Far::default());
            let told = seek(&mut far, SeekFrom::End(0)).unwrap_err();
            assert_eq!(told.to_string(), "from the start alone");
            assert_eq!(seek(&mut far, SeekFrom::Start(3)).unwrap(), 3);
        }
    });
}

#[test]
fn without_a_seek_tokio_is_told_where_it_stands() {
    within(DEADLINE, || {
        use tokio::io::AsyncSeekExt;
        let mut far = TokioIo::new(Far::default());
        assert_eq!(tokio_seek(&mut far, SeekFrom::Start(7)).unwrap(), 7);
        assert_eq!(block_on(far.stream_position()).unwrap(), 7);
        assert_eq!(far.get_ref().trace, ["start 7", "at 7"], "the last seek was made once more");
    });
}

#[test]
fn tokio_seeks_and_reads_in_a_cursor_of_futures() {
    within(DEADLINE, || {
        use tokio::io::{AsyncReadExt, AsyncSeekExt};
        let mut cursor = TokioIo::new(Cursor::new(b"0123456789"));
        block_on(async {
            assert_eq!(cursor.seek(SeekFrom::Start(7)).await.unwrap(), 7);
            assert_eq!(cursor.read_u8().await.unwrap(), b'7');
            assert_eq!(cursor.seek(SeekFrom::Current(-2)).await.unwrap(), 6);
            assert_eq!(cursor.seek(SeekFrom::End(-1)).await.unwrap(), 9);
            assert_eq!(cursor.read_u8().await.unwrap(), b'9');
            assert_eq!(cursor.seek(SeekFrom::Start(2)).await.unwrap(), 2);
            assert!(cursor.seek(SeekFrom::Current(-3)).await.is_err());
            assert_eq!(cursor.stream_position().await.unwrap(), 2, "a seek that failed moved it");
        });
    });
}

#[test]
fn a_seek_that_was_given_up_is_made_again_after_one_that_fails() {
    within(DEADLINE, || {
        let mut far = TokioIo::new(Far::default());
        let mut cx = Context::from_waker(noop_waker_ref());
        let begun =
            futures::io::AsyncSeek::poll_seek(Pin::new(&mut far), &mut cx, SeekFrom::Start(7));
        assert!(begun.is_pending());
        assert!(futures_seek(&mut far, SeekFrom::End(0)).is_err());
        far.get_mut().at = 50; // it was read from, say
        assert_eq!(futures_seek(&mut far, SeekFrom::Start(7)).unwrap(), 7, "it was not made");
    });
}

#[test]
fn a_seek_that_was_given_up_is_made_again_after_a_read() {
    within(DEADLINE, || {
        let mut far = TokioIo::new(Far::default());
        let mut cx = Context::from_waker(noop_waker_ref());
        let begun =
            futures::io::AsyncSeek::poll_seek(Pin::new(&mut far), &mut cx, SeekFrom::Start(7));
        assert!(begun.is_pending());
        block_on(futures::io::AsyncReadExt::read_exact(&mut far, &mut [0; 3])).unwrap();
        assert_eq!(far.get_ref().at, 10);
        assert_eq!(futures_seek(&mut far, SeekFrom::Start(7)).unwrap(), 7, "it was not made");
    });
}
