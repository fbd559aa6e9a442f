//! A server of HTTP/1 and HTTP/2 for any service of tower's.
//!
//! ```text
//!   Listener ── accept ──► a service for it ──► a task: hyper's connection ──► the service, a call a request
//!      ▲                                            │
//!      └── until the signal comes ──► all are told: finish what is begun ── all done, or the grace is over ──► Ok
//! ```
//!
//! * **[SV1]** A connection's task is polled by the executor alone: a long request holds up no accept.
//! * **[SV2]** After the signal no connection is taken; each that is open answers the requests that have begun. With a
//!   grace period, those that are not done then are dropped before the server ends. One that was upgraded (a
//!   WebSocket) is the service's, and nobody waits for it.
//!
//! The protocol is told by the first bytes. Not here: TLS, which is a [`Listener`] of the user's.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture, Pending, pending};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use hyper::body::{Body, Incoming};
use hyper::rt::Timer;
use hyper::service::Service as HyperService;
use hyper::{Request, Response};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::sync::watch;
use tower_service::Service;

use crate::listener::Listener;
use crate::spawn::{Executor, Spawn};

/// What a server runs on: an executor and a timer.
#[derive(Clone, Debug)]
pub struct Server<E, T> {
    executor: E,
    timer: T,
}

impl<E, T> Server<E, T>
where
    E: Spawn,
    T: Timer + Clone + Send + Sync + 'static,
{
    /// Connections are tasks of this executor; time is told by this timer.
    pub fn new(executor: E, timer: T) -> Server<E, T> {
        Server { executor, timer }
    }

    /// Serves every connection with a clone of the service.
    #[expect(clippy::type_complexity, reason = "a closure with a name would be longer")]
    pub fn serve<L, S>(
        self,
        listener: L,
        service: S,
    ) -> Serve<L, impl FnMut(&L::Io, &L::Addr) -> S + Send + 'static, E, T>
    where
        L: Listener,
        S: Clone + Send + 'static,
    {
        self.serve_with(listener, move |_: &L::Io, _: &L::Addr| service.clone())
    }

    /// Serves each connection with a service of its own, by what it is and where it comes from. The place to set
    /// options of the socket too.
    pub fn serve_with<L, M, S>(self, listener: L, make: M) -> Serve<L, M, E, T>
    where
        L: Listener,
        M: FnMut(&L::Io, &L::Addr) -> S + Send + 'static,
    {
        Serve { server: self, listener, make, signal: pending(), grace: None, header: None }
    }
}

/// hyper adds to the clock what it is told, and that must not overflow: thirty years.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// A server, which runs when it is awaited: for ever, but for a [signal](Serve::with_graceful_shutdown) or an error of
/// the listener. See [`Server`].
///
/// Dropped while it runs, it takes no more connections, and those that are open end as after the signal: by
/// themselves, and nobody waits for them.
#[must_use = "a server does nothing unless it is awaited"]
pub struct Serve<L, M, E, T, G = Pending<()>> {
    server: Server<E, T>,
    listener: L,
    make: M,
    signal: G,
    grace: Option<Duration>,
    header: Option<Duration>,
}

impl<L, M, E, T, G> Serve<L, M, E, T, G> {
    /// When this future is done no connection is taken any more, and each that is open ends after the answers to the
    /// requests that it has begun. When all have ended, the server is done.
    ///
    /// A connection that was upgraded, to a WebSocket for one, has left the server: it goes on, and is not waited for. Tell
    /// those of the end yourself, by a `watch` channel in the state of the service, and wait for their tasks.
    pub fn with_graceful_shutdown<F>(self, signal: F) -> Serve<L, M, E, T, F>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Serve { server, listener, make, grace, header, .. } = self;
        Serve { server, listener, make, signal, grace, header }
    }

    /// How long a client may take for the header of its first request, and one of HTTP/1 for each and between two: then
    /// its connection is closed. For ever, unless this says otherwise, as with `axum::serve`: a client that sends a byte
    /// a minute, or nothing, keeps its connection. It costs a timer a request and one a connection.
    pub fn header_read_timeout(mut self, time: Duration) -> Self {
        self.header = Some(time.min(FOR_EVER));
        self
    }

    /// For how long the end of a connection is waited for, from the signal on. Those that are not done then are
    /// dropped. For ever, unless this says otherwise.
    pub fn grace_period(mut self, time: Duration) -> Self {
        self.grace = Some(time);
        self
    }
}

