//! Chapter 8: pipes.

use std::io::{ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, FutureExt};
use rt_executor::block_on;
use rt_io::net::unix::pipe::{Receiver, Sender, pipe};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn more_than_a_pipe_holds_goes_through_it() {
    within(LIMIT, || {
        let (mut sender, mut receiver) = pipe().unwrap();
        let data: Vec<u8> = (0..1_000_000).map(|at| (at % 251) as u8).collect();
        let mut read = Vec::new();
        let writes = async {
            sender.write_all(&data).await.unwrap();
            drop(sender);
        };
        let reads = async { receiver.read_to_end(&mut read).await.unwrap() };
        block_on(async { futures::join!(writes, reads) });
        assert!(read == data, "{} bytes of a million came out", read.len());
    });
}

#[test]
fn a_call_that_would_block_says_so_and_the_end_is_an_end() {
    within(LIMIT, || {
        let (sender, receiver) = pipe().unwrap();
        let mut buf = [0; 8];
        assert_eq!(receiver.try_read(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(sender.try_write(b"hello").unwrap(), 5);
        block_on(receiver.readable()).unwrap();
        assert_eq!(receiver.try_read(&mut buf).unwrap(), 5);
        drop(sender);
        block_on(receiver.readable()).unwrap();
        assert_eq!(receiver.try_read(&mut buf).unwrap(), 0, "the pipe has no end");
    });
}

#[test]
fn who_writes_is_told_that_nobody_reads() {
    within(LIMIT, || {
        let (mut sender, receiver) = pipe().unwrap();
        block_on(async {
            while futures::poll!(sender.write(&[0; 65536])).is_ready() {} // until it is full
            let reader = async { drop(receiver) };
            let writes = async { sender.write(&[0; 65536]).await.unwrap_err().kind() };
            let (kind, ()) = futures::join!(writes, reader);
            assert_eq!(kind, ErrorKind::BrokenPipe);
            sender.writable().await.expect("an error is no wait");
        });
    });
}

#[test]
fn descriptors_come_and_go() {
    within(LIMIT, || {
        let (receiver, sender) = std::io::pipe().unwrap();
        let mut sender = Sender::from_owned_fd(OwnedFd::from(sender)).unwrap();
        let receiver = Receiver::from_owned_fd(OwnedFd::from(receiver)).unwrap();
        let mut file = std::fs::File::from(receiver.into_blocking_fd().unwrap());
        let thread = std::thread::spawn(move || {
            let mut buf = [0; 5];
            file.read_exact(&mut buf).expect("it blocks");
            buf
        });
        block_on(sender.write_all(b"hello")).unwrap();
        assert_eq!(&thread.join().unwrap(), b"hello");
        let mut file = std::fs::File::from(sender.into_nonblocking_fd().unwrap());
        let error = std::io::Write::write(&mut file, b"hello").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_short_read_of_packets_is_no_sign_that_there_are_no_more() {
    within(LIMIT, || {
        let (one, two) = std::os::unix::net::UnixDatagram::pair().unwrap();
        let mut receiver = Receiver::from_owned_fd(one.into()).unwrap();
        let mut buf = [0; 64];
        let waits = receiver.read(&mut buf).now_or_never();
        assert!(waits.is_none(), "there is nothing yet, and from now on it is registered");
        two.send(b"one").unwrap();
        two.send(b"three").unwrap();
        assert_eq!(block_on(receiver.read(&mut buf)).unwrap(), 3);
        assert_eq!(block_on(receiver.read(&mut buf)).unwrap(), 5, "the second packet is lost");
    });
}
