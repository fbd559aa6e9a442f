//! Chapter 8, part 4: a socket is registered when it waits for the first time, once, with one reactor.

use std::env;
use std::fs::File;
use std::sync::Barrier;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use rt_io::net::UnixStream;
use rt_io::{AsyncFd, Reactor};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
}

/// Whether it waits, and not for an error.
fn waits_to_read(stream: &UnixStream) -> bool {
    let polled = stream.poll_read_ready(&mut Context::from_waker(Waker::noop()));
    assert!(!matches!(polled, std::task::Poll::Ready(Err(_))), "can not wait: {polled:?}");
    polled.is_pending()
}

#[test]
fn a_socket_is_registered_when_it_waits_and_once() {
    within(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let _entered = handle.enter();
        let (one, two) = UnixStream::pair().unwrap();
        assert_eq!(handle.registered(), 0, "a socket that never waits costs a system call");
        for _ in 0..3 {
            assert!(waits_to_read(&one), "nothing came");
            let _ = one.poll_write_ready(&mut Context::from_waker(Waker::noop()));
            assert_eq!(handle.registered(), 1, "[IO2] each wait costs a system call");
        }
        assert!(waits_to_read(&two), "nothing came");
        assert_eq!(handle.registered(), 2, "the second socket has no place of its own");
        drop(one);
        assert_eq!(handle.registered(), 1, "each connection that was closed leaks a place");
    });
}

#[test]
fn a_socket_stays_with_the_reactor_of_the_thread_on_which_it_waited_first() {
    within(|| {
        let (outer, inner) = (Reactor::new(), Reactor::new());
        let _outer = outer.handle().enter();
        let (one, two) = UnixStream::pair().unwrap();
        {
            let _inner = inner.handle().enter();
            assert!(waits_to_read(&one), "nothing came");
        }
        assert!(waits_to_read(&one) && waits_to_read(&two), "nothing came");
        let registered = [&outer, &inner].map(|reactor| reactor.handle().registered());
        assert_eq!(registered, [1, 1], "[IO2] nobody looks for the events of a socket");
    });
}

#[test]
fn what_the_kernel_can_not_wait_for_takes_no_place() {
    within(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let _entered = handle.enter();
        let file = File::open(env::current_exe().unwrap()).unwrap();
        assert!(AsyncFd::new(file).is_err(), "a task waits for a file, whose events never come");
        assert_eq!(handle.registered(), 0, "each failed registration leaks a place");
    });
}

#[test]
fn of_two_threads_that_wait_for_one_socket_first_one_registers_it() {
    within(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let start = Barrier::new(2);
        for _ in 0..500 {
            let (one, _two) = UnixStream::pair().unwrap();
            let wait = || {
                let _entered = handle.enter();
                start.wait();
                waits_to_read(&one)
            };
            let both = thread::scope(|scope| {
                let other = scope.spawn(wait);
                (wait(), other.join().expect("the other thread can not wait"))
            });
            assert_eq!(both, (true, true), "nothing came");
            assert_eq!(handle.registered(), 1, "[IO2] a socket has two places, or none");
        }
    });
}
