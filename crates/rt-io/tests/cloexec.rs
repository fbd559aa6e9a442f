//! No descriptor is inherited by a child process.
#![cfg(target_os = "linux")]

#[path = "net/pair.rs"]
mod pair;

use std::io;
use std::net::SocketAddr;
use std::process::Command;

use futures::future::join;
use futures::poll;
use rt_executor::block_on;
use rt_io::Reactor;
use rt_io::net::{
    TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
};

use crate::pair::within;

/// What a child process finds open: one line each.
fn inherited() -> io::Result<Vec<String>> {
    let output = Command::new("sh").args(["-c", "ls -l /proc/self/fd"]).output()?;
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8_lossy(&output.stdout);
    Ok(lines.lines().filter_map(|line| Some(line.split_once(" -> ")?.1.to_owned())).collect())
}

#[test]
fn a_child_process_finds_no_socket_of_ours_and_no_part_of_the_reactor() {
    within(|| {
        let before = inherited()?;
        let path = |name| {
            std::env::temp_dir().join(format!("rt-io-cloexec-{}-{name}", std::process::id()))
        };
        let reactor = Reactor::new();
        let _entered = reactor.handle().enter();
        let (listen, bind) = (path("listen"), path("bind"));
        let unix = UnixListener::bind(&listen)?;
        let datagram = UnixDatagram::bind(&bind)?;
        let inside = block_on(async {
            let tcp = TcpListener::bind("127.0.0.1:0").await?;
            let address: SocketAddr = tcp.local_addr()?;
            let second = TcpSocket::new_v4()?;
            let third = TcpSocket::new_v6()?;
            let (client, server) = join(TcpStream::connect(address), tcp.accept()).await;
            let fourth = TcpSocket::new_v4()?.connect(address).await?;
            let (unix_client, unix_server) =
                join(UnixStream::connect(&listen), unix.accept()).await;
            let (unix_client, unix_server) = (unix_client?, unix_server?);
            let udp = UdpSocket::bind("127.0.0.1:0").await?;
            let pairs = (UnixStream::pair()?, UnixDatagram::pair()?, UnixDatagram::unbound()?);
            // Now the reactor has all that it ever has.
            assert!(poll!(Box::pin(udp.recv(&mut [0]))).is_pending());
            assert!(poll!(Box::pin(datagram.recv(&mut [0]))).is_pending());
            let inside = inherited();
            drop((second, third, fourth, client?, server?, unix_client, unix_server, pairs));
            inside
        });
        std::fs::remove_file(listen)?;
        std::fs::remove_file(bind)?;
        let inside = inside?;
        let sockets = |of: &[String]| of.iter().filter(|to| to.starts_with("socket:")).count();
        assert_eq!(inside.len(), before.len(), "a child has more than before: {inside:?}");
        assert_eq!(sockets(&inside), sockets(&before), "{inside:?}");
        assert!(!inside.iter().any(|to| to.contains("eventpoll") || to.contains("timerfd")));
        Ok(())
    });
}
