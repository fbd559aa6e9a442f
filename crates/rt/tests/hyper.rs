//! hyper's `Executor` on the facade: the runtime of the thread, or the one of a handle.

#![cfg(feature = "hyper")]

use std::time::Duration;

use futures::channel::oneshot;
use hyper::rt::Executor;
use rt::compat::HyperExecutor;
use rt::runtime::{Builder, Handle, Runtime};
use rt_testkit::within;

const DEADLINE: Duration = Duration::from_secs(60);

fn runtimes() -> [Runtime; 2] {
    let build = |mut builder: Builder| builder.build().unwrap();
    [build(Builder::new_current_thread()), build(Builder::new_multi_thread())]
}

/// What HTTP/2 asks of an executor: it takes futures whose types have no names, and can be cloned.
fn takes_any(
    executor: &(impl Executor<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> + Clone),
) {
    executor.clone().execute(Box::pin(async {}));
}

#[test]
fn futures_go_to_the_runtime_of_the_thread_or_to_that_of_the_handle() {
    within(DEADLINE, || {
        for runtime in runtimes() {
            let (here, runs_here) = oneshot::channel();
            let (there, runs_there) = oneshot::channel();
            let handle = runtime.handle().clone();
            handle.execute(async { there.send(Handle::try_current().is_ok()) });
            let done = runtime.block_on(async {
                HyperExecutor::new().execute(async { here.send(rt::task::try_id().is_some()) });
                takes_any(&HyperExecutor::new());
                takes_any(&handle);
                (runs_here.await, runs_there.await)
            });
            assert_eq!(done, (Ok(true), Ok(true)));
            assert_eq!(runtime.metrics().snapshot().tasks.spawned, 4);
        }
    });
}

#[test]
#[should_panic(expected = "no runtime on this thread")]
fn outside_of_a_runtime_it_says_so() {
    HyperExecutor::new().execute(async {});
}
