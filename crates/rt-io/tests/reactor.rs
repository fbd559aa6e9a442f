//! The reactor: how it waits, who ends that, and what becomes of sockets when it is gone.
#![cfg(target_os = "linux")]

#[path = "net/asleep.rs"]
mod asleep;
#[path = "net/pair.rs"]
mod pair;

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures::poll;
use rt_executor::{Executor, Fifo, block_on};
use rt_io::net::UdpSocket;
use rt_io::{AsyncFd, Handle, Reactor};
use rt_testkit::CountingWaker;
use rt_waker::{Park, WakeBatch};
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::pair::within;

async fn socket() -> io::Result<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await
}

/// A socket that `handle` knows.
fn known_to(handle: &Handle) -> io::Result<UdpSocket> {
    let _entered = handle.enter();
    let socket = block_on(socket())?;
    let mut cx = Context::from_waker(Waker::noop());
    assert!(socket.poll_recv_ready(&mut cx)?.is_pending(), "nobody has sent anything");
    Ok(socket)
}

fn send_to(socket: &UdpSocket) -> io::Result<()> {
    let from = std::net::UdpSocket::bind("127.0.0.1:0")?;
    from.send_to(b"x", socket.local_addr()?).map(drop)
}

/// Parks once, on a thread of its own, and is asleep now.
fn parked(mut reactor: Reactor) -> JoinHandle<Reactor> {
    let (says, who) = mpsc::channel();
    let thread = thread::spawn(move || {
        says.send(asleep::this_thread()).expect("somebody waits for it");
        reactor.park(None, &mut WakeBatch::new());
        reactor
    });
    asleep::until(&who.recv().expect("it was just sent"), 'S');
    thread
}

#[test]
fn a_wake_ends_a_park_before_it_begins_and_while_it_goes_on() {
    within(|| {
        let mut reactor = Reactor::new();
        let mut sockets = Vec::new();
        for _ in ["at the parker", "in the kernel", "in the kernel"] {
            let waker = reactor.waker();
            assert!(waker.will_wake(&reactor.waker()));
            waker.wake_by_ref();
            reactor.park(None, &mut WakeBatch::new());
            let thread = parked(reactor);
            waker.wake();
            reactor = thread.join().expect("no panic");
            let began = Instant::now();
            reactor.park(Some(Duration::from_millis(20)), &mut WakeBatch::new());
            assert!(began.elapsed() >= Duration::from_millis(20), "one wake ended two parks");
            sockets.push(known_to(&reactor.handle())?);
            // What the kernel has to say about a new socket.
            reactor.park(Some(Duration::ZERO), &mut WakeBatch::new());
            reactor.park(Some(Duration::ZERO), &mut WakeBatch::new());
        }
        Ok(())
    });
}

#[test]
fn the_first_socket_fetches_who_waits_without_sockets() {
    within(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let thread = parked(reactor);
        let socket = known_to(&handle)?;
        let mut reactor = thread.join().expect("no panic");
        send_to(&socket)?;
        let (waker, wakes) = CountingWaker::new();
        let mut batch = WakeBatch::new();
        while socket.poll_recv_ready(&mut Context::from_waker(&waker))?.is_pending() {
            reactor.park(None, &mut batch);
            batch.wake_all();
            assert!(wakes.count() > 0, "an event, and nobody was woken");
        }
        Ok(())
    });
}

#[test]
fn a_first_registration_that_fails_does_not_leave_the_next_one_alone() {
    within(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let thread = parked(reactor);
        let entered = handle.enter();
        let file = AsyncFd::new(File::open("/proc/self/exe")?);
        assert!(file.is_err(), "a regular file can be waited for");
        drop(entered);
        assert_eq!(handle.registered(), 0);
        let socket = known_to(&handle)?;
        send_to(&socket)?;
        thread.join().expect("no panic"); // else it waits where no event comes
        Ok(())
    });
}

