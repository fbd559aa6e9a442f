//! Any descriptor: guards, what they clear, and what a descriptor is ready for.
#![cfg(target_os = "linux")]

#[path = "net/pair.rs"]
mod pair;

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::{AsyncReadExt, poll};
use rt_executor::block_on;
use rt_io::net::TcpStream;
use rt_io::{AsyncFd, Interest, Reactor, Ready};
use rt_waker::{Park, WakeBatch};
use rustix::pipe::{PipeFlags, pipe_with};
use socket2::SockRef;

use crate::pair::{Stream, within};

fn pipe() -> io::Result<(AsyncFd<File>, AsyncFd<File>)> {
    let (read, write) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
    let read = AsyncFd::with_interest(File::from(read), Interest::READABLE)?;
    Ok((read, AsyncFd::with_interest(File::from(write), Interest::WRITABLE)?))
}

fn read(from: &AsyncFd<File>) -> io::Result<usize> {
    from.get_ref().read(&mut [0; 64])
}

#[test]
fn a_pipe_is_read_when_there_is_something_and_written_when_there_is_room() {
    within(|| {
        block_on(async {
            let (reads, writes) = pipe()?;
            let mut wait = Box::pin(reads.readable());
            assert!(poll!(&mut wait).is_pending());
            assert_eq!(
                writes.writable().await?.try_io(|fd| fd.get_ref().write(b"abc")).unwrap()?,
                3
            );
            let mut guard = wait.await?;
            assert_eq!(guard.ready(), Ready::READABLE);
            assert_eq!(guard.get_ref().as_raw_fd(), guard.get_inner().as_raw_fd());
            assert_eq!(guard.try_io(read).expect("it is there")?, 3);
            assert!(guard.try_io(read).is_err(), "there is no more");
            assert!(poll!(Box::pin(reads.readable())).is_pending(), "a call that blocks spins");

            let mut sent = 0;
            let page = [0; 4_096];
            while let Ok(count) = writes.try_io(Interest::WRITABLE, |mut fd| fd.write(&page)) {
                sent += count;
            }
            let mut wait = Box::pin(writes.writable());
            assert!(poll!(&mut wait).is_pending(), "it is full");
            while sent > 0 {
                sent -= reads.async_io(Interest::READABLE, |mut fd| fd.read(&mut [0; 999])).await?;
            }
            wait.await?.retain_ready();
            assert!(poll!(Box::pin(writes.writable())).is_ready(), "retained");
            Ok(())
        })
    });
}

#[test]
fn an_end_without_data_is_readable() {
    within(|| {
        block_on(async {
            let (reads, writes) = pipe()?;
            let mut wait = Box::pin(reads.readable());
            assert!(poll!(&mut wait).is_pending());
            drop(writes);
            let mut guard = wait.await?; // the kernel says "hung up", and not "readable"
            assert!(guard.ready().is_read_closed());
            assert_eq!(guard.try_io(read).expect("an end is no block")?, 0);
            Ok(())
        })
    });
}

#[test]
fn an_error_wakes_who_writes_and_who_waits_for_errors() {
    within(|| {
        block_on(async {
            let (reads, writes) = pipe()?;
            let page = [0; 4_096];
            writes.writable().await?.retain_ready();
            while writes.try_io(Interest::WRITABLE, |mut fd| fd.write(&page)).is_ok() {}
            let mut write = Box::pin(writes.writable());
            let mut error = Box::pin(writes.ready(Interest::ERROR));
            assert!(poll!(&mut write).is_pending() && poll!(&mut error).is_pending());
            drop(reads);
            let broken = write.await?.try_io(|fd| fd.get_ref().write(b"x"));
            assert_eq!(
                broken.expect("it does not block").unwrap_err().kind(),
                ErrorKind::BrokenPipe
            );
            assert_eq!(error.await?.ready(), Ready::ERROR);
            Ok(())
        })
    });
}

/// An error that a call takes leaves nothing behind that looks like one.
#[test]
fn an_error_that_was_taken_is_no_reason_to_spin() {
    within(|| {
        block_on(async {
            let gone = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
            let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.connect(gone)?;
            socket.set_nonblocking(true)?;
            let socket = AsyncFd::new(socket)?;
            let mut wait = Box::pin(socket.readable());
            assert!(poll!(&mut wait).is_pending());
            socket.get_ref().send(b"x")?;
            let mut guard = wait.await?;
            let refused = guard.try_io(|fd| fd.get_ref().recv(&mut [0])).expect("no block");
            assert_eq!(refused.expect_err("nobody is there").kind(), ErrorKind::ConnectionRefused);
            while guard.try_io(|fd| fd.get_ref().recv(&mut [0])).is_ok() {}
            for _ in 0..10 {
                // The event of a send may come in between; after that it is quiet.
                let Poll::Ready(guard) = poll!(Box::pin(socket.readable())) else { return Ok(()) };
                guard?.clear_ready();
            }
            panic!("ready for ever, and every call blocks");
        })
    });
}

