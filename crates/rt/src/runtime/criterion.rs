//! Benchmarks of criterion on this runtime: `bencher.to_async(&runtime)`.

use std::future::Future;

use ::criterion::async_executor::AsyncExecutor;

use crate::runtime::{LocalRuntime, Runtime};

impl AsyncExecutor for Runtime {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        Runtime::block_on(self, future)
    }
}

impl AsyncExecutor for LocalRuntime {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        LocalRuntime::block_on(self, future)
    }
}
