//! What a runtime counts: each number of a small program, exactly; and that all of them fit together while much
//! goes on.

#[path = "metrics/chaos.rs"]
mod chaos;
#[path = "metrics/ends.rs"]
mod ends;
#[path = "metrics/places.rs"]
mod places;

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use rt::metrics::{RuntimeMetrics, Snapshot};
use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt::task::{self, coop, yield_now};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(count).build().unwrap()
}

/// Spawned, completed, cancelled, panicked, alive, refused.
fn tasks(snapshot: &Snapshot) -> [u64; 6] {
    let tally = snapshot.tasks;
    let ends = [tally.completed, tally.cancelled, tally.panicked];
    [tally.spawned, ends[0], ends[1], ends[2], tally.alive, tally.refused]
}

/// Of the only worker: polls, completed, cancelled, panicked, requeued.
fn polls(snapshot: &Snapshot) -> [u64; 5] {
    let worker = &snapshot.workers[0];
    [worker.polls, worker.completed, worker.cancelled, worker.panicked, worker.requeued]
}

#[test]
fn tasks_are_counted_by_how_they_end_and_polls_by_what_came_of_them() {
    within(LIMIT, || {
        let runtime = one_thread();
        let metrics = runtime.metrics();
        assert_eq!(tasks(&metrics.snapshot()), [0; 6]);
        runtime.block_on(async {
            rt::spawn(async {}).await.unwrap();
            assert_eq!(tasks(&metrics.snapshot()), [1, 1, 0, 0, 0, 0]);
            rt::spawn(yield_now()).await.unwrap(); // two polls, after the first of which it is queued
            let panics = rt::spawn(async { std::panic::resume_unwind(Box::new("oh")) });
            let panicked: Result<(), _> = panics.await;
            assert!(panicked.unwrap_err().is_panic());
            let aborted = rt::spawn(pending::<()>());
            aborted.abort(); // before its first poll: that drops it
            assert!(aborted.await.unwrap_err().is_cancelled());
            drop(rt::spawn(pending::<()>()));
            yield_now().await; // its only poll
        });
        let snapshot = metrics.snapshot();
        assert_eq!(tasks(&snapshot), [5, 2, 1, 1, 1, 0]);
        assert_eq!(polls(&snapshot), [6, 2, 1, 1, 1]);
        assert_eq!(snapshot.workers[0].spawned, 5);
        assert_eq!((metrics.num_workers(), metrics.num_alive_tasks()), (1, 1));
        assert_eq!((metrics.spawned_tasks_count(), metrics.worker_poll_count(0)), (5, 6));
        let handle = runtime.handle().clone();
        drop(runtime);
        assert_eq!(tasks(&metrics.snapshot()), [5, 2, 2, 1, 0, 0], "its end cancels the last one");
        drop(handle.spawn(async {}));
        assert_eq!(metrics.spawned_tasks_count(), 5, "a spawn after the end is none");
    });
}

#[test]
fn local_tasks_are_counted_wherever_they_run() {
    within(LIMIT, || {
        async fn local() {
            task::spawn_local(yield_now()).await.unwrap();
            drop(task::spawn_local(pending::<()>()));
        }
        let local_runtime = LocalRuntime::new().unwrap();
        local_runtime.block_on(local());
        let metrics = local_runtime.metrics();
        assert_eq!(tasks(&metrics.snapshot()), [2, 1, 0, 0, 1, 0], "it keeps its tasks");
        assert_eq!(metrics.worker_poll_count(0), 2);

        let runtime = one_thread();
        for calls in 1..=3 {
            runtime.block_on(local());
            let snapshot = runtime.metrics().snapshot();
            assert_eq!(tasks(&snapshot), [2 * calls, calls, calls, 0, 0, 0], "local tasks end");
            assert_eq!(polls(&snapshot)[..2], [2 * calls, calls], "who drives is the worker");
        }

        let runtime = workers(1);
        runtime.block_on(local());
        let snapshot = runtime.metrics().snapshot();
        assert_eq!(tasks(&snapshot), [2, 1, 1, 0, 0, 0]);
        assert_eq!(snapshot.elsewhere.completed, 1, "who blocks is no worker: {snapshot}");
        assert_eq!(snapshot.workers[0].polls, 0);
        runtime
            .block_on(runtime.spawn(async { task::spawn_local(async {}).await.unwrap() }))
            .unwrap();
        let metrics = runtime.metrics();
        drop(runtime); // a poll is counted when it is over, which its joiner may not wait for
        let snapshot = metrics.snapshot();
        assert_eq!(
            snapshot.workers[0].completed, 2,
            "a worker's local tasks are its own: {snapshot}"
        );
    });
}

