//! Jobs in, outcomes out: how a pool grows, where it stops, and in which order it runs.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use rt_blocking::{Config, Pool};
use rt_task::{Builder, JoinHandle, Living, Priority};
use rt_toy::block_on;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

/// A job that runs until the sender is dropped.
fn gated(pool: &Pool) -> (Sender<()>, JoinHandle<()>) {
    let (gate, wait): (Sender<()>, Receiver<()>) = channel();
    let (runs, has_begun) = channel();
    let handle = pool.spawn(move || {
        runs.send(()).expect("the test waits for it");
        let _opened = wait.recv();
    });
    has_begun.recv().expect("the job begins");
    (gate, handle.expect("a thread can be created"))
}

#[test]
fn a_job_runs_elsewhere_and_gives_its_output() {
    within(|| {
        let pool = Pool::new();
        let job = pool.spawn(|| thread::current().id()).unwrap();
        let there = block_on(job).expect("the job neither panics nor is aborted");
        assert_ne!(there, thread::current().id(), "the job blocked the thread that spawned it");
    });
}

#[test]
fn a_pool_starts_no_thread_before_the_first_job() {
    within(|| {
        let pool = Pool::new();
        assert_eq!(pool.metrics().threads, 0, "a pool that nobody uses costs a thread");
        block_on(pool.spawn(|| ()).unwrap()).unwrap();
        assert_eq!(pool.metrics().threads, 1);
    });
}

#[test]
fn an_idle_thread_is_used_before_another_is_started() {
    within(|| {
        let pool = Pool::new();
        let mut seen = HashSet::new();
        for _ in 0..100 {
            seen.insert(block_on(pool.spawn(|| thread::current().id()).unwrap()).unwrap());
            while pool.metrics().idle_threads == 0 {
                thread::yield_now();
            }
        }
        assert_eq!(seen.len(), 1, "one job at a time took more than one thread");
    });
}

#[test]
fn jobs_that_meet_each_other_all_get_a_thread() {
    within(|| {
        let pool = Pool::new();
        let barrier = Arc::new(Barrier::new(20));
        let jobs: Vec<_> = (0..20)
            .map(|_| {
                let barrier = barrier.clone();
                pool.spawn(move || {
                    barrier.wait();
                })
                .unwrap()
            })
            .collect();
        // With one thread too few all of them would wait for ever.
        jobs.into_iter().for_each(|job| block_on(job).unwrap());
        assert_eq!(pool.metrics().threads, 20, "the pool grew beyond what was asked of it");
    });
}

#[test]
fn the_cap_holds_under_load() {
    within(|| {
        let pool = Config::new().max_threads(3).build();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let spawners: Vec<_> = (0..4)
            .map(|_| {
                let (pool, now, most) = (pool.clone(), now.clone(), most.clone());
                thread::spawn(move || {
                    let jobs: Vec<_> = (0..500)
                        .map(|_| {
                            let (now, most) = (now.clone(), most.clone());
                            let job = move || {
                                most.fetch_max(
                                    now.fetch_add(1, Ordering::Relaxed) + 1,
                                    Ordering::Relaxed,
                                );
                                thread::yield_now();
                                now.fetch_sub(1, Ordering::Relaxed);
                            };
                            pool.spawn(job).unwrap()
                        })
                        .collect();
                    jobs.into_iter().for_each(|job| block_on(job).unwrap());
                })
            })
            .collect();
        spawners.into_iter().for_each(|spawner| spawner.join().unwrap());
        assert!(most.load(Ordering::Relaxed) <= 3, "more jobs ran at once than the cap allows");
        assert!(pool.metrics().threads <= 3);
    });
}

#[test]
fn a_hundred_thousand_jobs_on_four_threads_all_run_exactly_once() {
    within(|| {
        let pool = Config::new().max_threads(4).build();
        let runs: Arc<Vec<AtomicUsize>> =
            Arc::new((0..100_000).map(|_| AtomicUsize::new(0)).collect());
        let jobs: Vec<_> = (0..runs.len())
            .map(|number| {
                let runs = runs.clone();
                let job = move || {
                    runs[number].fetch_add(1, Ordering::Relaxed);
                    (number, thread::current().id())
                };
                pool.spawn(job).unwrap()
            })
            .collect();
        let mut threads: HashSet<ThreadId> = HashSet::new();
        for (number, job) in jobs.into_iter().enumerate() {
            let (its, thread) = block_on(job).unwrap();
            assert_eq!(its, number, "a joiner got the output of another job");
            threads.insert(thread);
        }
        assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1), "not exactly once");
        assert!(threads.len() <= 4, "the cap was four threads");
        let metrics = pool.metrics();
        assert_eq!((metrics.done, metrics.queued, metrics.running), (100_000, 0, 0));
    });
}

#[test]
fn the_oldest_job_runs_first() {
    within(|| {
        let pool = Config::new().max_threads(1).build();
        let (gate, first) = gated(&pool);
        let order = Arc::new(Mutex::new(Vec::new()));
        let jobs: Vec<_> = (0..50)
            .map(|number| {
                let order = order.clone();
                pool.spawn(move || order.lock().unwrap().push(number)).unwrap()
            })
            .collect();
        drop(gate);
        block_on(first).unwrap();
        jobs.into_iter().for_each(|job| block_on(job).unwrap());
        assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>(), "a job was overtaken");
    });
}

