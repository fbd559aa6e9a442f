//! hyper over TLS: the stream of `futures-rustls` in a `HyperIo`.

use std::future::{Future, IntoFuture, pending};
use std::io;
use std::net::SocketAddr;

use async_channel::Receiver;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::post;
use futures_rustls::{TlsAcceptor, TlsConnector, client, server};
use http_body_util::BodyExt;
use hyper::{Response, Version, body::Incoming};
use rt::compat::{HyperExecutor, HyperIo, Listener};
use rt::net::{TcpListener, TcpStream};

use crate::runtimes::on_each_runtime;
use crate::tls::identity::{localhost, pair};

type Secured = (HyperIo<server::TlsStream<TcpStream>>, SocketAddr);

/// Connections after their handshake, which is made elsewhere: a slow one holds up no other.
struct Handshaken(Receiver<Secured>);

impl Listener for Handshaken {
    type Io = HyperIo<server::TlsStream<TcpStream>>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> io::Result<Secured> {
        match self.0.recv().await {
            Ok(connection) => Ok(connection),
            Err(_) => pending().await,
        }
    }
}

async fn listen(acceptor: TlsAcceptor) -> (SocketAddr, Handshaken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (sender, receiver) = async_channel::bounded(16);
    rt::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            rt::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    let _server_has_ended = sender.send((HyperIo::new(stream), peer)).await;
                }
            });
        }
    });
    (addr, Handshaken(receiver))
}

/// Sends the body back, as it comes, and says by which version.
async fn back(request: Request) -> Response<Body> {
    let version = format!("{:?}", request.version());
    Response::builder().header("seen-as", version).body(request.into_body()).unwrap()
}

async fn connect(addr: SocketAddr, connector: &TlsConnector) -> client::TlsStream<TcpStream> {
    let stream = TcpStream::connect(addr).await.unwrap();
    connector.connect(localhost(), stream).await.unwrap()
}

/// One request by the version that TLS has agreed upon.
async fn send(stream: client::TlsStream<TcpStream>, body: Body) -> Response<Incoming> {
    let is_two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let io = HyperIo::new(stream);
    let request = hyper::Request::post("https://localhost/back").header("host", "localhost");
    let request = request.body(body).unwrap();
    if is_two {
        let http2 = hyper::client::conn::http2::handshake(HyperExecutor::new(), io);
        let (mut sender, connection) = http2.await.unwrap();
        rt::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        rt::spawn(connection);
        sender.send_request(request).await.unwrap()
    }
}

fn with_server<F>(
    protocol: &'static [u8],
    test: impl Fn(SocketAddr, TlsConnector) -> F + Copy + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    on_each_runtime(move || async move {
        let (acceptor, connector) = pair(&[protocol]);
        let (addr, listener) = listen(acceptor).await;
        let app = Router::new().route("/back", post(back));
        rt::spawn(rt::compat::serve(listener, app).into_future());
        test(addr, connector).await;
    });
}

async fn large_bodies_go_both_ways(addr: SocketAddr, connector: TlsConnector, version: Version) {
    let piece = |number: u8| Ok::<_, io::Error>(vec![number; 20_000]);
    let body = Body::from_stream(futures::stream::iter((0..100).map(piece)));
    let response = send(connect(addr, &connector).await, body).await;
    assert_eq!(response.version(), version);
    assert_eq!(response.headers()["seen-as"], format!("{version:?}"));
    let received = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(received.len(), 100 * 20_000, "a part of the body was lost");
    let mut pieces = received.chunks(20_000).zip(0..);
    assert!(pieces.all(|(piece, at)| piece == vec![at; 20_000]), "other bytes came back");
}

#[test]
fn http_1_goes_over_tls() {
    with_server(b"http/1.1", |addr, tls| large_bodies_go_both_ways(addr, tls, Version::HTTP_11));
}

#[test]
fn http_2_goes_over_tls() {
    with_server(b"h2", |addr, tls| large_bodies_go_both_ways(addr, tls, Version::HTTP_2));
}

#[test]
fn a_client_that_makes_no_handshake_holds_up_no_other() {
    with_server(b"http/1.1", async |addr, connector| {
        let _silent = TcpStream::connect(addr).await.unwrap();
        let response = send(connect(addr, &connector).await, Body::from("hello")).await;
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    });
}
