//! axum's `Router` and tower's layers, served by `rt::compat::serve`, and fetched by `curl` and by hyper's client. Each
//! test runs on one thread and on two workers.
//!
//! # What needs tokio's context
//!
//! Tested row by row: `contexts.rs` (tower, axum), `websocket.rs`. What needs it works as it is on a runtime of
//! `Builder::tokio_compat`. On another it panics with tokio's "there is no reactor running"; there, a service that is
//! called within `.compat()` has the context too: `service_fn(move |request| app.clone().oneshot(request).compat())`.
//!
//! | tower's | needs tokio's context | why, and what there is instead |
//! |---|---|---|
//! | `concurrency_limit`, `GlobalConcurrencyLimitLayer` | no | a semaphore of `tokio::sync` |
//! | `load_shed` | no | |
//! | `filter`, `AsyncFilterLayer` | no | |
//! | `map_*`, `and_then`, `then`, `boxed`, `service_fn`, `Steer` | no | |
//! | `retry`, `TpsBudget` | no | reads the clock alone |
//! | `retry` with `ExponentialBackoff` | **yes** | its pause is tokio's `Sleep`; a policy whose future is `rt::time::sleep` needs none |
//! | `timeout` | **yes** | tokio's `Sleep`; `rt::time::timeout` in `axum::middleware::from_fn` or `map_future` needs none |
//! | `rate_limit` | **yes** | tokio's `Sleep`, from the start |
//! | `buffer` | **yes** | spawns its worker; `Buffer::pair` and `rt::spawn(worker)` need none |
//! | `spawn_ready` | **yes**, but over a service that is ready at once | spawns what waits |
//! | `hedge` | **yes** | tokio's `Sleep` |
//! | `balance`, `load`, `ready_cache`, `reconnect` | no | `PeakEwma` reads the clock alone |
//!
//! | axum's | needs tokio's context | why, and what there is instead |
//! |---|---|---|
//! | `Router`, extractors, `middleware::from_fn`, `HandleErrorLayer` | no | |
//! | `Sse` | no | |
//! | `Sse::keep_alive` | **yes** | tokio's `Sleep` |
//! | `WebSocketUpgrade::on_upgrade` | **yes** | spawns its callback, which runs on tokio's thread: there `rt::spawn` has no runtime but by a `Handle` |
//! | `axum::serve` | **yes** | tokio's listener and tasks; `rt::compat::serve` needs none |
//!
//! # `with_state` before `serve`
//!
//! A `Router` whose `with_state` was not called last makes its layers anew for each request (`axum::serve`: for each
//! connection): `concurrency_limit`, `rate_limit` and `buffer` then limit nothing. `layers.rs` shows both:
//!
//! ```text
//! rt::compat::serve(listener, app.layer(..).with_state(()))
//! ```

#[path = "support/runtimes.rs"]
mod runtimes;

#[path = "axum/served.rs"]
mod served;

#[path = "axum/fetch.rs"]
mod fetch;

#[path = "axum/extractors.rs"]
mod extractors;

#[path = "axum/events.rs"]
mod events;

#[path = "axum/connections.rs"]
mod connections;

#[path = "axum/layers.rs"]
mod layers;

#[path = "axum/policies.rs"]
mod policies;

#[path = "axum/contexts.rs"]
mod contexts;

#[path = "axum/websocket.rs"]
mod websocket;