impl<L, M, S, B, E, T, G> IntoFuture for Serve<L, M, E, T, G>
where
    L: Listener,
    M: FnMut(&L::Io, &L::Addr) -> S + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    E: Spawn,
    T: Timer + Clone + Send + Sync + 'static,
    G: Future<Output = ()> + Send + 'static,
{
    /// # Errors
    ///
    /// Those of the listener after which nothing more can be accepted.
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Serve { server, mut listener, mut make, signal, grace, header } = self;
            let (builder, ending) = (server.builder(header), Ending::new(grace));
            let mut signal = pin!(signal);
            loop {
                let accepted = match select(signal.as_mut(), pin!(listener.accept())).await {
                    Either::Left(((), _)) => break,
                    Either::Right((accepted, _)) => accepted,
                };
                let (io, addr) = accepted?;
                let silence = header.map(|time| Silence::new(server.timer.clone(), time));
                let service = TowerToHyperService::new(make(&io, &addr));
                let has_begun = silence.as_ref().map(|silence| silence.has_begun.clone());
                let service = Telling { service, has_begun };
                let (builder, open) = (builder.clone(), ending.open());
                server.executor.spawn(async move {
                    let connection = builder.serve_connection_with_upgrades(io, service);
                    open.serve(connection, silence).await;
                });
            }
            drop(listener);
            ending.wait(&server.timer).await;
            Ok(())
        })
    }
}

impl<E: Spawn, T: Timer + Clone + Send + Sync + 'static> Server<E, T> {
    fn builder(&self, header: Option<Duration>) -> auto::Builder<Executor<E>> {
        let mut builder = auto::Builder::new(Executor(self.executor.clone()));
        // WebSockets over HTTP/2.
        builder.http2().timer(self.timer.clone()).enable_connect_protocol();
        if let Some(time) = header {
            builder.http1().timer(self.timer.clone()).header_read_timeout(time);
        }
        builder
    }
}

/// How connections are told of the end, and waited for [SV2].
struct Ending {
    graceful: GracefulShutdown,
    grace: Option<Duration>,
    is_over: watch::Sender<bool>,
}

/// One connection's part in that.
struct Open {
    watcher: Watcher,
    /// Nobody needs to be told of the end of a grace period that has none.
    is_over: Option<watch::Receiver<bool>>,
}

impl Ending {
    fn new(grace: Option<Duration>) -> Ending {
        Ending { graceful: GracefulShutdown::new(), grace, is_over: watch::Sender::new(false) }
    }

    fn open(&self) -> Open {
        let is_over = self.grace.map(|_| self.is_over.subscribe());
        Open { watcher: self.graceful.watcher(), is_over }
    }

    async fn wait(self, timer: &impl Timer) {
        let all_done = self.graceful.shutdown();
        let Some(grace) = self.grace else { return all_done.await };
        if let Either::Right(..) = select(pin!(all_done), timer.sleep(grace)).await {
            self.is_over.send_replace(true);
            self.is_over.closed().await; // each has dropped its connection
        }
    }
}

impl Open {
    /// Polls a connection to its end, or that of the client's time or of the grace period. What went wrong in it
    /// concerns its peer alone.
    async fn serve(
        self,
        connection: impl GracefulConnection,
        silence: Option<Silence<impl Timer>>,
    ) {
        let connection = self.watcher.watch(connection);
        let silence = async {
            match silence {
                Some(silence) => silence.lasts().await,
                None => pending().await,
            }
        };
        let connection = async {
            let _done = select(pin!(connection), pin!(silence)).await;
        };
        let Some(mut is_over) = self.is_over else {
            return connection.await;
        };
        let over = async {
            if is_over.wait_for(|is_over| *is_over).await.is_err() {
                pending::<()>().await; // the server was dropped, and waits for nobody
            }
        };
        let _done = select(pin!(connection), pin!(over)).await;
        drop(is_over); // after the connection: the server waits for this
    }
}

/// The time until the first request of a connection: hyper's begins when it knows the version, which a client that says
/// nothing never tells.
struct Silence<T> {
    timer: T,
    time: Duration,
    /// Written and read in the task of the connection alone, and atomic because that moves from thread to thread.
    has_begun: Arc<AtomicBool>,
}

impl<T: Timer> Silence<T> {
    fn new(timer: T, time: Duration) -> Silence<T> {
        Silence { timer, time, has_begun: Arc::default() }
    }

    /// Until it has lasted too long: for ever, if a request came.
    async fn lasts(self) {
        self.timer.sleep(self.time).await;
        if self.has_begun.load(Ordering::Relaxed) {
            pending().await
        }
    }
}

/// The service of a connection, which tells its task, in which it is called, that a request came, if that asks.
struct Telling<S> {
    service: S,
    has_begun: Option<Arc<AtomicBool>>,
}

impl<S: HyperService<R>, R> HyperService<R> for Telling<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, request: R) -> S::Future {
        if let Some(has_begun) = &self.has_begun {
            has_begun.store(true, Ordering::Relaxed);
        }
        self.service.call(request)
    }
}

impl<L, M, E: fmt::Debug, T: fmt::Debug, G> fmt::Debug for Serve<L, M, E, T, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").field("server", &self.server).finish_non_exhaustive()
    }
}