#[test]
fn a_wait_is_never_too_short_and_not_by_a_millisecond_too_long() {
    within(|| {
        let mut reactor = Reactor::new();
        let _socket = known_to(&reactor.handle())?;
        let mut batch = WakeBatch::new();
        reactor.park(Some(Duration::ZERO), &mut batch);
        for micros in [1, 50, 300, 999, 1_100, 5_000] {
            let timeout = Duration::from_micros(micros);
            let waits = (0..50).map(|_| {
                let began = Instant::now();
                reactor.park(Some(timeout), &mut batch);
                began.elapsed()
            });
            let shortest = waits.min().expect("fifty of them");
            assert!(shortest >= timeout, "{timeout:?} was over after {shortest:?}");
            let longest = timeout + Duration::from_micros(800);
            assert!(shortest < longest, "{timeout:?} takes {shortest:?} at best");
        }
        let began = Instant::now();
        let waker = reactor.waker();
        waker.wake_by_ref();
        reactor.park(Some(Duration::MAX), &mut batch); // accepted
        assert!(began.elapsed() < Duration::from_secs(10));
        Ok(())
    });
}

#[test]
fn a_time_that_was_given_up_does_not_end_the_next_wait() {
    within(|| {
        let mut reactor = Reactor::new();
        let _socket = known_to(&reactor.handle())?;
        let mut batch = WakeBatch::new();
        reactor.park(Some(Duration::ZERO), &mut batch);
        let waker = reactor.waker();
        let (asks, asked) = mpsc::channel::<Duration>();
        let alarm = thread::spawn(move || {
            for pause in asked {
                thread::sleep(pause);
                waker.wake_by_ref();
            }
        });
        let long = Duration::from_millis(30);
        let mut was_given_up = false;
        while !was_given_up {
            asks.send(Duration::from_millis(5)).expect("it is there");
            let began = Instant::now();
            reactor.park(Some(long), &mut batch);
            was_given_up = began.elapsed() < long;
            if !was_given_up {
                reactor.park(None, &mut batch); // the thread was late: once more
                continue;
            }
            let began = Instant::now();
            asks.send(2 * long).expect("it is there");
            reactor.park(None, &mut batch);
            assert!(began.elapsed() >= 2 * long, "ended by a time that was given up");
        }
        drop(asks);
        alarm.join().expect("no panic");
        Ok(())
    });
}

#[test]
fn an_event_of_a_closed_socket_goes_to_nobody() {
    within(|| {
        let mut reactor = Reactor::new();
        let (handle, mut batch) = (reactor.handle(), WakeBatch::new());
        let mut is_duplicated = false;
        loop {
            let old = known_to(&handle)?;
            reactor.park(Some(Duration::ZERO), &mut batch);
            let number = old.as_raw_fd();
            // With another descriptor of the same socket, closing does not end its events.
            let other = is_duplicated.then(|| old.as_fd().try_clone_to_owned()).transpose()?;
            send_to(&old)?; // the kernel has an event now
            drop(old);
            let new = known_to(&handle)?;
            if new.as_raw_fd() != number {
                continue; // another test has taken it
            }
            let (waker, wakes) = CountingWaker::new();
            let mut cx = Context::from_waker(&waker);
            assert!(new.poll_recv_ready(&mut cx)?.is_pending());
            for _ in 0..3 {
                reactor.park(Some(Duration::from_millis(1)), &mut batch);
                batch.wake_all();
            }
            assert_eq!(wakes.count(), 0, "woken for a socket that is closed");
            assert!(new.poll_recv_ready(&mut cx)?.is_pending(), "the other's event");
            send_to(&new)?;
            while wakes.count() == 0 {
                reactor.park(None, &mut batch);
                batch.wake_all();
            }
            assert!(new.poll_recv_ready(&mut cx)?.is_ready());
            drop(other);
            if std::mem::replace(&mut is_duplicated, true) {
                break;
            }
        }
        assert_eq!(handle.registered(), 0);
        Ok(())
    });
}

