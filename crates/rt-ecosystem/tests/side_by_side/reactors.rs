//! `async-net`, whose sockets are served by the thread of `async-io`, beside our sockets.

use std::net::SocketAddr;

use futures::future::join_all;
use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};

use crate::runtimes::on_each_runtime;

const CLIENTS: u8 = 30;

/// Sends back what comes, until no more does.
async fn echo<S: AsyncRead + AsyncWrite>(stream: S) {
    let (reader, mut writer) = stream.split();
    copy(reader, &mut writer).await.unwrap();
    writer.close().await.unwrap();
}

/// Many rounds, each of which waits for the other side, and at the end more than the sockets hold.
async fn call<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, number: u8) {
    for round in 0..50 {
        stream.write_all(&[number, round]).await.unwrap();
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, [number, round], "not the answer that is due");
    }
    let (mut reader, mut writer) = stream.split();
    let sent = vec![number; 300_000];
    let write = async {
        writer.write_all(&sent).await.unwrap();
        writer.close().await.unwrap();
    };
    let mut received = Vec::new();
    let ((), read) = futures::join!(write, reader.read_to_end(&mut received));
    assert_eq!(read.unwrap(), sent.len(), "a part was lost");
    assert!(received == sent, "other bytes came back");
}

async fn ours() -> SocketAddr {
    let listener = rt::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    rt::spawn(async move {
        loop {
            rt::spawn(echo(listener.accept().await.unwrap().0));
        }
    });
    addr
}

async fn theirs() -> SocketAddr {
    let listener = async_net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    rt::spawn(async move {
        loop {
            rt::spawn(echo(listener.accept().await.unwrap().0));
        }
    });
    addr
}

#[test]
fn clients_of_async_net_talk_to_a_server_of_ours() {
    on_each_runtime(async || {
        let addr = ours().await;
        let clients = (0..CLIENTS).map(|number| {
            rt::spawn(async move {
                call(async_net::TcpStream::connect(addr).await.unwrap(), number).await;
            })
        });
        for client in join_all(clients.collect::<Vec<_>>()).await {
            client.unwrap();
        }
    });
}

#[test]
fn clients_of_ours_talk_to_a_server_of_async_net() {
    on_each_runtime(async || {
        let addr = theirs().await;
        let clients = (0..CLIENTS).map(|number| {
            rt::spawn(async move {
                call(rt::net::TcpStream::connect(addr).await.unwrap(), number).await;
            })
        });
        for client in join_all(clients.collect::<Vec<_>>()).await {
            client.unwrap();
        }
    });
}

#[test]
fn one_task_waits_for_sockets_of_both() {
    on_each_runtime(async || {
        let (to_ours, to_theirs) = (ours().await, theirs().await);
        let a = async_net::TcpStream::connect(to_ours).await.unwrap();
        let b = rt::net::TcpStream::connect(to_theirs).await.unwrap();
        futures::join!(call(a, 1), call(b, 2));
    });
}
