//! How hyper's client comes to a connection.
//!
//! ```text
//!   Uri ──► names ──► addresses, the families in turn ──► one after the other is tried, the next
//!                     (RFC 8305, section 4)               250 ms later or when all so far have failed;
//!                                                         the first that stands is taken, the others are dropped
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use hyper::Uri;
use hyper::rt::Timer;
use rt_io::net::{TcpStream, lookup_host};
use tower_service::Service;

/// How long an attempt has before the next address is tried beside it: RFC 8305, section 5.
const ATTEMPT: Duration = Duration::from_millis(250);

/// Connects `hyper_util::client::legacy::Client` over TCP: a `tower_service::Service<Uri>`.
///
/// Addresses of both families are tried, overlapping ("happy eyeballs", [RFC 8305]): one that does not answer costs
/// 250 ms. Names are looked up as [`lookup_host`] does, unless [`resolve_with`](HttpConnector::resolve_with) says
/// otherwise.
///
/// [RFC 8305]: https://www.rfc-editor.org/rfc/rfc8305
#[derive(Clone)]
pub struct HttpConnector<T> {
    timer: T,
    resolver: Option<Resolver>,
    timeout: Option<Duration>,
    has_nodelay: bool,
    is_http_alone: bool,
}

type Resolver = Arc<dyn Fn(String, u16) -> Resolving + Send + Sync>;
type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

impl<T: Timer + Clone + Send + Sync + 'static> HttpConnector<T> {
    /// Time is told by this timer.
    pub fn new(timer: T) -> HttpConnector<T> {
        HttpConnector {
            timer,
            resolver: None,
            timeout: None,
            has_nodelay: true,
            is_http_alone: true,
        }
    }

    /// How long a connection may take from the look-up of its name on. With `None`, which is the default, as long as the
    /// system tries: some two minutes an address.
    pub fn set_connect_timeout(&mut self, time: Option<Duration>) {
        self.timeout = time;
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`). They are by default, other than with hyper-util's.
    pub fn set_nodelay(&mut self, is_on: bool) {
        self.has_nodelay = is_on;
    }

    /// Whether a scheme other than `http` is an error. It is by default; what puts TLS over the connection says `false`.
    pub fn enforce_http(&mut self, is_on: bool) {
        self.is_http_alone = is_on;
    }

    /// How the addresses of a host and a port are found: for a resolver of one's own, or a proxy that all go to.
    pub fn resolve_with<R, F>(&mut self, resolve: R)
    where
        R: Fn(String, u16) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        self.resolver = Some(Arc::new(move |host, port| Box::pin(resolve(host, port))));
    }

    async fn connect(self, uri: Uri) -> io::Result<TcpStream> {
        let (host, port) = self.target(&uri)?;
        let connecting = async {
            let found = match &self.resolver {
                Some(resolve) => resolve(host.clone(), port).await?,
                None => lookup_host((host.as_str(), port)).await?.collect(),
            };
            let stream = race(in_turn(found), &self.timer).await?;
            stream.set_nodelay(self.has_nodelay)?;
            Ok(stream)
        };
        let Some(timeout) = self.timeout else { return connecting.await };
        match select(pin!(connecting), self.timer.sleep(timeout)).await {
            Either::Left((done, _)) => done,
            Either::Right(..) => {
                let message = format!("no connection to {host}:{port} after {timeout:?}");
                Err(io::Error::new(io::ErrorKind::TimedOut, message))
            }
        }
    }

    fn target(&self, uri: &Uri) -> io::Result<(String, u16)> {
        let invalid = |message| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        if self.is_http_alone && uri.scheme_str() != Some("http") {
            return invalid(format!(
                "{uri} is not http: for https, put TLS over this, and call `enforce_http(false)`"
            ));
        }
        let Some(host) = uri.host() else { return invalid(format!("{uri} names no host")) };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        Ok((host.to_owned(), uri.port_u16().unwrap_or(port)))
    }
}

impl<T: Timer + Clone + Send + Sync + 'static> Service<Uri> for HttpConnector<T> {
    type Response = TcpStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

impl<T: fmt::Debug> fmt::Debug for HttpConnector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnector")
            .field("timer", &self.timer)
            .field("connect_timeout", &self.timeout)
            .field("nodelay", &self.has_nodelay)
            .field("enforce_http", &self.is_http_alone)
            .finish_non_exhaustive()
    }
}

/// The family of the first address, then the other one, and so on: RFC 8305, section 4.
fn in_turn(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let is_first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == is_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = VecDeque::new();
    loop {
        let both = [first.next(), second.next()];
        if both == [None, None] {
            return turns;
        }
        turns.extend(both.into_iter().flatten());
    }
}

/// The first connection that stands; else the last error.
async fn race(mut addresses: VecDeque<SocketAddr>, timer: &impl Timer) -> io::Result<TcpStream> {
    let mut attempts = FuturesUnordered::new();
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    loop {
        match addresses.pop_front() {
            Some(address) => attempts.push(TcpStream::connect(address)),
            None if attempts.is_empty() => return Err(failed),
            None => {}
        }
        let patience = async {
            match addresses.is_empty() {
                true => pending().await,
                false => timer.sleep(ATTEMPT).await,
            }
        };
        match select(attempts.next(), pin!(patience)).await {
            Either::Left((Some(Ok(stream)), _)) => return Ok(stream),
            Either::Left((Some(Err(error)), _)) => failed = error,
            Either::Left((None, _)) | Either::Right(..) => {}
        }
    }
}
