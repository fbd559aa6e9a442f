//! TCP: connections that take their time or fail, halves, conversions, options, and calls that do not wait.

#[path = "net/pair.rs"]
mod pair;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

use futures::future::{Either, join, select};
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt, poll};
use rt_executor::block_on;
use rt_io::net::{TcpListener, TcpSocket, TcpStream, tcp};
use rt_io::{Interest, Ready};
use socket2::SockRef;

use crate::pair::{Stream, within};

/// A listener that takes no connection in any more until one is accepted, and who stands in its queue.
async fn full_listener() -> io::Result<(TcpListener, Vec<TcpStream>)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(0)?;
    let address = listener.local_addr()?;
    let mut queue = Vec::new();
    loop {
        match TcpStream::connect(address).now_or_never() {
            Some(connected) => queue.push(connected?),
            None => return Ok((listener, queue)),
        }
    }
}

#[test]
fn a_connection_that_took_its_time_can_be_written_to_at_once() {
    within(|| {
        block_on(async {
            let (listener, queue) = full_listener().await?;
            let address = listener.local_addr()?;
            // The first attempt of the system is lost; it makes another one after a second.
            let connect = async {
                let mut client = TcpStream::connect(address).await?;
                client.write_all(b"at once").await?;
                client.close().await
            };
            let serve = async {
                for known in &queue {
                    assert_eq!(listener.accept().await?.1, known.local_addr()?);
                }
                loop {
                    // The attempts that were given up in `full_listener` may come up, too.
                    let (mut server, _) = listener.accept().await?;
                    let mut text = String::new();
                    if server.read_to_string(&mut text).await.is_ok() && text == "at once" {
                        return Ok::<(), io::Error>(());
                    }
                }
            };
            let (connected, served) = join(connect, serve).await;
            connected.and(served)
        })
    });
}

#[test]
fn urgent_data_does_not_hold_up_what_comes_behind_it() {
    within(|| {
        block_on(async {
            let (client, mut server) = TcpStream::known_pair().await?;
            let raw = SockRef::from(&client);
            let mut buf = [0; 64];
            for round in 0..100 {
                raw.send(b"before")?;
                raw.send_out_of_band(b"!")?;
                raw.send(b"behind")?;
                let mut text = Vec::new();
                while text.len() < 12 {
                    // A read stops at the mark: that it is short does not say that it was all.
                    let count = server.read(&mut buf).await?;
                    text.extend_from_slice(&buf[..count]);
                }
                assert_eq!(text, b"beforebehind", "round {round}");
            }
            Ok(())
        })
    });
}

#[test]
fn who_is_refused_is_told_at_once() {
    within(|| {
        block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            drop(listener);
            let refused = TcpStream::connect(address).await.expect_err("nobody listens");
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            let refused = TcpSocket::new_v4()?.connect(address).await.expect_err("nobody listens");
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            Ok(())
        })
    });
}

#[test]
fn of_several_addresses_the_first_that_takes_it_is_used() {
    within(|| {
        block_on(async {
            let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let here = listener.local_addr()?;
            let client = TcpStream::connect(&[gone, here][..]).await?;
            assert_eq!(client.peer_addr()?, here);
            let refused = TcpStream::connect(vec![gone, gone]).await.expect_err("nobody listens");
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "the last error is told");
            let none = TcpStream::connect(&[][..]).await.expect_err("there is no address");
            assert_eq!(none.kind(), ErrorKind::InvalidInput);
            Ok(())
        })
    });
}

#[test]
fn a_connection_that_does_not_come_about_can_be_given_up() {
    within(|| {
        block_on(async {
            let (listener, _queue) = full_listener().await?;
            let mut connect = Box::pin(TcpStream::connect(listener.local_addr()?));
            assert!(poll!(&mut connect).is_pending(), "the queue is full");
            // A time-out: from outside, as this crate has no timers.
            let (time_out, is_over) = futures::channel::oneshot::channel::<()>();
            let timer = thread::spawn(move || {
                thread::sleep(Duration::from_millis(20));
                drop(time_out);
            });
            let Either::Right(_) = select(connect, is_over).await else {
                panic!("the system tries again after a second");
            };
            timer.join().expect("it only sleeps");
            Ok(())
        })
    });
}

