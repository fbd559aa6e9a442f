//! Chapter 8, part 5: the turn of a reactor: it waits, and says who is concerned.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rt_io::net::UnixStream;
use rt_io::{Handle, Reactor};
use rt_testkit::CountingWaker;
use rt_waker::{Park, WakeBatch};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
}

/// One of ours, and its peer of std.
fn pair() -> (UnixStream, net::UnixStream) {
    let (one, two) = net::UnixStream::pair().unwrap();
    (UnixStream::from_std(one).unwrap(), two)
}

fn reads(stream: &UnixStream, waker: &Waker) -> bool {
    let polled = stream.poll_read_ready(&mut Context::from_waker(waker));
    polled.map(|ready| ready.expect("it can wait")).is_ready()
}

fn writes(stream: &UnixStream, waker: &Waker) -> bool {
    let polled = stream.poll_write_ready(&mut Context::from_waker(waker));
    polled.map(|ready| ready.expect("it can wait")).is_ready()
}

/// A turn that does not wait: who was woken.
fn turn(reactor: &mut Reactor) -> usize {
    let mut ready = WakeBatch::new();
    reactor.park(Some(Duration::ZERO), &mut ready);
    ready.wake_all()
}

#[test]
fn who_waits_is_woken_by_the_turn_after_the_event() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let ((stream, mut peer), (waker, wakes)) = (pair(), CountingWaker::new());
        assert!(!reads(&stream, &waker), "nothing came");
        turn(&mut reactor);
        assert_eq!(wakes.count(), 0, "the reader is woken, and nothing came");
        peer.write_all(b"bytes").unwrap();
        assert_eq!((turn(&mut reactor), wakes.count()), (1, 1), "the reader sleeps on its bytes");
        assert!(reads(&stream, &waker), "it was woken, and is told to wait");
    });
}

#[test]
fn room_to_write_is_not_taken_for_bytes_to_read() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let (stream, _peer) = pair();
        let [(reader, reader_wakes), (writer, writer_wakes)] =
            [CountingWaker::new(), CountingWaker::new()];
        assert!(!reads(&stream, &reader) && !writes(&stream, &writer), "no turn was made");
        turn(&mut reactor);
        assert_eq!(writer_wakes.count(), 1, "[IO2] the kernel has said at once what is ready");
        assert_eq!(reader_wakes.count(), 0, "the reader is woken for room to write");
        assert!(
            !reads(&stream, &reader) && writes(&stream, &writer),
            "the directions are mixed up"
        );
    });
}

#[test]
fn the_end_of_a_peer_wakes_who_reads() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let ((stream, peer), (waker, wakes)) = (pair(), CountingWaker::new());
        assert!(!reads(&stream, &waker), "nothing came");
        drop(peer);
        turn(&mut reactor);
        assert_eq!(wakes.count(), 1, "the end of a connection is never seen");
    });
}

#[test]
fn an_event_of_a_socket_that_is_closed_finds_nobody() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let (gone, mut peer_of_gone) = pair();
        assert!(!reads(&gone, Waker::noop()), "nothing came");
        turn(&mut reactor);
        // While another descriptor of it is open, the kernel goes on to tell of it.
        let kept = gone.as_fd().try_clone_to_owned().unwrap();
        drop(gone);
        let ((next, mut peer), (waker, wakes)) = (pair(), CountingWaker::new());
        assert!(!reads(&next, &waker), "nothing came");
        turn(&mut reactor);
        peer_of_gone.write_all(b"for the one that is closed").unwrap();
        turn(&mut reactor);
        assert!(wakes.count() == 0 && !reads(&next, &waker), "[TK1] an event of another socket");
        peer.write_all(b"bytes").unwrap();
        assert_eq!((turn(&mut reactor), wakes.count()), (1, 1), "the next socket has no events");
        drop(kept);
    });
}

