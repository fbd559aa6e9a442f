//! Chapter 7b in the facade: what blocks runs elsewhere, whichever runtime it is.

#![allow(clippy::async_yields_async, reason = "what is made inside is awaited outside")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rt::runtime::{Builder, Handle, LocalRuntime, Runtime};
use rt::task;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

/// On each kind of runtime, with its settings.
fn each(set: impl Fn(&mut Builder) -> &mut Builder, test: impl Fn(Runtime)) {
    let mut current_thread = Builder::new_current_thread();
    test(set(&mut current_thread).build().unwrap());
    let mut multi_thread = Builder::new_multi_thread();
    test(set(multi_thread.worker_threads(2)).build().unwrap());
}

#[test]
fn a_job_runs_on_a_thread_of_its_own_in_the_context_of_its_runtime() {
    within(LIMIT, || {
        each(
            |builder| builder,
            |runtime| {
                let here = thread::current().id();
                let (there, sum) = runtime.block_on(async {
                    let job = rt::spawn_blocking(|| {
                        // A task, a job, and a root of its own: as anywhere in the runtime.
                        let task = rt::spawn(async { 1 });
                        let job = rt::spawn_blocking(|| 2);
                        let sum = Handle::current()
                            .block_on(async { task.await.unwrap() + job.await.unwrap() });
                        (thread::current().id(), sum)
                    });
                    job.await.unwrap()
                });
                assert_ne!(there, here);
                assert_eq!(sum, 3);
            },
        );
    });
}

#[test]
fn a_blocked_job_holds_up_no_task() {
    within(LIMIT, || {
        each(
            |builder| builder,
            |runtime| {
                let (go, may_go) = mpsc::channel();
                let job = runtime.spawn_blocking(move || may_go.recv().unwrap());
                let task = runtime.block_on(async move {
                    let task = rt::spawn(async { 5 }).await.unwrap();
                    go.send(task).unwrap();
                    job.await.unwrap()
                });
                assert_eq!(task, 5);
            },
        );
    });
}

#[test]
fn no_more_threads_than_the_builder_says_and_every_job_runs() {
    within(LIMIT, || {
        each(
            |builder| builder.max_blocking_threads(3).thread_name("pool"),
            |runtime| {
                let (running, most) =
                    (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
                let jobs: Vec<_> = (0..200)
                    .map(|_| {
                        let (running, most) = (running.clone(), most.clone());
                        runtime.spawn_blocking(move || {
                            let now = running.fetch_add(1, Ordering::Relaxed) + 1;
                            most.fetch_max(now, Ordering::Relaxed);
                            thread::yield_now();
                            running.fetch_sub(1, Ordering::Relaxed);
                            assert_eq!(thread::current().name(), Some("pool"));
                        })
                    })
                    .collect();
                runtime.block_on(async {
                    for job in jobs {
                        job.await.unwrap();
                    }
                });
                assert!(most.load(Ordering::Relaxed) <= 3);
            },
        );
    });
}

#[test]
fn a_job_that_is_aborted_in_the_queue_never_runs() {
    within(LIMIT, || {
        each(
            |builder| builder.max_blocking_threads(1),
            |runtime| {
                let (go, may_go) = mpsc::channel::<()>();
                let (began, has_begun) = mpsc::channel();
                let first = runtime.spawn_blocking(move || {
                    began.send(()).unwrap();
                    may_go.recv().unwrap();
                });
                has_begun.recv().unwrap();
                let has_run = Arc::new(AtomicBool::new(false));
                let ran = has_run.clone();
                let second = runtime.spawn_blocking(move || ran.store(true, Ordering::Relaxed));
                second.abort();
                assert!(runtime.block_on(second).unwrap_err().is_cancelled());
                go.send(()).unwrap();
                runtime.block_on(first).unwrap();
                assert!(!has_run.load(Ordering::Relaxed));
            },
        );
    });
}

#[test]
fn a_job_that_panics_is_its_joiners_affair() {
    within(LIMIT, || {
        each(
            |builder| builder,
            |runtime| {
                let job = runtime.spawn_blocking(|| std::panic::resume_unwind(Box::new("oh")));
                let _: &task::JoinHandle<()> = &job;
                assert!(runtime.block_on(job).unwrap_err().is_panic());
                assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 1)).unwrap(), 1);
            },
        );
    });
}

#[test]
fn the_bounded_ways_in() {
    within(LIMIT, || {
        each(
            |builder| builder,
            |runtime| {
                runtime.block_on(async {
                    let job = task::try_spawn_blocking(|| 1).unwrap();
                    let permit = task::reserve_blocking().await.unwrap();
                    let second = permit.spawn(|| 2).unwrap();
                    assert_eq!(job.await.unwrap() + second.await.unwrap(), 3);
                    let named = task::Builder::new().name("third").spawn_blocking(|| 3);
                    assert_eq!(named.task().name(), Some("third"));
                    assert!(named.task().place().file().ends_with("blocking.rs"));
                    assert_eq!(named.await.unwrap(), 3);
                });
            },
        );
    });
}

