//! Abort: a job that is queued never runs, one that runs goes on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use rt_blocking::{Config, Pool};
use rt_task::JoinHandle;
use rt_testkit::Tally;
use rt_toy::block_on;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

/// A pool whose one thread is busy until the sender is dropped.
fn stuck() -> (Pool, Sender<()>, JoinHandle<()>) {
    let pool = Config::new().max_threads(1).build();
    let (gate, wait) = channel::<()>();
    let (runs, has_begun) = channel();
    let first = pool.spawn(move || {
        runs.send(()).expect("the test waits for it");
        let _opened = wait.recv();
    });
    has_begun.recv().expect("the job begins");
    (pool, gate, first.expect("a thread can be created"))
}

#[test]
fn an_aborted_job_in_the_queue_ends_at_once_though_every_thread_is_stuck() {
    within(|| {
        let (pool, gate, first) = stuck();
        let (tally, runs) = (Tally::new(), Arc::new(AtomicBool::new(false)));
        let (held, run) = (tally.witness(), runs.clone());
        let job = pool
            .spawn(move || {
                let _held = held;
                run.store(true, Ordering::Relaxed);
            })
            .unwrap();
        job.abort();
        assert_eq!(tally.dropped(), 1, "the closure waits for a thread that is stuck");
        let error = block_on(job).expect_err("the joiner of a job that never ran got an output");
        assert!(error.is_cancelled());
        let metrics = pool.metrics();
        assert_eq!((metrics.queued, metrics.cancelled, metrics.places_taken), (0, 1, 1));
        drop(gate);
        block_on(first).unwrap();
        block_on(pool.spawn(|| ()).unwrap()).unwrap();
        assert!(!runs.load(Ordering::Relaxed), "an aborted job ran");
    });
}

#[test]
fn the_closure_of_an_aborted_job_is_dropped_where_it_is_aborted() {
    struct Where(Arc<Mutex<Vec<ThreadId>>>);
    impl Drop for Where {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(thread::current().id());
        }
    }
    within(|| {
        let (pool, _gate, _first) = stuck();
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let held = Where(dropped.clone());
        let job = pool.spawn(move || drop(held)).unwrap();
        let aborter = job.abort_handle();
        let elsewhere = thread::spawn(move || {
            aborter.abort();
            thread::current().id()
        });
        assert_eq!(vec![elsewhere.join().unwrap()], *dropped.lock().unwrap());
        assert!(job.is_finished());
    });
}

#[test]
fn a_job_that_was_woken_by_hand_is_dropped_when_its_turn_comes() {
    within(|| {
        let (pool, gate, _first) = stuck();
        let tally = Tally::new();
        let held = tally.witness();
        let job = pool.spawn(move || drop(held)).unwrap();
        job.task().wake_by_ref();
        job.abort();
        job.abort();
        drop(gate);
        assert!(block_on(job).unwrap_err().is_cancelled(), "an aborted job ran");
        assert_eq!(tally.dropped(), 1);
    });
}

#[test]
fn an_aborted_job_that_runs_goes_on_to_its_end() {
    within(|| {
        let pool = Pool::new();
        let (gate, wait) = channel::<u32>();
        let (runs, has_begun) = channel();
        let job = pool.spawn(move || {
            runs.send(()).unwrap();
            wait.recv().unwrap()
        });
        let job = job.unwrap();
        has_begun.recv().unwrap();
        job.abort();
        assert!(!job.is_finished(), "a thread can not be stopped");
        gate.send(42).unwrap();
        assert_eq!(block_on(job).unwrap(), 42, "the output of a job that ran got lost");
        assert_eq!(pool.metrics().cancelled, 0);
    });
}

#[test]
fn an_abort_after_the_end_does_nothing() {
    within(|| {
        let pool = Pool::new();
        let job = pool.spawn(|| 1).unwrap();
        let aborter = job.abort_handle();
        while !job.is_finished() {
            thread::yield_now();
        }
        aborter.abort();
        assert_eq!(block_on(job).unwrap(), 1);
    });
}

#[test]
fn an_abort_on_drop_takes_the_job_out_of_the_queue() {
    within(|| {
        let (pool, gate, first) = stuck();
        drop(pool.spawn(|| ()).unwrap().abort_on_drop());
        assert_eq!(pool.metrics().queued, 0);
        drop(gate);
        block_on(first).unwrap();
    });
}

#[test]
fn a_closure_that_is_dropped_by_an_abort_may_spawn_and_abort() {
    struct Busy(Pool, Option<JoinHandle<()>>, Tally);
    impl Drop for Busy {
        fn drop(&mut self) {
            self.1.take().into_iter().for_each(|job| job.abort());
            let held = self.2.witness();
            // Under a lock of the pool, this would wait for itself.
            self.0.spawn(move || drop(held)).unwrap().abort();
        }
    }
    within(|| {
        let (pool, _gate, _first) = stuck();
        let tally = Tally::new();
        let (held, inner) = (tally.witness(), pool.clone());
        let victim = pool.spawn(move || drop(held)).unwrap();
        let busy = Busy(inner, Some(victim), tally.clone());
        pool.spawn(move || drop(busy)).unwrap().abort();
        assert_eq!((tally.dropped(), pool.metrics().queued), (2, 0));
    });
}

#[test]
fn aborts_race_with_starts_and_every_closure_is_dropped_once() {
    within(|| {
        const JOBS: usize = 20_000;
        let pool = Config::new().max_threads(2).build();
        let (tally, ran) = (Tally::new(), Arc::new(AtomicUsize::new(0)));
        let (send, receive) = channel::<JoinHandle<()>>();
        let aborter = thread::spawn(move || {
            let mut cancelled = 0;
            for job in receive {
                job.abort();
                cancelled += usize::from(block_on(job).is_err());
            }
            cancelled
        });
        for _ in 0..JOBS {
            let (held, ran) = (tally.witness(), ran.clone());
            let job = pool.spawn(move || {
                let _held = held;
                ran.fetch_add(1, Ordering::Relaxed);
            });
            send.send(job.unwrap()).unwrap();
        }
        drop(send);
        let cancelled = aborter.join().unwrap();
        assert_eq!(tally.dropped(), JOBS, "a closure leaked, or was dropped twice");
        assert_eq!(ran.load(Ordering::Relaxed) + cancelled, JOBS, "ran and cancelled, or neither");
        let metrics = pool.metrics();
        assert_eq!((metrics.done + metrics.cancelled) as usize, JOBS);
        assert_eq!((metrics.queued, metrics.places_taken), (0, 0));
    });
}
