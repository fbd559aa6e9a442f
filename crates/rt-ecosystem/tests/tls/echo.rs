//! An echo.

use std::io::ErrorKind;
use std::net::SocketAddr;

use futures::future::join_all;
use futures::io::{AsyncReadExt, AsyncWriteExt, copy};
use futures_rustls::rustls::ProtocolVersion;
use futures_rustls::{TlsAcceptor, TlsConnector};
use rt::net::{TcpListener, TcpStream};

use crate::runtimes::on_each_runtime;
use crate::tls::identity::{localhost, pair};

/// Where each connection gets back what it sends, until it says that there is no more.
async fn echoes(acceptor: TlsAcceptor) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    rt::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            rt::spawn(async move {
                // One that trusts us not ends here.
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let (reader, mut writer) = stream.split();
                if copy(reader, &mut writer).await.is_ok() {
                    writer.close().await.unwrap();
                }
            });
        }
    });
    addr
}

/// Sends bytes while it reads, and reads to the end.
async fn call(addr: SocketAddr, connector: TlsConnector, sent: Vec<u8>) -> Vec<u8> {
    let stream = TcpStream::connect(addr).await.unwrap();
    let stream = connector.connect(localhost(), stream).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let (mut reader, mut writer) = stream.split();
    let write = async {
        writer.write_all(&sent).await.unwrap();
        writer.close().await.unwrap();
    };
    let mut received = Vec::new();
    let ((), read) = futures::join!(write, reader.read_to_end(&mut received));
    read.expect("the server ended without a word");
    received
}

#[test]
fn a_megabyte_is_echoed_while_it_is_still_being_sent() {
    on_each_runtime(async || {
        let (acceptor, connector) = pair(&[]);
        let addr = echoes(acceptor).await;
        let sent: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 251) as u8).collect();
        let received = call(addr, connector, sent.clone()).await;
        assert_eq!(received.len(), sent.len());
        assert!(received == sent, "other bytes came back");
    });
}

#[test]
fn many_connections_are_encrypted_at_once() {
    on_each_runtime(async || {
        let (acceptor, connector) = pair(&[]);
        let addr = echoes(acceptor).await;
        let calls = (0..30_u8).map(|number| {
            let connector = connector.clone();
            rt::spawn(async move { call(addr, connector, vec![number; 10_000]).await })
        });
        for (number, received) in (0..).zip(join_all(calls.collect::<Vec<_>>()).await) {
            assert!(received.unwrap() == vec![number; 10_000], "the bytes of another came back");
        }
    });
}

#[test]
fn what_goes_over_the_wire_is_not_what_was_written() {
    on_each_runtime(async || {
        let (acceptor, connector) = pair(&[]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let upstream = echoes(acceptor).await;
        let tapped = rt::spawn(async move {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(upstream).await.unwrap();
            let ((mut from, mut to_client), (mut back, mut to_server)) =
                (client.split(), server.split());
            let tap = async {
                let (mut seen, mut buf) = (Vec::new(), [0; 4096]);
                while let Ok(count @ 1..) = from.read(&mut buf).await {
                    seen.extend_from_slice(&buf[..count]);
                    to_server.write_all(&buf[..count]).await.unwrap();
                }
                seen
            };
            let (seen, _) = futures::join!(tap, copy(&mut back, &mut to_client));
            seen
        });
        let secret = b"a secret that is told to nobody else";
        assert_eq!(call(addr, connector, secret.to_vec()).await, secret);
        let seen = tapped.await.unwrap();
        assert!(seen.len() > secret.len(), "nothing went through the tap");
        assert!(!seen.windows(8).any(|bytes| bytes == &secret[..8]), "it was sent in the clear");
    });
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_on_both_sides() {
    on_each_runtime(async || {
        let (acceptor, _) = pair(&[]);
        let (_, trusts_another) = pair(&[]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = rt::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            acceptor.accept(stream).await.expect_err("the client's alert was not seen")
        });
        let stream = TcpStream::connect(addr).await.unwrap();
        let refused = trusts_another.connect(localhost(), stream).await.err().unwrap();
        assert!(refused.to_string().contains("invalid peer certificate"), "it says: {refused}");
        let told = server.await.unwrap();
        assert!(told.to_string().contains("received fatal alert"), "the server says: {told}");
    });
}

#[test]
fn a_peer_that_vanishes_is_told_from_one_that_ends() {
    on_each_runtime(async || {
        let (acceptor, connector) = pair(&[]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = rt::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            stream.write_all(b"half").await.unwrap();
            stream.flush().await.unwrap(); // and is dropped without TLS's farewell
        });
        let stream = TcpStream::connect(addr).await.unwrap();
        let mut stream = connector.connect(localhost(), stream).await.unwrap();
        let mut received = Vec::new();
        let ended = stream.read_to_end(&mut received).await.unwrap_err();
        assert_eq!((received.as_slice(), ended.kind()), (&b"half"[..], ErrorKind::UnexpectedEof));
        server.await.unwrap();
    });
}
