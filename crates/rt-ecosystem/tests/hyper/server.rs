//! A server by hyper's own means: a loop of accepts, a task for each connection.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use rt::compat::{HyperExecutor, HyperTimer};
use rt::net::{TcpListener, TcpSocket};
use rt::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::message::Body;

/// Of the sockets, lest half of a large body fit into the system's.
pub(crate) const BUFFER: u32 = 128 * 1024;

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    accepts: Arc<AtomicUsize>,
    /// How each connection ended.
    pub(crate) ends: UnboundedReceiver<hyper::Result<()>>,
}

impl Server {
    /// How many connections there were so far.
    pub(crate) fn accepts(&self) -> usize {
        self.accepts.load(Ordering::SeqCst)
    }

    /// Serves until its runtime ends. The handler is told where the connection comes from.
    pub(crate) fn start<H, F>(version: Version, handler: H) -> Server
    where
        H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let listener = listen();
        let addr = listener.local_addr().expect("an address");
        let accepts = Arc::new(AtomicUsize::new(0));
        let (ended, ends) = unbounded_channel();
        let count = accepts.clone();
        rt::spawn(async move {
            loop {
                let (stream, peer) = listener.accept().await.expect("a connection");
                count.fetch_add(1, Ordering::SeqCst);
                let (handler, ended) = (handler.clone(), ended.clone());
                let service = service_fn(move |request| {
                    let answer = handler(request, peer);
                    async { Ok::<_, Infallible>(answer.await) }
                });
                rt::spawn(async move {
                    let end = match version {
                        Version::HTTP_2 => {
                            let mut builder = http2::Builder::new(HyperExecutor::new());
                            builder.timer(HyperTimer::new());
                            builder.serve_connection(stream, service).await
                        }
                        _ => {
                            let mut builder = http1::Builder::new();
                            builder.timer(HyperTimer::new());
                            builder.serve_connection(stream, service).with_upgrades().await
                        }
                    };
                    let _gone = ended.send(end); // the test may be over
                });
            }
        });
        Server { addr, accepts, ends }
    }
}

/// On a free port, with small buffers.
pub(crate) fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(BUFFER).expect("a buffer");
    socket.set_send_buffer_size(BUFFER).expect("a buffer");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    socket.listen(128).expect("a listener")
}