#[test]
fn halves_are_reunited_with_their_own_and_no_other() {
    within(|| {
        block_on(async {
            let (one, two) = TcpStream::pair().await?;
            let fd = one.as_raw_fd();
            let ((one_in, one_out), (two_in, two_out)) = (one.into_split(), two.into_split());
            let tcp::ReuniteError(one_in, two_out) =
                one_in.reunite(two_out).expect_err("halves of two connections became one");
            let mut one = one_out.reunite(one_in).expect("they are of one connection");
            let mut two = two_in.reunite(two_out).expect("they are of one connection");
            assert_eq!(one.as_raw_fd(), fd);
            one.write_all(b"still open").await?;
            let mut buf = [0; 10];
            two.read_exact(&mut buf).await?;
            assert_eq!(&buf, b"still open", "what was reunited is ended");
            Ok(())
        })
    });
}

#[test]
fn the_drop_of_a_writing_half_is_the_end_unless_it_is_forgotten() {
    within(|| {
        block_on(async {
            let (one, mut two) = TcpStream::known_pair().await?;
            let (mut reads, mut writes) = one.into_split();
            writes.write_all(b"bye").await?;
            drop(writes);
            let mut text = String::new();
            two.read_to_string(&mut text).await?;
            assert_eq!(text, "bye");
            two.write_all(b"good bye").await?;
            two.close().await?;
            text.clear();
            reads.read_to_string(&mut text).await?;
            assert_eq!(text, "good bye", "the drop of one half ended both");

            let (one, mut two) = TcpStream::known_pair().await?;
            let (reads, writes) = one.into_split();
            writes.forget();
            let mut buf = [0; 8];
            assert!(poll!(two.read(&mut buf)).is_pending(), "forgotten, and an end all the same");
            drop(reads);
            assert_eq!(two.read(&mut buf).await?, 0, "the last half closes");

            let (mut one, mut two) = TcpStream::pair().await?;
            let (mut reads, mut writes) = TcpStream::split(&mut one);
            let (written, read) = join(writes.write_all(b"x"), two.read(&mut buf)).await;
            written?;
            assert_eq!(read?, 1);
            assert!(poll!(reads.read(&mut buf)).is_pending());
            Ok(())
        })
    });
}

#[test]
fn two_threads_use_the_two_halves() {
    within(|| {
        let (one, two) = block_on(TcpStream::pair())?;
        let ((mut one_in, mut one_out), (mut two_in, mut two_out)) =
            (one.into_split(), two.into_split());
        let echo = thread::spawn(move || {
            block_on(futures::io::copy(&mut two_in, &mut two_out)).map(|_| drop(two_out))
        });
        let sent = pair::bytes(1 << 20, 5);
        let given = sent.clone();
        let writes = thread::spawn(move || {
            block_on(async {
                one_out.write_all(&given).await?;
                one_out.close().await
            })
        });
        let mut received = Vec::new();
        block_on(one_in.read_to_end(&mut received))?;
        writes.join().expect("no panic")?;
        echo.join().expect("no panic")?;
        assert!(received == sent, "an echo of something else");
        Ok(())
    });
}

#[test]
fn sockets_come_from_std_and_go_back() {
    within(|| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let client = thread::spawn(move || std::net::TcpStream::connect(address));
        let listener = TcpListener::try_from(listener)?;
        let (server, _) = block_on(listener.accept())?;
        let mut client = TcpStream::from_std(client.join().expect("no panic")?)?;
        let mut buf = [0; 5];
        block_on(async {
            assert!(poll!(client.read(&mut buf)).is_pending(), "it became non-blocking");
        });
        let mut server = server.into_std()?;
        server.write_all(b"there")?;
        block_on(client.read_exact(&mut buf))?;
        assert_eq!(&buf, b"there");
        let mut client = client.into_std()?;
        let blocks = client.read(&mut buf).expect_err("there is nothing to read");
        assert_eq!(blocks.kind(), ErrorKind::WouldBlock, "it stays non-blocking");
        // The kernel has let it go: it can be registered again, with whatever comes.
        let client = TcpStream::from_std(client)?;
        block_on(client.writable())?;
        client.set_nodelay(true)?;
        client.into_std()?.set_nonblocking(false)?;
        drop(listener.into_std()?);
        Ok(())
    });
}