#[test]
fn a_worker_that_has_nothing_to_do_waits_and_is_not_busy() {
    within(LIMIT, || {
        const MOMENT: Duration = Duration::from_millis(1);
        let hooks = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let hook = |index: usize| {
            let hooks = hooks.clone();
            move || {
                hooks[index].fetch_add(1, Ordering::Relaxed);
            }
        };
        let mut builder = Builder::new_current_thread();
        let runtime = builder.on_thread_park(hook(0)).on_thread_unpark(hook(1)).build().unwrap();
        let metrics = runtime.metrics();
        let see = || {
            let worker = metrics.snapshot().workers[0].clone();
            let told = [0, 1].map(|index| hooks[index].load(Ordering::Relaxed));
            assert_eq!([worker.parks, worker.unparks], told, "waits are not counted");
            worker
        };
        runtime.block_on(async {
            for _ in 0..3 {
                rt::spawn(rt::time::sleep(MOMENT)).await.unwrap();
            }
        });
        let first = see();
        assert!(first.parks >= 3, "a wait for each sleep: {first:?}");
        runtime.block_on(async {
            for _ in 0..3 {
                rt::time::sleep(MOMENT).await; // no task is polled between two waits
            }
        });
        let second = see();
        let (parks, noops) = (second.parks - first.parks, second.noops - first.noops);
        assert!(parks >= 3, "a wait for each sleep: {second:?}");
        assert_eq!(noops, parks - 1, "before the first of these waits a task was polled");
        assert_eq!(metrics.worker_park_count(0), second.parks);
        assert_eq!(metrics.worker_noop_count(0), second.noops);
        assert_eq!(metrics.worker_park_unpark_count(0), second.parks + second.unparks);
        let busy = metrics.worker_total_busy_duration(0);
        thread::sleep(5 * MOMENT);
        assert_eq!(metrics.worker_total_busy_duration(0), busy, "nobody drives, and it is busy");
    });
}

#[test]
fn a_worker_is_busy_while_it_polls_also_before_the_poll_is_over() {
    within(LIMIT, || {
        const LONG: Duration = Duration::from_millis(30);
        for runtime in [one_thread(), workers(1)] {
            let metrics = runtime.metrics();
            let inside = metrics.clone();
            let poll = async move {
                let (before, start) = (inside.worker_total_busy_duration(0), Instant::now());
                while start.elapsed() < LONG {
                    std::hint::spin_loop();
                }
                inside.worker_total_busy_duration(0) - before
            };
            let grown = runtime.block_on(runtime.spawn(poll)).unwrap();
            assert!(grown >= LONG, "in a poll of {LONG:?} it was busy for {grown:?}");
            let (busy, all) = (metrics.worker_total_busy_duration(0), metrics.snapshot().elapsed);
            assert!(busy >= LONG && busy <= all, "{busy:?} of {all:?}");
        }
    });
}

#[test]
fn a_worker_is_busy_for_half_of_the_time_that_it_waits_for_the_other_half() {
    within(LIMIT, || {
        let runtime = workers(1);
        let metrics = runtime.metrics();
        let wait = Duration::from_millis(100);
        runtime.block_on(runtime.spawn(rt::time::sleep(wait))).unwrap();
        let snapshot = metrics.snapshot();
        let idle = snapshot.elapsed.saturating_sub(snapshot.workers[0].busy);
        assert!(idle >= wait / 2, "it slept for {wait:?}, and was idle for {idle:?}");
        assert!(snapshot.workers[0].parks > 0);
    });
}

#[test]
fn a_poll_that_its_budget_ends_is_counted() {
    within(LIMIT, || {
        for runtime in [one_thread(), workers(1)] {
            runtime
                .block_on(runtime.spawn(async {
                    for _ in 0..2 * rt::parts::task::coop::BUDGET + 1 {
                        coop::consume_budget().await;
                    }
                }))
                .unwrap();
            let metrics = runtime.metrics();
            drop(runtime);
            let snapshot = metrics.snapshot();
            assert_eq!(snapshot.total().yields, 2, "{snapshot}");
            assert_eq!(metrics.budget_forced_yield_count(), 2);
        }
    });
}

