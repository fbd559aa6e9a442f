//! Unix sockets: names, addresses, datagrams, and what only they have.

#[path = "net/pair.rs"]
mod pair;

use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::{env, fs, process};

use futures::future::join;
use futures::{AsyncReadExt, AsyncWriteExt, poll};
use rt_executor::block_on;
use rt_io::net::unix::{self, SocketAddr};
use rt_io::net::{UnixDatagram, UnixListener, UnixStream};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use crate::pair::{Stream, within};

/// A path that is removed when the test is done.
struct Name(PathBuf);

impl Name {
    fn new(name: &str) -> Name {
        Name(env::temp_dir().join(format!("rt-io-unix-{}-{name}", process::id())))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

#[test]
fn a_descriptor_on_the_way_does_not_hold_up_the_bytes_behind_it() {
    within(|| {
        block_on(async {
            let (one, mut two) = UnixStream::known_pair().await?;
            let fds = [one.as_fd()];
            let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut with_fd = SendAncillaryBuffer::new(&mut room);
            assert!(with_fd.push(SendAncillaryMessage::ScmRights(&fds)));
            sendmsg(&one, &[IoSlice::new(b"with")], &mut with_fd, SendFlags::empty())?;
            assert_eq!(one.try_write(b"behind")?, 6);
            let (mut buf, mut text) = ([0; 64], Vec::new());
            while text.len() < 10 {
                // A read stops behind a descriptor: that it is short does not say that it was all.
                let count = two.read(&mut buf).await?;
                text.extend_from_slice(&buf[..count]);
            }
            assert_eq!(text, b"withbehind");
            Ok(())
        })
    });
}

#[test]
fn a_name_leads_to_the_one_who_listens_there() {
    within(|| {
        block_on(async {
            let name = Name::new("listener");
            let nobody = UnixStream::connect(&name.0).await.expect_err("no such file");
            assert_eq!(nobody.kind(), ErrorKind::NotFound);
            let listener = UnixListener::bind(&name.0)?;
            let taken = UnixListener::bind(&name.0).expect_err("the name is taken");
            assert_eq!(taken.kind(), ErrorKind::AddrInUse);
            let mut accept = Box::pin(listener.accept());
            assert!(poll!(&mut accept).is_pending());
            let (client, accepted) = join(UnixStream::connect(&name.0), accept).await;
            let (mut client, (mut server, address)) = (client?, accepted?);
            assert!(address.is_unnamed(), "{address:?}");
            assert_eq!(client.peer_addr()?.as_pathname(), Some(&*name.0));
            assert_eq!(server.local_addr()?.as_pathname(), Some(&*name.0));
            server.write_all(b"hello").await?;
            server.close().await?;
            let mut text = String::new();
            client.read_to_string(&mut text).await?;
            assert_eq!(text, "hello");
            assert!(client.take_error()?.is_none());
            drop(listener);
            let nobody = UnixStream::connect(&name.0).await.expect_err("nobody listens any more");
            assert_eq!(nobody.kind(), ErrorKind::ConnectionRefused);
            Ok(())
        })
    });
}

#[cfg(target_os = "linux")]
use linux::abstract_name;

#[cfg(target_os = "linux")]
mod linux {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;

    pub(crate) fn abstract_name(name: &str) -> SocketAddr {
        let name = format!("rt-io-unix-{}-{name}", std::process::id());
        SocketAddr::from_abstract_name(name).expect("a short name")
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_need_not_be_a_file() {
    within(|| {
        block_on(async {
            let address: SocketAddr = abstract_name("abstract");
            let listener = UnixListener::bind_addr(&address)?;
            let mut client = UnixStream::connect_addr(&address).await?;
            let (mut server, _) = listener.accept().await?;
            client.write_all(b"x").await?;
            assert_eq!(server.read(&mut [0; 8]).await?, 1);
            Ok(())
        })
    });
}

#[test]
fn halves_of_a_unix_stream_are_reunited_and_end() {
    within(|| {
        block_on(async {
            let (one, two) = UnixStream::pair()?;
            let ((one_in, one_out), (two_in, two_out)) = (one.into_split(), two.into_split());
            let unix::ReuniteError(one_in, two_out) =
                one_in.reunite(two_out).expect_err("halves of two connections became one");
            let one = one_in.reunite(one_out).expect("they are of one connection");
            let (mut two_in, buf) = (two_in, &mut [0; 8]);
            assert!(poll!(two_in.read(buf)).is_pending(), "what was reunited is ended");
            let (reads, writes) = one.into_split();
            drop(writes);
            assert_eq!(two_in.read(buf).await?, 0, "the half that writes is gone");
            drop(two_out);
            drop(reads);
            Ok(())
        })
    });
}

#[test]
fn unix_streams_come_from_std_and_go_back() {
    within(|| {
        block_on(async {
            let (one, two) = std::os::unix::net::UnixStream::pair()?;
            let (one, mut two) = (UnixStream::try_from(one)?, UnixStream::from_std(two)?);
            let mut buf = [0; 8];
            assert!(poll!(two.read(&mut buf)).is_pending());
            let one = one.into_std()?;
            assert_eq!(io::Write::write(&mut &one, b"std")?, 3);
            assert_eq!(two.read(&mut buf).await?, 3);
            let two = UnixStream::from_std(two.into_std()?)?;
            two.writable().await?; // registered again
            Ok(())
        })
    });
}

#[test]
fn datagrams_arrive_whole_in_order_and_none_gets_lost() {
    within(|| {
        block_on(async {
            let (one, two) = UnixDatagram::pair()?;
            let send = async {
                // More than there is room for: it waits in between.
                for number in 0..5_000_u32 {
                    assert_eq!(one.send(&number.to_le_bytes()).await?, 4);
                }
                Ok::<(), io::Error>(())
            };
            let receive = async {
                for number in 0..5_000_u32 {
                    let mut buf = [0; 8];
                    assert_eq!(two.recv(&mut buf).await?, 4);
                    assert_eq!(buf[..4], number.to_le_bytes(), "lost, or overtaken");
                }
                Ok::<(), io::Error>(())
            };
            let (sent, received) = join(send, receive).await;
            sent.and(received)?;
            assert_eq!(one.send(b"").await?, 0, "an empty datagram is one, too");
            assert_eq!(two.recv(&mut [0; 8]).await?, 0);
            let mut buf = [0; 8];
            let mut waits = Box::pin(two.recv(&mut buf));
            assert!(poll!(&mut waits).is_pending());
            one.send(b"too long for it").await?;
            assert_eq!(waits.await?, 8, "what does not fit is lost");
            assert!(two.try_recv(&mut buf).is_err(), "the rest of a datagram is no other one");
            Ok(())
        })
    });
}

#[test]
fn datagrams_go_to_names() {
    within(|| {
        block_on(async {
            let (here, there) = (Name::new("here"), Name::new("there"));
            let one = UnixDatagram::bind(&here.0)?;
            let two = UnixDatagram::bind(&there.0)?;
            let mut buf = [0; 16];
            one.send_to(b"to a name", &there.0).await?;
            let (count, from) = two.recv_from(&mut buf).await?;
            assert_eq!((&buf[..count], from.as_pathname()), (&b"to a name"[..], Some(&*here.0)));
            let third = UnixDatagram::unbound()?;
            third.connect(&there.0)?;
            assert_eq!(third.peer_addr()?.as_pathname(), Some(&*there.0));
            assert_eq!(third.try_send(b"x")?, 1);
            let (count, from) = two.recv_from(&mut buf).await?;
            assert_eq!((count, from.is_unnamed()), (1, true));
            third.shutdown(Shutdown::Write)?;
            let ended = third.send(b"x").await.expect_err("this direction was ended");
            assert_eq!(ended.kind(), ErrorKind::BrokenPipe);
            let third = UnixDatagram::unbound()?;
            third.connect(&there.0)?;
            drop(two);
            let gone = third.send(b"x").await.expect_err("nobody is there");
            assert!(matches!(gone.kind(), ErrorKind::ConnectionRefused | ErrorKind::BrokenPipe));
            Ok(())
        })
    });
}

#[test]
fn a_queue_of_datagrams_that_was_full_takes_more_when_there_is_room() {
    within(|| {
        block_on(async {
            let (one, two) = UnixDatagram::pair()?;
            let mut sent = 0;
            while one.try_send(b"x").is_ok() {
                sent += 1;
            }
            assert!(poll!(Box::pin(one.send(b"x"))).is_pending(), "it is full");
            let mut buf = [0; 8];
            let receive = async {
                for _ in 0..=sent {
                    two.recv(&mut buf).await?;
                }
                Ok::<(), io::Error>(())
            };
            let (more, received) = join(one.send(b"y"), receive).await;
            more?;
            received
        })
    });
}
