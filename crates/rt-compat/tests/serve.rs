//! `Server`: any service of tower's over HTTP/1 and HTTP/2, on the executor and the timer that it is given.

#![cfg(feature = "hyper")]

#[path = "serve/greeter.rs"]
mod greeter;

use std::future::{Future, IntoFuture};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt};
use hyper::StatusCode;
use rt_compat::{HyperIo, Listener, Server};
use rt_executor::{Executor, Handle};
use rt_io::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use rt_testkit::{Tally, within};
use rt_timer::HyperTimer;

use crate::greeter::{Client, Greeter, Version};

const DEADLINE: Duration = Duration::from_secs(60);

/// Runs a test on a bare executor: timers and sockets are served in the background.
fn on_executor<T: Send + 'static, F: Future<Output = T>>(
    test: impl FnOnce(Handle) -> F + Send + 'static,
) -> T {
    within(DEADLINE, || {
        let executor = Executor::new();
        let handle = executor.handle();
        executor.run(test(handle))
    })
}

fn server(handle: &Handle) -> Server<Handle, HyperTimer> {
    Server::new(handle.clone(), HyperTimer::new())
}

/// A server of `greeter` until the sender is used or dropped, and where it is.
async fn started(
    handle: &Handle,
    greeter: Greeter,
    grace: Option<Duration>,
) -> (SocketAddr, oneshot::Sender<()>, impl Future<Output = io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (end, ends) = oneshot::channel::<()>();
    let serve = server(handle).serve(listener, greeter).with_graceful_shutdown(ends.map(drop));
    let serve = match grace {
        Some(grace) => serve.grace_period(grace),
        None => serve,
    };
    (addr, end, handle.spawn(serve.into_future()).map(|done| done.unwrap()))
}

#[test]
fn both_versions_are_served_at_one_port_and_connections_are_kept() {
    on_executor(async |handle| {
        let (addr, end, done) = started(&handle, Greeter::new(), None).await;
        for version in [Version::One, Version::Two] {
            let mut client = Client::connect(addr, version, &handle).await;
            for name in ["a", "b", "c"] {
                assert_eq!(
                    client.get(name).await.unwrap(),
                    (StatusCode::OK, format!("hello {name}"))
                );
            }
        }
        drop(end);
        done.await.unwrap();
    });
}

#[test]
fn streams_of_one_connection_wait_for_different_things() {
    on_executor(async |handle| {
        let greeter = Greeter::new();
        let (addr, _end, _done) = started(&handle, greeter.clone(), None).await;
        let mut client = Client::connect(addr, Version::Two, &handle).await;
        let held = client.get("held");
        greeter.arrivals().next().await.unwrap();
        assert_eq!(client.get("b").await.unwrap().1, "hello b");
        greeter.release();
        assert_eq!(held.await.unwrap().1, "hello held");
    });
}

#[test]
fn a_request_that_waits_holds_up_no_other_connection() {
    on_executor(async |handle| {
        let greeter = Greeter::new();
        let (addr, _end, _done) = started(&handle, greeter.clone(), None).await;
        let mut first = Client::connect(addr, Version::One, &handle).await;
        let held = first.get("held");
        greeter.arrivals().next().await.unwrap();
        let mut second = Client::connect(addr, Version::One, &handle).await;
        assert_eq!(second.get("b").await.unwrap().1, "hello b");
        greeter.release();
        assert_eq!(held.await.unwrap().1, "hello held");
    });
}

#[test]
fn each_connection_may_have_a_service_that_knows_where_it_comes_from() {
    on_executor(async |handle| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let make = |stream: &TcpStream, peer: &SocketAddr| {
            stream.set_nodelay(true).unwrap();
            Greeter::new().signed(peer.to_string())
        };
        let _serves = handle.spawn(server(&handle).serve_with(listener, make).into_future());
        let mut client = Client::connect(addr, Version::One, &handle).await;
        let (_, text) = client.get("a").await.unwrap();
        assert_eq!(text, format!("hello a, {}", client.local));
    });
}

