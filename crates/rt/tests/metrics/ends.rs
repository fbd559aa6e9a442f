//! Who looks at a runtime while it ends, and when it is gone.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn each() -> [Runtime; 2] {
    let current_thread = Builder::new_current_thread().build().unwrap();
    let multi_thread = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    [current_thread, multi_thread]
}

#[test]
fn the_last_numbers_stay_when_the_runtime_is_gone_and_another_has_its_memory() {
    within(LIMIT, || {
        for runtime in each() {
            let metrics = runtime.metrics();
            runtime.block_on(async {
                for _ in 0..5 {
                    rt::spawn(async {}).await.unwrap();
                }
                rt::spawn_blocking(|| {}).await.unwrap();
                drop(rt::spawn(pending::<()>()));
            });
            drop(runtime);
            let last = metrics.snapshot();
            assert_eq!((last.tasks.completed, last.tasks.cancelled, last.tasks.alive), (5, 1, 0));
            let polls = last.total();
            assert_eq!((polls.completed, polls.cancelled), (5, 1), "each end is somebody's poll");
            for next in each() {
                next.block_on(async {
                    for _ in 0..50 {
                        rt::spawn(async {}).await.unwrap();
                    }
                });
                let mut now = metrics.snapshot();
                now.elapsed = last.elapsed; // time goes on
                assert_eq!(now, last, "it counts what another runtime does");
            }
        }
    });
}

#[test]
fn each_method_answers_from_several_threads_while_the_runtime_ends() {
    within(LIMIT, || {
        for round in 0..20 {
            for runtime in each() {
                let (metrics, is_over) = (runtime.metrics(), Arc::new(AtomicBool::new(false)));
                let start = Arc::new(Barrier::new(4));
                let readers = [(); 3].map(|()| {
                    let (metrics, is_over, start) =
                        (metrics.clone(), is_over.clone(), start.clone());
                    thread::spawn(move || {
                        start.wait();
                        let mut before = metrics.snapshot();
                        while !is_over.load(Ordering::Relaxed) {
                            let now = metrics.snapshot();
                            assert!(now.tasks.spawned >= before.tasks.spawned, "it goes back");
                            assert!(now.total().polls >= before.total().polls, "it goes back");
                            for (now, before) in now.workers.iter().zip(&before.workers) {
                                assert!(now.busy >= before.busy, "it was busy, and was not");
                            }
                            assert!(!metrics.to_prometheus().is_empty());
                            assert!(metrics.num_workers() > 0 && metrics.places().is_empty());
                            before = now;
                        }
                        metrics.snapshot().tasks
                    })
                });
                let tasks: Vec<_> = (0..100).map(|_| runtime.spawn(pending::<()>())).collect();
                start.wait();
                runtime.block_on(async { rt::spawn(async {}).await.unwrap() });
                runtime.shutdown_timeout(Duration::from_secs(10));
                is_over.store(true, Ordering::Relaxed);
                for reader in readers {
                    let last = reader.join().unwrap();
                    let seen = (last.spawned, last.completed, last.cancelled, last.alive);
                    assert_eq!(seen, (101, 1, 100, 0), "in round {round}");
                }
                drop(tasks);
            }
        }
    });
}

#[test]
fn what_a_local_runtime_counted_stays_and_may_be_read_elsewhere() {
    within(LIMIT, || {
        let runtime = LocalRuntime::new().unwrap();
        let metrics = runtime.metrics();
        runtime.block_on(async { rt::spawn_local(async {}).await.unwrap() });
        let _waits = runtime.spawn_local(pending::<()>());
        drop(runtime);
        let last = thread::spawn(move || metrics.snapshot()).join().unwrap();
        assert_eq!((last.tasks.spawned, last.tasks.completed, last.tasks.cancelled), (2, 1, 1));
        assert_eq!(last.workers[0].polls, 2);
    });
}
