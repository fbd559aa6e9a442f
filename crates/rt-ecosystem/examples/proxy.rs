//! A proxy, by hyper on both sides: `http://` requests go through its pooled client, and `CONNECT` makes a tunnel.
//!
//! ```text
//! cd crates/rt-ecosystem
//! cargo run --example proxy              an upstream, the proxy, and requests through it
//! cargo run --example proxy -- serve     waits for yours:
//!     curl -x http://127.0.0.1:8100 http://example.org/        a request is passed on
//!     curl -x http://127.0.0.1:8100 https://example.org/       a tunnel, which it does not look into
//! ```

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::{AsyncReadExt, AsyncWriteExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, upgrade};
use hyper_util::client::legacy::Client;
use rt::compat::{HttpConnector, HyperExecutor, HyperIo, HyperTimer, http_connector};
use rt::net::{TcpListener, TcpStream};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Body = BoxBody<Bytes, hyper::Error>;
type Pool = Client<HttpConnector<HyperTimer>, Incoming>;

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let body = Full::new(text.into()).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

async fn pass_on(pool: Pool, request: Request<Incoming>) -> Result<Response<Body>, Error> {
    if request.method() == Method::CONNECT {
        let Some(target) = request.uri().authority().map(ToString::to_string) else {
            return Ok(text(StatusCode::BAD_REQUEST, "CONNECT to whom?\n"));
        };
        let upstream = match TcpStream::connect(target.as_str()).await {
            Ok(upstream) => upstream,
            Err(error) => return Ok(text(StatusCode::BAD_GATEWAY, format!("{error}\n"))),
        };
        rt::spawn(tunnel(request, upstream)); // it begins when the answer has been sent
        return Ok(text(StatusCode::OK, ""));
    }
    match pool.request(request).await {
        Ok(response) => Ok(response.map(BodyExt::boxed)),
        Err(error) => Ok(text(StatusCode::BAD_GATEWAY, format!("{error}\n"))),
    }
}

/// Bytes both ways, until both have ended.
async fn tunnel(request: Request<Incoming>, upstream: TcpStream) -> Result<(), Error> {
    let client = HyperIo::new(upgrade::on(request).await?);
    let (client_reads, mut client_writes) = client.split();
    let (upstream_reads, mut upstream_writes) = upstream.into_split();
    let up = async {
        futures::io::copy(client_reads, &mut upstream_writes).await?;
        upstream_writes.close().await
    };
    let down = async {
        futures::io::copy(upstream_reads, &mut client_writes).await?;
        client_writes.close().await
    };
    futures::try_join!(up, down)?;
    Ok(())
}

async fn proxy(listener: TcpListener) -> Result<(), Error> {
    let pool: Pool = Client::builder(HyperExecutor::new()).build(http_connector());
    loop {
        let (stream, _) = listener.accept().await?;
        let pool = pool.clone();
        let service = service_fn(move |request| pass_on(pool.clone(), request));
        let connection = server::Builder::new().serve_connection(stream, service).with_upgrades();
        rt::spawn(connection);
    }
}

#[rt::main]
async fn main() -> Result<(), Error> {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        let listener = TcpListener::bind("127.0.0.1:8100").await?;
        println!("a proxy at {}, until Ctrl-C", listener.local_addr()?);
        return proxy(listener).await;
    }
    // The upstream counts its connections.
    let upstream = TcpListener::bind("127.0.0.1:0").await?;
    let origin = upstream.local_addr()?;
    let connections = Arc::new(AtomicU32::new(0));
    let counts = connections.clone();
    rt::spawn(async move {
        while let Ok((stream, _)) = upstream.accept().await {
            counts.fetch_add(1, Ordering::Relaxed);
            let answer = service_fn(async |request: Request<Incoming>| {
                Ok::<_, Error>(text(StatusCode::OK, format!("this is {}", request.uri().path())))
            });
            rt::spawn(server::Builder::new().serve_connection(stream, answer));
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    rt::spawn(proxy(listener));

    for path in ["/one", "/two", "/three"] {
        let stream = TcpStream::connect(address).await?;
        println!("through the proxy: {}", get(stream, origin, path).await?);
    }
    println!("three clients, {} connection to the upstream", connections.load(Ordering::Relaxed));
    assert_eq!(connections.load(Ordering::Relaxed), 1);

    let through = connect(address, origin).await?;
    println!("through a tunnel:  {}", get(through, origin, "/four").await?);
    Ok(())
}

/// A request for a whole URI, as a proxy gets it.
async fn get<I>(io: I, origin: SocketAddr, path: &str) -> Result<String, Error>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = client::handshake(io).await?;
    rt::spawn(connection);
    let request = Request::get(format!("http://{origin}{path}")).header("host", origin.to_string());
    let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().to_vec())?)
}

/// A tunnel to the origin.
async fn connect(proxy: SocketAddr, origin: SocketAddr) -> Result<upgrade::Upgraded, Error> {
    let (mut sender, connection) = client::handshake(TcpStream::connect(proxy).await?).await?;
    rt::spawn(connection.with_upgrades());
    let request = Request::connect(origin.to_string()).body(Empty::<Bytes>::new())?;
    Ok(upgrade::on(sender.send_request(request).await?).await?)
}
