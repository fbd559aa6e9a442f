//! The runtimes that each of these tests runs on.

use std::future::Future;
use std::time::Duration;

use rt::compat::TokioCompat;
use rt::runtime::{Builder, Runtime};
use rt_testkit::within;

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// On one thread, and on two workers.
pub(crate) fn builders() -> [Builder; 2] {
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(2);
    [Builder::new_current_thread(), threads]
}

/// Runs `test` in a task of each, with a tokio runtime behind it.
pub(crate) fn with_tokio<F>(test: impl Fn() -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    for mut builder in builders() {
        builder.tokio_compat(TokioCompat::new());
        in_a_task(builder, test.clone());
    }
}

/// Runs `test` in a task of each, with no tokio runtime behind it.
pub(crate) fn without_tokio<F>(test: impl Fn() -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    for builder in builders() {
        in_a_task(builder, test.clone());
    }
}

fn in_a_task<F>(mut builder: Builder, test: impl Fn() -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    within(DEADLINE, move || {
        let runtime: Runtime = builder.build().unwrap();
        runtime.block_on(runtime.spawn(test())).unwrap();
        drop(runtime); // what is left of the test ends here, or the deadline says so
    });
}
