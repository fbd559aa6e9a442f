//! A test on each kind of runtime.

use std::future::Future;
use std::panic;
use std::time::Duration;

use rt::runtime::Builder;
use rt_testkit::within;

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// One thread, and two workers.
pub(crate) fn builders() -> [Builder; 2] {
    let mut workers = Builder::new_multi_thread();
    workers.worker_threads(2);
    [Builder::new_current_thread(), workers]
}

/// Runs the test as a task, on one thread and on two workers.
pub(crate) fn on_each_runtime<F>(test: impl Fn() -> F + Clone + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    for builder in builders() {
        on(builder, test.clone());
    }
}

/// Runs the test as a task on this runtime, which then ends.
pub(crate) fn on<T, F>(mut builder: Builder, test: impl FnOnce() -> F + Send + 'static) -> T
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    within(DEADLINE, move || {
        let runtime = builder.build().expect("a runtime");
        match runtime.block_on(async { rt::spawn(test()).await }) {
            Ok(done) => done,
            Err(error) => panic::resume_unwind(error.into_panic()),
        }
    })
}