#[test]
fn a_job_spawns_another_and_waits_for_it() {
    within(|| {
        let pool = Config::new().max_threads(2).build();
        let inner = pool.clone();
        let outer = pool.spawn(move || block_on(inner.spawn(|| 7).unwrap()).unwrap()).unwrap();
        assert_eq!(block_on(outer).unwrap(), 7);
    });
}

#[test]
fn a_job_waits_for_more_than_a_polls_budget_of_others() {
    within(|| {
        // A job is polled once and has no budget to run out of: else it would find every handle
        // pending after 128 of them, and wait for ever.
        let pool = Config::new().max_threads(2).build();
        let inner = pool.clone();
        let sum = pool
            .spawn(move || {
                (0..1000_u64)
                    .map(|n| block_on(inner.spawn(move || n).unwrap()).unwrap())
                    .sum::<u64>()
            })
            .unwrap();
        assert_eq!(block_on(sum).unwrap(), 499_500);
    });
}

#[test]
fn a_detached_job_runs_to_its_end() {
    within(|| {
        let (done, is_done) = channel();
        let pool = Pool::new();
        drop(pool.spawn(move || done.send(7).unwrap()).unwrap());
        assert_eq!(is_done.recv().unwrap(), 7, "dropping the handle cancelled the job");
    });
}

#[test]
fn a_job_has_a_number_a_name_a_class_and_a_place() {
    within(|| {
        let pool = Pool::new();
        let options = Builder::new().name("resolve").priority(Priority::High);
        let job = pool.spawn_with(options, rt_task::current).unwrap();
        let task = job.task().clone();
        assert_eq!((task.name(), task.priority()), (Some("resolve"), Priority::High));
        assert_eq!(block_on(job).unwrap(), Some(task.id()), "inside, it is the current task");
        let line = line!() + 1;
        let job = pool.spawn(|| ()).unwrap();
        assert!(job.task().place().file().ends_with("spawn.rs"));
        assert_eq!(job.task().place().line(), line, "a report would name another place");
    });
}

#[test]
fn a_job_may_be_in_a_list_of_the_living_of_somebody_else() {
    within(|| {
        let living = Living::new().expect("a list is free");
        let generation = living.open();
        let pool = Config::new().max_threads(1).build();
        let (gate, _first) = gated(&pool);
        let listed = Builder::new().listed(&living, generation);
        let job = pool.spawn_with(listed, || 3).unwrap();
        assert_eq!(living.count(), 1);
        living.close(std::task::Waker::noop().clone());
        let refused = pool.spawn_with(listed, || 4).unwrap();
        assert!(block_on(refused).unwrap_err().is_cancelled(), "let into a list that is closed");
        assert_eq!(pool.metrics().queued, 1);
        drop(gate);
        assert_eq!(block_on(job).unwrap(), 3);
        assert_eq!((living.count(), pool.metrics().places_taken), (0, 0));
    });
}

#[test]
fn waking_a_job_by_hand_changes_nothing() {
    within(|| {
        let pool = Config::new().max_threads(1).build();
        let (gate, first) = gated(&pool);
        let order = Arc::new(Mutex::new(Vec::new()));
        let jobs: Vec<_> = (0..3)
            .map(|number| {
                let order = order.clone();
                pool.spawn(move || order.lock().unwrap().push(number)).unwrap()
            })
            .collect();
        for _ in 0..3 {
            jobs.iter().rev().for_each(|job| job.task().wake_by_ref());
        }
        assert_eq!(pool.metrics().queued, 3, "a wake ran a job or lost it");
        drop(gate);
        block_on(first).unwrap();
        jobs.into_iter().for_each(|job| block_on(job).unwrap());
        assert_eq!(
            *order.lock().unwrap(),
            [0, 1, 2],
            "a wake changed the order, or ran a job twice"
        );
    });
}

#[test]
fn jobs_that_are_woken_by_hand_while_they_start_run_once() {
    within(|| {
        let pool = Config::new().max_threads(2).build();
        let runs = Arc::new(AtomicUsize::new(0));
        for _ in 0..2_000 {
            let counted = runs.clone();
            let job = pool.spawn(move || counted.fetch_add(1, Ordering::Relaxed)).unwrap();
            let task = job.task().clone();
            for _ in 0..4 {
                task.wake_by_ref();
            }
            block_on(job).unwrap();
        }
        assert_eq!(runs.load(Ordering::Relaxed), 2_000);
    });
}

#[test]
fn the_numbers_tell_what_the_pool_is_doing() {
    within(|| {
        let pool = Config::new().max_threads(1).build();
        let (gate, first) = gated(&pool);
        let second = pool.spawn(|| ()).unwrap();
        let metrics = pool.metrics();
        assert_eq!((metrics.threads, metrics.idle_threads), (1, 0));
        assert_eq!((metrics.running, metrics.queued, metrics.places_taken), (1, 1, 2));
        let later = pool.metrics().oldest_queued.expect("one is queued");
        assert!(metrics.oldest_queued.expect("one is queued") <= later, "a job got younger");
        drop(gate);
        block_on(first).unwrap();
        block_on(second).unwrap();
        let metrics = pool.metrics();
        assert_eq!((metrics.running, metrics.queued, metrics.places_taken), (0, 0, 0));
        assert_eq!((metrics.done, metrics.cancelled, metrics.oldest_queued), (2, 0, None));
    });
}
