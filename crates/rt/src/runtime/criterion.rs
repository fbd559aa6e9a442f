//! Benchmarks of criterion on these runtimes: `bencher.to_async(&runtime)`.

use std::future::Future;

use ::criterion::async_executor::AsyncExecutor;

use crate::runtime::{LocalRuntime, Runtime};

macro_rules! executors {
    ($($type:ty)*) => {$(
        impl AsyncExecutor for $type {
            fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
                <$type>::block_on(self, future)
            }
        }

        impl AsyncExecutor for &$type {
            fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
                <$type>::block_on(self, future)
            }
        }
    )*};
}

executors!(Runtime LocalRuntime);