#[test]
fn tasks_from_other_threads_are_counted_when_they_come_in() {
    within(LIMIT, || {
        let runtime = one_thread();
        let handle = runtime.handle().clone();
        thread::spawn(move || drop([(); 5].map(|()| handle.spawn(async {})))).join().unwrap();
        runtime.block_on(async { rt::spawn(async {}).await.unwrap() });
        assert_eq!(runtime.metrics().remote_schedule_count(), 5);

        let runtime = workers(1);
        let (here, gate) = mpsc::channel::<()>();
        let (busy, is_busy) = mpsc::channel();
        let blocks = runtime.spawn(async move {
            busy.send(()).unwrap();
            gate.recv()
        });
        is_busy.recv().unwrap();
        drop([(); 3].map(|()| runtime.spawn(async {})));
        let metrics = runtime.metrics();
        assert_eq!(metrics.global_queue_depth(), 3, "nobody has taken them");
        assert_eq!(metrics.remote_schedule_count(), 4);
        drop(here);
        runtime.block_on(blocks).unwrap().unwrap_err();
    });
}

#[test]
fn the_depth_of_a_queue_is_seen_from_a_task_and_from_outside() {
    within(LIMIT, || {
        let runtime = workers(1);
        let metrics = runtime.metrics();
        let inside = metrics.clone();
        let depth = runtime.spawn(async move {
            let tasks = [(); 7].map(|()| rt::spawn(async {}));
            let depth = inside.worker_local_queue_depth(0);
            for task in tasks {
                task.await.unwrap();
            }
            depth
        });
        assert_eq!(runtime.block_on(depth).unwrap(), 7);
        assert_eq!(metrics.worker_local_queue_depth(0), 0);
        assert!(metrics.snapshot().workers[0].slot_hits > 0);

        let runtime = one_thread();
        let metrics = runtime.metrics();
        runtime.block_on(async {
            drop([(); 100].map(|()| rt::spawn(async {})));
            yield_now().await; // a turn of 64
            assert_eq!(metrics.worker_local_queue_depth(0), 36);
            yield_now().await;
            assert_eq!(metrics.worker_local_queue_depth(0), 0);
        });
    });
}

