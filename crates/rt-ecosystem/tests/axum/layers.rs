//! tower's layers in front of a `Router`, over the network.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::error_handling::HandleErrorLayer;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{BoxError, Router};
use futures::future::join_all;
use rt::compat::{CompatExt, TokioCompat};
use rt::sync::{Barrier, Semaphore};
use rt_testkit::Tally;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::fetch::Client;
use crate::runtimes::{builders, on, on_each_runtime};
use crate::served::{serve, serve_as_it_is};

const SHORT: Duration = Duration::from_millis(30);

/// What a layer's error is to the client.
async fn status(error: BoxError) -> (StatusCode, String) {
    if error.is::<tower::timeout::error::Elapsed>() {
        (StatusCode::REQUEST_TIMEOUT, "too late".to_owned())
    } else if error.is::<tower::load_shed::error::Overloaded>() {
        (StatusCode::SERVICE_UNAVAILABLE, "too many".to_owned())
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

/// `/never` is answered never, and tells when it is given up.
fn slow() -> (Router, Tally) {
    let tally = Tally::new();
    let given_up = tally.clone();
    let never = get(async move || {
        let _witness = given_up.witness();
        pending::<&str>().await
    });
    (Router::new().route("/never", never).route("/", get(async || "here")), tally)
}

async fn must_time_out(app: Router, tally: Tally) {
    let served = serve(app).await;
    let client = Client::new();
    let begun = Instant::now();
    let late = client.get(&served.url("/never")).await;
    assert_eq!(late, (StatusCode::REQUEST_TIMEOUT, "too late".into()));
    assert!(begun.elapsed() >= SHORT, "given up after {:?}", begun.elapsed());
    assert_eq!(tally.dropped(), 1, "the handler goes on");
    assert_eq!(client.get(&served.url("/")).await, (StatusCode::OK, "here".into()));
}

#[test]
fn a_timeout_of_towers_gives_up_a_request_where_tokios_context_is() {
    for mut builder in builders() {
        builder.tokio_compat(TokioCompat::new());
        on(builder, async || {
            let (app, tally) = slow();
            let layers = ServiceBuilder::new().layer(HandleErrorLayer::new(status)).timeout(SHORT);
            must_time_out(app.layer(layers), tally).await;
        });
    }
}

#[test]
fn the_same_within_compat_needs_nothing_of_the_runtime() {
    on_each_runtime(async || {
        let (app, tally) = slow();
        let layers = ServiceBuilder::new().layer(HandleErrorLayer::new(status)).timeout(SHORT);
        let app = app.layer(layers);
        let app = service_fn(move |request: Request| app.clone().oneshot(request).compat());
        must_time_out(Router::new().fallback_service(app), tally).await;
    });
}

#[test]
fn a_timeout_of_ours_needs_nothing_of_the_runtime() {
    async fn timeout(request: Request, next: Next) -> Response {
        match rt::time::timeout(SHORT, next.run(request)).await {
            Ok(response) => response,
            Err(_) => (StatusCode::REQUEST_TIMEOUT, "too late").into_response(),
        }
    }
    on_each_runtime(async || {
        let (app, tally) = slow();
        must_time_out(app.layer(middleware::from_fn(timeout)), tally).await;
    });
}

/// Answers as soon as there are so many at the same time, and says how many there were at most.
fn gathering(together: usize) -> (Router, Arc<AtomicUsize>) {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (barrier, max) = (Arc::new(Barrier::new(together)), most.clone());
    let app = get(async move || {
        max.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        barrier.wait().await;
        rt::task::yield_now().await;
        now.fetch_sub(1, Ordering::SeqCst);
        "served"
    });
    (Router::new().route("/", app), most)
}

async fn fetch_together(url: &str, requests: usize) {
    let client = Client::new();
    for answer in join_all((0..requests).map(|_| client.get(url))).await {
        assert_eq!(answer, (StatusCode::OK, "served".into()));
    }
}

const LIMIT: usize = 2;

#[test]
fn under_a_concurrency_limit_requests_wait_for_their_turn() {
    on_each_runtime(async || {
        let (app, most) = gathering(LIMIT);
        let limit = ServiceBuilder::new().concurrency_limit(LIMIT);
        let served = serve(app.layer(limit)).await;
        fetch_together(&served.url("/"), 4 * LIMIT).await;
        assert_eq!(most.load(Ordering::SeqCst), LIMIT, "served at the same time");
    });
}

/// A warning: see `serve`'s docs.
#[test]
fn without_with_state_each_request_has_a_limit_of_its_own_but_for_a_global_one() {
    on_each_runtime(async || {
        let (app, most) = gathering(4 * LIMIT);
        let limit = ServiceBuilder::new().concurrency_limit(LIMIT);
        let served = serve_as_it_is(app.layer(limit)).await;
        fetch_together(&served.url("/"), 4 * LIMIT).await;
        assert_eq!(most.load(Ordering::SeqCst), 4 * LIMIT, "axum makes layers once by now");

        let (app, most) = gathering(LIMIT);
        let served = serve_as_it_is(app.layer(GlobalConcurrencyLimitLayer::new(LIMIT))).await;
        fetch_together(&served.url("/"), 4 * LIMIT).await;
        assert_eq!(most.load(Ordering::SeqCst), LIMIT, "served at the same time");
    });
}

#[test]
fn above_the_limit_requests_are_shed_at_once_and_below_it_served_again() {
    on_each_runtime(async || {
        let (arrivals, opens) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (arrived, opened) = (arrivals.clone(), opens.clone());
        let app = get(async move || {
            arrived.add_permits(1);
            opened.acquire().await.expect("open").forget();
            "served"
        });
        let layers = ServiceBuilder::new()
            .layer(HandleErrorLayer::new(status))
            .load_shed()
            .concurrency_limit(2);
        let served = serve(Router::new().route("/", app).layer(layers)).await;
        let (client, url) = (Client::new(), served.url("/"));
        let held = [(); 2].map(|()| {
            let (client, url) = (client.clone(), url.clone());
            rt::spawn(async move { client.get(&url).await })
        });
        arrivals.acquire_many(2).await.expect("both arrive").forget();
        for _ in 0..5 {
            let shed = client.get(&url).await;
            assert_eq!(shed, (StatusCode::SERVICE_UNAVAILABLE, "too many".into()));
        }
        opens.add_permits(3);
        for held in held {
            let answer = held.await.expect("no panic");
            assert_eq!(answer, (StatusCode::OK, "served".into()));
        }
        assert_eq!(client.get(&url).await, (StatusCode::OK, "served".into()));
    });
}

#[test]
fn a_rate_limit_behind_a_buffer_spreads_requests_where_tokios_context_is() {
    const EACH: Duration = Duration::from_millis(40);
    for mut builder in builders() {
        builder.tokio_compat(TokioCompat::new());
        on(builder, async || {
            let layers = ServiceBuilder::new()
                .layer(HandleErrorLayer::new(status))
                .buffer(16)
                .rate_limit(1, EACH);
            let app = Router::new().route("/", get(async || "served"));
            let served = serve(app.layer(layers)).await;
            let (client, url) = (Client::new(), served.url("/"));
            let begun = Instant::now();
            for answer in join_all((0..4).map(|_| client.get(&url))).await {
                assert_eq!(answer, (StatusCode::OK, "served".into()));
            }
            assert!(begun.elapsed() >= EACH * 3, "four requests took {:?}", begun.elapsed());
        });
    }
}
