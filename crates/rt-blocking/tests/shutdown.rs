//! The end of a pool: from outside, from a job, while unwinding, in a destructor, with a stuck job.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rt_blocking::{Config, Pool, Report};
use rt_task::{Builder, JoinHandle};
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
    let first = pool.spawn_with(Builder::new().name("stuck"), move || {
        runs.send(()).expect("the test waits for it");
        wait.recv().unwrap_or(())
    });
    has_begun.recv().expect("the job begins");
    (pool, gate, first.expect("a thread can be created"))
}

#[test]
fn close_cancels_what_is_queued_and_lets_run_what_runs() {
    within(|| {
        let (pool, gate, first) = stuck();
        let tally = Tally::new();
        let jobs: Vec<_> = (0..10)
            .map(|_| {
                let held = tally.witness();
                pool.spawn(move || drop(held)).unwrap()
            })
            .collect();
        jobs[3].task().wake_by_ref();
        pool.close();
        pool.close();
        assert_eq!(tally.dropped(), 10, "closures outlive the close");
        for job in jobs {
            assert!(block_on(job).unwrap_err().is_cancelled());
        }
        assert!(!first.is_finished());
        drop(gate);
        block_on(first).expect("a job that ran was cancelled");
        let report = pool.join(Duration::MAX);
        assert_eq!((report.threads_ended, report.threads_left), (1, 0));
        assert_eq!(pool.metrics().places_taken, 0);
    });
}

#[test]
fn a_closed_pool_takes_no_jobs_and_every_handle_resolves() {
    within(|| {
        let pool = Pool::new();
        let report = pool.join(Duration::MAX);
        assert!(report.is_complete() && report.threads_ended == 0);
        let tally = Tally::new();
        let held = tally.witness();
        let job = pool.spawn(move || drop(held)).unwrap();
        assert!(block_on(job).unwrap_err().is_cancelled());
        assert_eq!(tally.dropped(), 1);
        assert!(pool.try_spawn(|| ()).unwrap_err().is_closed());
        assert_eq!(pool.metrics().threads, 0, "a closed pool started a thread");
    });
}

#[test]
fn a_join_with_a_stuck_job_ends_at_its_timeout_and_names_the_job() {
    within(|| {
        let (pool, gate, first) = stuck();
        let timeout = Duration::from_millis(20);
        let began = Instant::now();
        let report = pool.join(timeout);
        assert!(began.elapsed() >= timeout, "it gave up early");
        assert_eq!((report.threads_ended, report.threads_left), (0, 1));
        let [job] = &report.running[..] else { panic!("{report:?}") };
        assert_eq!((job.id, job.name.as_deref()), (first.id(), Some("stuck")));
        assert!(job.place.file().ends_with("shutdown.rs") && job.age >= timeout);
        assert!(job.to_string().contains("stuck"), "{job}");
        drop(gate);
        assert!(pool.join(Duration::MAX).is_complete());
        block_on(first).unwrap();
    });
}

#[test]
fn a_join_with_a_timeout_of_zero_only_looks() {
    within(|| {
        let (pool, _gate, _first) = stuck();
        assert_eq!(pool.join(Duration::ZERO).threads_left, 1);
    });
}

#[test]
fn a_job_may_end_its_own_pool() {
    within(|| {
        let pool = Pool::new();
        let (gate, wait) = channel::<()>();
        let other = pool.spawn(move || wait.recv().unwrap_or(())).unwrap();
        let own = pool.clone();
        let job = pool.spawn(move || {
            drop(gate);
            own.join(Duration::MAX)
        });
        // Waiting for its own thread, it would wait for ever.
        let report: Report = block_on(job.unwrap()).unwrap();
        assert!(report.is_complete() && report.running.is_empty(), "{report:?}");
        block_on(other).unwrap();
        assert!(pool.join(Duration::MAX).is_complete());
    });
}

#[test]
fn two_jobs_that_end_their_pool_do_not_wait_for_each_other() {
    within(|| {
        let pool = Pool::new();
        let barrier = Arc::new(Barrier::new(2));
        let jobs = [(); 2].map(|()| {
            let (own, barrier) = (pool.clone(), barrier.clone());
            pool.spawn(move || {
                barrier.wait();
                own.join(Duration::MAX).is_complete()
            })
            .unwrap()
        });
        for job in jobs {
            assert!(block_on(job).unwrap());
        }
    });
}

