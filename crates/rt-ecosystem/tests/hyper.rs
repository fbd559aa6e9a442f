//! hyper's HTTP/1 and HTTP/2, and what hyper-util makes of them: server and client are both tasks of `rt`, and the
//! streams of `rt` are theirs without a wrapper. Each test runs on one thread and on two workers.

#[path = "support/runtimes.rs"]
mod runtimes;

#[path = "hyper/message.rs"]
mod message;

#[path = "hyper/server.rs"]
mod server;

#[path = "hyper/client.rs"]
mod client;

#[path = "hyper/connections.rs"]
mod connections;

#[path = "hyper/flow.rs"]
mod flow;

#[path = "hyper/bodies.rs"]
mod bodies;

#[path = "hyper/upgrades.rs"]
mod upgrades;

#[path = "hyper/graceful.rs"]
mod graceful;

#[path = "hyper/pool.rs"]
mod pool;

#[path = "hyper/timeouts.rs"]
mod timeouts;
