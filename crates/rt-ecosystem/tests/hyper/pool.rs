//! hyper-util's client, which keeps connections, over our connector.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use hyper::{Uri, Version};
use hyper_util::client::legacy::{Builder, Client};
use rt::compat::{HttpConnector, HyperExecutor, HyperTimer, http_connector};
use rt::sync::Barrier;

use crate::message::{Body, answer, get, text};
use crate::runtimes::on_each_runtime;
use crate::server::Server;

const SEVERAL: usize = 4;

type Pooled = Client<HttpConnector<HyperTimer>, Body>;

fn builder() -> Builder {
    let mut builder = Client::builder(HyperExecutor::new());
    builder.timer(HyperTimer::new()).pool_timer(HyperTimer::new());
    builder
}

fn build(builder: &Builder) -> Pooled {
    builder.build(http_connector())
}

async fn fetch(client: &Pooled, server: &Server, path: &str) -> String {
    let uri: Uri = format!("http://{}{path}", server.addr).parse().expect("a URI");
    let mut request = get(Version::HTTP_11, server.addr, path);
    *request.uri_mut() = uri;
    text(client.request(request).await.expect("an answer")).await
}

/// A server at which requests for `/together` wait until there are several.
fn start(version: Version) -> Server {
    let together = Arc::new(Barrier::new(SEVERAL));
    Server::start(version, move |request, _| {
        let together = together.clone();
        async move {
            if request.uri().path() == "/together" {
                together.wait().await;
            }
            answer(request.uri().path().to_owned())
        }
    })
}

async fn fetch_together(client: &Pooled, server: &Server) {
    let together = (0..SEVERAL).map(|_| fetch(client, server, "/together"));
    for text in join_all(together).await {
        assert_eq!(text, "/together");
    }
}

/// A connection goes back to the pool in a task of its own, which may come after the next request: that makes another
/// connection then, with two workers now and then.
fn must_have_used_again(server: &Server, needed: usize, requests: usize) {
    let accepts = server.accepts();
    assert!(accepts >= needed, "{accepts} connections for {needed} requests at the same time");
    assert!(accepts <= needed + requests / 4, "{requests} requests made {accepts} connections");
}

#[test]
fn requests_that_follow_one_another_use_a_connection_again() {
    on_each_runtime(async || {
        let server = start(Version::HTTP_11);
        let client = build(&builder());
        for number in 0..40 {
            let path = format!("/{number}");
            assert_eq!(fetch(&client, &server, &path).await, path);
        }
        must_have_used_again(&server, 1, 40);
    });
}

#[test]
fn requests_at_the_same_time_have_a_connection_each_and_later_ones_use_those_again() {
    on_each_runtime(async || {
        let server = start(Version::HTTP_11);
        let client = build(&builder());
        for _ in 0..10 {
            fetch_together(&client, &server).await;
        }
        must_have_used_again(&server, SEVERAL, 10 * SEVERAL);
    });
}

#[test]
fn all_requests_share_one_http2_connection() {
    on_each_runtime(async || {
        let server = start(Version::HTTP_2);
        let client = build(builder().http2_only(true));
        for _ in 0..5 {
            fetch_together(&client, &server).await;
        }
        assert_eq!(server.accepts(), 1);
    });
}

#[test]
fn an_idle_connection_is_closed_when_its_time_is_over_and_the_next_request_makes_one() {
    const IDLE: Duration = Duration::from_millis(100);
    on_each_runtime(async || {
        let mut server = start(Version::HTTP_11);
        let client = build(builder().pool_idle_timeout(IDLE));
        let begun = Instant::now();
        fetch(&client, &server, "/first").await;
        let end = server.ends.recv().await.expect("the server goes on");
        end.expect("the client closes in order");
        assert!(begun.elapsed() >= IDLE, "closed after {:?}", begun.elapsed());
        fetch(&client, &server, "/second").await;
        assert_eq!(server.accepts(), 2);
    });
}

#[test]
fn a_connection_that_the_server_closed_is_not_used_again() {
    on_each_runtime(async || {
        let mut server = Server::start(Version::HTTP_11, async |_, peer| {
            let mut response = answer(peer.to_string());
            response.headers_mut().insert("connection", "close".parse().expect("a value"));
            response
        });
        let client = build(&builder());
        let first = fetch(&client, &server, "/").await;
        server.ends.recv().await.expect("the server goes on").expect("closed in order");
        assert_ne!(fetch(&client, &server, "/").await, first);
        assert_eq!(server.accepts(), 2);
    });
}