#[test]
fn a_request_that_has_begun_is_answered_after_the_signal_and_no_other_is_taken() {
    for version in [Version::One, Version::Two] {
        on_executor(async move |handle| {
            let greeter = Greeter::new();
            let (addr, end, done) = started(&handle, greeter.clone(), None).await;
            let mut client = Client::connect(addr, version, &handle).await;
            let held = client.get("held");
            greeter.arrivals().next().await.unwrap();
            drop(end);
            // Refused as soon as the server has seen the signal.
            while TcpStream::connect(addr).await.is_ok() {
                rt_executor::yield_now().await;
            }
            let mut done = pin!(done);
            assert!(done.as_mut().now_or_never().is_none(), "it did not wait for the request");
            greeter.release();
            assert_eq!(held.await.unwrap().1, "hello held");
            done.await.unwrap();
            assert!(client.get("late").await.is_err(), "the connection takes more requests");
        });
    }
}

#[test]
fn a_connection_at_rest_is_closed_at_the_signal() {
    on_executor(async |handle| {
        let (addr, end, done) = started(&handle, Greeter::new(), None).await;
        let mut client = Client::connect(addr, Version::One, &handle).await;
        client.get("a").await.unwrap();
        drop(end);
        done.await.unwrap();
        client.closed().await;
    });
}

#[test]
fn what_is_not_done_after_the_grace_is_dropped_before_the_server_ends() {
    for version in [Version::One, Version::Two] {
        on_executor(async move |handle| {
            let tally = Tally::new();
            let greeter = Greeter::new().carrying(tally.witness());
            let grace = Some(Duration::from_millis(20));
            let (addr, end, done) = started(&handle, greeter.clone(), grace).await;
            let mut client = Client::connect(addr, version, &handle).await;
            let held = client.get("held");
            greeter.arrivals().next().await.unwrap();
            drop(greeter);
            drop(end);
            done.await.unwrap();
            assert!(held.await.is_err(), "who waits for an answer is told that none comes");
            if version == Version::One {
                assert_eq!(tally.dropped(), 1, "the request is still there");
            }
        });
    }
}

/// Says when it is dropped whether the server goes on, even if that takes a while.
struct Lingers {
    server_ends: Mutex<mpsc::Receiver<()>>,
    server_goes_on: mpsc::Sender<bool>,
}

impl Drop for Lingers {
    fn drop(&mut self) {
        let ends = self.server_ends.lock().unwrap().recv_timeout(Duration::from_millis(100));
        self.server_goes_on.send(ends.is_err()).unwrap();
    }
}

#[test]
fn a_server_on_another_thread_does_not_end_while_a_connection_is_being_dropped() {
    on_executor(async |handle| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, greeter) = (listener.local_addr().unwrap(), Greeter::new());
        let ((ended, server_ends), (server_goes_on, goes_on)) = (mpsc::channel(), mpsc::channel());
        let mut lingers = Some(Lingers { server_ends: Mutex::new(server_ends), server_goes_on });
        let service = greeter.clone();
        let make = move |_: &TcpStream, _: &SocketAddr| service.clone().carrying(lingers.take());
        let (end, ends) = oneshot::channel::<()>();
        let serve = server(&handle).serve_with(listener, make);
        let serve = serve.with_graceful_shutdown(ends.map(drop)).grace_period(Duration::ZERO);
        let thread = thread::spawn(move || {
            rt_executor::block_on(serve.into_future()).unwrap();
            let _nobody = ended.send(());
        });
        let mut client = Client::connect(addr, Version::One, &handle).await;
        let held = client.get("held");
        greeter.arrivals().next().await.unwrap();
        drop(end);
        assert!(held.await.is_err());
        assert!(goes_on.recv().unwrap(), "what the connection uses may be taken down already");
        thread.join().unwrap();
    });
}

#[test]
fn connections_of_a_server_that_is_dropped_end_after_the_answers() {
    on_executor(async |handle| {
        let greeter = Greeter::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut serve = server(&handle).serve(listener, greeter.clone()).into_future();
        let begun = async {
            let mut client = Client::connect(addr, Version::One, &handle).await;
            let held = client.get("held");
            greeter.arrivals().next().await.unwrap();
            (client, held)
        };
        let (mut client, held) = match select(pin!(begun), &mut serve).await {
            Either::Left((begun, _)) => begun,
            Either::Right(_) => panic!("the server ended"),
        };
        drop(serve);
        assert!(TcpStream::connect(addr).await.is_err());
        greeter.release();
        assert_eq!(held.await.unwrap().1, "hello held");
        client.closed().await;
    });
}

#[test]
fn a_listener_that_fails_ends_the_server() {
    struct Fails;
    impl Listener for Fails {
        type Io = TcpStream;
        type Addr = SocketAddr;
        async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
            Err(io::Error::other("no more"))
        }
    }
    on_executor(async |handle| {
        let ended = server(&handle).serve(Fails, Greeter::new()).await;
        assert_eq!(ended.unwrap_err().to_string(), "no more");
    });
}

