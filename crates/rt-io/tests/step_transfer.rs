//! Chapter 8, part 7: a call that got less than it asked for has taken all there was.

use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::net;
use std::os::unix::net as unix;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::{AsyncRead, AsyncWrite};
use rt_io::net::{TcpStream, UnixStream};
use rt_io::{Interest, Reactor};
use rt_testkit::CountingWaker;
use rt_waker::{Park, WakeBatch};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
}

/// A reactor with a connection of ours that waits to read, and its peer of std.
fn connection() -> (Reactor, TcpStream, net::TcpStream) {
    let mut reactor = Reactor::new();
    let _entered = reactor.handle().enter();
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut stream = TcpStream::from_std(listener.accept().unwrap().0).unwrap();
    assert_eq!(read(&mut stream, &mut [0], Waker::noop()), None, "nothing came");
    turn(&mut reactor, Some(Duration::ZERO)); // there is room to write
    (reactor, stream, peer)
}

/// How many bytes there were, or that there are none yet.
fn read(stream: &mut TcpStream, buf: &mut [u8], waker: &Waker) -> Option<usize> {
    match Pin::new(stream).poll_read(&mut Context::from_waker(waker), buf) {
        Poll::Ready(read) => Some(read.expect("a stream that reads")),
        Poll::Pending => None,
    }
}

/// How many bytes there was room for, or that there is none.
fn write(stream: &mut UnixStream, bytes: &[u8], waker: &Waker) -> Option<usize> {
    match Pin::new(stream).poll_write(&mut Context::from_waker(waker), bytes) {
        Poll::Ready(written) => Some(written.expect("a stream that writes")),
        Poll::Pending => None,
    }
}

fn turn(reactor: &mut Reactor, timeout: Option<Duration>) -> usize {
    let mut ready = WakeBatch::new();
    reactor.park(timeout, &mut ready);
    ready.wake_all()
}

/// Whether a call is made at all: the socket makes none if it knows that it would block.
fn is_called(try_io: impl FnOnce(&mut dyn FnMut() -> io::Result<()>) -> io::Result<()>) -> bool {
    let mut is_called = false;
    let done = try_io(&mut || {
        is_called = true;
        Ok(())
    });
    match done {
        Ok(()) => assert!(is_called, "a call that nobody made was a success"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
    }
    is_called
}

/// Whether an event has said so.
fn is_at_its_end(stream: &TcpStream) -> bool {
    let ready =
        pin!(stream.ready(Interest::READABLE)).poll(&mut Context::from_waker(Waker::noop()));
    matches!(ready, Poll::Ready(Ok(ready)) if ready.is_read_closed())
}

#[test]
fn a_read_that_got_less_than_there_was_room_for_is_the_last() {
    within(|| {
        let ((mut reactor, mut stream, mut peer), (waker, wakes)) =
            (connection(), CountingWaker::new());
        let mut buf = [0; 16];
        assert_eq!(read(&mut stream, &mut buf, &waker), None, "nothing came");
        for round in 1..=3 {
            peer.write_all(b"hello").unwrap();
            turn(&mut reactor, None);
            assert_eq!(wakes.count(), round, "the reader sleeps on its bytes");
            assert_eq!(read(&mut stream, &mut buf, &waker), Some(5), "it was woken for five bytes");
            assert!(
                !is_called(|call| stream.try_io(Interest::READABLE, call)),
                "[RD4] a call that would block"
            );
            assert_eq!(read(&mut stream, &mut buf, &waker), None, "nothing came");
        }
    });
}

#[test]
fn a_read_that_filled_its_buffer_is_followed_by_another() {
    within(|| {
        let (mut reactor, mut stream, mut peer) = connection();
        let mut buf = [0; 4];
        peer.write_all(b"two fours").unwrap();
        turn(&mut reactor, None);
        for expected in [Some(4), Some(4), Some(1), None] {
            let count = read(&mut stream, &mut buf, Waker::noop());
            assert_eq!(count, expected, "[RD4] bytes that were there wait for more to come");
        }
    });
}

#[test]
fn the_end_that_came_with_the_last_bytes_is_read_without_another_event() {
    within(|| {
        let (mut reactor, mut stream, mut peer) = connection();
        let mut buf = [0; 16];
        peer.write_all(b"bye").unwrap();
        drop(peer);
        while !is_at_its_end(&stream) {
            turn(&mut reactor, None);
        }
        assert_eq!(read(&mut stream, &mut buf, Waker::noop()), Some(3), "three bytes are there");
        for _ in 0..2 {
            let end = read(&mut stream, &mut buf, Waker::noop());
            assert_eq!(end, Some(0), "[RD4] the reader waits for ever for the end");
        }
    });
}

#[test]
fn who_fills_the_pipe_waits_until_the_peer_has_read() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let ((stream, mut peer), (waker, wakes)) =
            (unix::UnixStream::pair().unwrap(), CountingWaker::new());
        let mut stream = UnixStream::from_std(stream).unwrap();
        peer.set_nonblocking(true).unwrap();
        let waits = stream.poll_read_ready(&mut Context::from_waker(Waker::noop()));
        assert!(waits.is_pending(), "nothing came");
        let (block, mut written, mut count) = (vec![7; 1 << 16], 0, 0);
        for round in 1..=3 {
            turn(&mut reactor, Some(Duration::ZERO));
            while let Some(more) = write(&mut stream, &block, &waker) {
                (written, count) = (written + more, more);
            }
            assert!(written > 0, "the pipe takes nothing");
            assert!(
                !is_called(|call| stream.try_io(Interest::WRITABLE, call)),
                "[RD4] a write that would block"
            );
            let (mut got, mut buf) = (0, vec![0; 1 << 16]);
            while let Ok(more) = peer.read(&mut buf) {
                got += more;
            }
            turn(&mut reactor, None);
            assert_eq!(wakes.count(), round, "the writer sleeps, and there is room");
            assert!(got > 0 && count > 0, "the peer got nothing");
        }
    });
}
