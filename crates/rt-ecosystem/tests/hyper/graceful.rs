//! hyper-util's server for both versions, ended while it is busy.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{Either, join, select};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use rt::compat::{HyperExecutor, HyperTimer};
use rt::net::{TcpListener, TcpStream};
use rt::sync::{Notify, Semaphore, oneshot};
use rt::task::JoinHandle;

use crate::client::Client;
use crate::message::{BOTH, Body, answer, get, text};
use crate::runtimes::on_each_runtime;
use crate::server::listen;

/// Requests for `/held` arrive here, and wait.
struct Gate {
    arrivals: Semaphore,
    opens: Semaphore,
    refuses: Notify,
}

struct Served {
    addr: SocketAddr,
    gate: Arc<Gate>,
    end: oneshot::Sender<()>,
    /// Done when every connection is.
    done: JoinHandle<()>,
}

fn start() -> Served {
    let listener = listen();
    let addr = listener.local_addr().expect("an address");
    let gate = Arc::new(Gate {
        arrivals: Semaphore::new(0),
        opens: Semaphore::new(0),
        refuses: Notify::new(),
    });
    let (end, ends) = oneshot::channel();
    let done = rt::spawn(serves(listener, gate.clone(), ends));
    Served { addr, gate, end, done }
}

/// As hyper-util's own example has it, with our executor, timer and streams.
async fn serves(listener: TcpListener, gate: Arc<Gate>, ends: oneshot::Receiver<()>) {
    let mut builder = auto::Builder::new(HyperExecutor::new());
    builder.http1().timer(HyperTimer::new());
    builder.http2().timer(HyperTimer::new());
    let graceful = GracefulShutdown::new();
    let mut ends = pin!(ends);
    loop {
        let accepted = match select(pin!(listener.accept()), ends.as_mut()).await {
            Either::Left((accepted, _)) => accepted,
            Either::Right(_) => break,
        };
        let (stream, _) = accepted.expect("a connection");
        let gate = gate.clone();
        let service = service_fn(move |request| answers(gate.clone(), request));
        let connection = builder.serve_connection_with_upgrades(stream, service).into_owned();
        rt::spawn(graceful.watch(connection));
    }
    drop(listener);
    gate.refuses.notify_one();
    graceful.shutdown().await;
}

async fn answers(
    gate: Arc<Gate>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    if request.uri().path() == "/held" {
        gate.arrivals.add_permits(1);
        gate.opens.acquire().await.expect("open").forget();
    }
    Ok(answer(request.uri().path().to_owned()))
}

#[test]
fn requests_in_flight_are_answered_idle_connections_close_and_new_ones_are_refused() {
    on_each_runtime(async || {
        let Served { addr, gate, end, mut done } = start();
        let mut idle = Vec::new();
        let mut held = Vec::new();
        for version in BOTH {
            let mut client = Client::connect(version, addr).await;
            assert_eq!(client.get("/first").await.expect("an answer"), "/first");
            idle.push(client);
            let mut client = Client::connect(version, addr).await;
            let response = client.send(get(version, addr, "/held"));
            held.push((client, rt::spawn(response)));
        }
        gate.arrivals.acquire_many(2).await.expect("both arrive").forget();

        end.send(()).expect("the server runs");
        gate.refuses.notified().await;
        let refused = TcpStream::connect(addr).await.expect_err("the listener is gone");
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        for mut client in idle {
            client.ended().await.expect("an idle connection is closed in order");
            let late = client.get("/late").await.expect_err("the connection is closed");
            assert!(late.is_closed() || late.is_canceled(), "{late:?}");
        }
        assert!((&mut done).now_or_never().is_none(), "nobody waited for the requests in flight");

        gate.opens.add_permits(2);
        for (mut client, response) in held {
            let response = response.await.expect("no panic").expect("an answer after the signal");
            assert_eq!(text(response).await, "/held");
            client.ended().await.expect("closed after the answer");
        }
        done.await.expect("the server ends");
    });
}

#[test]
fn a_stream_of_http2_that_is_open_is_served_beside_others_to_the_end() {
    on_each_runtime(async || {
        let Served { addr, gate, end, done } = start();
        let mut client = Client::connect(Version::HTTP_2, addr).await;
        let first = client.send(get(Version::HTTP_2, addr, "/held"));
        let second = client.send(get(Version::HTTP_2, addr, "/held"));
        let answers = rt::spawn(join(first, second));
        gate.arrivals.acquire_many(2).await.expect("both arrive").forget();
        end.send(()).expect("the server runs");
        gate.refuses.notified().await;
        gate.opens.add_permits(2);
        let (first, second) = answers.await.expect("no panic");
        for response in [first, second] {
            assert_eq!(text(response.expect("an answer after the signal")).await, "/held");
        }
        client.ended().await.expect("closed after the last answer");
        done.await.expect("the server ends");
    });
}
