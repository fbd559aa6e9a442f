//! A wait that a signal interrupts.
#![cfg(target_os = "linux")]

#[path = "net/asleep.rs"]
mod asleep;
#[path = "net/pair.rs"]
mod pair;

use std::io::{self, BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::task::Context;
use std::thread;
use std::time::Duration;

use rt_executor::block_on;
use rt_io::Reactor;
use rt_io::net::UdpSocket;
use rt_testkit::CountingWaker;
use rt_waker::{Park, WakeBatch};
use rustix::process::{Pid, Signal, kill_process};

use crate::pair::within;

/// What the process does that the next test stops and continues.
#[test]
#[ignore = "part of the next one"]
fn a_program_that_waits_for_a_socket() {
    let mut reactor = Reactor::new();
    let _entered = reactor.handle().enter();
    let socket = block_on(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))).expect("a socket");
    let (waker, wakes) = CountingWaker::new();
    assert!(socket.poll_recv_ready(&mut Context::from_waker(&waker)).is_pending());
    let (says, who) = mpsc::channel();
    let thread = thread::spawn(move || {
        let mut batch = WakeBatch::new();
        reactor.park(Some(Duration::ZERO), &mut batch); // what the kernel says of a new socket
        says.send(asleep::this_thread()).expect("somebody waits for it");
        while wakes.count() == 0 {
            reactor.park(None, &mut batch);
            batch.wake_all();
        }
    });
    asleep::until(&who.recv().expect("it was just sent"), 'S');
    println!("\nasleep");
    let mut line = String::new();
    io::stdin().read_line(&mut line).expect("a line");
    let from = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    from.send_to(b"x", socket.local_addr().expect("it has one")).expect("sent");
    thread.join().expect("a wait that was interrupted is no reason to panic");
    println!("woken");
}

#[test]
fn a_wait_that_is_interrupted_goes_on() {
    within(|| {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--exact", "--ignored", "--nocapture", "a_program_that_waits_for_a_socket"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line == "asleep")), "it did not get there");
        let pid = Pid::from_child(&child);
        for _ in 0..5 {
            kill_process(pid, Signal::STOP)?;
            asleep::until(&format!("/proc/{}", child.id()), 'T');
            kill_process(pid, Signal::CONT)?; // it ends `epoll_wait` with EINTR
            asleep::until(&format!("/proc/{}", child.id()), 'S');
        }
        child.stdin.take().expect("it is piped").write_all(b"go on\n")?;
        assert!(lines.any(|line| line.is_ok_and(|line| line == "woken")), "it is not woken");
        assert!(child.wait()?.success());
        Ok(())
    });
}
