//! The rows of the tables: what works on a plain runtime, and what asks for tokio's context, has it under
//! `Builder::tokio_compat`, and then works.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use axum::{BoxError, Extension, Router, middleware};
use futures::future::LocalBoxFuture;
use futures::{FutureExt, StreamExt, stream};
use http_body_util::BodyExt;
use rt::compat::TokioCompat;
use tower::ServiceBuilder;
use tower::ServiceExt;
use tower::balance::p2c::Balance;
use tower::buffer::Buffer;
use tower::discover::ServiceList;
use tower::filter::{AsyncFilterLayer, FilterLayer};
use tower::hedge::Hedge;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load::{CompleteOnResponse, PeakEwma};
use tower::reconnect::Reconnect;
use tower::service_fn;
use tower::spawn_ready::SpawnReady;
use tower::steer::Steer;
use tower::timeout::error::Elapsed;

use crate::fetch::Client;
use crate::policies::{Again, Hedges, NotYet, OurPause, TheirPause, never};
use crate::runtimes::{builders, on};

const SHORT: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Needs {
    Nothing,
    Tokio,
}
use Needs::{Nothing, Tokio};

/// Makes something, uses it, and looks at what it did.
type Check = fn() -> LocalBoxFuture<'static, ()>;

/// The simplest service.
async fn echo(text: &'static str) -> Result<&'static str, BoxError> {
    Ok(text)
}

/// Fails, but for every third request.
fn unsteady()
-> impl tower::Service<&'static str, Response = &'static str, Error = BoxError, Future: Send>
+ Clone
+ Send {
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(1));
    service_fn(move |text| {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move { if call.is_multiple_of(3) { Ok(text) } else { Err(BoxError::from("unsteady")) } }
    })
}

/// The service must answer with what it is sent.
async fn must_echo<S>(service: S)
where
    S: tower::Service<&'static str, Response = &'static str>,
    S::Error: Into<BoxError>,
{
    let answer = service.oneshot("here").await.map_err(Into::into).expect("an answer");
    assert_eq!(answer, "here");
}

async fn must_be_fetched(app: Router, text: &str) {
    let request = Request::get("/").body(Body::empty()).expect("a request");
    let response = app.oneshot(request).await.expect("an answer");
    let body = response.into_body().collect().await.expect("the whole body").to_bytes();
    assert_eq!(body, text);
}

macro_rules! check {
    ($($body:tt)*) => {
        || async { $($body)* }.boxed_local()
    };
}

