//! Chapter 8, part 6: a call is made first, and waited for only if it would block.

use std::future::{Future, poll_fn};
use std::net;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rt_executor::{Executor, Fifo};
use rt_io::Reactor;
use rt_io::net::{TcpListener, TcpStream, UdpSocket};
use rt_testkit::CountingWaker;
use rt_waker::{Park, WakeBatch};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
}

/// A listener of ours, and where it listens.
fn listener() -> (TcpListener, net::SocketAddr) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    (TcpListener::from_std(listener).unwrap(), addr)
}

/// One end of a connection, and the peer of std.
fn connection() -> (TcpStream, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (TcpStream::from_std(listener.accept().unwrap().0).unwrap(), peer)
}

fn accepts(listener: &TcpListener, waker: &Waker) -> bool {
    let polled = listener.poll_accept(&mut Context::from_waker(waker));
    polled.map(|accepted| drop(accepted.expect("a connection"))).is_ready()
}

fn turn(reactor: &mut Reactor, timeout: Option<Duration>) -> usize {
    let mut ready = WakeBatch::new();
    reactor.park(timeout, &mut ready);
    ready.wake_all()
}

#[test]
fn calls_that_do_not_block_register_nothing() {
    within(|| {
        let reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let ((listener, addr), mut cx) = (listener(), Context::from_waker(Waker::noop()));
        let client = net::TcpStream::connect(addr).unwrap();
        let Poll::Ready(accepted) = listener.poll_accept(&mut cx) else {
            panic!("[IO1] the server waits for a connection that stands")
        };
        let (stream, from) = accepted.unwrap();
        assert_eq!(from, client.local_addr().unwrap(), "whose connection is this?");
        let socket = UdpSocket::from_std(net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
        let addr = socket.local_addr().unwrap();
        let sent = pin!(socket.send_to(b"to myself", addr)).poll(&mut cx);
        assert!(matches!(sent, Poll::Ready(Ok(9))), "[IO1] there is room, and it waits: {sent:?}");
        assert_eq!(reactor.handle().registered(), 0, "[IO1] three system calls where one would do");
        drop(stream);
    });
}

#[test]
fn who_would_block_waits_and_the_call_is_made_again() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let ((listener, addr), (waker, wakes)) = (listener(), CountingWaker::new());
        assert!(!accepts(&listener, &waker), "nobody has connected");
        assert_eq!(reactor.handle().registered(), 1, "[IO2] nobody will say when there is one");
        turn(&mut reactor, Some(Duration::ZERO));
        assert_eq!(wakes.count(), 0, "the server is woken for nothing");
        for connections in 1..=3 {
            let _client = net::TcpStream::connect(addr).unwrap();
            turn(&mut reactor, None);
            assert_eq!(wakes.count(), connections, "the server sleeps on a connection");
            assert!(accepts(&listener, &waker), "the server was woken, and finds nothing");
            assert!(!accepts(&listener, &waker), "nobody else has connected");
        }
    });
}

#[test]
fn all_that_one_event_has_told_of_is_taken() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let ((listener, addr), (waker, wakes)) = (listener(), CountingWaker::new());
        assert!(!accepts(&listener, &waker), "nobody has connected");
        let clients = [(); 3].map(|()| net::TcpStream::connect(addr).unwrap());
        turn(&mut reactor, None);
        assert_eq!(wakes.count(), 1, "one turn, one wake");
        for nth in 1..=clients.len() {
            assert!(accepts(&listener, &waker), "connection {nth} waits for another event");
        }
        assert!(!accepts(&listener, &waker), "nobody else has connected");
    });
}

#[test]
fn an_event_that_came_between_two_calls_is_worth_a_call() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let ((listener, addr), (waker, _)) = (listener(), CountingWaker::new());
        assert!(!accepts(&listener, &waker), "nobody has connected");
        let _first = net::TcpStream::connect(addr).unwrap();
        turn(&mut reactor, None);
        assert!(accepts(&listener, &waker), "a connection stands");
        let _second = net::TcpStream::connect(addr).unwrap();
        turn(&mut reactor, Some(Duration::ZERO));
        assert!(accepts(&listener, &waker), "[RD1] the event between the calls is lost");
    });
}

#[test]
fn any_number_of_futures_wait_beside_each_other() {
    within(|| {
        let mut reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let (listener, addr) = listener();
        let wakers = [CountingWaker::new(), CountingWaker::new()];
        let mut futures = [Box::pin(listener.accept()), Box::pin(listener.accept())];
        for (future, (waker, _)) in futures.iter_mut().zip(&wakers) {
            let polled = future.as_mut().poll(&mut Context::from_waker(waker));
            assert!(polled.is_pending(), "nobody has connected");
        }
        let _client = net::TcpStream::connect(addr).unwrap();
        turn(&mut reactor, None);
        assert_eq!(wakers.each_ref().map(|(_, wakes)| wakes.count()), [1, 1], "[SO3] one sleeps");
        let polled = futures
            .each_mut()
            .map(|future| future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!(polled, [true, false], "one connection, one future");
    });
}

#[test]
fn an_error_of_the_call_comes_out() {
    within(|| {
        let reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let unconnected = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (stream, peer) = connection();
        drop((unconnected, peer));
        let mut cx = Context::from_waker(Waker::noop());
        let socket = UdpSocket::from_std(net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
        let sent = pin!(socket.send(b"to nobody")).poll(&mut cx);
        let Poll::Ready(Err(error)) = sent else { panic!("the send waits for ever: {sent:?}") };
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "there is nothing to wait for");
        assert_eq!(reactor.handle().registered(), 0, "an error is waited for");
        drop(stream);
    });
}

#[test]
fn a_task_that_never_blocks_lets_others_run() {
    within(|| {
        const CALLS: usize = 10_000;
        let reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let executor = Executor::with(reactor, Fifo::new(), ());
        let (stream, mut peer) = connection();
        std::io::Write::write_all(&mut peer, b"bytes").unwrap();
        let task = executor.handle().spawn(async move {
            let (mut most, mut calls, mut buf) = (0, 0, [0; 8]);
            stream.readable().await.unwrap();
            poll_fn(|cx| {
                let before = calls;
                while calls < CALLS && stream.poll_peek(cx, &mut buf).is_ready() {
                    calls += 1;
                }
                most = most.max(calls - before);
                if calls < CALLS { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            most
        });
        let most = executor.run(task).unwrap();
        assert!(most <= 128, "[IO4] {most} calls in one poll: all others wait meanwhile");
    });
}