#[test]
fn the_bounded_ways_in_take_a_name_and_the_callers_place() {
    within(LIMIT, || {
        each(
            |builder| builder,
            |runtime| {
                let (gate, wait) = std::sync::mpsc::channel::<()>();
                let wait = Arc::new(std::sync::Mutex::new(wait));
                let job = || {
                    let wait = wait.clone();
                    move || wait.lock().unwrap().recv().unwrap_err()
                };
                let (lines, jobs) = runtime.block_on(async {
                    let named = || rt::task::Builder::new().name("bounded");
                    let line = line!() + 1;
                    let tried = named().try_spawn_blocking(job()).expect("there is room");
                    let permit = rt::task::reserve_blocking().await.unwrap();
                    let with_permit = named().spawn_blocking_with(permit, job()).unwrap();
                    ([line, line + 2], [tried, with_permit])
                });
                let seen =
                    jobs.each_ref().map(|job| (job.task().name(), job.task().place().line()));
                assert_eq!(seen, lines.map(|line| (Some("bounded"), line)));
                drop(gate);
                runtime.block_on(async {
                    for job in jobs {
                        job.await.unwrap();
                    }
                });
            },
        );
    });
}

#[test]
fn dropping_a_runtime_waits_for_jobs_that_run_and_cancels_those_that_do_not() {
    within(LIMIT, || {
        each(
            |builder| builder.max_blocking_threads(1),
            |runtime| {
                let (began, has_begun) = mpsc::channel();
                let has_ended = Arc::new(AtomicBool::new(false));
                let ended = has_ended.clone();
                // It waits for a task: that is gone when the runtime waits for the job.
                let (waits, waited) = mpsc::channel::<()>();
                drop(runtime.spawn(async move {
                    let _open = waits;
                    std::future::pending::<()>().await;
                }));
                let running = runtime.spawn_blocking(move || {
                    began.send(()).unwrap();
                    assert!(waited.recv().is_err());
                    ended.store(true, Ordering::Relaxed);
                });
                has_begun.recv().unwrap();
                let queued = runtime.spawn_blocking(|| ());
                let handle = runtime.handle().clone();
                drop(runtime);
                assert!(has_ended.load(Ordering::Relaxed), "the drop did not wait");
                assert!(running.is_finished() && queued.is_finished());
                let refused = handle.spawn_blocking(|| ());
                assert!(rt::block_on(refused).unwrap_err().is_cancelled());
            },
        );
    });
}

#[test]
fn a_shutdown_with_a_timeout_waits_no_longer_for_a_job_that_is_stuck() {
    within(LIMIT, || {
        each(
            |builder| builder,
            |runtime| {
                let ((began, has_begun), (go, may_go)) = (mpsc::channel(), mpsc::channel::<()>());
                let stuck = runtime.spawn_blocking(move || {
                    began.send(()).unwrap();
                    may_go.recv().unwrap();
                });
                has_begun.recv().unwrap();
                runtime.shutdown_timeout(Duration::from_millis(1));
                assert!(!stuck.is_finished());
                go.send(()).unwrap();
                rt::block_on(stuck).unwrap();
            },
        );
    });
}

#[test]
fn a_runtime_may_be_dropped_by_a_job_of_its_own() {
    within(LIMIT, || {
        each(
            |builder| builder,
            |runtime| {
                let handle = runtime.handle().clone();
                let (runtimes, runtime_of) = mpsc::channel::<Runtime>();
                let job = handle.spawn_blocking(move || drop(runtime_of.recv().unwrap()));
                runtimes.send(runtime).unwrap();
                rt::block_on(job).unwrap();
            },
        );
    });
}

#[test]
fn a_local_runtime_has_a_pool_too() {
    within(LIMIT, || {
        let runtime = LocalRuntime::new().unwrap();
        let job = runtime.block_on(async { rt::spawn_blocking(|| 4).await });
        assert_eq!(job.unwrap(), 4);
    });
}

#[test]
fn bad_use_gets_a_message() {
    let message = |misuse: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(misuse)).unwrap_err();
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref().cloned()).expect("a panic with words")
    };
    let outside = message(&|| drop(rt::spawn_blocking(|| ())));
    assert!(outside.starts_with("`spawn_blocking`: no runtime on this thread"), "{outside}");
    let none = message(&|| drop(Builder::new_current_thread().max_blocking_threads(0).build()));
    assert!(none.starts_with("`Builder::max_blocking_threads` is 0"), "{none}");
}

#[test]
fn a_clock_that_stands_waits_for_jobs() {
    within(LIMIT, || {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (go, may_go) = mpsc::channel::<()>();
            let job = rt::spawn_blocking(move || may_go.recv().unwrap());
            let late = rt::time::timeout(Duration::from_secs(60), job);
            let opens = thread::spawn(move || {
                // Time for the runtime to be idle, and to skip ahead if it would.
                thread::park_timeout(Duration::from_millis(20));
                go.send(()).unwrap();
            });
            assert!(late.await.is_ok(), "the clock went on although a job ran");
            opens.join().unwrap();
            let start = rt::time::Instant::now();
            rt::time::sleep(Duration::from_secs(60)).await; // skips again
            assert_eq!(start.elapsed(), Duration::from_secs(60));
        });
    });
}

#[test]
fn a_timeout_that_a_job_makes_counts_until_the_job_blocks_on_it() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let handle = runtime.handle().clone();
        let job = runtime.spawn_blocking(move || {
            let late = rt::time::timeout(Duration::ZERO, std::future::pending::<()>());
            handle.block_on(late).is_err()
        });
        assert!(runtime.block_on(job).unwrap());
    });
}