#[test]
fn a_guard_clears_nothing_that_came_after_it() {
    within(|| {
        let mut reactor = Reactor::new();
        let handle = reactor.handle();
        let _entered = handle.enter();
        let (reads, writes) = pipe()?;
        let mut turn = || reactor.park(Some(Duration::from_millis(1)), &mut WakeBatch::new());
        let mut cx = Context::from_waker(Waker::noop());
        writes.get_ref().write_all(b"first")?;
        turn();
        let Poll::Ready(guard) = reads.poll_read_ready(&mut cx) else { panic!("it was written") };
        let mut guard = guard?;
        assert_eq!(read(&reads)?, 5);
        writes.get_ref().write_all(b"second")?;
        turn();
        guard.clear_ready();
        assert!(reads.poll_read_ready(&mut cx).is_ready(), "the second event is lost");
        assert_eq!(read(&reads)?, 6);
        let Poll::Ready(guard) = reads.poll_read_ready(&mut cx) else {
            panic!("it was not cleared")
        };
        guard?.clear_ready_matching(Ready::READABLE);
        assert!(reads.poll_read_ready(&mut cx).is_pending());
        assert!(writes.poll_write_ready(&mut cx).is_ready(), "the other end is another one");
        Ok(())
    });
}

#[test]
fn a_descriptor_that_is_taken_back_or_only_lent_can_be_registered_again() {
    within(|| {
        block_on(async {
            let (reads, writes) = pipe()?;
            let fd = reads.into_inner();
            let number = fd.as_raw_fd();
            {
                let lent = AsyncFd::with_interest(fd.as_fd(), Interest::READABLE)?;
                let twice = AsyncFd::with_interest(fd.as_fd(), Interest::READABLE);
                assert_eq!(twice.unwrap_err().kind(), ErrorKind::AlreadyExists);
                writes.get_ref().write_all(b"x")?;
                lent.readable().await?.retain_ready();
            }
            let mut again = AsyncFd::new(OwnedFd::from(fd))?;
            assert_eq!(again.as_raw_fd(), number);
            let mut guard = again.readable_mut().await?;
            assert_eq!(guard.get_mut().get_mut().as_raw_fd(), number);
            guard.clear_ready();
            assert!(poll!(Box::pin(again.readable())).is_pending());
            Ok(())
        })
    });
}

#[test]
fn what_the_kernel_can_not_wait_for_is_an_error() {
    within(|| {
        let file = AsyncFd::new(File::open("/proc/self/exe")?);
        assert_eq!(file.expect_err("a file is always ready").kind(), ErrorKind::PermissionDenied);
        Ok(())
    });
}

#[test]
fn a_call_that_was_interrupted_is_made_again() {
    within(|| {
        block_on(async {
            let (_reads, writes) = pipe()?;
            let mut calls = 0;
            let done = writes.async_io(Interest::WRITABLE, |_| {
                calls += 1;
                if calls < 3 { Err(ErrorKind::Interrupted.into()) } else { Ok("done") }
            });
            assert_eq!(done.await?, "done");
            let failed =
                writes.async_io(Interest::WRITABLE, |_| Err::<(), _>(io::Error::other("no")));
            assert_eq!(failed.await.expect_err("it failed").to_string(), "no");
            Ok(())
        })
    });
}

#[test]
fn urgent_data_is_waited_for_apart_from_the_rest() {
    within(|| {
        block_on(async {
            let (one, two) = TcpStream::pair().await?;
            let two =
                AsyncFd::with_interest(two.into_std()?, Interest::READABLE | Interest::PRIORITY)?;
            let mut urgent = Box::pin(two.ready(Interest::PRIORITY));
            assert!(poll!(&mut urgent).is_pending());
            one.try_write(b"normal")?;
            two.readable().await?.retain_ready();
            assert!(poll!(&mut urgent).is_pending(), "normal data is not urgent");
            SockRef::from(&one).send_out_of_band(b"!")?;
            let mut guard = urgent.await?;
            assert_eq!(guard.ready(), Ready::PRIORITY);
            let mut byte = [std::mem::MaybeUninit::uninit()];
            assert_eq!(SockRef::from(two.get_ref()).recv_out_of_band(&mut byte)?, 1);
            guard.clear_ready();
            assert!(poll!(Box::pin(two.ready(Interest::PRIORITY))).is_pending(), "cleared");
            assert_eq!(two.async_io(Interest::READABLE, |mut fd| fd.read(&mut [0; 9])).await?, 6);
            Ok(())
        })
    });
}

#[test]
fn who_reads_does_not_take_the_urgent_byte_from_who_waits_for_it() {
    within(|| {
        block_on(async {
            let (one, mut two) = TcpStream::known_pair().await?;
            SockRef::from(&one).send(b"abc")?;
            SockRef::from(&one).send_out_of_band(b"!")?;
            let mut buf = [0; 8];
            while !two.ready(Interest::READABLE | Interest::PRIORITY).await?.is_priority() {}
            assert_eq!(two.read(&mut buf).await?, 3);
            assert!(poll!(two.read(&mut buf)).is_pending(), "there is no more");
            assert!(two.try_read(&mut buf).is_err());
            assert!(two.ready(Interest::PRIORITY).await?.is_priority());
            Ok(())
        })
    });
}

#[test]
fn who_waits_for_urgent_data_does_not_take_the_end_from_who_reads() {
    within(|| {
        let (reader, writer) = std::io::pipe()?;
        let both = Interest::READABLE | Interest::PRIORITY;
        let fd = AsyncFd::with_interest(reader, both)?;
        drop(writer);
        block_on(async {
            let mut urgent = fd.ready(Interest::PRIORITY).await?;
            assert!(urgent.ready().is_read_closed(), "the end is an end for all");
            urgent.clear_ready();
            assert!(urgent.try_io(|_| Err::<(), _>(ErrorKind::WouldBlock.into())).is_err());
            let end = fd.readable().await?; // for ever, if it was taken
            assert!(end.ready().is_read_closed());
            Ok(())
        })
    });
}
