//! A client by hyper's own means: one connection, of either version.

use std::net::SocketAddr;

use futures::future::Either;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response, Version};
use rt::compat::{HyperExecutor, HyperTimer};
use rt::net::TcpSocket;
use rt::task::JoinHandle;

use crate::message::{Body, get, text};
use crate::server::BUFFER;

pub(crate) struct Client {
    sender: Sender,
    version: Version,
    addr: SocketAddr,
    /// This end.
    pub(crate) local: SocketAddr,
    connection: JoinHandle<hyper::Result<()>>,
}

enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

impl Client {
    pub(crate) async fn connect(version: Version, addr: SocketAddr) -> Client {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(BUFFER).expect("a buffer");
        socket.set_send_buffer_size(BUFFER).expect("a buffer");
        let stream = socket.connect(addr).await.expect("a connection");
        let local = stream.local_addr().expect("an address");
        let (sender, connection) = if version == Version::HTTP_2 {
            let mut builder = http2::Builder::new(HyperExecutor::new());
            builder.timer(HyperTimer::new());
            let (sender, connection) = builder.handshake(stream).await.expect("a handshake");
            (Sender::Two(sender), rt::spawn(connection))
        } else {
            let (sender, connection) = http1::handshake(stream).await.expect("a handshake");
            (Sender::One(sender), rt::spawn(connection.with_upgrades()))
        };
        Client { sender, version, addr, local, connection }
    }

    /// Begins a request. Over HTTP/1 the next begins after the answer to this.
    pub(crate) fn send(
        &mut self,
        request: Request<Body>,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + Send + use<> {
        match &mut self.sender {
            Sender::One(sender) => Either::Left(sender.send_request(request)),
            Sender::Two(sender) => Either::Right(sender.send_request(request)),
        }
    }

    /// Until another request may be begun.
    pub(crate) async fn ready(&mut self) -> hyper::Result<()> {
        match &mut self.sender {
            Sender::One(sender) => sender.ready().await,
            Sender::Two(sender) => sender.ready().await,
        }
    }

    /// How the connection ends when the server ends it.
    pub(crate) async fn ended(&mut self) -> hyper::Result<()> {
        (&mut self.connection).await.expect("no panic in the connection")
    }

    /// Ends the connection.
    pub(crate) async fn close(self) -> hyper::Result<()> {
        let Client { sender, connection, .. } = self;
        drop(sender);
        connection.await.expect("no panic in the connection")
    }

    /// The text at a path.
    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<String> {
        self.ready().await?;
        let response = self.send(get(self.version, self.addr, path)).await?;
        assert_eq!(response.version(), self.version, "the answer is of another version");
        Ok(text(response).await)
    }
}
