//! A socket, its reactor and a peer: who registers when, who is woken, and how often is the kernel asked?
use std::io::Write;
use std::net;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::AsyncRead;
use rt_io::Reactor;
use rt_io::net::TcpStream;
use rt_testkit::CountingWaker;
use rt_waker::{Park, WakeBatch};

/// An event comes before that.
const SOON: Duration = Duration::from_secs(1);

fn main() -> std::io::Result<()> {
    let (mut reactor, mut batch) = (Reactor::new(), WakeBatch::new());
    let handle = reactor.handle();
    let _entered = handle.enter();
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let mut peer = net::TcpStream::connect(listener.local_addr()?)?;
    let mut stream = TcpStream::from_std(listener.accept()?.0)?;
    let (waker, wakes) = CountingWaker::new();
    let mut cx = Context::from_waker(&waker);
    let mut buf = [0; 8];

    let mut read = |what: &str| {
        let read = match Pin::new(&mut stream).poll_read(&mut cx, &mut buf) {
            Poll::Ready(Ok(count)) => format!("{count} bytes"),
            Poll::Ready(Err(error)) => error.to_string(),
            Poll::Pending => "nothing yet".to_owned(),
        };
        println!("{what}: {read}, {} registered", handle.registered());
    };
    let mut turn = |what: &str, timeout| {
        reactor.park(Some(timeout), &mut batch);
        let woken = batch.wake_all();
        println!("{what}: {woken} woken, {} in all", wakes.count());
    };

    peer.write_all(b"early")?;
    read("a read after a write");
    read("another read");
    turn("a turn", Duration::ZERO);
    peer.write_all(b"twelve bytes")?;
    turn("a turn after a second write", SOON);
    turn("another turn", Duration::ZERO);
    read("a read into eight bytes");
    read("the next read into eight bytes");
    peer.write_all(b"!")?;
    read("a read after a third write, without a turn");
    turn("the turn after it", SOON);
    drop(peer);
    turn("a turn after the peer has gone", SOON);
    read("the read after it");
    read("the last read");
    Ok(())
}
