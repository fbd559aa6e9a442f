//! axum's WebSockets, whose callback is a task of tokio's.

use std::net::SocketAddr;
use std::sync::mpsc;

use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::{self, Message};
use axum::Router;
use axum::extract::ws::{self, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use futures::StreamExt;
use rt::compat::{CompatExt, TokioCompat};
use rt::net::TcpStream;
use rt::runtime::{Handle, PanicPolicy};

use crate::fetch::Client;
use crate::runtimes::{builders, on, on_each_runtime};
use crate::served::serve;

async fn echoes(mut socket: WebSocket) {
    assert!(Handle::try_current().is_err(), "the callback runs on a thread of ours");
    while let Some(message) = socket.recv().await {
        match message.expect("a message") {
            ws::Message::Close(_) => {} // answered when the next is asked for, which is none
            message => socket.send(message).await.expect("it is sent"),
        }
    }
}

async fn upgrades(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(echoes)
}

fn app() -> Router {
    let compat = get(|upgrade: WebSocketUpgrade| upgrades(upgrade).compat());
    Router::new()
        .route("/socket", get(upgrades))
        .route("/compat", compat)
        .route("/", get(async || "here"))
}

async fn connect(
    addr: SocketAddr,
    path: &str,
) -> Result<WebSocketStream<TcpStream>, tungstenite::Error> {
    let stream = TcpStream::connect(addr).await.expect("a connection");
    let (socket, response) =
        async_tungstenite::client_async(format!("ws://{addr}{path}"), stream).await?;
    assert_eq!(response.status(), 101);
    Ok(socket)
}

/// Many messages on their way at once, short and long, text and not; and an end that both agree on.
async fn must_echo(mut socket: WebSocketStream<TcpStream>) {
    let message = |n: usize| match n % 2 {
        0 => Message::text(format!("message {n}")),
        _ => Message::binary(vec![n as u8; n * 1000]),
    };
    for n in 0..50 {
        socket.send(message(n)).await.expect("it is sent");
    }
    for n in 0..50 {
        let echo = socket.next().await.expect("an echo").expect("an echo");
        assert!(echo == message(n), "the echo of message {n} is another");
    }
    socket.close(None).await.expect("the end is said");
    let end = socket.next().await.expect("the other side's end").expect("the other side's end");
    assert!(end.is_close(), "{end:?}");
    assert!(socket.next().await.is_none(), "the connection is still there");
}

#[test]
fn axums_websockets_echo_where_tokios_context_is() {
    for mut builder in builders() {
        builder.tokio_compat(TokioCompat::new());
        on(builder, async || {
            let served = serve(app()).await;
            must_echo(connect(served.addr, "/socket").await.expect("an upgrade")).await;
        });
    }
}

#[test]
fn within_compat_they_echo_on_a_plain_runtime() {
    on_each_runtime(async || {
        let served = serve(app()).await;
        must_echo(connect(served.addr, "/compat").await.expect("an upgrade")).await;
    });
}

#[test]
fn on_a_plain_runtime_the_upgrade_panics_and_its_connection_alone_is_lost() {
    for mut builder in builders() {
        let (sender, panics) = mpsc::channel();
        builder.on_task_panic(PanicPolicy::callback(move |panic| {
            sender.send(panic.to_string()).expect("the test waits");
        }));
        on(builder, async || {
            let served = serve(app()).await;
            connect(served.addr, "/socket").await.expect_err("the handler panics");
            let (status, text) = Client::new().get(&served.url("/")).await;
            assert_eq!((status.as_u16(), text.as_str()), (200, "here"), "the server goes on");
        });
        let said = panics.recv().expect("a panic");
        assert!(said.contains("context of a Tokio 1.x runtime"), "{said}");
    }
}
