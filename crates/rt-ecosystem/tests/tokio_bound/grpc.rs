//! `tonic`, client and server, with the service of `tonic-health`.

use std::future::{Future, IntoFuture};
use std::net::SocketAddr;

use axum::routing::get;
use futures::channel::oneshot;
use futures::future::join_all;
use futures::{FutureExt, StreamExt};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Code;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint, Server};
use tonic_health::ServingStatus::{NotServing, Serving};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::server::{HealthReporter, health_reporter};

use crate::runtimes::on_each_runtime;
use crate::tokio_bound::http::client;
use crate::tokio_bound::runtimes::with_tokio;

pub(crate) async fn connect(addr: SocketAddr) -> HealthClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{addr}")).unwrap();
    HealthClient::new(endpoint.connect().await.unwrap())
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.to_owned() }
}

/// What a client sees of a server: answers, an error, a stream of the server's, many requests at once.
async fn try_out(addr: SocketAddr, reporter: &HealthReporter) {
    let mut client = connect(addr).await;
    let status = client.check(of("")).await.unwrap().into_inner().status;
    assert_eq!(status, 1, "the server says that it does not serve");
    let unknown = client.check(of("shop")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound, "it says: {unknown}");

    reporter.set_service_status("shop", NotServing).await;
    let mut statuses = client.watch(of("shop")).await.unwrap().into_inner();
    for (status, number) in [(Serving, 2), (NotServing, 1), (Serving, 2), (NotServing, 1)] {
        let told = statuses.next().await.expect("the stream ended").unwrap();
        assert_eq!(told.status, number, "before it was set to {status}");
        reporter.set_service_status("shop", status).await;
    }

    let tasks = (0..100).map(|number| {
        let mut client = client.clone();
        rt::spawn(async move {
            let service = if number % 2 == 0 { "" } else { "no such" };
            client.check(of(service)).await.map(|told| told.into_inner().status)
        })
    });
    for (number, answer) in join_all(tasks.collect::<Vec<_>>()).await.into_iter().enumerate() {
        match answer.unwrap() {
            Ok(status) => assert_eq!((number % 2, status), (0, 1)),
            Err(error) => assert_eq!((number % 2, error.code()), (1, Code::NotFound)),
        }
    }
}

/// Lets a server end, whose clients are gone: it has to.
async fn ends<T, E: std::fmt::Debug>(
    signal: oneshot::Sender<()>,
    server: impl Future<Output = Result<Result<(), E>, T>>,
) where
    T: std::fmt::Debug,
{
    drop(signal);
    server.await.unwrap().unwrap();
}

#[test]
fn a_server_over_tonics_own_transport_answers_and_streams() {
    with_tokio(async || {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (reporter, service) = health_reporter();
        let (signal, signalled) = oneshot::channel::<()>();
        let server =
            rt::spawn(Server::builder().add_service(service).serve_with_incoming_shutdown(
                TcpListenerStream::new(listener),
                signalled.map(drop),
            ));
        try_out(addr, &reporter).await;
        ends(signal, server).await;
    });
}

#[test]
fn tonics_service_is_served_by_ours_beside_a_route_of_axums() {
    with_tokio(async || {
        let listener = rt::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (reporter, service) = health_reporter();
        let page = axum::Router::new().route("/page", get(async || "a page"));
        let app = Routes::new(service).into_axum_router().merge(page);
        let (signal, signalled) = oneshot::channel::<()>();
        let server = rt::compat::serve(listener, app).with_graceful_shutdown(signalled.map(drop));
        let server = rt::spawn(server.into_future());
        try_out(addr, &reporter).await;
        let page = client().get(format!("http://{addr}/page")).send().await.unwrap();
        assert_eq!(page.text().await.unwrap(), "a page");
        ends(signal, server).await;
    });
}

#[test]
fn tonics_service_needs_no_tokio_under_ours() {
    on_each_runtime(async || {
        let listener = rt::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (reporter, service) = health_reporter();
        reporter.set_service_status("shop", Serving).await;
        rt::spawn(rt::compat::serve(listener, service).into_future());
        // The client of tonic does need it; and it alone.
        let asks = rt::compat::CompatExt::compat(async {
            connect(addr).await.check(of("shop")).await.unwrap().into_inner().status
        });
        assert_eq!(asks.await, 1);
    });
}
