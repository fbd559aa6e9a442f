//! The threads: what they are called, how they live, when they end, and what they leave behind.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rt_blocking::{Config, Pool};
use rt_toy::block_on;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

/// Until the pool looks so: others do what has to be done for it.
fn until(pool: &Pool, is_so: impl Fn(&rt_blocking::Metrics) -> bool) {
    while !is_so(&pool.metrics()) {
        thread::yield_now();
    }
}

/// Threads of this process with this name.
fn named(name: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|text| text.trim_end() == name).count()
}

#[test]
fn threads_have_the_name_and_the_stack_that_was_asked_for() {
    // More than the 2 MiB that std takes.
    const DEEP: usize = 12 << 20;
    #[inline(never)]
    fn fill(left: usize) -> usize {
        let block = std::hint::black_box([1_u8; 4096]);
        if left == 0 { 0 } else { fill(left - 1) + usize::from(block[left % 4096]) }
    }
    within(|| {
        let pool = Config::new().thread_name("deep").stack_size(4 * DEEP).build();
        let job = pool.spawn(|| (thread::current().name().map(str::to_owned), fill(DEEP / 4096)));
        let (name, depth) = block_on(job.unwrap()).unwrap();
        assert_eq!((name.as_deref(), depth), (Some("deep"), DEEP / 4096));
    });
}

#[test]
fn a_thread_without_a_job_ends_after_the_keep_alive_and_not_before() {
    within(|| {
        let keep_alive = Duration::from_millis(50);
        let pool = Config::new().keep_alive(keep_alive).build();
        let began = Instant::now();
        block_on(pool.spawn(|| ()).unwrap()).unwrap();
        until(&pool, |metrics| metrics.threads_ended == 1);
        assert!(began.elapsed() >= keep_alive, "it ended early");
        assert_eq!(pool.metrics().threads, 0);
        block_on(pool.spawn(|| ()).unwrap()).expect("a pool without threads starts one again");
    });
}

#[test]
fn threads_that_are_idle_can_be_sent_away() {
    within(|| {
        let pool = Config::new().keep_alive(Duration::MAX).build();
        let (gate, wait) = channel::<()>();
        let busy = pool.spawn(move || wait.recv().unwrap_or(())).unwrap();
        block_on(pool.spawn(|| ()).unwrap()).unwrap();
        until(&pool, |metrics| metrics.idle_threads == 1);
        pool.retire_idle();
        until(&pool, |metrics| metrics.threads_ended == 1);
        assert_eq!(pool.metrics().threads, 1, "a thread with a job was sent away");
        drop(gate);
        block_on(busy).unwrap();
    });
}

#[test]
fn a_keep_alive_of_zero_loses_no_job() {
    within(|| {
        let pool = Config::new().max_threads(2).keep_alive(Duration::ZERO).build();
        for number in 0..5_000 {
            let job = pool.spawn(move || number).unwrap();
            assert_eq!(block_on(job).unwrap(), number);
        }
        assert!(pool.join(Duration::MAX).is_complete());
    });
}

#[test]
fn retiring_threads_race_with_jobs_and_none_is_lost() {
    within(|| {
        let pool = Config::new().max_threads(3).build();
        let spawners: Vec<_> = (0..2)
            .map(|_| {
                let pool = pool.clone();
                thread::spawn(move || {
                    for number in 0..3_000 {
                        let job = pool.spawn(move || number).unwrap();
                        pool.retire_idle();
                        assert_eq!(block_on(job).unwrap(), number);
                    }
                })
            })
            .collect();
        spawners.into_iter().for_each(|spawner| spawner.join().unwrap());
    });
}

#[test]
fn the_hook_runs_around_the_whole_life_of_each_thread() {
    within(|| {
        let events = Arc::new(Mutex::new(Vec::new()));
        let told = events.clone();
        let pool = Config::new()
            .around(move |life| {
                told.lock().unwrap().push("start");
                life();
                told.lock().unwrap().push("stop");
            })
            .build();
        for _ in 0..2 {
            let told = events.clone();
            block_on(pool.spawn(move || told.lock().unwrap().push("job")).unwrap()).unwrap();
            until(&pool, |metrics| metrics.idle_threads == 1);
        }
        assert_eq!(*events.lock().unwrap(), ["start", "job", "job"]);
        pool.join(Duration::MAX);
        assert_eq!(*events.lock().unwrap(), ["start", "job", "job", "stop"]);
    });
}

