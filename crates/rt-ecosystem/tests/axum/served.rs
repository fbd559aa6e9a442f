//! A `Router` that is served, until it is told to end.

use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;

use axum::Router;
use futures::FutureExt;
use rt::net::TcpListener;
use rt::sync::oneshot;
use rt::task::JoinHandle;

pub(crate) struct Served {
    pub(crate) addr: SocketAddr,
    end: oneshot::Sender<()>,
    done: JoinHandle<io::Result<()>>,
}

/// Serves it with its layers made once.
pub(crate) async fn serve(app: Router) -> Served {
    serve_as_it_is(app.with_state(())).await
}

/// Serves it as axum has it: layers are made for each request, as long as `with_state` has not been called.
pub(crate) async fn serve_as_it_is(app: Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let addr = listener.local_addr().expect("an address");
    let (end, ends) = oneshot::channel();
    let serve = rt::compat::serve(listener, app).with_graceful_shutdown(ends.map(drop));
    Served { addr, end, done: rt::spawn(serve.into_future()) }
}

impl Served {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Gives the signal; what is returned is done when the server is.
    pub(crate) fn end(self) -> JoinHandle<io::Result<()>> {
        self.end.send(()).expect("the server runs");
        self.done
    }
}