#[test]
fn a_listener_of_unix_is_served_too() {
    let path = std::env::temp_dir().join(format!("rt-compat-{}.sock", std::process::id()));
    let _before = std::fs::remove_file(&path);
    let file = path.clone();
    on_executor(async move |handle| {
        let listener = UnixListener::bind(&file).unwrap();
        let _serves = handle.spawn(server(&handle).serve(listener, Greeter::new()).into_future());
        let stream = UnixStream::connect(&file).await.unwrap();
        let mut client = Client::over(stream, Version::One, &handle).await;
        assert_eq!(client.get("a").await.unwrap().1, "hello a");
    });
    std::fs::remove_file(path).unwrap();
}

#[test]
fn an_upgraded_connection_is_the_services() {
    on_executor(async |handle| {
        let (addr, _end, _done) = started(&handle, Greeter::upgrading(&handle), None).await;
        let mut client = Client::connect(addr, Version::One, &handle).await;
        let mut stream = HyperIo::new(client.upgrade().await);
        stream.write_all(b"ping").await.unwrap();
        stream.close().await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "PING");
    });
}

#[test]
fn a_header_that_takes_too_long_costs_the_connection_and_a_request_does_not() {
    on_executor(async |handle| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (addr, greeter) = (listener.local_addr().unwrap(), Greeter::new());
        let serve = server(&handle).serve(listener, greeter.clone());
        let serve = serve.header_read_timeout(Duration::from_millis(50));
        let _serves = handle.spawn(serve.into_future());
        let mut held = Client::connect(addr, Version::One, &handle).await;
        let answer = held.get("held");
        greeter.arrivals().next().await.unwrap();
        let mut slow = TcpStream::connect(addr).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nhost: loc").await.unwrap();
        let mut rest = Vec::new();
        let _closed = slow.read_to_end(&mut rest).await; // for ever, without it
        greeter.release();
        assert_eq!(answer.await.unwrap().1, "hello held", "what is asked may take its time");
    });
}

#[test]
fn a_service_that_fails_costs_its_connection_alone() {
    on_executor(async |handle| {
        let (addr, _end, _done) = started(&handle, Greeter::new(), None).await;
        let mut client = Client::connect(addr, Version::One, &handle).await;
        assert!(client.get("fails").await.is_err());
        let mut other = Client::connect(addr, Version::One, &handle).await;
        assert_eq!(other.get("a").await.unwrap().1, "hello a");
    });
}

#[test]
fn bytes_that_are_no_http_cost_their_connection_alone() {
    on_executor(async |handle| {
        let (addr, _end, _done) = started(&handle, Greeter::new(), None).await;
        let mut raw = TcpStream::connect(addr).await.unwrap();
        raw.write_all(b"\x16\x03\x01 what is this\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        let _closed = raw.read_to_end(&mut answer).await;
        let mut other = Client::connect(addr, Version::One, &handle).await;
        assert_eq!(other.get("a").await.unwrap().1, "hello a");
    });
}

#[test]
fn a_client_that_says_nothing_costs_no_more_time_than_one_that_is_slow() {
    for said in ["", "P", "PRI * HTTP/2.0"] {
        on_executor(async move |handle| {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            let serve = server(&handle).serve(listener, Greeter::new());
            let serve = serve.header_read_timeout(Duration::from_millis(50));
            let _serves = handle.spawn(serve.into_future());
            let mut silent = TcpStream::connect(addr).await.unwrap();
            silent.write_all(said.as_bytes()).await.unwrap();
            let _closed = silent.read_to_end(&mut Vec::new()).await; // for ever, without it
        });
    }
}

#[test]
fn times_without_end_are_for_ever() {
    on_executor(async |handle| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (end, ends) = oneshot::channel::<()>();
        let serve = server(&handle).serve(listener, Greeter::new());
        let serve = serve.header_read_timeout(Duration::MAX).grace_period(Duration::MAX);
        let serve = serve.with_graceful_shutdown(ends.map(drop)).into_future();
        let done = handle.spawn(serve);
        let mut client = Client::connect(addr, Version::One, &handle).await;
        assert_eq!(client.get("a").await.unwrap().1, "hello a");
        drop(end);
        done.await.unwrap().unwrap();
    });
}