#[test]
fn two_threads_may_wait_for_the_end_at_once() {
    within(|| {
        let (pool, gate, _first) = stuck();
        let waiting = [(); 2].map(|()| {
            let pool = pool.clone();
            thread::spawn(move || pool.join(Duration::MAX).is_complete())
        });
        drop(gate);
        waiting.into_iter().for_each(|thread| assert!(thread.join().unwrap()));
    });
}

/// Ends its pool when it is dropped.
struct Ends(Pool, Sender<Report>);

impl Drop for Ends {
    fn drop(&mut self) {
        let report = self.0.join(Duration::from_secs(30));
        self.1.send(report).expect("the test waits for it");
    }
}

#[test]
fn a_pool_may_end_while_its_caller_unwinds() {
    within(|| {
        let (pool, gate, _first) = stuck();
        let (told, report) = channel();
        let ends = Ends(pool, told);
        drop(gate);
        let unwound = catch_unwind(AssertUnwindSafe(move || {
            let _ends = ends;
            panic!("a panic that ends a pool");
        }));
        assert!(unwound.is_err());
        assert!(report.recv().unwrap().is_complete());
    });
}

#[test]
fn a_pool_may_end_while_one_of_its_jobs_unwinds() {
    within(|| {
        let pool = Pool::new();
        let (told, report) = channel();
        let ends = Ends(pool.clone(), told);
        let job = pool.spawn(move || {
            let _ends = ends;
            panic!("a panic that ends a pool");
        });
        let job: JoinHandle<()> = job.unwrap();
        assert!(report.recv().unwrap().is_complete());
        assert!(block_on(job).unwrap_err().is_panic());
        assert!(pool.join(Duration::MAX).is_complete());
    });
}

