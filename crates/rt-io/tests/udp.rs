//! UDP: whole datagrams, and errors that come back.

#[path = "net/pair.rs"]
mod pair;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Barrier};
use std::thread;

use futures::future::{join, join_all};
use futures::poll;
use rt_executor::block_on;
use rt_io::Interest;
use rt_io::net::UdpSocket;

use crate::pair::{bytes, within};

async fn socket() -> io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await
}

async fn connected() -> io::Result<(UdpSocket, UdpSocket)> {
    let (one, two) = (socket().await?, socket().await?);
    one.connect(two.local_addr()?).await?;
    two.connect(one.local_addr()?).await?;
    Ok((one, two))
}

#[test]
fn the_longest_datagram_arrives_whole() {
    within(|| {
        block_on(async {
            let (one, two) = (socket().await?, socket().await?);
            let mut buf = vec![0; 70_000];
            for len in [0, 1, 1_472, 1_473, 65_507] {
                let sent = bytes(len, len);
                let (count, received) =
                    join(one.send_to(&sent, two.local_addr()?), two.recv_from(&mut buf)).await;
                assert_eq!(count?, len);
                let (received, from) = received?;
                assert_eq!((received, from), (len, one.local_addr()?));
                assert!(buf[..len] == sent, "{len} bytes of something else");
            }
            let too_long = one.send_to(&bytes(65_508, 0), two.local_addr()?).await;
            assert!(too_long.is_err(), "no datagram is that long");
            Ok(())
        })
    });
}

#[test]
fn what_does_not_fit_is_lost_and_nothing_else() {
    within(|| {
        block_on(async {
            let (one, two) = connected().await?;
            one.send(b"much too long").await?;
            one.send(b"next").await?;
            let mut buf = [0; 4];
            assert_eq!(two.peek(&mut buf).await?, 4);
            assert_eq!(two.peek_from(&mut buf).await?, (4, one.local_addr()?));
            assert_eq!(two.recv(&mut buf).await?, 4);
            assert_eq!(&buf, b"much", "a peek took it away");
            assert_eq!(two.recv(&mut buf).await?, 4);
            assert_eq!(&buf, b"next");
            Ok(())
        })
    });
}

#[test]
fn who_waits_at_a_connected_socket_is_told_that_nobody_is_there() {
    within(|| {
        block_on(async {
            let (one, two) = connected().await?;
            drop(two);
            let mut buf = [0; 8];
            for _ in 0..10 {
                let mut waits = Box::pin(one.recv(&mut buf));
                assert!(poll!(&mut waits).is_pending());
                one.send(b"anybody?").await?;
                let refused = waits.await.expect_err("nobody can have answered");
                assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            }
            assert!(poll!(Box::pin(one.recv(&mut buf))).is_pending(), "an error is told once");
            Ok(())
        })
    });
}

#[test]
fn a_connected_socket_hears_nobody_else() {
    within(|| {
        block_on(async {
            let ((one, two), stranger) = (connected().await?, socket().await?);
            assert_eq!(one.peer_addr()?, two.local_addr()?);
            stranger.send_to(b"stranger", two.local_addr()?).await?;
            one.send(b"friend").await?;
            let mut buf = [0; 8];
            assert_eq!(two.recv_from(&mut buf).await?, (6, one.local_addr()?));
            Ok(())
        })
    });
}

#[test]
fn calls_that_do_not_wait_say_so() {
    within(|| {
        block_on(async {
            let (one, two) = connected().await?;
            let mut buf = [0; 8];
            for _ in 0..3 {
                assert_eq!(two.try_recv(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
                assert!(poll!(Box::pin(two.readable())).is_pending());
                assert_eq!(one.try_send(b"ab")?, 2);
                two.readable().await?;
                assert!(two.ready(Interest::READABLE).await?.is_readable());
                assert_eq!(two.try_recv_from(&mut buf)?, (2, one.local_addr()?));
                assert_eq!(one.try_send_to(b"c", two.local_addr()?)?, 1);
                assert_eq!(two.async_io(Interest::READABLE, || two.try_recv(&mut buf)).await?, 1);
            }
            one.writable().await?;
            Ok(())
        })
    });
}

#[test]
fn many_wait_and_each_datagram_goes_to_one_of_them() {
    within(|| {
        let (one, two) = block_on(connected())?;
        let two = Arc::new(two);
        let threads = [0, 1].map(|_| {
            let two = two.clone();
            thread::spawn(move || {
                block_on(join_all((0..50).map(|_| async {
                    let mut buf = [0; 8];
                    two.recv(&mut buf).await.map(|count| buf[..count].to_vec())
                })))
            })
        });
        for number in 0..100_u8 {
            block_on(one.send(&[number]))?;
        }
        let mut received = Vec::new();
        for thread in threads {
            for datagram in thread.join().expect("no panic") {
                received.push(datagram?);
            }
        }
        received.sort();
        let sent: Vec<Vec<u8>> = (0..100).map(|number| vec![number]).collect();
        assert_eq!(received, sent, "a datagram got lost, or came twice");
        Ok(())
    });
}

#[test]
fn two_threads_whose_first_calls_block_at_the_same_time_both_get_their_datagram() {
    within(|| {
        let one = block_on(socket())?;
        for _ in 0..300 {
            let two = block_on(socket())?;
            let meet = Barrier::new(3);
            thread::scope(|scope| {
                let threads = [0, 1].map(|_| {
                    scope.spawn(|| {
                        meet.wait();
                        block_on(two.recv(&mut [0; 8]))
                    })
                });
                meet.wait();
                for _ in 0..2 {
                    block_on(one.send_to(b"x", two.local_addr()?))?;
                }
                threads.into_iter().try_for_each(|thread| {
                    thread.join().expect("no panic").map(|count| assert_eq!(count, 1))
                })
            })?;
        }
        Ok(())
    });
}

#[test]
fn names_lead_to_addresses_and_options_are_kept() {
    within(|| {
        block_on(async {
            let one = UdpSocket::bind("127.0.0.1:0").await?;
            let port = one.local_addr()?.port();
            assert_eq!(one.send_to(b"x", ("localhost", port)).await?, 1);
            assert_eq!(one.recv(&mut [0; 8]).await?, 1);
            let none = one.send_to(b"x", &[][..]).await.expect_err("there is no address");
            assert_eq!(none.kind(), ErrorKind::InvalidInput);
            one.set_ttl(7)?;
            one.set_broadcast(true)?;
            one.set_multicast_loop_v4(false)?;
            one.set_multicast_ttl_v4(3)?;
            assert_eq!((one.ttl()?, one.broadcast()?), (7, true));
            assert_eq!((one.multicast_loop_v4()?, one.multicast_ttl_v4()?), (false, 3));
            let std = one.into_std()?;
            let again = UdpSocket::from_std(std)?;
            again.writable().await?;
            let taken = UdpSocket::bind(again.local_addr()?).await.expect_err("it is taken");
            assert_eq!(taken.kind(), ErrorKind::AddrInUse);
            assert_eq!(again.local_addr()?, SocketAddr::from((IpAddr::from([127, 0, 0, 1]), port)));
            Ok(())
        })
    });
}
