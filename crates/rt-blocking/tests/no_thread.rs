//! The system gives no thread: an error or a later run, never a job that waits for ever.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use rt_blocking::{Config, Pool, Spawner};
use rt_testkit::Tally;
use rt_toy::block_on;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

/// The system refuses every thread that `refuses` says of, by its number.
fn system(refuses: impl Fn(usize) -> bool + Send + Sync + 'static) -> Spawner {
    let asked = AtomicUsize::new(0);
    Arc::new(move |builder, body| match refuses(asked.fetch_add(1, Ordering::Relaxed)) {
        true => Err(io::Error::from(io::ErrorKind::WouldBlock)),
        false => builder.spawn(body),
    })
}

fn pool(refuses: impl Fn(usize) -> bool + Send + Sync + 'static) -> Pool {
    Config::new().spawner(system(refuses)).build()
}

#[test]
fn without_any_thread_spawn_is_an_error_and_the_closure_is_dropped() {
    within(|| {
        let pool = pool(|_| true);
        let tally = Tally::new();
        for count in 1..=3 {
            let held = tally.witness();
            let error = pool.spawn(move || drop(held)).expect_err("a job that nobody can run");
            assert_eq!(error.cause().kind(), io::ErrorKind::WouldBlock);
            assert!(error.to_string().contains("no thread"), "{error}");
            assert_eq!(tally.dropped(), count, "the closure of a refused job leaked");
            let metrics = pool.metrics();
            assert_eq!(metrics.start_failures, count as u64, "a later job does not try again");
            assert_eq!((metrics.threads, metrics.queued, metrics.places_taken), (0, 0, 0));
        }
    });
}

#[test]
fn without_any_thread_try_spawn_hands_the_closure_back() {
    within(|| {
        let pool = pool(|_| true);
        let error = pool.try_spawn(|| 7).unwrap_err();
        assert!(error.no_thread().is_some() && !error.is_full() && !error.is_closed());
        assert_eq!((error.into_inner())(), 7);
    });
}

#[test]
fn without_any_thread_a_permit_gives_its_place_to_the_next() {
    within(|| {
        let pool = Config::new().capacity(1).spawner(system(|asked| asked < 2)).build();
        for _ in 0..2 {
            let permit = block_on(pool.reserve()).unwrap();
            assert!(permit.spawn(|| ()).is_err());
        }
        let permit = block_on(pool.reserve()).expect("the place was lost with the error");
        block_on(permit.spawn(|| ()).unwrap()).unwrap();
    });
}

#[test]
fn the_next_job_tries_again() {
    within(|| {
        let pool = pool(|asked| asked == 0);
        assert!(pool.spawn(|| ()).is_err());
        assert_eq!(block_on(pool.spawn(|| 1).unwrap()).unwrap(), 1);
    });
}

#[test]
fn while_a_thread_lives_the_job_waits_for_it() {
    within(|| {
        let pool = pool(|asked| asked > 0);
        let (gate, wait) = channel::<()>();
        let (runs, has_begun) = channel();
        let first = pool.spawn(move || {
            runs.send(()).unwrap();
            wait.recv().unwrap_or(())
        });
        let first = first.unwrap();
        has_begun.recv().unwrap();
        let jobs: Vec<_> = (0..10).map(|n| pool.spawn(move || n).unwrap()).collect();
        assert_eq!(pool.metrics().queued, 10, "a job was refused, or lost");
        drop(gate);
        block_on(first).unwrap();
        for (number, job) in jobs.into_iter().enumerate() {
            assert_eq!(block_on(job).unwrap(), number);
        }
    });
}

#[test]
fn a_thread_that_is_refused_once_is_made_up_for_by_the_next_job() {
    within(|| {
        // The second thread is refused; the job that asked for it meets the first and the third.
        let pool = pool(|asked| asked == 1);
        let barrier = Arc::new(Barrier::new(3));
        let meet = || {
            let barrier = barrier.clone();
            pool.spawn(move || {
                barrier.wait();
            })
            .unwrap()
        };
        let jobs = [meet(), meet(), meet()];
        assert_eq!(pool.metrics().threads, 2);
        // Three jobs on two threads wait for each other; one more job brings the third thread.
        let last = pool.spawn(|| ()).unwrap();
        jobs.into_iter().for_each(|job| block_on(job).unwrap());
        block_on(last).unwrap();
    });
}

#[test]
fn a_job_that_counted_on_a_thread_that_is_refused_is_told() {
    within(|| {
        // A cap of one: while the first spawn asks for the thread, the second can only wait for it.
        let (asked, is_asked) = channel();
        let (answer, be_answered) = channel::<()>();
        let (asked, be_answered) =
            (std::sync::Mutex::new(asked), std::sync::Mutex::new(be_answered));
        let spawner: Spawner = Arc::new(move |_, _| {
            asked.lock().unwrap().send(()).unwrap();
            let _answered = be_answered.lock().unwrap().recv();
            Err(io::Error::from(io::ErrorKind::WouldBlock))
        });
        let pool = Config::new().max_threads(1).spawner(spawner).build();
        let spawns = [(); 2].map(|()| {
            let pool = pool.clone();
            thread::spawn(move || pool.spawn(|| ()).is_err())
        });
        is_asked.recv().unwrap();
        drop(answer);
        for spawn in spawns {
            assert!(spawn.join().unwrap(), "a job was queued that no thread will ever run");
        }
        assert_eq!(pool.metrics().queued, 0);
    });
}

#[test]
fn a_spawner_that_panics_counts_as_a_refusal() {
    within(|| {
        let pool = Config::new().spawner(Arc::new(|_, _| panic!("no thread"))).build();
        assert!(pool.spawn(|| ()).is_err());
        assert_eq!(pool.metrics().threads, 0, "a thread that never was is counted");
    });
}

#[test]
fn spawns_race_with_refusals_and_every_job_runs_or_is_refused() {
    within(|| {
        let pool = Config::new()
            .max_threads(3)
            .keep_alive(Duration::ZERO)
            .spawner(system(|asked| !asked.is_multiple_of(3)))
            .build();
        let (ran, tally) = (Arc::new(AtomicUsize::new(0)), Tally::new());
        let spawners: Vec<_> = (0..3)
            .map(|_| {
                let (pool, ran, tally) = (pool.clone(), ran.clone(), tally.clone());
                thread::spawn(move || {
                    let mut refused = 0;
                    for _ in 0..2_000 {
                        let (ran, held) = (ran.clone(), tally.witness());
                        let job = move || {
                            let _held = held;
                            ran.fetch_add(1, Ordering::Relaxed);
                        };
                        match pool.spawn(job) {
                            Ok(job) => block_on(job).expect("a job that was let in was lost"),
                            Err(_) => refused += 1,
                        }
                    }
                    refused
                })
            })
            .collect();
        let refused: usize = spawners.into_iter().map(|spawner| spawner.join().unwrap()).sum();
        assert_eq!(ran.load(Ordering::Relaxed) + refused, 6_000);
        assert_eq!(tally.dropped(), 6_000);
    });
}
