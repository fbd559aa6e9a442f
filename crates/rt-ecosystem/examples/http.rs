//! An axum `Router` on `rt`: extractors, state, a stream of events; and an end that cuts off no answer.
//!
//! ```text
//! cd crates/rt-ecosystem
//! cargo run --example http               asks itself some questions, and ends
//! cargo run --example http -- serve      waits for yours:
//!     curl http://127.0.0.1:3000/hello/world
//!     curl -d '{"item":"tea","count":3}' -H 'content-type: application/json' http://127.0.0.1:3000/orders
//!     curl -N http://127.0.0.1:3000/ticks
//! ```

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use futures::Stream;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use rt::compat::{HyperExecutor, http_connector};
use rt::net::{TcpListener, TcpStream};
use rt::sync::Notify;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone, Copy)]
struct Peer(SocketAddr);

fn app() -> Router {
    Router::new()
        .route("/hello/{name}", get(hello))
        .route("/orders", post(order))
        .route("/slow", get(slow))
        .route("/ticks", get(ticks))
        .with_state(Arc::new(AtomicU32::new(0)))
}

async fn hello(Path(name): Path<String>, Extension(Peer(peer)): Extension<Peer>) -> String {
    format!("hello {name}, who comes from {}", peer.ip())
}

async fn order(
    State(orders): State<Arc<AtomicU32>>,
    Json(order): Json<serde_json::Value>,
) -> Json<serde_json::Value> {
    let number = orders.fetch_add(1, Ordering::Relaxed) + 1;
    Json(serde_json::json!({ "number": number, "item": order["item"], "count": order["count"] }))
}

/// Says when it has begun.
static BEGUN: Notify = Notify::const_new();

async fn slow() -> &'static str {
    BEGUN.notify_one();
    rt::time::sleep(Duration::from_millis(100)).await;
    "worth the wait"
}

async fn ticks() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let interval = rt::time::interval(Duration::from_millis(10));
    Sse::new(futures::stream::unfold((interval, 0), async |(mut interval, number)| {
        interval.tick().await;
        (number < 3)
            .then(|| (Ok(Event::default().data(number.to_string())), (interval, number + 1)))
    }))
}

#[rt::main]
async fn main() -> Result<(), Error> {
    let waits_for_others = std::env::args().nth(1).as_deref() == Some("serve");
    let address = if waits_for_others { "127.0.0.1:3000" } else { "127.0.0.1:0" };
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;

    // Each connection is a task; its requests know where it comes from.
    let app = app();
    let make = move |stream: &TcpStream, peer: &SocketAddr| {
        let _best_effort = stream.set_nodelay(true);
        app.clone().layer(Extension(Peer(*peer))).with_state(())
    };
    let server = rt::compat::serve_with(listener, make).grace_period(Duration::from_secs(10));
    if waits_for_others {
        println!("http://{address}, until Ctrl-C");
        let ctrl_c =
            async { rt::signal::ctrl_c().await.unwrap_or_else(|error| eprintln!("{error}")) };
        return Ok(server.with_graceful_shutdown(ctrl_c).await?);
    }

    let (end, ends) = rt::sync::oneshot::channel::<()>();
    let server = server.with_graceful_shutdown(async { drop(ends.await) });
    let server = rt::spawn(server.into_future());
    println!("GET  /hello/world  {}", ask(address, Method::GET, "/hello/world", "").await?);
    let order = r#"{"item":"tea","count":3}"#;
    println!("POST /orders       {}", ask(address, Method::POST, "/orders", order).await?);
    let ticks = ask(address, Method::GET, "/ticks", "").await?;
    println!("GET  /ticks        {}", ticks.replace("\n\n", ", ").trim_end_matches(", "));

    // The server is told to end while a request is on its way.
    let slow = rt::spawn(ask(address, Method::GET, "/slow", ""));
    BEGUN.notified().await;
    drop(end);
    server.await??;
    println!("GET  /slow         {}", slow.await??);
    assert!(TcpStream::connect(address).await.is_err());
    println!("the server has ended: the request that had begun was answered, the next is refused");
    Ok(())
}

/// By hyper-util's client, over our connector.
async fn ask(to: SocketAddr, method: Method, path: &str, body: &str) -> Result<String, Error> {
    let client = Client::builder(HyperExecutor::new()).build(http_connector());
    let request = Request::builder().method(method).uri(format!("http://{to}{path}"));
    let request = request.header("content-type", "application/json");
    let request = request.body(Full::new(Bytes::from(body.to_owned())))?;
    let answer = client.request(request).await?.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8(answer.to_vec())?)
}
