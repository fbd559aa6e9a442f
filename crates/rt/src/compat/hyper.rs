//! Our executor and our timer, as hyper and `rt-compat` want them.

use std::future::Future;

use hyper::rt::Executor;
use rt_compat::{HttpConnector, Listener, Serve, Server, Spawn};
use rt_timer::HyperTimer;

use crate::runtime::Handle;

/// hyper's `Executor`: tasks go to the runtime of the thread, as of [`rt::spawn`](crate::spawn). A
/// [`Handle`] is one too, for its own.
///
/// ```
/// use hyper::rt::Executor;
///
/// rt::block_on(async {
///     let (sender, receiver) = futures::channel::oneshot::channel();
///     rt::compat::HyperExecutor::new().execute(async { sender.send(42).unwrap() });
///     assert_eq!(receiver.await, Ok(42));
/// });
/// ```
///
/// # Panics
///
/// `execute`, if the thread is in no runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct HyperExecutor {
    _private: (),
}

impl HyperExecutor {
    /// There is nothing to set.
    #[must_use]
    pub fn new() -> HyperExecutor {
        HyperExecutor::default()
    }
}

impl Spawn for HyperExecutor {
    #[track_caller]
    fn spawn<F>(&self, future: F)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        drop(crate::spawn(future));
    }
}

impl Spawn for Handle {
    #[track_caller]
    fn spawn<F>(&self, future: F)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        drop(Handle::spawn(self, future));
    }
}

impl<F> Executor<F> for HyperExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        self.spawn(future);
    }
}

impl<F> Executor<F> for Handle
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        drop(self.spawn(future));
    }
}

/// Serves every connection with a clone of the service: an axum `Router`, or any `tower` service from
/// `hyper::Request` to `hyper::Response`. HTTP/1 and HTTP/2, upgrades too; each connection is a task of this runtime.
///
/// It runs when it is awaited, for ever, but for a [signal](Serve::with_graceful_shutdown).
///
/// A `Router` on which `with_state` was not called last makes its layers anew for each request, so a limit among them
/// limits nothing: serve `app.layer(..).with_state(())`.
///
/// ```no_run
/// # use tower_service::Service;
/// # async fn example<S, B>(app: S) -> std::io::Result<()>
/// # where
/// #     S: Service<hyper::Request<hyper::body::Incoming>, Response = hyper::Response<B>> + Clone + Send + 'static,
/// #     S::Future: Send + 'static,
/// #     S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
/// #     B: hyper::body::Body + Send + 'static,
/// #     B::Data: Send,
/// #     B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
/// # {
/// use std::time::Duration;
///
/// let listener = rt::net::TcpListener::bind("127.0.0.1:3000").await?;
/// rt::compat::serve(listener, app)
///     .with_graceful_shutdown(rt::time::sleep(Duration::from_secs(3600)))
///     .grace_period(Duration::from_secs(10))
///     .await
/// # }
/// ```
#[expect(clippy::type_complexity, reason = "a closure with a name would be longer")]
pub fn serve<L, S>(
    listener: L,
    service: S,
) -> Serve<L, impl FnMut(&L::Io, &L::Addr) -> S + Send + 'static, HyperExecutor, HyperTimer>
where
    L: Listener,
    S: Clone + Send + 'static,
{
    server().serve(listener, service)
}

/// As [`serve`], with a service for each connection, by what it is and where it comes from.
pub fn serve_with<L, M, S>(listener: L, make: M) -> Serve<L, M, HyperExecutor, HyperTimer>
where
    L: Listener,
    M: FnMut(&L::Io, &L::Addr) -> S + Send + 'static,
{
    server().serve_with(listener, make)
}

fn server() -> Server<HyperExecutor, HyperTimer> {
    Server::new(HyperExecutor::new(), HyperTimer::new())
}

/// What `hyper_util::client::legacy::Client` connects with.
#[must_use]
pub fn http_connector() -> HttpConnector<HyperTimer> {
    HttpConnector::new(HyperTimer::new())
}
