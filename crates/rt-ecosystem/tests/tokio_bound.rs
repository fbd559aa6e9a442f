//! Libraries that ask for tokio's runtime work in tasks of ours as they are (`Builder::tokio_compat`), on one thread
//! and on two workers; and one future of theirs, with `.compat()`, on a runtime that was built without.

#[path = "support/runtimes.rs"]
mod runtimes;

mod tokio_bound {
    mod beside;
    mod database;
    mod grpc;
    mod http;
    mod runtimes;
    mod without;
}