#[test]
fn a_socket_that_comes_back_under_its_old_number_is_known_again() {
    within(|| {
        let mut reactor = Reactor::new();
        let (handle, mut batch) = (reactor.handle(), WakeBatch::new());
        let _entered = handle.enter();
        loop {
            let first = known_to(&handle)?;
            let (number, copy) = (first.as_raw_fd(), first.as_fd().try_clone_to_owned()?);
            drop(first); // the kernel has it in its list as long as there is a copy
            let again = UdpSocket::from_std(copy.try_clone()?.into())?;
            if again.as_raw_fd() != number {
                continue; // another test has taken it
            }
            let (waker, wakes) = CountingWaker::new();
            let mut cx = Context::from_waker(&waker);
            assert!(again.poll_recv_ready(&mut cx)?.is_pending());
            send_to(&again)?;
            while wakes.count() == 0 {
                reactor.park(None, &mut batch);
                batch.wake_all();
            }
            assert!(again.poll_recv_ready(&mut cx)?.is_ready());
            return Ok(());
        }
    });
}

#[test]
fn more_events_than_are_taken_at_once_all_arrive() {
    const SOCKETS: usize = 2_500;
    within(|| {
        let limit = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit })?;
        let mut reactor = Reactor::new();
        let (handle, mut batch) = (reactor.handle(), WakeBatch::new());
        let sockets = (0..SOCKETS).map(|_| known_to(&handle)).collect::<io::Result<Vec<_>>>()?;
        assert_eq!(handle.registered(), SOCKETS);
        let (waker, wakes) = CountingWaker::new();
        for socket in &sockets {
            let mut cx = Context::from_waker(&waker);
            assert!(socket.poll_recv_ready(&mut cx)?.is_pending());
            send_to(socket)?;
        }
        while wakes.count() < SOCKETS {
            reactor.park(None, &mut batch); // else it waits for ever
            batch.wake_all();
        }
        assert_eq!(wakes.count(), SOCKETS, "a socket was woken twice");
        Ok(())
    });
}

#[test]
fn when_the_reactor_is_gone_nobody_waits_for_ever() {
    within(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let (says, waits) = mpsc::channel();
        let thread = thread::spawn(move || {
            let _entered = handle.enter();
            block_on(async {
                let (first, second) = (socket().await?, socket().await?);
                let mut buf = [0; 8];
                let mut recv = Box::pin(first.recv(&mut buf));
                assert!(poll!(&mut recv).is_pending());
                assert_eq!(handle.registered(), 1);
                says.send(asleep::this_thread()).expect("somebody waits for it");
                let gone = recv.await.expect_err("nobody has sent anything");
                assert!(gone.to_string().contains("was shut down"), "{gone}");
                send_to(&first)?;
                assert!(first.recv(&mut buf).await.is_err(), "it waits with nobody");
                assert!(first.try_recv(&mut buf).is_err());
                assert!(first.readable().await.is_err());
                let waker = Waker::noop();
                let ready = first.poll_recv_ready(&mut Context::from_waker(waker));
                assert!(matches!(ready, Poll::Ready(Err(_))));
                // A call that does not block needs nobody. One that does finds nobody to wait with.
                send_to(&second)?;
                assert_eq!(second.recv(&mut buf).await?, 1);
                let gone = second.recv(&mut buf).await.expect_err("nobody looks at it");
                assert!(gone.to_string().contains("was shut down"), "{gone}");
                assert_eq!(handle.registered(), 0);
                Ok::<(), io::Error>(())
            })
        });
        asleep::until(&waits.recv().expect("it was just sent"), 'S');
        drop(reactor);
        thread.join().expect("no panic")
    });
}