#[test]
fn a_queue_that_is_full_is_counted() {
    within(LIMIT, || {
        let runtime = workers(1);
        let spawns = runtime.spawn(async {
            let tasks: Vec<_> =
                (0..rt::parts::steal::CAPACITY + 2).map(|_| rt::spawn(async {})).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        runtime.block_on(spawns).unwrap();
        assert_eq!(runtime.metrics().worker_overflow_count(0), 1);
    });
}

#[test]
fn what_is_stolen_is_counted_at_the_thief() {
    within(LIMIT, || {
        let runtime = workers(2);
        let metrics = runtime.metrics();
        let inside = metrics.clone();
        let stands = runtime.spawn(async move {
            drop([(); 10].map(|()| rt::spawn(async {})));
            // This poll lasts until the other worker has taken some of them.
            while inside.worker_steal_count(0) + inside.worker_steal_count(1) == 0 {
                thread::yield_now();
            }
        });
        runtime.block_on(stands).unwrap();
        let total = metrics.snapshot().total();
        assert!(total.steals >= 1 && total.stolen >= total.steals, "{}", metrics.snapshot());
        let operations: u64 = (0..2).map(|worker| metrics.worker_steal_operations(worker)).sum();
        assert!(operations >= total.steals);
    });
}

#[test]
fn the_pool_for_what_blocks_says_how_old_its_oldest_job_is() {
    within(LIMIT, || {
        let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let metrics = runtime.metrics();
        let (gate, wait) = mpsc::channel::<()>();
        let (runs, is_running) = mpsc::channel();
        let first = runtime.spawn_blocking(move || {
            runs.send(()).unwrap();
            wait.recv().unwrap_err();
        });
        is_running.recv().unwrap();
        let second = runtime.spawn_blocking(|| {});
        thread::sleep(Duration::from_millis(5));
        let pool = metrics.snapshot().blocking;
        assert_eq!((pool.threads, pool.idle_threads, pool.running, pool.queued), (1, 0, 1, 1));
        assert!(pool.oldest_queued >= Duration::from_millis(5));
        let seen = (metrics.num_blocking_threads(), metrics.num_idle_blocking_threads());
        assert_eq!((seen, metrics.blocking_queue_depth()), ((1, 0), 1));
        drop(gate);
        runtime.block_on(async { (first.await.unwrap(), second.await.unwrap()) });
        let pool = metrics.snapshot().blocking;
        assert_eq!(
            (pool.done, pool.running, pool.queued, pool.oldest_queued),
            (2, 0, 0, Duration::ZERO)
        );
    });
}

#[test]
fn timers_are_counted_by_what_became_of_them() {
    within(LIMIT, || {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        let metrics = runtime.metrics();
        runtime.block_on(async {
            rt::time::sleep(Duration::from_secs(1)).await;
            let late = rt::time::sleep(Duration::from_secs(2));
            assert!(rt::time::timeout(Duration::from_secs(1), late).await.is_err());
            drop(rt::spawn(rt::time::sleep(Duration::from_secs(3600))));
            yield_now().await;
            let timers = metrics.snapshot().timers;
            let seen = (timers.armed, timers.fired, timers.cancelled, timers.waiting);
            assert_eq!(seen, (4, 2, 1, 1));
        });
        drop(runtime);
        let timers = metrics.snapshot().timers;
        assert_eq!((timers.cancelled, timers.waiting), (2, 0), "its end cancels the last one");
    });
}

#[test]
fn sockets_are_counted_when_they_have_to_wait() {
    within(LIMIT, || {
        let runtime = one_thread();
        let metrics = runtime.metrics();
        let see = |metrics: &RuntimeMetrics| {
            let went = metrics.io_driver_fd_deregistered_count();
            (metrics.io_driver_fd_registered_count(), went)
        };
        runtime.block_on(async {
            let socket = rt::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
            assert_eq!(see(&metrics), (0, 0), "it has not had to wait");
            let address = socket.local_addr().unwrap();
            let sends = rt::spawn(async move {
                let other = rt::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
                other.send_to(b"x", address).await.unwrap();
            });
            let mut byte = [0];
            socket.recv(&mut byte).await.unwrap();
            sends.await.unwrap();
            assert_eq!(see(&metrics), (1, 0));
            assert!(metrics.io_driver_ready_count() >= 1);
        });
        assert_eq!(see(&metrics), (1, 1));
    });
}

#[test]
fn a_poll_that_blocks_in_place_hands_its_worker_on_and_both_threads_count_for_it() {
    within(LIMIT, || {
        let runtime = workers(1);
        let metrics = runtime.metrics();
        let inside = metrics.clone();
        let blocks = runtime.spawn(async move {
            let behind = rt::spawn(async {});
            let busy = task::block_in_place(|| {
                while !behind.is_finished() {
                    thread::yield_now();
                }
                let before = inside.worker_total_busy_duration(0);
                thread::sleep(Duration::from_millis(50)); // the only worker waits meanwhile
                inside.worker_total_busy_duration(0) - before
            });
            behind.await.unwrap();
            busy
        });
        let busy = runtime.block_on(blocks).unwrap();
        assert!(
            busy < Duration::from_millis(40),
            "who has left its place was busy there for {busy:?}"
        );
        drop(runtime);
        let snapshot = metrics.snapshot();
        assert_eq!(tasks(&snapshot), [2, 2, 0, 0, 0, 0]);
        assert_eq!(snapshot.total().completed, 2, "a poll was lost on the way: {snapshot}");
        assert_eq!(snapshot.workers.len(), 1);
    });
}

#[test]
fn the_difference_of_two_looks_is_what_was_done_between_them() {
    within(LIMIT, || {
        let runtime = one_thread();
        let metrics = runtime.metrics();
        let work = |count: usize| {
            runtime.block_on(async {
                for _ in 0..count {
                    rt::spawn(yield_now()).await.unwrap();
                }
            });
        };
        work(5);
        let before = metrics.snapshot();
        work(3);
        let since = metrics.snapshot() - before;
        assert_eq!(tasks(&since), [3, 3, 0, 0, 0, 0]);
        assert_eq!(polls(&since), [6, 3, 0, 0, 3]);
    });
}

#[test]
#[should_panic = "worker 1: the runtime has 1, and their numbers begin with zero"]
fn who_asks_for_a_worker_that_is_not_there_is_told_so() {
    let metrics = one_thread().metrics();
    let _polls = metrics.worker_poll_count(1);
}

#[test]
fn who_spins_in_a_root_is_no_task() {
    within(LIMIT, || {
        let runtime = one_thread();
        let mut left = 10;
        runtime.block_on(poll_fn(|cx| {
            left -= 1;
            cx.waker().wake_by_ref();
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        }));
        let snapshot = runtime.metrics().snapshot();
        assert_eq!((polls(&snapshot), tasks(&snapshot)), ([0; 5], [0; 6]));
    });
}

#[test]
fn a_busy_worker_counts_its_yields() {
    within(LIMIT, || {
        let runtime = workers(1);
        let over = Arc::new(AtomicBool::new(false));
        let stop = over.clone();
        let task = runtime.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                task::consume_budget().await;
            }
        });
        // A worker that never waits and counts none of its yields hangs this.
        while runtime.metrics().budget_forced_yield_count() == 0 {
            thread::yield_now();
        }
        over.store(true, Ordering::Relaxed);
        runtime.block_on(task).unwrap();
    });
}
