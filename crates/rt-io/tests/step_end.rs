//! Chapter 8, part 8: nobody waits for a reactor that is gone.

use std::io::{self, Write};
use std::os::unix::net;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::AsyncRead;
use rt_io::net::UnixStream;
use rt_io::{Handle, Reactor};
use rt_testkit::CountingWaker;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
}

/// One of ours, and its peer of std.
fn pair() -> (UnixStream, net::UnixStream) {
    let (one, two) = net::UnixStream::pair().unwrap();
    (UnixStream::from_std(one).unwrap(), two)
}

fn read(stream: &mut UnixStream, waker: &Waker) -> Poll<io::Result<usize>> {
    Pin::new(stream).poll_read(&mut Context::from_waker(waker), &mut [0; 16])
}

#[test]
fn who_waits_when_the_reactor_goes_is_woken_and_told() {
    within(|| {
        let reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let [(reader, reader_wakes), (writer, writer_wakes)] =
            [CountingWaker::new(), CountingWaker::new()];
        let ((mut stream, _peer), (other, _other_peer)) = (pair(), pair());
        assert!(read(&mut stream, &reader).is_pending(), "nothing came");
        let waits = other.poll_write_ready(&mut Context::from_waker(&writer));
        assert!(waits.is_pending(), "no turn was made");
        drop(reactor);
        let wakes = (reader_wakes.count(), writer_wakes.count());
        assert_eq!(wakes, (1, 1), "[RE4] a task waits for a runtime that is gone");
        for _ in 0..2 {
            let told = read(&mut stream, &reader);
            assert!(matches!(told, Poll::Ready(Err(_))), "[RD3] it waits for ever: {told:?}");
        }
    });
}

#[test]
fn behind_the_end_nobody_begins_to_wait() {
    within(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let _entered = handle.enter();
        let (mut stream, mut peer) = pair();
        drop(reactor);
        peer.write_all(b"bytes").unwrap();
        let call = read(&mut stream, Waker::noop());
        assert!(matches!(call, Poll::Ready(Ok(5))), "[RE4] a call that does not block: {call:?}");
        let wait = read(&mut stream, Waker::noop());
        assert!(matches!(wait, Poll::Ready(Err(_))), "[RE4] a read waits for nobody: {wait:?}");
        assert_eq!(handle.registered(), 0, "a socket waits for nobody");
    });
}

/// Looks at the reactor when it is woken.
struct Asks(Handle, AtomicUsize);

impl Wake for Asks {
    fn wake(self: Arc<Self>) {
        self.1.store(self.0.registered() + 1, Ordering::Relaxed);
    }
}

#[test]
fn the_end_wakes_when_no_lock_is_held() {
    within(|| {
        let reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let (mut stream, _peer) = pair();
        let asks = Arc::new(Asks(reactor.handle(), AtomicUsize::new(0)));
        assert!(read(&mut stream, &Waker::from(asks.clone())).is_pending(), "nothing came");
        drop(reactor);
        assert_eq!(asks.1.load(Ordering::Relaxed), 1, "[RE4] somebody is woken, and nobody is in");
    });
}
