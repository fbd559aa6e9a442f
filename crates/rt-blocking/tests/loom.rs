//! Models: every order in which the threads can meet, or every one with so many preemptions.
//!
//! ```sh
//! RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-blocking --test loom -- --nocapture
//! ```
//!
//! loom has no clock. "The time of an idle thread is up" is what `Pool::retire_idle` says to it: it
//! wakes the thread without a call, at any moment, and what the thread does then is what it does when
//! its wait has timed out. A job that is lost is a deadlock, which loom reports, and so is a thread
//! that nobody ends. `mutations/` has a fault for each model, which turns it red.
#![cfg(rt_loom)]

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use rt_blocking::{Config, Pool, Reserve, Spawner};
use rt_task::sync::{AtomicBool, AtomicUsize, Condvar, Mutex, Ordering, lock, thread};
use rt_testkit::{Exploration, Tally};

/// Who meets, and how often a thread may be preempted: as often as it likes where two threads meet at
/// a few steps, three times where whole lives of jobs are in it.
#[derive(Clone, Copy)]
enum Size {
    Steps,
    Lives,
}

fn explore(name: &str, size: Size, model: impl Fn() + Send + Sync + 'static) {
    let bound = match size {
        Size::Steps => None,
        Size::Lives => Some(3),
    };
    Exploration::bounded(bound).branches(100_000).run(name, model);
}

/// A place to wait, of the textbook: the models contain no parker of ours.
struct Signal {
    is_woken: Mutex<bool>,
    arrived: Condvar,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        *lock(&self.is_woken) = true;
        self.arrived.notify_one();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let signal = Arc::new(Signal { is_woken: Mutex::new(false), arrived: Condvar::new() });
    let waker = Waker::from(signal.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let mut is_woken = lock(&signal.is_woken);
        while !*is_woken {
            is_woken = signal.arrived.wait(is_woken).expect("nobody panics under it");
        }
        *is_woken = false;
    }
}

/// A pool of one thread, which waits for ever.
fn one_thread() -> Config {
    Config::new().max_threads(1).keep_alive(Duration::MAX)
}

#[test]
fn retire_against_a_new_job() {
    explore("retire against a new job", Size::Lives, || {
        let pool = one_thread().build();
        drop(pool.spawn(|| ()).expect("a model has threads enough"));
        // From here on the first thread may be awake because its time is up, or not be idle yet.
        pool.retire_idle();
        let job = pool.spawn(|| 2).expect("a model has threads enough");
        assert_eq!(block_on(job).expect("the job was lost with the thread"), 2);
    });
}

/// Where jobs say that they have run.
#[derive(Default)]
struct Ran {
    jobs: Mutex<usize>,
    more: Condvar,
}

impl Ran {
    fn job(self: &Arc<Self>) -> impl FnOnce() + Send + use<> {
        let ran = self.clone();
        move || {
            *lock(&ran.jobs) += 1;
            ran.more.notify_one();
        }
    }

    fn wait_for(&self, count: usize) {
        let mut jobs = lock(&self.jobs);
        while *jobs < count {
            jobs = self.more.wait(jobs).expect("nobody panics under it");
        }
    }
}

#[test]
fn two_pushes_against_one_idle_thread() {
    explore("two pushes against one idle thread", Size::Lives, || {
        let pool = one_thread().build();
        let ran = Arc::new(Ran::default());
        drop(pool.spawn(ran.job()).expect("a model has threads enough"));
        // It rests, or is about to.
        ran.wait_for(1);
        let (other, job) = (pool.clone(), ran.job());
        let pusher = thread::spawn(move || drop(other.spawn(job).expect("a thread lives")));
        drop(pool.spawn(ran.job()).expect("a thread lives"));
        // A job that was lost beside the other is a deadlock.
        ran.wait_for(3);
        pusher.join().expect("no panic");
    });
}

#[test]
fn close_against_a_push() {
    explore("close against a push", Size::Lives, || {
        let pool = one_thread().build();
        let (tally, runs) = (Tally::new(), Arc::new(AtomicUsize::new(0)));
        let (other, held, counted) = (pool.clone(), tally.witness(), runs.clone());
        let pusher = thread::spawn(move || {
            let job = move || {
                let _held = held;
                counted.fetch_add(1, Ordering::Relaxed);
            };
            other.spawn(job).expect("a model has threads enough")
        });
        let report = pool.join(Duration::MAX);
        let job = pusher.join().expect("no panic");
        assert!(report.is_complete());
        let joined = block_on(job);
        assert_eq!(tally.dropped(), 1, "the closure leaked, or went twice");
        assert_eq!(runs.load(Ordering::Relaxed), usize::from(joined.is_ok()), "told otherwise");
        assert!(pool.join(Duration::MAX).is_complete());
    });
}

