//! One connection, many requests.

use std::sync::Arc;

use futures::future::join_all;
use hyper::Version;
use rt::sync::Barrier;

use crate::client::Client;
use crate::message::{BOTH, answer, get, text};
use crate::runtimes::on_each_runtime;
use crate::server::Server;

#[test]
fn requests_follow_one_another_on_one_connection() {
    on_each_runtime(async || {
        for version in BOTH {
            let server = Server::start(version, async |request, peer| {
                answer(format!("{} from {peer}", request.uri().path()))
            });
            let mut client = Client::connect(version, server.addr).await;
            for number in 0..20 {
                let path = format!("/{number}");
                let text = client.get(&path).await.expect("an answer");
                assert_eq!(text, format!("{path} from {}", client.local), "by {version:?}");
            }
            assert_eq!(server.accepts(), 1, "{version:?} made more connections than one");
        }
    });
}

#[test]
fn both_ends_of_a_connection_end_without_error_when_the_client_is_dropped() {
    on_each_runtime(async || {
        for version in BOTH {
            let mut server = Server::start(version, async |_, _| answer("here"));
            let mut client = Client::connect(version, server.addr).await;
            client.get("/").await.expect("an answer");
            client.close().await.expect("the client's end");
            let end = server.ends.recv().await.expect("the server goes on");
            end.unwrap_or_else(|error| panic!("the server's end of {version:?}: {error:?}"));
        }
    });
}

#[test]
fn requests_of_one_http2_connection_are_served_at_the_same_time() {
    const REQUESTS: usize = 16;
    on_each_runtime(async || {
        let all_are_here = Arc::new(Barrier::new(REQUESTS));
        let server = Server::start(Version::HTTP_2, move |request, _| {
            let all_are_here = all_are_here.clone();
            async move {
                all_are_here.wait().await;
                answer(request.uri().path().to_owned())
            }
        });
        let mut client = Client::connect(Version::HTTP_2, server.addr).await;
        let asked = (0..REQUESTS).map(|number| {
            let path = format!("/{number}");
            let response = client.send(get(Version::HTTP_2, server.addr, &path));
            async move { assert_eq!(text(response.await.expect("an answer")).await, path) }
        });
        join_all(asked.collect::<Vec<_>>()).await;
        assert_eq!(server.accepts(), 1);
    });
}
