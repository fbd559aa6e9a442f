//! Large bodies, as streams.

use http_body_util::BodyExt;
use hyper::{Method, Response, Version};

use crate::client::Client;
use crate::flow::{Flow, LEN};
use crate::message::{BOTH, BoxError, answer, full, request, text};
use crate::runtimes::on_each_runtime;
use crate::server::Server;

/// What may be on its way at once. With the sockets' 128 KiB that is mostly HTTP/2's windows, of 1 and 2 MiB, and what
/// hyper keeps for a stream.
const ON_ITS_WAY: usize = LEN / 4;

fn must_have_streamed(flow: &Flow, version: Version) {
    let most = flow.most();
    assert!(most > 0, "nothing was sent");
    assert!(most < ON_ITS_WAY, "{version:?} held {most} bytes of {LEN} at once");
}

#[test]
fn a_large_body_goes_up_as_a_stream() {
    on_each_runtime(async || {
        for version in BOTH {
            let flow = Flow::new();
            let sent = flow.clone();
            let server = Server::start(version, move |request, _| {
                let flow = flow.clone();
                async move {
                    flow.read(request.into_body()).await;
                    answer("all is here")
                }
            });
            let mut client = Client::connect(version, server.addr).await;
            let upload = request(version, Method::PUT, server.addr, "/", sent.body());
            let response = client.send(upload).await.expect("an answer");
            assert_eq!(text(response).await, "all is here");
            must_have_streamed(&sent, version);
        }
    });
}

#[test]
fn a_large_body_comes_down_as_a_stream() {
    on_each_runtime(async || {
        for version in BOTH {
            let flow = Flow::new();
            let sent = flow.clone();
            let server = Server::start(version, move |_, _| {
                let body = sent.body();
                async { Response::new(body) }
            });
            let mut client = Client::connect(version, server.addr).await;
            let download = request(version, Method::GET, server.addr, "/", full(""));
            let response = client.send(download).await.expect("an answer");
            flow.read(response.into_body()).await;
            must_have_streamed(&flow, version);
        }
    });
}

#[test]
fn a_large_body_is_echoed_while_it_is_still_being_sent() {
    on_each_runtime(async || {
        for version in BOTH {
            let server = Server::start(version, async |request, _| {
                Response::new(request.into_body().map_err(BoxError::from).boxed_unsync())
            });
            let flow = Flow::new();
            let mut client = Client::connect(version, server.addr).await;
            let echo = request(version, Method::POST, server.addr, "/", flow.body());
            let response = client.send(echo).await.expect("an answer");
            flow.read(response.into_body()).await;
            must_have_streamed(&flow, version);
        }
    });
}