#[test]
fn a_socket_stays_with_the_reactor_it_waited_with_first() {
    within(|| {
        let (one, two) = (Reactor::new(), Reactor::new());
        let (one_handle, two_handle) = (one.handle(), two.handle());
        assert!(Handle::entered().is_none());
        let outer = one_handle.enter();
        let socket = block_on(socket())?;
        let mut cx = Context::from_waker(Waker::noop());
        {
            let _inner = two_handle.enter();
            assert_eq!((one_handle.registered(), two_handle.registered()), (0, 0), "too early");
            assert!(socket.poll_recv_ready(&mut cx)?.is_pending());
        }
        assert!(socket.poll_recv_ready(&mut cx)?.is_pending());
        assert_eq!((one_handle.registered(), two_handle.registered()), (0, 1));
        let first = known_to(&Handle::entered().expect("the outer one"))?;
        assert_eq!((one_handle.registered(), two_handle.registered()), (1, 1));
        drop(outer);
        assert!(Handle::entered().is_none());
        drop((socket, first));
        assert_eq!((one_handle.registered(), two_handle.registered()), (0, 0));
        Ok(())
    });
}

#[test]
fn an_executor_that_parks_with_it_is_woken_by_sockets_and_by_other_threads() {
    within(|| {
        let reactor = Reactor::new();
        let handle = reactor.handle();
        let executor = Executor::with(reactor, Fifo::new(), ());
        let _entered = handle.enter();
        let echo = block_on(socket())?;
        let address = echo.local_addr()?;
        let task = executor.spawn(async move {
            let mut buf = [0; 64];
            for _ in 0..500 {
                let (count, from) = echo.recv_from(&mut buf).await?;
                echo.send_to(&buf[..count], from).await?;
            }
            Ok::<(), io::Error>(())
        });
        let (sender, receiver) = futures::channel::oneshot::channel();
        let thread = thread::spawn(move || {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
            let mut buf = [0; 64];
            for number in 0..500_u32 {
                socket.send_to(&number.to_le_bytes(), address)?;
                let (count, _) = socket.recv_from(&mut buf)?;
                assert_eq!(buf[..count], number.to_le_bytes());
            }
            sender.send("done").expect("somebody waits for it");
            Ok::<(), io::Error>(())
        });
        assert_eq!(executor.run(receiver), Ok("done"));
        executor.run(task).expect("no panic")?;
        thread.join().expect("no panic")
    });
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics, as this test wants it");
    }
}

#[test]
fn a_waker_that_panics_takes_nobody_with_it() {
    within(|| {
        let bad = block_on(socket())?;
        let waker = Waker::from(Arc::new(Panics));
        assert!(bad.poll_recv_ready(&mut Context::from_waker(&waker))?.is_pending());
        send_to(&bad)?;
        let good = block_on(socket())?;
        for _ in 0..10 {
            let waits = thread::spawn({
                let address = good.local_addr()?;
                move || std::net::UdpSocket::bind("127.0.0.1:0")?.send_to(b"x", address)
            });
            block_on(good.recv(&mut [0; 8]))?;
            waits.join().expect("no panic")?;
        }
        Ok(())
    });
}

#[test]
fn what_the_reactor_does_is_counted_also_when_it_is_gone() {
    within(|| {
        let mut reactor = Reactor::new();
        let handle = reactor.handle();
        let see = || {
            let counts = handle.counts();
            (counts.registered, counts.deregistered, counts.ready)
        };
        let socket = known_to(&handle)?;
        assert_eq!(see(), (1, 0, 0), "a socket that waits was not counted");
        let mut ready = WakeBatch::new();
        reactor.park(Some(Duration::ZERO), &mut ready);
        assert_eq!(see(), (1, 0, 1), "the kernel says that there is room to write: one event");
        send_to(&socket)?;
        reactor.park(None, &mut ready);
        assert_eq!(see(), (1, 0, 2), "bytes that came are no event");
        drop(socket);
        assert_eq!(see(), (1, 1, 2), "a socket that was closed counts as one that waits");
        let _left = known_to(&handle)?;
        drop(reactor);
        assert_eq!(see(), (2, 2, 2), "a socket that was left counts as one that waits");
        Ok(())
    });
}
