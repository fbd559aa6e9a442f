//! The console's own server and client, each with a tokio on a thread of its own.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use console_api::instrument::InstrumentRequest;
use console_api::instrument::instrument_client::InstrumentClient;
use console_subscriber::{ConsoleLayer, Server, ServerParts};
use tokio_stream::wrappers::TcpListenerStream;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::console::list::List;

/// Sets the subscriber of the process, as `console_subscriber::init` does, and serves at a port that is free.
pub(crate) fn serve() -> SocketAddr {
    let interval = Duration::from_millis(20);
    let (layer, server) = ConsoleLayer::builder().publish_interval(interval).build();
    let is_of_runtimes = filter_fn(|metadata| {
        metadata.name().starts_with("runtime.") || metadata.target().starts_with("tokio::task")
    });
    tracing_subscriber::registry().with(layer.with_filter(is_of_runtimes)).init();

    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.set_nonblocking(true).expect("a socket can be set so");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        tokio().block_on(async {
            let listener =
                tokio::net::TcpListener::from_std(listener).expect("inside of a runtime");
            answer(server, listener).await;
        });
    });
    address
}

async fn answer(server: Server, listener: tokio::net::TcpListener) {
    let ServerParts { instrument_server, aggregator, .. } = server.into_parts();
    let aggregator = tokio::spawn(aggregator.run());
    let router = tonic::transport::Server::builder().add_service(instrument_server);
    let served = router.serve_with_incoming(TcpListenerStream::new(listener)).await;
    aggregator.abort();
    served.expect("the server of the console serves");
}

/// Connects as `tokio-console` does, and keeps a list of tasks until it looks as wanted. What was read then.
///
/// # Panics
///
/// If it does not within that time.
pub(crate) fn read_until(
    address: SocketAddr,
    within: Duration,
    mut is_as_wanted: impl FnMut(&List) -> Result<(), String> + Send + 'static,
) -> List {
    let (sender, list) = mpsc::channel();
    let deadline = Instant::now() + within;
    thread::spawn(move || {
        tokio().block_on(async {
            let client = InstrumentClient::connect(format!("http://{address}")).await;
            let request = InstrumentRequest {};
            let watch = client.expect("the server is there").watch_updates(request).await;
            let mut updates = watch.expect("the server lets one watch").into_inner();
            let mut list = List::default();
            while let Some(update) = updates.message().await.expect("the server sends") {
                list.update(update);
                match is_as_wanted(&list) {
                    Ok(()) => break,
                    Err(why) if Instant::now() > deadline => panic!("the console shows: {why}"),
                    Err(_) => {}
                }
            }
            sender.send(list).expect("the test waits");
        });
    });
    list.recv().expect("the client panicked: see above")
}

fn tokio() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("tokio starts")
}
