//! A panic stays in its job, whatever part of it panics.

use std::panic::panic_any;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use rt_blocking::{Config, Pool};
use rt_task::JoinHandle;
use rt_toy::block_on;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

fn one_thread() -> Pool {
    Config::new().max_threads(1).build()
}

/// The thread that had to do with the panic still takes jobs.
fn still_works(pool: &Pool) {
    assert_eq!(block_on(pool.spawn(|| 7).unwrap()).unwrap(), 7);
    let metrics = pool.metrics();
    assert_eq!((metrics.threads, metrics.threads_ended), (1, 0), "a panic cost a thread");
    assert_eq!(metrics.places_taken, 0, "a panic cost a place");
}

/// A job that runs until the sender is dropped.
fn gated(pool: &Pool) -> (Sender<()>, JoinHandle<()>) {
    let (gate, wait) = channel::<()>();
    let (runs, has_begun) = channel();
    let handle = pool.spawn(move || {
        runs.send(()).expect("the test waits for it");
        wait.recv().unwrap_or(())
    });
    has_begun.recv().expect("the job begins");
    (gate, handle.expect("a thread can be created"))
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("dropped");
        }
    }
}

#[test]
fn a_panic_in_a_job_goes_to_its_joiner() {
    within(|| {
        let pool = one_thread();
        let job = pool.spawn(|| -> () { panic_any(42_u32) }).unwrap();
        let error = block_on(job).expect_err("the job panicked");
        assert_eq!(error.into_panic().downcast_ref::<u32>(), Some(&42));
        still_works(&pool);
    });
}

#[test]
fn a_panic_in_the_drop_of_an_output_that_nobody_wants_is_contained() {
    within(|| {
        let pool = one_thread();
        let (gate, wait) = channel::<()>();
        let job = pool.spawn(move || {
            wait.recv().unwrap_or(());
            Bomb
        });
        drop(job.unwrap()); // before the job is done: else the output, and its panic, is the caller's
        drop(gate);
        still_works(&pool);
    });
}

#[test]
fn a_panic_in_the_drop_of_what_a_job_captured_goes_to_its_joiner() {
    within(|| {
        let pool = one_thread();
        let bomb = Bomb;
        let job = pool.spawn(move || drop(bomb)).unwrap();
        assert!(block_on(job).unwrap_err().is_panic());
        still_works(&pool);
    });
}

#[test]
fn a_panic_in_the_drop_of_an_aborted_closure_stays_out_of_abort() {
    within(|| {
        let pool = one_thread();
        let (gate, first) = gated(&pool);
        let bomb = Bomb;
        let job = pool.spawn(move || drop(bomb)).unwrap();
        job.abort();
        assert_eq!(pool.metrics().queued, 0);
        drop(gate);
        assert!(block_on(job).unwrap_err().is_panic(), "the joiner was told something else");
        block_on(first).unwrap();
        still_works(&pool);
    });
}

#[test]
fn a_panic_in_the_drop_of_a_closure_stays_out_of_close() {
    within(|| {
        let pool = one_thread();
        let (gate, first) = gated(&pool);
        let jobs = [(); 3].map(|()| {
            let bomb = Bomb;
            pool.spawn(move || drop(bomb)).unwrap()
        });
        pool.close();
        for job in jobs {
            assert!(block_on(job).unwrap_err().is_panic(), "one bomb kept the next from going off");
        }
        drop(gate);
        block_on(first).unwrap();
        assert!(pool.join(Duration::MAX).is_complete());
    });
}

#[test]
fn a_hook_that_panics_before_or_after_or_does_not_call_keeps_no_job_from_running() {
    within(|| {
        let hooks: [fn(&mut dyn FnMut()); 4] = [
            |_| panic!("before"),
            |life| {
                life();
                panic!("after")
            },
            |_| {},
            |life| {
                life();
                life();
            },
        ];
        for hook in hooks {
            let pool = Config::new().around(hook).build();
            assert_eq!(block_on(pool.spawn(|| 1).unwrap()).unwrap(), 1);
            let report = pool.join(Duration::MAX);
            assert!(report.is_complete() && report.threads_ended == 1, "{report:?}");
        }
    });
}
