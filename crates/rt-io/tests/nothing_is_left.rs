//! What is closed is gone: descriptors, places with the reactor, memory. `RT_FULL` makes a million rounds.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use futures::future::join;
use futures::{AsyncReadExt, AsyncWriteExt};
use rt_executor::{Executor, Fifo};
use rt_io::net::{TcpListener, TcpStream, UdpSocket};
use rt_io::{AsyncFd, Reactor};
use rt_waker::{Park, WakeBatch};

/// Who counts descriptors must be alone.
static ALONE: Mutex<()> = Mutex::new(());

#[track_caller]
fn alone(body: impl FnOnce() -> io::Result<()> + Send + 'static) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    rt_testkit::within(Duration::from_secs(600), body).expect("no call fails here");
}

fn descriptors() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/fd")?.count() - 1) // without the one that reads
}

/// Kibibytes of memory that the process has.
fn resident() -> io::Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn rounds() -> usize {
    if std::env::var_os("RT_FULL").is_some() { 1_000_000 } else { 5_000 }
}

#[test]
fn a_reactor_without_sockets_has_no_descriptor() {
    alone(|| {
        let before = descriptors()?;
        let mut reactor = Reactor::new();
        let (handle, waker) = (reactor.handle(), reactor.waker());
        waker.wake_by_ref();
        reactor.park(None, &mut WakeBatch::new());
        reactor.park(Some(Duration::from_millis(1)), &mut WakeBatch::new());
        let entered = handle.enter();
        let executor = Executor::with(reactor, Fifo::new(), ());
        let socket = executor.run(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await?;
            socket.send_to(b"x", socket.local_addr()?).await?;
            socket.recv(&mut [0; 8]).await?; // it was there already
            Ok::<_, io::Error>(socket)
        })?;
        assert_eq!(descriptors()?, before + 1, "more than the socket, which has not waited yet");
        assert_eq!(handle.registered(), 0);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(socket.poll_recv_ready(&mut cx)?.is_pending());
        assert_eq!(handle.registered(), 1);
        let with_one = descriptors()?;
        let second = executor.run(UdpSocket::bind("127.0.0.1:0"))?;
        assert!(second.poll_recv_ready(&mut cx)?.is_pending());
        assert_eq!(descriptors()?, with_one + 1, "each socket has more than its own");
        drop((socket, second));
        assert_eq!(handle.registered(), 0);
        drop((executor, entered));
        assert_eq!(descriptors()?, before, "the reactor is gone, and something of it is open");
        waker.wake(); // both may outlive it
        drop(handle);
        Ok(())
    });
}

async fn connection(listener: &TcpListener) -> io::Result<()> {
    let (accepted, client) =
        join(listener.accept(), TcpStream::connect(listener.local_addr()?)).await;
    let (mut client, (mut server, _)) = (client?, accepted?);
    let mut buf = [0; 8];
    let (read, written) = join(server.read(&mut buf), client.write_all(b"x")).await;
    written?;
    assert_eq!(read?, 1);
    // Else the system keeps the port for a minute.
    server.set_linger(Some(Duration::ZERO))?;
    drop(server);
    assert!(client.read(&mut buf).await.is_err(), "no reset arrived");
    Ok(())
}

#[test]
fn connections_that_are_closed_leave_nothing() {
    alone(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let executor = Executor::with(reactor, Fifo::new(), ());
        let entered = handle.enter();
        executor.run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            for _ in 0..1_000 {
                connection(&listener).await?;
            }
            let (fds, kibibytes) = (descriptors()?, resident()?);
            for round in 0..rounds() {
                connection(&listener).await?;
                assert_eq!(handle.registered(), 1, "round {round}: a place is left");
            }
            assert_eq!(descriptors()?, fds, "descriptors are left");
            let grown = resident()?.saturating_sub(kibibytes);
            // A sanitizer keeps what was freed, to see who uses it still, and knows itself what is left.
            let is_small = grown < 2_048 || cfg!(rt_sanitize);
            assert!(is_small, "{grown} KiB are left of {} connections", rounds());
            drop(listener);
            assert_eq!(handle.registered(), 0);
            Ok::<(), io::Error>(())
        })?;
        drop(entered);
        Ok(())
    });
}

#[test]
fn descriptors_that_are_taken_back_leave_nothing() {
    alone(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let _entered = handle.enter();
        let (one, mut two) = UnixStream::pair()?;
        one.set_nonblocking(true)?;
        two.set_nonblocking(true)?;
        let mut held = Some(one);
        let mut fds = None;
        for round in 0..rounds() {
            let fd = AsyncFd::new(held.take().expect("it came back"))?;
            assert_eq!(handle.registered(), 1);
            let before = *fds.get_or_insert(descriptors()?);
            assert_eq!(descriptors()?, before, "round {round}: a descriptor is left");
            held = Some(fd.into_inner());
            assert_eq!(handle.registered(), 0);
        }
        let blocks = two.read(&mut [0]).expect_err("it is still open");
        assert_eq!(blocks.kind(), io::ErrorKind::WouldBlock);
        Ok(())
    });
}
