//! What a wake-up costs at a futex, and what through the kernel's list of sockets.
//!
//! `cargo run --release -p rt-io --example park_costs` has two threads wake each other in turn, both asleep in
//! between: first at parkers, then at reactors with a socket each.

#![forbid(unsafe_code)]

use std::io;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Instant;

use rt_executor::block_on;
use rt_io::Reactor;
use rt_io::net::UdpSocket;
use rt_waker::{Park, Parker, WakeBatch};

const ROUNDS: u32 = 20_000;

/// There and back, in nanoseconds: each thread parks until the other has woken it.
fn there_and_back(mut one: impl Park, mut two: impl Park + Send + 'static) -> u128 {
    let (wake_one, wake_two) = (one.waker(), two.waker());
    let (go, wait) = mpsc::channel();
    let other = thread::spawn(move || {
        wait.recv().expect("the first thread says so");
        let mut ready = WakeBatch::new();
        for _ in 0..ROUNDS {
            two.park(None, &mut ready);
            wake_one.wake_by_ref();
        }
    });
    let mut ready = WakeBatch::new();
    go.send(()).expect("the second thread waits");
    let start = Instant::now();
    for _ in 0..ROUNDS {
        wake_two.wake_by_ref();
        one.park(None, &mut ready);
    }
    let took = start.elapsed();
    other.join().expect("no panic");
    took.as_nanos() / u128::from(ROUNDS)
}

/// A reactor that waits in the kernel, because of a socket; and that socket.
fn with_a_socket() -> io::Result<(Reactor, UdpSocket)> {
    let mut reactor = Reactor::new();
    let entered = reactor.handle().enter();
    let socket = block_on(UdpSocket::bind("127.0.0.1:0"))?;
    let waits = socket.poll_recv_ready(&mut Context::from_waker(Waker::noop()))?;
    assert!(waits.is_pending(), "nobody sends anything");
    drop(entered);
    reactor.park(Some(std::time::Duration::ZERO), &mut WakeBatch::new()); // goes over, and is told of the socket
    Ok((reactor, socket))
}

fn main() -> io::Result<()> {
    let futex = there_and_back(Parker::new(), Parker::new());
    let ((one, _one), (two, _two)) = (with_a_socket()?, with_a_socket()?);
    let list = there_and_back(one, two);
    println!("parkers (futex):             {futex:>7} ns there and back");
    println!("reactors (eventfd, epoll):   {list:>7} ns there and back");
    Ok(())
}