#[test]
fn abort_of_a_queued_job_against_its_start() {
    explore("abort of a queued job against its start", Size::Lives, || {
        let pool = one_thread().build();
        let (tally, runs) = (Tally::new(), Arc::new(AtomicUsize::new(0)));
        let (held, counted) = (tally.witness(), runs.clone());
        let job = pool.spawn(move || {
            let _held = held;
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let job = job.expect("a model has threads enough");
        job.abort();
        let joined = block_on(job);
        assert_eq!(tally.dropped(), 1, "the closure leaked, or went twice");
        assert_eq!(runs.load(Ordering::Relaxed), usize::from(joined.is_ok()), "told otherwise");
        assert!(pool.join(Duration::MAX).is_complete());
        assert_eq!(pool.metrics().places_taken, 0, "a place got lost between the two");
    });
}

#[test]
fn wake_of_a_queued_job_against_its_start() {
    explore("wake of a queued job against its start", Size::Lives, || {
        let pool = one_thread().build();
        let job = pool.spawn(|| 7).expect("a model has threads enough");
        job.task().wake_by_ref();
        assert_eq!(block_on(job).expect("a wake by hand cancelled it"), 7);
        assert!(pool.join(Duration::MAX).is_complete());
    });
}

#[test]
fn wake_and_abort_of_a_job_against_its_start() {
    explore("wake and abort of a job against its start", Size::Lives, || {
        let pool = one_thread().build();
        let tally = Tally::new();
        let held = tally.witness();
        let job = pool.spawn(move || drop(held)).expect("a model has threads enough");
        let task = job.task().clone();
        let wakes = thread::spawn(move || task.wake_by_ref());
        job.abort();
        // A Task that nobody looks for is a joiner that waits for ever.
        let _ = block_on(job);
        wakes.join().expect("no panic");
        assert_eq!(tally.dropped(), 1, "the closure leaked, or went twice");
        assert!(pool.join(Duration::MAX).is_complete());
        assert_eq!(pool.metrics().places_taken, 0, "a place got lost among the three");
    });
}

fn poll(reserve: &mut Reserve) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    Pin::new(reserve).poll(&mut cx).is_ready()
}

#[test]
fn hand_over_of_a_place_against_who_leaves_the_line() {
    explore("hand-over of a place against who leaves the line", Size::Steps, || {
        let pool = one_thread().capacity(1).build();
        let permit = block_on(pool.reserve()).expect("it is open");
        let (mut first, mut second) = (pool.reserve(), pool.reserve());
        assert!(!poll(&mut first) && !poll(&mut second));
        let giver = thread::spawn(move || drop(permit));
        drop(first);
        // A place that went to the first is lost: nobody wakes the second any more.
        drop(block_on(second).expect("it is open"));
        giver.join().expect("no panic");
        let metrics = pool.metrics();
        assert_eq!((metrics.places_taken, metrics.waiting_for_a_place), (0, 0));
    });
}

#[test]
fn hand_over_of_a_place_against_a_new_waker() {
    explore("hand-over of a place against a new waker", Size::Steps, || {
        let pool = one_thread().capacity(1).build();
        let permit = block_on(pool.reserve()).expect("it is open");
        let mut waiting = pool.reserve();
        assert!(!poll(&mut waiting));
        let giver = thread::spawn(move || drop(permit));
        // With the waker of `block_on` in place of the one that does nothing.
        drop(block_on(waiting).expect("it is open"));
        giver.join().expect("no panic");
    });
}

#[test]
fn a_refused_thread_against_a_push_that_counts_on_it() {
    explore("a refused thread against a push that counts on it", Size::Lives, || {
        let asked = Counter::new(0);
        let spawner: Spawner = Arc::new(move |builder, body| {
            thread::yield_now();
            match asked.fetch_add(1, Ordering::Relaxed) {
                0 => Err(io::Error::from(io::ErrorKind::WouldBlock)),
                _ => builder.spawn(body),
            }
        });
        let pool = one_thread().spawner(spawner).build();
        let push = |pool: &Pool| match pool.spawn(|| ()) {
            // Let in, it must run, whatever becomes of the thread that somebody else asked for.
            Ok(job) => {
                block_on(job).expect("it runs");
                0
            }
            Err(_) => 1,
        };
        let other = pool.clone();
        let pusher = thread::spawn(move || push(&other));
        let refused = push(&pool) + pusher.join().expect("no panic");
        assert_eq!(refused, 1, "one thread was refused");
        assert!(pool.join(Duration::MAX).is_complete());
    });
}

#[test]
fn join_against_the_end_of_a_thread() {
    explore("join against the end of a thread", Size::Lives, || {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let pool = one_thread()
            .around(move |life| {
                life();
                over.store(true, Ordering::Relaxed);
            })
            .build();
        drop(pool.spawn(|| ()).expect("a model has threads enough"));
        let report = pool.join(Duration::MAX);
        assert!(report.is_complete() && report.threads_ended == 1, "{report:?}");
        assert!(is_over.load(Ordering::Relaxed), "a thread that was joined is not over");
    });
}