/// In the order of the table.
const TOWER: &[(&str, Needs, Check)] = &[
    (
        "concurrency_limit",
        Nothing,
        check! {
            must_echo(ServiceBuilder::new().concurrency_limit(1).service_fn(echo)).await;
        },
    ),
    (
        "GlobalConcurrencyLimitLayer",
        Nothing,
        check! {
            let layer = GlobalConcurrencyLimitLayer::new(1);
            must_echo(ServiceBuilder::new().layer(layer).service_fn(echo)).await;
        },
    ),
    (
        "load_shed",
        Nothing,
        check! {
            must_echo(ServiceBuilder::new().load_shed().service_fn(echo)).await;
        },
    ),
    (
        "filter",
        Nothing,
        check! {
            let layer = FilterLayer::new(Ok::<&'static str, BoxError>);
            must_echo(ServiceBuilder::new().layer(layer).service_fn(echo)).await;
        },
    ),
    (
        "AsyncFilterLayer",
        Nothing,
        check! {
            let layer = AsyncFilterLayer::new(echo);
            must_echo(ServiceBuilder::new().layer(layer).service_fn(echo)).await;
        },
    ),
    (
        "map_*, and_then, then, boxed",
        Nothing,
        check! {
            let service = ServiceBuilder::new()
                .map_request(|text| text)
                .map_response(|text| text)
                .map_err(|error: BoxError| error)
                .map_future(|future| future)
                .and_then(echo)
                .then(ready::<Result<&'static str, BoxError>>)
                .service_fn(echo);
            must_echo(service.boxed()).await;
        },
    ),
    (
        "Steer",
        Nothing,
        check! {
            let services = [service_fn(echo), service_fn(echo)];
            must_echo(Steer::new(services, |_: &&'static str, _: &[_]| 1)).await;
        },
    ),
    (
        "retry, TpsBudget",
        Nothing,
        check! {
            must_echo(ServiceBuilder::new().retry(Again::<Ready<()>>::new()).service(unsteady())).await;
        },
    ),
    (
        "retry with ExponentialBackoff",
        Tokio,
        check! {
            must_echo(ServiceBuilder::new().retry(Again::<TheirPause>::new()).service(unsteady())).await;
        },
    ),
    (
        "retry with rt::time::sleep",
        Nothing,
        check! {
            must_echo(ServiceBuilder::new().retry(Again::<OurPause>::new()).service(unsteady())).await;
        },
    ),
    (
        "timeout",
        Tokio,
        check! {
            let never = ServiceBuilder::new().timeout(SHORT).service_fn(never);
            let late = never.oneshot("late").await.expect_err("it is never answered");
            assert!(late.is::<Elapsed>(), "{late:?}");
        },
    ),
    (
        "map_future with rt::time::timeout",
        Nothing,
        check! {
            let never = ServiceBuilder::new()
                .map_future(async |future| rt::time::timeout(SHORT, future).await?)
                .service_fn(never);
            let late = never.oneshot("late").await.expect_err("it is never answered");
            assert!(late.is::<rt::time::error::Elapsed>(), "{late:?}");
        },
    ),
    (
        "rate_limit",
        Tokio,
        check! {
            let mut limited = ServiceBuilder::new().rate_limit(1, SHORT).service_fn(echo);
            let begun = std::time::Instant::now();
            for _ in 0..3 {
                must_echo(&mut limited).await;
            }
            assert!(begun.elapsed() >= SHORT * 2, "three took {:?}", begun.elapsed());
        },
    ),
    (
        "buffer",
        Tokio,
        check! {
            must_echo(ServiceBuilder::new().buffer(1).service_fn(echo)).await;
        },
    ),
    (
        "Buffer::pair and rt::spawn",
        Nothing,
        check! {
            let (buffer, worker) = Buffer::pair(service_fn(echo), 1);
            rt::spawn(worker);
            must_echo(buffer).await;
        },
    ),
    (
        "spawn_ready",
        Tokio,
        check! {
            must_echo(SpawnReady::new(NotYet::over(service_fn(echo)))).await;
        },
    ),
    (
        "spawn_ready of what is ready",
        Nothing,
        check! {
            must_echo(SpawnReady::new(service_fn(echo))).await;
        },
    ),
    (
        "hedge",
        Tokio,
        check! {
            let known = [1; 10];
            let minute = Duration::from_secs(60);
            must_echo(Hedge::new_with_mock_latencies(service_fn(echo), Hedges, 1, 0.9, minute, &known))
                .await;
        },
    ),
    (
        "balance, load, ready_cache",
        Nothing,
        check! {
            let one = || {
                PeakEwma::new(service_fn(echo), SHORT, 1e9, CompleteOnResponse::default())
            };
            must_echo(Balance::new(ServiceList::new::<&'static str>(vec![one(), one()]))).await;
        },
    ),
    (
        "reconnect",
        Nothing,
        check! {
            let connect = service_fn(|()| ready(Ok::<_, BoxError>(service_fn(echo))));
            must_echo(Reconnect::new(connect, ())).await;
        },
    ),
];

const AXUM: &[(&str, Needs, Check)] = &[
    (
        "Router, extractors, from_fn",
        Nothing,
        check! {
            let app = get(async |Extension(text): Extension<&'static str>| text);
            let app = Router::new().route("/", app).layer(Extension("here"));
            let app = app.layer(middleware::from_fn(async |request, next: middleware::Next| {
                next.run(request).await
            }));
            must_be_fetched(app, "here").await;
        },
    ),
    (
        "Sse",
        Nothing,
        check! {
            let events = stream::iter([Ok::<_, Infallible>(Event::default().data("here"))]);
            let app = get(async || Sse::new(events));
            must_be_fetched(Router::new().route("/", app), "data: here\n\n").await;
        },
    ),
    (
        "Sse::keep_alive",
        Tokio,
        check! {
            let idle = Sse::new(stream::pending::<Result<Event, Infallible>>());
            let idle = idle.keep_alive(KeepAlive::new().interval(SHORT).text("alive"));
            let mut body = idle.into_response().into_body().into_data_stream();
            for _ in 0..3 {
                let comment = body.next().await.expect("a comment").expect("a comment");
                assert_eq!(comment, ": alive\n\n");
            }
        },
    ),
    (
        "axum::serve",
        Tokio,
        check! {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a listener");
            let addr = listener.local_addr().expect("an address");
            let app = Router::new().route("/", get(async || "here"));
            rt::spawn(axum::serve(listener, app).into_future());
            assert_eq!(Client::new().get(&format!("http://{addr}/")).await.1, "here");
        },
    ),
];

/// Whether the check went well; else what it said when it panicked.
async fn outcome(check: Check) -> Result<(), String> {
    rt::spawn_local(check()).await.map_err(|error| {
        let payload = error.into_panic();
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref().cloned()).unwrap_or_default()
    })
}

#[test]
fn on_a_plain_runtime_the_rest_of_the_table_works_and_what_needs_tokio_says_so() {
    for builder in builders() {
        on(builder, async || {
            for &(name, needs, check) in TOWER.iter().chain(AXUM) {
                match (needs, outcome(check).await) {
                    (Nothing, Ok(())) => {}
                    (Tokio, Err(said)) if said.contains("context of a Tokio 1.x runtime") => {}
                    (_, outcome) => panic!("{name}, which needs {needs:?}: {outcome:?}"),
                }
            }
        });
    }
}

#[test]
fn under_tokio_compat_the_whole_table_works() {
    for mut builder in builders() {
        builder.tokio_compat(TokioCompat::new());
        on(builder, async || {
            for &(name, _, check) in TOWER.iter().chain(AXUM) {
                assert_eq!(outcome(check).await, Ok(()), "{name}");
            }
        });
    }
}
