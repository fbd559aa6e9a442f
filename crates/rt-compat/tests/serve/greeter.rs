//! A service of tower's, and a client for it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use futures::{AsyncReadExt, AsyncWriteExt, FutureExt};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{CONNECTION, UPGRADE};
use hyper::rt::{Read, Write};
use hyper::upgrade::{self, Upgraded};
use hyper::{Request, Response, StatusCode};
use rt_compat::HyperIo;
use rt_executor::Handle;
use rt_io::net::TcpStream;
use tokio::sync::Semaphore;
use tower_service::Service;

/// Says hello; `/held` when it is let, `/fails` never.
#[derive(Clone)]
pub(crate) struct Greeter {
    signature: String,
    gate: Arc<Semaphore>,
    arrived: UnboundedSender<()>,
    arrivals: Arc<Mutex<Option<UnboundedReceiver<()>>>>,
    #[expect(dead_code, reason = "dropped with it")]
    carried: Option<Arc<dyn Send + Sync>>,
    upgrades: Option<Handle>,
}

impl Greeter {
    pub(crate) fn new() -> Greeter {
        let (arrived, arrivals) = mpsc::unbounded();
        Greeter {
            signature: String::new(),
            gate: Arc::new(Semaphore::new(0)),
            arrived,
            arrivals: Arc::new(Mutex::new(Some(arrivals))),
            carried: None,
            upgrades: None,
        }
    }

    pub(crate) fn upgrading(handle: &Handle) -> Greeter {
        Greeter { upgrades: Some(handle.clone()), ..Greeter::new() }
    }

    pub(crate) fn signed(self, name: String) -> Greeter {
        Greeter { signature: format!(", {name}"), ..self }
    }

    /// With something that is dropped with it and its requests.
    pub(crate) fn carrying(self, carried: impl Send + Sync + 'static) -> Greeter {
        Greeter { carried: Some(Arc::new(carried)), ..self }
    }

    /// Is told of each request that is held.
    pub(crate) fn arrivals(&self) -> UnboundedReceiver<()> {
        self.arrivals.lock().unwrap().take().unwrap()
    }

    pub(crate) fn release(&self) {
        self.gate.add_permits(1);
    }
}

impl Service<Request<Incoming>> for Greeter {
    type Response = Response<Full<Bytes>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Response<Full<Bytes>>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            if let Some(handle) = this.upgrades {
                handle.spawn(shouts_back(request));
                let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
                let response = response.header(UPGRADE, "shout").header(CONNECTION, "upgrade");
                return Ok(response.body(Full::default()).unwrap());
            }
            let name = request.uri().path().trim_start_matches('/').to_owned();
            match name.as_str() {
                "held" => {
                    this.arrived.unbounded_send(()).unwrap();
                    this.gate.acquire().await.unwrap().forget();
                }
                "fails" => return Err(io::Error::other("as it was told")),
                _ => {}
            }
            Ok(Response::new(Full::from(format!("hello {name}{}", this.signature))))
        })
    }
}

async fn shouts_back(request: Request<Incoming>) {
    let mut stream = HyperIo::new(upgrade::on(request).await.unwrap());
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    stream.write_all(text.to_uppercase().as_bytes()).await.unwrap();
    stream.close().await.unwrap();
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

/// A connection of hyper's client.
pub(crate) struct Client {
    sender: Sender,
    pub(crate) local: SocketAddr,
}

enum Sender {
    One(http1::SendRequest<Empty<Bytes>>),
    Two(http2::SendRequest<Empty<Bytes>>),
}

impl Client {
    pub(crate) async fn connect(addr: SocketAddr, version: Version, handle: &Handle) -> Client {
        let stream = TcpStream::connect(addr).await.unwrap();
        let local = stream.local_addr().unwrap();
        Client { local, ..Client::over(stream, version, handle).await }
    }

    pub(crate) async fn over<I>(io: I, version: Version, handle: &Handle) -> Client
    where
        I: Read + Write + Unpin + Send + 'static,
    {
        let sender = match version {
            Version::One => {
                let (sender, connection) = http1::handshake(io).await.unwrap();
                handle.spawn(connection.with_upgrades().map(drop));
                Sender::One(sender)
            }
            Version::Two => {
                let (sender, connection) = http2::handshake(handle.clone(), io).await.unwrap();
                handle.spawn(connection.map(drop));
                Sender::Two(sender)
            }
        };
        Client { sender, local: SocketAddr::from(([0, 0, 0, 0], 0)) }
    }

    /// A request that is sent now, to be awaited when its answer is wanted.
    pub(crate) fn get(
        &mut self,
        path: &str,
    ) -> impl Future<Output = hyper::Result<(StatusCode, String)>> + use<> {
        let uri = match self.sender {
            Sender::One(_) => format!("/{path}"),
            Sender::Two(_) => format!("http://localhost/{path}"),
        };
        let request = Request::get(uri).header("host", "localhost").body(Empty::new()).unwrap();
        let response = match &mut self.sender {
            Sender::One(sender) => sender.send_request(request).boxed(),
            Sender::Two(sender) => sender.send_request(request).boxed(),
        };
        async move {
            let response = response.await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            Ok((status, String::from_utf8_lossy(&body).into_owned()))
        }
    }

    pub(crate) async fn upgrade(&mut self) -> Upgraded {
        let request = Request::get("/").header("host", "localhost");
        let request = request.header(UPGRADE, "shout").header(CONNECTION, "upgrade");
        let request = request.body(Empty::new()).unwrap();
        let Sender::One(sender) = &mut self.sender else { panic!("HTTP/1 alone") };
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        upgrade::on(response).await.unwrap()
    }

    /// Waits until the peer has closed it.
    pub(crate) async fn closed(&mut self) {
        let Sender::One(sender) = &mut self.sender else { panic!("HTTP/1 alone") };
        while sender.ready().await.is_ok() {
            rt_executor::yield_now().await;
        }
    }
}
