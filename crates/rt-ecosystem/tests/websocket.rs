//! WebSocket over our streams with `async-tungstenite`, which knows the traits of futures-io and no runtime.

#[path = "support/runtimes.rs"]
mod runtimes;

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;

use async_tungstenite::tungstenite::handshake::derive_accept_key;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use async_tungstenite::tungstenite::{Error, Message};
use async_tungstenite::{WebSocketStream, accept_async, client_async};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use axum::routing::get;
use futures::future::join_all;
use futures::{AsyncRead, AsyncWrite, SinkExt, StreamExt};
use rt::compat::HyperIo;
use rt::net::{TcpListener, TcpStream};

use crate::runtimes::on_each_runtime;

const MANY: usize = 2000;
const LARGE: usize = 8 << 20;

/// Sends back what is text or bytes, until the other one closes; with what it closed.
async fn echo<S>(mut socket: WebSocketStream<S>) -> Option<CloseFrame>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut closed_with = None;
    while let Some(message) = socket.next().await {
        match message.unwrap() {
            Message::Close(frame) => closed_with = frame,
            message @ (Message::Text(_) | Message::Binary(_)) => {
                socket.send(message).await.unwrap();
            }
            _ => {} // a ping is answered by the library
        }
    }
    closed_with
}

/// A server of echoes for so many connections, and with what each was closed.
async fn served(connections: usize) -> (SocketAddr, impl Future<Output = Vec<Option<CloseFrame>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = rt::spawn(async move {
        let mut tasks = Vec::new();
        for _ in 0..connections {
            let (stream, _) = listener.accept().await.unwrap();
            let echoes = async { echo(accept_async(stream).await.unwrap()).await };
            tasks.push(rt::spawn(echoes));
        }
        join_all(tasks).await.into_iter().map(|done| done.expect("an echo failed")).collect()
    });
    (addr, async { server.await.unwrap() })
}

async fn connect(addr: SocketAddr) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(addr).await.unwrap();
    let (socket, response) = client_async(format!("ws://{addr}/socket"), stream).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    socket
}

fn farewell() -> Option<CloseFrame> {
    Some(CloseFrame { code: CloseCode::Normal, reason: "done".into() })
}

/// Closes, and sees to it that the other side answers that.
async fn close(mut socket: WebSocketStream<TcpStream>) {
    socket.close(farewell()).await.unwrap();
    let answer = socket.next().await.expect("it hung up without a word").unwrap();
    assert_eq!(answer, Message::Close(farewell()), "it is not the answer to ours");
    assert!(socket.next().await.is_none(), "something came after the farewell");
    let late = socket.send(Message::text("late")).await.unwrap_err();
    assert!(matches!(late, Error::AlreadyClosed | Error::ConnectionClosed), "it says: {late}");
}

fn message(number: usize) -> Message {
    if number.is_multiple_of(2) {
        Message::text(format!("message {number}"))
    } else {
        Message::binary(number.to_be_bytes().repeat(1 + number % 100))
    }
}

#[test]
fn many_messages_come_back_in_order_and_both_sides_close() {
    on_each_runtime(async || {
        let (addr, server) = served(1).await;
        let (mut sender, mut receiver) = connect(addr).await.split();
        // One task sends, another receives: neither waits for the other.
        let sends = rt::spawn(async move {
            for number in 0..MANY {
                sender.feed(message(number)).await.unwrap();
            }
            sender.flush().await.unwrap();
            sender
        });
        for number in 0..MANY {
            let echoed = receiver.next().await.expect("the server has closed").unwrap();
            assert_eq!(echoed, message(number), "not the message that is due");
        }
        let sender = sends.await.unwrap();
        close(WebSocketStream::reunite(sender, receiver).unwrap()).await;
        assert_eq!(server.await, [farewell()], "the server saw another end");
    });
}

#[test]
fn a_large_message_comes_back_whole_and_a_ping_is_answered() {
    on_each_runtime(async || {
        let (addr, server) = served(1).await;
        let mut socket = connect(addr).await;
        let large: Vec<u8> = (0..LARGE).map(|at| (at % 251) as u8).collect();
        socket.send(Message::binary(large.clone())).await.unwrap();
        let echoed = socket.next().await.unwrap().unwrap();
        assert_eq!(echoed.len(), LARGE);
        assert!(echoed == Message::binary(large), "other bytes came back");
        socket.send(Message::Ping("are you there?".into())).await.unwrap();
        let pong = socket.next().await.unwrap().unwrap();
        assert_eq!(pong, Message::Pong("are you there?".into()));
        close(socket).await;
        assert_eq!(server.await, [farewell()]);
    });
}

#[test]
fn many_connections_talk_at_once() {
    on_each_runtime(async || {
        let (addr, server) = served(20).await;
        let clients = (0..20).map(|client| {
            rt::spawn(async move {
                let mut socket = connect(addr).await;
                for round in 0..50 {
                    let text = Message::text(format!("round {round} of {client}"));
                    socket.send(text.clone()).await.unwrap();
                    assert_eq!(socket.next().await.unwrap().unwrap(), text);
                }
                close(socket).await;
            })
        });
        for client in join_all(clients.collect::<Vec<_>>()).await {
            client.expect("a client got what was another's, or nothing");
        }
        assert_eq!(server.await, vec![farewell(); 20]);
    });
}

#[test]
fn a_peer_that_vanishes_is_told_from_one_that_closes() {
    on_each_runtime(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = rt::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = accept_async(stream).await.unwrap();
            socket.next().await
        });
        drop(connect(addr).await);
        let seen = server.await.unwrap();
        assert!(matches!(seen, Some(Err(Error::Protocol(_)))), "it saw {seen:?}");
    });
}

/// An axum handler that upgrades by hand: hyper's connection, in a `HyperIo`, is what the WebSocket speaks over.
async fn upgrades(mut request: Request) -> Response<Body> {
    let accept = derive_accept_key(request.headers()["sec-websocket-key"].as_bytes());
    let upgrade = hyper::upgrade::on(&mut request);
    rt::spawn(async move {
        let io = HyperIo::new(upgrade.await.unwrap());
        echo(WebSocketStream::from_raw_socket(io, Role::Server, None).await).await
    });
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let response = response.header("connection", "upgrade").header("upgrade", "websocket");
    response.header("sec-websocket-accept", accept).body(Body::empty()).unwrap()
}

#[test]
fn a_route_of_axums_is_upgraded_to_a_websocket() {
    on_each_runtime(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let app = Router::new().route("/socket", get(upgrades));
        rt::spawn(rt::compat::serve(listener, app).into_future());
        let mut socket = connect(addr).await;
        for number in 0..100 {
            socket.send(message(number)).await.unwrap();
            assert_eq!(socket.next().await.unwrap().unwrap(), message(number));
        }
        close(socket).await;
    });
}