#[test]
fn a_place_that_a_hook_holds_up_is_not_counted_as_a_thread() {
    within(|| {
        // The end of a thread waits in the hook; its successor must not wait for it.
        let (gate, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        let lives = AtomicUsize::new(0);
        let pool = Config::new()
            .max_threads(1)
            .around(move |life| {
                life();
                if lives.fetch_add(1, Ordering::Relaxed) == 0 {
                    let _opened = wait.lock().unwrap().recv();
                }
            })
            .build();
        block_on(pool.spawn(|| ()).unwrap()).unwrap();
        until(&pool, |metrics| metrics.idle_threads == 1);
        pool.retire_idle();
        until(&pool, |metrics| metrics.threads == 0);
        block_on(pool.spawn(|| ()).unwrap()).unwrap();
        drop(gate);
        assert!(pool.join(Duration::MAX).is_complete());
    });
}

#[test]
fn a_thread_that_is_held_up_at_its_start_holds_up_no_job() {
    within(|| {
        let (gate, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        let lives = AtomicUsize::new(0);
        let pool = Config::new()
            .max_threads(2)
            .around(move |life| {
                if lives.fetch_add(1, Ordering::Relaxed) == 1 {
                    let _opened = wait.lock().unwrap().recv();
                }
                life();
            })
            .build();
        let (first_gate, first_wait) = channel::<()>();
        let (runs, has_begun) = channel();
        let first = pool.spawn(move || {
            runs.send(()).unwrap();
            first_wait.recv().unwrap_or(())
        });
        has_begun.recv().unwrap();
        // Starts the thread that is held up.
        let second = pool.spawn(|| ()).unwrap();
        drop(first_gate);
        block_on(first.unwrap()).unwrap();
        block_on(second).unwrap();
        for _ in 0..100 {
            block_on(pool.spawn(|| ()).unwrap()).expect("it waits for the wrong thread");
        }
        drop(gate);
        assert!(pool.join(Duration::MAX).is_complete());
    });
}

#[test]
fn the_threads_of_a_pool_are_gone_after_join() {
    within(|| {
        let pool = Config::new().thread_name("bl-gone").build();
        let barrier = Arc::new(Barrier::new(9));
        let jobs: Vec<_> = (0..8)
            .map(|_| {
                let barrier = barrier.clone();
                pool.spawn(move || {
                    barrier.wait();
                })
                .unwrap()
            })
            .collect();
        assert_eq!(pool.metrics().threads, 8);
        barrier.wait();
        jobs.into_iter().for_each(|job| block_on(job).unwrap());
        let report = pool.join(Duration::MAX);
        assert_eq!((report.threads_ended, report.threads_left), (8, 0));
        // The kernel lists a thread for a moment after it has told who joins it.
        while named("bl-gone") > 0 {
            thread::yield_now();
        }
    });
}

#[test]
fn the_threads_of_a_pool_are_gone_some_time_after_its_last_handle() {
    within(|| {
        let pool = Config::new().thread_name("bl-dropped").build();
        block_on(pool.spawn(|| ()).unwrap()).unwrap();
        drop(pool);
        while named("bl-dropped") > 0 {
            thread::yield_now();
        }
    });
}

/// How many pages of memory the process has mapped: a thread that is over and neither joined nor
/// detached keeps its stack.
fn mapped_pages() -> usize {
    let text = fs::read_to_string("/proc/self/statm").expect("Linux");
    text.split(' ').next().and_then(|pages| pages.parse().ok()).expect("a number")
}

#[test]
fn a_pool_that_starts_and_retires_threads_without_end_keeps_none_of_them() {
    within(|| {
        let starts = if std::env::var_os("RT_FULL").is_some() { 1_000_000 } else { 5_000 };
        let deadline = Instant::now() + Duration::from_secs(50);
        let pool = Config::new().max_threads(1).keep_alive(Duration::ZERO).build();
        let one = |pool: &Pool| {
            block_on(pool.spawn(|| ()).unwrap()).unwrap();
            until(pool, |metrics| metrics.threads == 0);
        };
        (0..100).for_each(|_| one(&pool));
        let before = mapped_pages();
        for _ in 0..starts {
            one(&pool);
            if Instant::now() > deadline {
                break;
            }
        }
        let ended = pool.metrics().threads_ended as usize;
        let grown = mapped_pages().saturating_sub(before);
        // A stack is 512 pages. Other tests of this process run meanwhile.
        assert!(ended > 1_000 && grown < 512 * ended / 10, "{grown} pages after {ended} threads");
    });
}
