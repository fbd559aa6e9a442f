//! `reqwest` against an axum server, both in tasks of ours.

use std::convert::Infallible;
use std::future::{IntoFuture, pending};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{StreamExt, stream};
use reqwest::Client;
use rt::net::{TcpListener, TcpStream};

use crate::tokio_bound::runtimes::with_tokio;

const CHUNK: usize = 16 * 1024;

/// So many chunks, each of its number.
fn chunks(count: u8) -> impl StreamExt<Item = Result<Bytes, Infallible>> + Send + 'static {
    stream::iter(0..count).map(|number| Ok(Bytes::from(vec![number; CHUNK])))
}

async fn sum_of_bytes(body: Body) -> Json<u64> {
    let mut sum = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        sum += chunk.unwrap().iter().map(|&byte| u64::from(byte)).sum::<u64>();
    }
    Json(sum)
}

fn app() -> Router {
    let doubled = async |Json(numbers): Json<Vec<u64>>| {
        Json(numbers.into_iter().map(|number| 2 * number).collect::<Vec<u64>>())
    };
    Router::new()
        .route("/doubled", post(doubled))
        .route("/chunks/{count}", get(async |Path(count)| Body::from_stream(chunks(count))))
        .route("/sum", post(sum_of_bytes))
        .route("/never", get(async || pending::<()>().await))
}

/// Where a server of the app is, and how many connections it has taken.
pub(crate) async fn served() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let app = app();
    let make = move |_: &TcpStream, _: &SocketAddr| {
        counted.fetch_add(1, Ordering::Relaxed);
        app.clone()
    };
    rt::spawn(rt::compat::serve_with(listener, make).into_future());
    (addr, connections)
}

/// The variables of the environment are not asked for a proxy.
pub(crate) fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// Sends numbers, and has them doubled.
pub(crate) async fn doubled(client: &Client, addr: SocketAddr, numbers: &[u64]) -> Vec<u64> {
    let request = client.post(format!("http://{addr}/doubled")).json(numbers);
    let response = request.send().await.unwrap().error_for_status().unwrap();
    response.json().await.unwrap()
}

#[test]
fn reqwest_sends_and_receives_json() {
    with_tokio(async || {
        let (addr, _) = served().await;
        assert_eq!(doubled(&client(), addr, &[1, 2, 3]).await, [2, 4, 6]);
    });
}

#[test]
fn reqwest_streams_bodies_both_ways() {
    with_tokio(async || {
        let (addr, _) = served().await;
        let client = client();
        let response = client.get(format!("http://{addr}/chunks/100")).send().await.unwrap();
        assert_eq!(response.content_length(), None, "the body was no stream");
        let mut received = response.bytes_stream();
        let mut bytes = Vec::new();
        while let Some(piece) = received.next().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(bytes.len(), 100 * CHUNK, "a part of the body was lost");
        let numbers = bytes.chunks(CHUNK).zip(0..).all(|(chunk, at)| chunk == vec![at; CHUNK]);
        assert!(numbers, "the chunks came in another order");

        let body = reqwest::Body::wrap_stream(chunks(100));
        let response = client.post(format!("http://{addr}/sum")).body(body).send().await.unwrap();
        assert_eq!(response.json::<u64>().await.unwrap(), 99 * 100 / 2 * CHUNK as u64);
    });
}

#[test]
fn many_tasks_share_a_client_which_keeps_its_connections() {
    with_tokio(async || {
        let (addr, connections) = served().await;
        let client = client();
        let tasks = (0..50_u64).map(|task| {
            let client = client.clone();
            rt::spawn(async move {
                for round in 0..20 {
                    let numbers = [task, round];
                    assert_eq!(doubled(&client, addr, &numbers).await, [2 * task, 2 * round]);
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("a request got the answer of another, or none");
        }
        let connections = connections.load(Ordering::Relaxed);
        // At most 50 at a time; now and then one is made for a request that then takes one which came free.
        assert!(connections <= 250, "1000 requests took {connections} connections");
    });
}

#[test]
fn a_timeout_of_reqwest_is_tokios_and_fires() {
    with_tokio(async || {
        let (addr, _) = served().await;
        let request = client().get(format!("http://{addr}/never"));
        let answer = request.timeout(Duration::from_millis(30)).send().await;
        assert!(answer.unwrap_err().is_timeout());
    });
}

#[test]
fn a_name_is_resolved_on_tokios_pool() {
    with_tokio(async || {
        let (addr, _) = served().await;
        let url = format!("http://localhost:{}/chunks/1", addr.port());
        let answer = client().get(url).send().await.unwrap();
        assert_eq!(answer.bytes().await.unwrap().len(), CHUNK);
    });
}