thread_local! {
    static AT_THE_END: RefCell<Vec<Ends>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn a_pool_may_end_in_the_destructor_of_a_thread_local() {
    within(|| {
        let (pool, gate, _first) = stuck();
        let (told, report) = channel();
        let thread = thread::spawn(move || {
            AT_THE_END.with(|ends| ends.borrow_mut().push(Ends(pool, told)));
            drop(gate);
        });
        assert!(report.recv().unwrap().is_complete());
        thread.join().unwrap();
    });
}

#[test]
fn a_pool_may_end_in_the_destructor_of_a_thread_local_of_its_own_threads() {
    within(|| {
        let pool = Config::new().max_threads(2).build();
        let (told, reports) = channel();
        let barrier = Arc::new(Barrier::new(2));
        let jobs = [(); 2].map(|()| {
            let (ends, barrier) = (Ends(pool.clone(), told.clone()), barrier.clone());
            pool.spawn(move || {
                AT_THE_END.with(|kept| kept.borrow_mut().push(ends));
                barrier.wait();
            })
            .unwrap()
        });
        jobs.into_iter().for_each(|job| block_on(job).unwrap());
        // Both destructors wait for the pool, on its own threads, while this one joins them.
        assert!(pool.join(Duration::MAX).is_complete());
        for _ in 0..2 {
            assert!(reports.recv().unwrap().is_complete());
        }
    });
}

#[test]
fn a_destructor_that_waits_for_the_pool_and_a_join_that_waits_for_it_both_end() {
    within(|| {
        let pool = Config::new().max_threads(2).build();
        let (gate, wait) = channel::<()>();
        let (runs, has_begun) = channel();
        let stuck = pool.spawn(move || {
            runs.send(()).unwrap();
            wait.recv().unwrap_or(())
        });
        has_begun.recv().unwrap();
        let (told, report) = channel();
        let ends = Ends(pool.clone(), told);
        let job = pool.spawn(move || AT_THE_END.with(|kept| kept.borrow_mut().push(ends)));
        block_on(job.unwrap()).unwrap();
        let other = pool.clone();
        // Its time is up while one job is stuck: it joins the thread whose destructor waits for that.
        let joins = thread::spawn(move || other.join(Duration::ZERO));
        while pool.metrics().threads_ended == 0 {
            thread::yield_now();
        }
        drop(gate);
        joins.join().unwrap();
        assert!(report.recv().unwrap().is_complete(), "the destructor waited in vain");
        block_on(stuck.unwrap()).unwrap();
        assert!(pool.join(Duration::MAX).is_complete());
    });
}

#[test]
fn a_destructor_of_a_thread_local_may_spawn_and_abort() {
    struct Spawns(Pool, JoinHandle<()>, Sender<bool>);
    impl Drop for Spawns {
        fn drop(&mut self) {
            self.1.abort();
            let refused = self.0.spawn(|| ()).unwrap();
            self.2.send(self.1.is_finished() && refused.is_finished()).unwrap();
        }
    }
    thread_local! {
        static LAST: RefCell<Option<Spawns>> = const { RefCell::new(None) };
    }
    within(|| {
        let (pool, gate, _first) = stuck();
        let queued = pool.spawn(|| ()).unwrap();
        let (told, is_finished) = channel();
        let other = pool.clone();
        thread::spawn(move || {
            LAST.with(|last| *last.borrow_mut() = Some(Spawns(other.clone(), queued, told)));
            other.close();
        })
        .join()
        .unwrap();
        assert!(is_finished.recv().unwrap());
        drop(gate);
    });
}

#[test]
fn dropping_the_last_handle_closes_the_pool_and_waits_for_nobody() {
    within(|| {
        let (pool, gate, first) = stuck();
        let queued = pool.spawn(|| ()).unwrap();
        let other = pool.clone();
        drop(pool);
        assert!(!queued.is_finished(), "a handle is left, and the pool is closed");
        drop(other);
        assert!(block_on(queued).unwrap_err().is_cancelled());
        assert!(!first.is_finished());
        drop(gate);
        block_on(first).unwrap();
    });
}

#[test]
fn a_job_may_drop_the_last_handle() {
    within(|| {
        let pool = Config::new().max_threads(1).build();
        let (give, take) = channel::<Pool>();
        let job = pool.spawn(move || drop(take.recv().unwrap())).unwrap();
        let queued = pool.spawn(|| ()).unwrap();
        give.send(pool).unwrap();
        block_on(job).unwrap();
        assert!(block_on(queued).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_queued_job_that_holds_a_handle_runs() {
    within(|| {
        let (pool, gate, _first) = stuck();
        let own = pool.clone();
        let job = pool.spawn(move || own.metrics().running).unwrap();
        drop(pool);
        drop(gate);
        assert_eq!(block_on(job).unwrap(), 1, "the job kept its own pool from closing");
    });
}

#[test]
fn a_closure_that_is_dropped_by_close_may_use_the_pool() {
    struct Uses(Pool, Arc<Mutex<Vec<bool>>>);
    impl Drop for Uses {
        fn drop(&mut self) {
            let is_closed = self.0.try_spawn(|| ()).is_err_and(|error| error.is_closed());
            self.1.lock().unwrap().push(is_closed && self.0.metrics().running == 1);
            self.0.close();
        }
    }
    within(|| {
        let (pool, gate, _first) = stuck();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for _ in 0..3 {
            let uses = Uses(pool.clone(), seen.clone());
            drop(pool.spawn(move || drop(uses)).unwrap());
        }
        pool.close();
        assert_eq!(*seen.lock().unwrap(), [true; 3]);
        drop(gate);
    });
}

#[test]
fn closes_race_with_spawns_and_every_handle_resolves() {
    within(|| {
        for _ in 0..300 {
            let pool = Config::new().max_threads(2).build();
            let tally = Tally::new();
            let barrier = Arc::new(Barrier::new(3));
            let spawners = [(); 2].map(|()| {
                let (pool, tally, barrier) = (pool.clone(), tally.clone(), barrier.clone());
                thread::spawn(move || {
                    barrier.wait();
                    let jobs: Vec<_> = (0..20)
                        .map(|_| {
                            let held = tally.witness();
                            pool.spawn(move || drop(held)).unwrap()
                        })
                        .collect();
                    jobs.into_iter().filter_map(|job| block_on(job).err()).count()
                })
            });
            barrier.wait();
            let report = pool.join(Duration::MAX);
            let cancelled: usize =
                spawners.into_iter().map(|spawner| spawner.join().unwrap()).sum();
            assert!(report.is_complete() && cancelled <= 40);
            assert_eq!(tally.dropped(), 40, "a closure leaked, or was dropped twice");
            let metrics = pool.metrics();
            assert_eq!((metrics.threads, metrics.queued, metrics.places_taken), (0, 0, 0));
        }
    });
}