/// Looks at the reactor when it is woken.
struct Asks(Handle, AtomicUsize);

impl Wake for Asks {
    fn wake(self: Arc<Self>) {
        self.1.store(self.0.registered(), Ordering::Relaxed);
    }
}

#[test]
fn who_is_concerned_is_woken_when_no_lock_is_held() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let (stream, mut peer) = pair();
        let asks = Arc::new(Asks(reactor.handle(), AtomicUsize::new(0)));
        assert!(!reads(&stream, &Waker::from(asks.clone())), "nothing came");
        peer.write_all(b"bytes").unwrap();
        let mut ready = WakeBatch::new();
        reactor.park(Some(Duration::ZERO), &mut ready);
        assert_eq!(asks.1.load(Ordering::Relaxed), 0, "[RE3] user code runs inside of the turn");
        assert_eq!(ready.wake_all(), 1, "the reader sleeps on its bytes");
        assert_eq!(asks.1.load(Ordering::Relaxed), 1, "the waker did not run");
    });
}

#[test]
fn a_wake_before_the_park_ends_it_with_sockets_and_without() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let (stream, _peer) = pair();
        let mut ready = WakeBatch::new();
        reactor.waker().wake();
        reactor.park(None, &mut ready); // at the parker, or the test hangs
        assert!(!reactor.is_fed_from_outside(), "[RE2] there is no socket, and a selector");
        assert!(!reads(&stream, Waker::noop()), "nothing came");
        turn(&mut reactor);
        assert!(reactor.is_fed_from_outside(), "[RE2] nobody waits for the socket");
        for _ in 0..3 {
            reactor.waker().wake();
            reactor.park(None, &mut ready); // in the kernel, or the test hangs
        }
    });
}

#[test]
fn a_wake_from_another_thread_ends_a_park_in_the_kernel() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let (stream, _peer) = pair();
        assert!(!reads(&stream, Waker::noop()), "nothing came");
        turn(&mut reactor);
        let (waker, mut ready) = (reactor.waker(), WakeBatch::new());
        for round in 0..500 {
            thread::scope(|scope| {
                scope.spawn(|| {
                    for _ in 0..round {
                        std::hint::spin_loop();
                    }
                    waker.wake_by_ref();
                });
                reactor.park(None, &mut ready);
            });
        }
    });
}

#[test]
fn a_park_lasts_as_long_as_it_was_told() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let (stream, _peer) = pair();
        assert!(!reads(&stream, Waker::noop()), "nothing came");
        turn(&mut reactor);
        let (timeout, mut ready) = (Duration::from_micros(1_500), WakeBatch::new());
        let start = Instant::now();
        reactor.park(Some(timeout), &mut ready);
        let lasted = start.elapsed();
        assert!(lasted >= timeout, "a timer looks at the clock again and again: {lasted:?}");
    });
}

/// Who waits at the parker when the first socket comes must go over to the kernel.
#[test]
fn the_first_socket_is_seen_by_a_thread_that_waits_already() {
    within(|| {
        for round in 0..200 {
            let mut reactor = Reactor::new();
            turn(&mut reactor);
            let handle = reactor.handle();
            let is_over = AtomicUsize::new(0);
            thread::scope(|scope| {
                let (waker, is_over) = (reactor.waker(), &is_over);
                scope.spawn(move || {
                    let mut ready = WakeBatch::new();
                    while is_over.load(Ordering::Acquire) == 0 {
                        reactor.park(None, &mut ready);
                        ready.wake_all();
                    }
                });
                let _entered = handle.enter();
                let (stream, mut peer) = pair();
                for _ in 0..round * 10 {
                    std::hint::spin_loop();
                }
                rt_executor::block_on(async {
                    peer.write_all(b"bytes").unwrap();
                    stream.readable().await.unwrap(); // hangs if it is not seen
                });
                is_over.store(1, Ordering::Release);
                waker.wake();
            });
        }
    });
}