#[test]
fn calls_that_do_not_wait_say_so_and_the_socket_knows_it_then() {
    within(|| {
        block_on(async {
            for is_known in [false, true] {
                let (one, two) = if is_known {
                    TcpStream::known_pair().await?
                } else {
                    TcpStream::pair().await?
                };
                let mut buf = [0; 8];
                let blocks = one.try_read(&mut buf).expect_err("there is nothing to read");
                assert_eq!(blocks.kind(), ErrorKind::WouldBlock);
                assert_eq!(two.try_write(b"hello")?, 5);
                one.readable().await?;
                assert_eq!(one.peek(&mut buf).await?, 5);
                assert_eq!(one.try_read(&mut buf)?, 5, "a peek took bytes away");
                assert_eq!(&buf[..5], b"hello");
                assert!(one.try_read(&mut buf).is_err());
                assert!(poll!(Box::pin(one.readable())).is_pending(), "it is said to be readable");
                let sent = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
                assert_eq!(two.try_write_vectored(&sent)?, 3);
                one.readable().await?;
                let (mut a, mut b) = ([0; 1], [0; 8]);
                let mut bufs = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
                assert_eq!(one.try_read_vectored(&mut bufs)?, 3);
                assert_eq!((&a[..], &b[..2]), (&b"a"[..], &b"bc"[..]));
                let much = vec![0; 1 << 20];
                let full = loop {
                    if let Err(full) = two.try_write(&much) {
                        break full;
                    }
                };
                assert_eq!(full.kind(), ErrorKind::WouldBlock);
                assert!(poll!(Box::pin(two.writable())).is_pending(), "it is full");
            }
            Ok(())
        })
    });
}

#[test]
fn a_socket_says_for_what_it_is_ready() {
    within(|| {
        block_on(async {
            let (one, mut two) = TcpStream::pair().await?;
            let both = Interest::READABLE | Interest::WRITABLE;
            assert_eq!(one.ready(both).await?, Ready::WRITABLE);
            assert!(poll!(Box::pin(one.ready(Interest::READABLE))).is_pending());
            two.write_all(b"x").await?;
            one.readable().await?;
            assert_eq!(one.ready(both).await?, Ready::READABLE | Ready::WRITABLE);
            assert_eq!(one.ready(Interest::WRITABLE).await?, Ready::WRITABLE, "not asked for");
            two.close().await?;
            while !one.ready(both).await?.is_read_closed() {
                one.async_io(Interest::READABLE, || one.try_read(&mut [0; 8])).await?;
            }
            // A closure that is interrupted is called again.
            let mut calls = 0;
            let done = one.async_io(Interest::WRITABLE, || {
                calls += 1;
                if calls == 1 { Err(ErrorKind::Interrupted.into()) } else { Ok(calls) }
            });
            assert_eq!(done.await?, 2);
            Ok(())
        })
    });
}

#[test]
fn options_are_what_they_were_set_to() {
    within(|| {
        block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.set_reuseaddr(true)?;
            socket.set_reuseport(true)?;
            socket.set_keepalive(true)?;
            socket.set_linger(Some(Duration::from_secs(3)))?;
            socket.set_ttl(17)?;
            socket.set_recv_buffer_size(100_000)?;
            socket.set_send_buffer_size(100_000)?;
            assert!(socket.reuseaddr()? && socket.reuseport()? && socket.keepalive()?);
            assert!(socket.recv_buffer_size()? >= 100_000 && socket.send_buffer_size()? >= 100_000);
            socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
            let listener = socket.listen(8)?;
            let address = listener.local_addr()?;
            assert_eq!(listener.ttl()?, 17);
            let second = TcpSocket::new_v4()?;
            second.set_reuseport(true)?;
            second.bind(address)?; // two may share it

            let socket = TcpSocket::new_v4()?;
            socket.set_nodelay(true)?;
            let client = socket.connect(address).await?;
            assert!(client.nodelay()? && !client.keepalive()?);
            client.set_nodelay(false)?;
            client.set_keepalive(true)?;
            client.set_ttl(9)?;
            client.set_linger(Some(Duration::from_secs(2)))?;
            assert!(!client.nodelay()? && client.keepalive()?);
            assert_eq!((client.ttl()?, client.linger()?), (9, Some(Duration::from_secs(2))));
            client.set_linger(None)?;
            assert_eq!(client.linger()?, None);
            assert!(client.take_error()?.is_none());
            let taken = TcpListener::bind(address).await.expect_err("somebody listens there");
            assert_eq!(taken.kind(), ErrorKind::AddrInUse);
            Ok(())
        })
    });
}
