//! hyper's own timeouts, told by our timer.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt};
use hyper::Version;
use hyper::client;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use rt::compat::{HyperExecutor, HyperTimer};
use rt::net::TcpStream;

use crate::message::{answer, get, text};
use crate::runtimes::on_each_runtime;
use crate::server::listen;

/// Long enough for a request to be made on a machine that is busy.
const HEADERS: Duration = Duration::from_millis(300);

const INTERVAL: Duration = Duration::from_millis(50);

/// Two ends of a connection: the server's and the client's.
async fn connection() -> (TcpStream, TcpStream) {
    let listener = listen();
    let client = TcpStream::connect(listener.local_addr().expect("an address")).await;
    let (server, _) = listener.accept().await.expect("a connection");
    (server, client.expect("a connection"))
}

#[test]
fn a_client_that_does_not_end_its_headers_is_cut_off() {
    on_each_runtime(async || {
        let (stream, mut client) = connection().await;
        let service = service_fn(async |_| Ok::<_, Infallible>(answer("here")));
        let mut builder = http1::Builder::new();
        builder.timer(HyperTimer::new()).header_read_timeout(HEADERS);
        let begun = Instant::now();
        let serves = rt::spawn(builder.serve_connection(stream, service));

        client.write_all(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await.expect("it is sent");
        let mut first = [0; 15];
        client.read_exact(&mut first).await.expect("an answer");
        assert_eq!(&first, b"HTTP/1.1 200 OK", "headers that end are served");

        client.write_all(b"GET / HTTP/1.1\r\nslow: ").await.expect("it is sent");
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.expect("the server closes");
        assert!(begun.elapsed() >= HEADERS, "cut off after {:?}", begun.elapsed());
        let error = serves.await.expect("no panic").expect_err("the headers did not end");
        assert!(error.is_timeout(), "{error:?}");
    });
}

#[test]
fn an_http2_client_that_answers_no_ping_is_cut_off() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    on_each_runtime(async || {
        let (stream, mut client) = connection().await;
        let service = service_fn(async |_| Ok::<_, Infallible>(answer("here")));
        let mut builder = http2::Builder::new(HyperExecutor::new());
        builder.timer(HyperTimer::new()).keep_alive_interval(INTERVAL);
        builder.keep_alive_timeout(INTERVAL);
        let begun = Instant::now();
        let serves = rt::spawn(builder.serve_connection(stream, service));

        client.write_all(PREFACE).await.expect("it is sent");
        let mut frames = Vec::new();
        client.read_to_end(&mut frames).await.expect("the server closes");
        assert!(begun.elapsed() >= INTERVAL * 2, "cut off after {:?}", begun.elapsed());
        let error = serves.await.expect("no panic").expect_err("the client is silent");
        assert!(error.is_timeout(), "{error:?}");
    });
}

#[test]
fn an_http2_client_that_answers_pings_is_kept() {
    const ANSWERED: Duration = Duration::from_secs(1);
    on_each_runtime(async || {
        let (stream, peer) = connection().await;
        let service = service_fn(async |_| {
            rt::time::sleep(ANSWERED * 3 / 2).await; // one that is silent would be cut off before
            Ok::<_, Infallible>(answer("here"))
        });
        let mut builder = http2::Builder::new(HyperExecutor::new());
        builder.timer(HyperTimer::new()).keep_alive_interval(INTERVAL);
        builder.keep_alive_timeout(ANSWERED);
        rt::spawn(builder.serve_connection(stream, service));

        let addr = peer.peer_addr().expect("an address");
        let exec = HyperExecutor::new();
        let (mut sender, connection) =
            client::conn::http2::handshake(exec, peer).await.expect("a handshake");
        rt::spawn(connection);
        let request = get(Version::HTTP_2, addr, "/");
        let response = sender.send_request(request).await.expect("an answer");
        assert_eq!(text(response).await, "here");
    });
}
