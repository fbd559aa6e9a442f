//! Futures that are dropped while they wait: nothing is lost. `RT_FULL` drops a hundred times as many.
#![cfg(target_os = "linux")]

#[path = "net/pair.rs"]
mod pair;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, FutureExt, poll};
use rt_executor::{Executor, Fifo, block_on};
use rt_io::net::{TcpListener, TcpSocket, TcpStream, UdpSocket, UnixStream};
use rt_io::{Handle, Reactor};

use crate::pair::Stream;

fn rounds() -> usize {
    if std::env::var_os("RT_FULL").is_some() { 1_000_000 } else { 10_000 }
}

#[track_caller]
fn within(body: impl FnOnce() -> io::Result<()> + Send + 'static) {
    rt_testkit::within(Duration::from_secs(600), body).expect("no call fails here");
}

/// With a reactor of its own, which parks on this thread.
fn with_reactor<F: Future<Output = io::Result<()>>>(
    body: impl FnOnce(Handle) -> F,
) -> io::Result<()> {
    let reactor = Reactor::new();
    let handle = reactor.handle();
    let executor = Executor::with(reactor, Fifo::new(), ());
    let entered = handle.enter();
    executor.run(body(handle.clone()))?;
    drop(entered);
    assert_eq!(handle.registered(), 0, "a socket is gone, and the reactor keeps it");
    Ok(())
}

async fn reads<S: Stream>() -> io::Result<()> {
    let (mut one, mut two) = S::known_pair().await?;
    let (mut sent, mut received) = (0_usize, 0_usize);
    let mut buf = [0; 16];
    for round in 0..rounds() {
        let mut read = two.read(&mut buf);
        let early = poll!(&mut read);
        assert!(early.is_pending(), "round {round}: bytes that nobody has sent");
        let count = round % 5;
        one.write_all(&[sent as u8, (sent + 1) as u8, (sent + 2) as u8, (sent + 3) as u8][..count])
            .await?;
        sent += count;
        if round % 2 == 0 {
            drop(read); // woken perhaps, and not polled any more
        } else if let std::task::Poll::Ready(count) = poll!(&mut read) {
            let count = count?;
            for byte in &buf[..count] {
                assert_eq!(*byte, received as u8, "round {round}: a byte got lost");
                received += 1;
            }
        }
        while received < sent {
            let count = two.read(&mut buf).await?;
            for byte in &buf[..count] {
                assert_eq!(*byte, received as u8, "round {round}: a byte got lost");
                received += 1;
            }
        }
    }
    Ok(())
}

#[test]
fn reads_that_are_dropped_take_no_byte_with_them() {
    within(|| with_reactor(|_| reads::<TcpStream>()));
    within(|| block_on(reads::<UnixStream>()));
}

#[test]
fn waits_that_are_dropped_leave_the_readiness_to_others() {
    within(|| {
        with_reactor(|_| async {
            let (mut one, mut two) = TcpStream::known_pair().await?;
            let mut byte = [0];
            for round in 0..rounds() {
                {
                    let mut first = Box::pin(two.readable());
                    let mut second = Box::pin(two.readable());
                    let mut third = Box::pin(two.peek(&mut byte));
                    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
                    assert!(poll!(&mut third).is_pending());
                    one.write_all(&[round as u8]).await?;
                    drop(first);
                    if round % 2 == 0 {
                        drop(second);
                        third.await?;
                    } else {
                        drop(third);
                        second.await?;
                    }
                }
                assert_eq!(two.read(&mut byte).await?, 1);
                assert_eq!(byte, [round as u8]);
                let mut early = two.read(&mut byte);
                assert!(poll!(&mut early).is_pending());
            }
            Ok(())
        })
    });
}

#[test]
fn accepts_that_are_dropped_take_no_connection_with_them() {
    within(|| {
        with_reactor(|handle| async move {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            for round in 0..rounds() {
                let mut accept = Box::pin(listener.accept());
                assert!(poll!(&mut accept).is_pending(), "round {round}: nobody has connected");
                if round % 8 != 0 {
                    continue;
                }
                let client = TcpStream::connect(address).await?;
                if round % 16 == 0 {
                    drop(accept);
                } else if let std::task::Poll::Ready(accepted) = poll!(&mut accept) {
                    assert_eq!(accepted?.1, client.local_addr()?);
                    continue;
                }
                let (server, from) = listener.accept().await?;
                assert_eq!(from, client.local_addr()?, "round {round}: a connection got lost");
                // Or the system keeps the port for a minute.
                server.set_linger(Some(Duration::ZERO))?;
            }
            assert_eq!(handle.registered(), 1);
            Ok(())
        })
    });
}

#[test]
fn receives_that_are_dropped_take_no_datagram_with_them() {
    within(|| {
        with_reactor(|_| async {
            let one = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let two = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = two.local_addr()?;
            for round in 0..rounds() {
                let (mut buf, mut other) = ([0; 8], [0; 8]);
                let mut first = Box::pin(two.recv_from(&mut buf));
                let mut second = Box::pin(two.recv(&mut other));
                assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
                one.send_to(&round.to_le_bytes(), address).await?;
                if round % 2 == 0 {
                    drop(first);
                    assert_eq!(second.await?, 8);
                    assert_eq!(other, round.to_le_bytes(), "a datagram got lost");
                } else {
                    drop(second);
                    assert_eq!(first.await?, (8, one.local_addr()?));
                    assert_eq!(buf, round.to_le_bytes(), "a datagram got lost");
                }
            }
            Ok(())
        })
    });
}

#[test]
fn connects_that_are_dropped_leave_no_socket_behind() {
    within(|| {
        with_reactor(|handle| async move {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
            let listener = socket.listen(0)?;
            let address = listener.local_addr()?;
            let mut queue = Vec::new();
            // Until it takes no more connections in: then a connect waits.
            while let Some(connected) = TcpStream::connect(address).now_or_never() {
                queue.push(connected?);
            }
            let fds = || std::fs::read_dir("/proc/self/fd").map(Iterator::count);
            let before = handle.registered();
            for round in 0..rounds() {
                let mut connect = Box::pin(TcpStream::connect(address));
                assert!(poll!(&mut connect).is_pending(), "round {round}");
                assert_eq!(handle.registered(), before + 1);
                drop(connect);
                assert_eq!(handle.registered(), before);
            }
            // Other tests have some of their own.
            assert!(fds()? < 200, "descriptors are left behind");
            Ok(())
        })
    });
}
