//! criterion's `AsyncExecutor` on the runtimes.

#![cfg(feature = "criterion")]

use std::time::Duration;

use criterion::async_executor::AsyncExecutor;
use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt_testkit::within;

/// What criterion does with an executor.
fn drives(executor: impl AsyncExecutor) {
    let answer = executor.block_on(async { rt::spawn(async { 6 * 7 }).await.unwrap() });
    assert_eq!(answer, 42);
}

#[test]
fn every_runtime_drives_a_benchmark_by_itself_or_by_reference() {
    within(Duration::from_secs(60), || {
        let one = Builder::new_current_thread().build().unwrap();
        drives(&one);
        drives(one);
        drives(Runtime::new().unwrap());
        let local = LocalRuntime::new().unwrap();
        drives(&local);
        drives(local);
    });
}
