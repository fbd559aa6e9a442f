//! Libraries that ask for tokio's runtime work in tasks of ours as they are (`Builder::tokio_compat`), on one thread
//! and on two workers; and one future of theirs, with `.compat()`, on a runtime that was built without.

mod tokio_bound {
    mod beside;
    mod database;
    mod grpc;
    mod http;
    pub(crate) mod runtimes;
    mod without;
}
