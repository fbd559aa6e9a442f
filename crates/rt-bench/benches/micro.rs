//! Small things, one at a time: criterion drives our runtimes itself, by its `AsyncExecutor` (feature `criterion`
//! of `rt`).
//!
//! What is claimed anywhere comes from the interleaved rows; these are for who changes one thing and looks.

use std::hint::black_box;
use std::time::Duration;

use criterion::async_executor::AsyncExecutor;
use criterion::{Criterion, criterion_group, criterion_main};
use rt::runtime::{Builder, LocalRuntime, Runtime};

fn on<E: AsyncExecutor + Copy>(criterion: &mut Criterion, name: &str, executor: E) {
    let mut group = criterion.benchmark_group(name);
    group.bench_function("spawn and await", |bencher| {
        bencher.to_async(executor).iter(async || {
            rt::spawn(async { black_box(42) }).await.unwrap_or_else(|_| unreachable!("no panic"))
        });
    });
    group.bench_function("yield", |bencher| {
        bencher.to_async(executor).iter(rt::task::yield_now);
    });
    group.bench_function("a timeout that is not needed", |bencher| {
        bencher.to_async(executor).iter(async || {
            rt::time::timeout(Duration::from_secs(10), async { black_box(42) }).await
        });
    });
    group.finish();
}

fn micro(criterion: &mut Criterion) {
    let build = |mut builder: Builder| builder.build().expect("threads enough");
    let one: Runtime = build(Builder::new_current_thread());
    let local = LocalRuntime::new().expect("nothing is asked of the system");
    on(criterion, "current thread", &one);
    on(criterion, "local", &local);
    let workers = build(Builder::new_multi_thread());
    on(criterion, "workers", &workers);
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = micro
}
criterion_main!(benches);
