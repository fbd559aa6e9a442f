//! Where a request comes from, and how a server ends.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Extension, Router};
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt};
use rt::net::{TcpListener, TcpStream};
use rt::sync::Semaphore;

use crate::fetch::{Client, curl};
use crate::runtimes::on_each_runtime;
use crate::served::serve;

#[test]
fn a_handler_knows_where_the_connection_comes_from() {
    on_each_runtime(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let addr = listener.local_addr().expect("an address");
        let app = Router::new().route(
            "/",
            get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| format!("from {peer}")),
        );
        let make = move |_: &TcpStream, peer: &SocketAddr| {
            app.clone().layer(Extension(ConnectInfo(*peer)))
        };
        rt::spawn(rt::compat::serve_with(listener, make).into_future());
        for _ in 0..2 {
            let mut stream = TcpStream::connect(addr).await.expect("a connection");
            let local = stream.local_addr().expect("an address");
            stream
                .write_all(b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
                .await
                .expect("it is sent");
            let mut response = String::new();
            stream.read_to_string(&mut response).await.expect("an answer");
            assert!(response.ends_with(&format!("from {local}")), "{local} got {response}");
        }
    });
}

/// The arrivals of requests for `/held`, and what lets them go.
#[derive(Clone)]
struct Gate {
    arrivals: Arc<Semaphore>,
    opens: Arc<Semaphore>,
}

fn held() -> (Router, Gate) {
    let gate = Gate { arrivals: Arc::new(Semaphore::new(0)), opens: Arc::new(Semaphore::new(0)) };
    let inside = gate.clone();
    let app = get(async move || {
        inside.arrivals.add_permits(1);
        inside.opens.acquire().await.expect("open").forget();
        "answered"
    });
    (Router::new().route("/held", app).route("/", get(async || "here")), gate)
}

#[test]
fn requests_in_flight_are_answered_after_the_signal_and_no_other_is_taken() {
    on_each_runtime(async || {
        let (app, gate) = held();
        let served = serve(app).await;
        let (addr, url) = (served.addr, served.url("/held"));
        let idle = Client::new();
        assert_eq!(idle.get(&served.url("/")).await, (StatusCode::OK, "here".into()));
        let by_hyper = rt::spawn({
            let url = url.clone();
            async move { Client::new().get(&url).await }
        });
        let by_curl = rt::spawn(async move { curl(&["--http2-prior-knowledge", &url]).await });
        gate.arrivals.acquire_many(2).await.expect("both arrive").forget();

        let mut done = served.end();
        while TcpStream::connect(addr).await.is_ok() {
            rt::task::yield_now().await; // the signal is on its way
        }
        assert!((&mut done).now_or_never().is_none(), "nobody waited for the requests in flight");
        gate.opens.add_permits(2);
        for answered in [by_hyper, by_curl] {
            let answer = answered.await.expect("an answer after the signal");
            assert_eq!(answer, (StatusCode::OK, "answered".into()));
        }
        done.await.expect("no panic").expect("the server ends in order");
    });
}
