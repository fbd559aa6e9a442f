//! Runtimes with one of tokio's behind.

use std::future::Future;

use rt::compat::TokioCompat;

use crate::runtimes::{builders, on};

/// Runs the test as a task, on one thread and on two workers, with a tokio runtime behind.
pub(crate) fn with_tokio<F>(test: impl Fn() -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    for mut builder in builders() {
        builder.tokio_compat(TokioCompat::new());
        on(builder, test.clone());
    }
}
