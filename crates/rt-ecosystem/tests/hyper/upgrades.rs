//! A connection, or a stream of one, that is no longer HTTP's.

use futures::future::join;
use futures::{AsyncReadExt, AsyncWriteExt};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode, Version};
use rt::compat::HyperIo;

use crate::client::Client;
use crate::message::{Body, answer, full, request};
use crate::runtimes::on_each_runtime;
use crate::server::Server;

/// More than the system's buffers hold: both sides must read while they write.
const LEN: usize = 1024 * 1024;

const WELCOME: &[u8] = b"no longer HTTP: ";
const BYE: &[u8] = b"that was all";

/// Says what comes first, echoes to the end, and says what comes last.
async fn echoes(upgraded: Upgraded) {
    let (mut reader, mut writer) = HyperIo::new(upgraded).split();
    writer.write_all(WELCOME).await.expect("a welcome");
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let count = reader.read(&mut buffer).await.expect("the server reads");
        if count == 0 {
            break;
        }
        writer.write_all(&buffer[..count]).await.expect("the server writes");
    }
    writer.write_all(BYE).await.expect("a last word");
    writer.close().await.expect("the server closes");
}

/// Sends and reads at the same time, and ends its own direction first.
async fn must_be_echoed(upgraded: Upgraded) {
    let (mut reader, mut writer) = HyperIo::new(upgraded).split();
    let sent: Vec<u8> = (0..LEN).map(|n| (n * 7 % 253) as u8).collect();
    let mut read = Vec::new();
    let writes = async {
        writer.write_all(&sent).await.expect("the client writes");
        writer.close().await.expect("the client ends its direction");
    };
    let reads = async { reader.read_to_end(&mut read).await.expect("the client reads") };
    join(writes, reads).await;
    let expected = [WELCOME, &sent, BYE].concat();
    assert_eq!(read.len(), expected.len(), "bytes were lost on the way");
    assert!(read == expected, "other bytes than were sent");
}

/// Answers at once; the connection is upgraded when the answer has been sent.
async fn answers_and_echoes(mut request: Request<Incoming>) -> Response<Body> {
    let upgrade = hyper::upgrade::on(&mut request);
    rt::spawn(async { echoes(upgrade.await.expect("the server's upgrade")).await });
    let response = Response::builder();
    let response = match request.headers().get("upgrade") {
        Some(protocol) => response
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header("connection", "upgrade")
            .header("upgrade", protocol),
        None => response.status(StatusCode::OK),
    };
    response.body(full("")).expect("a response")
}

#[test]
fn an_upgraded_http1_connection_carries_bytes_both_ways() {
    on_each_runtime(async || {
        let version = Version::HTTP_11;
        let mut server = Server::start(version, |request, _| answers_and_echoes(request));
        let mut client = Client::connect(version, server.addr).await;
        let mut asks = request(version, Method::GET, server.addr, "/", full(""));
        asks.headers_mut().insert("connection", "upgrade".parse().expect("a value"));
        asks.headers_mut().insert("upgrade", "echo".parse().expect("a value"));
        let response = client.send(asks).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        must_be_echoed(hyper::upgrade::on(response).await.expect("the client's upgrade")).await;
        client.ended().await.expect("HTTP ended with the upgrade, for the client");
        let end = server.ends.recv().await.expect("the server goes on");
        end.expect("HTTP ended with the upgrade, for the server");
    });
}

#[test]
fn a_stream_of_an_http2_connection_becomes_a_tunnel_beside_its_other_streams() {
    on_each_runtime(async || {
        let version = Version::HTTP_2;
        let server = Server::start(version, async |request, _| {
            if request.method() == Method::CONNECT {
                return answers_and_echoes(request).await;
            }
            answer("beside it")
        });
        let mut client = Client::connect(version, server.addr).await;
        let mut connect = Request::new(full(""));
        *connect.method_mut() = Method::CONNECT;
        *connect.version_mut() = version;
        *connect.uri_mut() = "example.com:80".parse().expect("an authority");
        let response = client.send(connect).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        let tunnel = hyper::upgrade::on(response).await.expect("the client's upgrade");
        assert_eq!(client.get("/").await.expect("an answer"), "beside it");
        must_be_echoed(tunnel).await;
        assert_eq!(client.get("/").await.expect("an answer"), "beside it");
        assert_eq!(server.accepts(), 1);
    });
}
