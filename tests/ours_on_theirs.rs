//! Our timers and join handles on executors that nobody here wrote, and ours.

use std::future::pending;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::channel::oneshot;
use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;
use rt::runtime::Runtime;
use rt::task::JoinSet;
use rt::time::{Timer, interval, sleep, timeout};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);
const MILLI: Duration = Duration::from_millis(1);

/// Runs a body under each of three executors.
fn everywhere(body: impl AsyncFn() + Send + 'static) {
    within(LIMIT, move || {
        futures::executor::block_on(body());
        pollster::block_on(body());
        rt::parts::executor::block_on(body());
    });
}

#[test]
fn a_timer_works_without_a_runtime_and_is_not_early() {
    everywhere(async || {
        let start = Instant::now();
        sleep(3 * MILLI).await;
        assert!(start.elapsed() >= 3 * MILLI);
        sleep(Duration::ZERO).await;
    });
}

#[test]
fn a_timeout_works_without_a_runtime() {
    everywhere(async || {
        assert!(timeout(2 * MILLI, pending::<()>()).await.is_err());
        assert_eq!(timeout(Duration::MAX, async { 1 }).await, Ok(1));
        assert!(timeout(3600 * 1000 * MILLI, sleep(MILLI)).await.is_ok());
    });
}

#[test]
fn an_interval_works_without_a_runtime() {
    everywhere(async || {
        let start = Instant::now();
        let mut interval = interval(2 * MILLI);
        for _ in 0..4 {
            interval.tick().await;
        }
        assert!(start.elapsed() >= 6 * MILLI, "four ticks are three periods");
    });
}

#[test]
fn a_timer_may_be_reset_without_a_runtime() {
    everywhere(async || {
        let start = rt::time::Instant::now();
        let mut timer = Timer::after(Duration::from_secs(3600));
        assert!((&mut timer).now_or_never().is_none());
        timer.reset(start + 3 * MILLI);
        timer.await;
        assert!(start.elapsed() >= 3 * MILLI);
    });
}

#[test]
fn a_join_handle_is_awaited_under_another_executor() {
    within(LIMIT, || {
        let runtime = Runtime::new().unwrap();
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let driver = thread::spawn(move || runtime.block_on(stopped));
        assert_eq!(pollster::block_on(handle.spawn(async { 1 })).unwrap(), 1);
        let slept = handle.spawn(async {
            sleep(MILLI).await;
            2
        });
        assert_eq!(futures::executor::block_on(slept).unwrap(), 2);
        let endless = handle.spawn(pending::<()>());
        endless.abort();
        assert!(pollster::block_on(endless).unwrap_err().is_cancelled());
        let mut set = JoinSet::new();
        for number in 0..10 {
            set.spawn_on(async move { number }, &handle);
        }
        assert_eq!(pollster::block_on(set.join_all()).into_iter().sum::<u32>(), 45);
        stop.send(()).unwrap();
        driver.join().unwrap().unwrap();
    });
}

#[test]
fn the_runtime_of_a_join_handle_may_end_while_another_executor_waits_for_it() {
    within(LIMIT, || {
        let runtime = Runtime::new().unwrap();
        let endless = runtime.spawn(pending::<()>());
        let (waits, is_waiting) = mpsc::channel();
        let waiting = thread::spawn(move || {
            waits.send(()).unwrap();
            pollster::block_on(endless)
        });
        is_waiting.recv().unwrap();
        drop(runtime);
        assert!(waiting.join().unwrap().unwrap_err().is_cancelled());
    });
}

#[test]
fn tasks_of_a_local_pool_use_our_timers() {
    within(LIMIT, || {
        let mut pool = LocalPool::new();
        let spawner = pool.spawner();
        let handles: Vec<_> = (1..=10)
            .map(|number| {
                let task = async move {
                    sleep(number * MILLI / 2).await;
                    number
                };
                spawner.spawn_local_with_handle(task).unwrap()
            })
            .collect();
        let sum: u32 = pool.run_until(futures::future::join_all(handles)).into_iter().sum();
        assert_eq!(sum, 55);
    });
}

#[test]
fn many_threads_share_the_timers_outside_of_a_runtime() {
    within(LIMIT, || {
        let threads: Vec<_> = (0..8_u64)
            .map(|thread| {
                thread::spawn(move || {
                    (0..100).all(|round| {
                        let start = Instant::now();
                        let duration = Duration::from_micros((thread * 100 + round) * 17 % 700);
                        pollster::block_on(sleep(duration));
                        start.elapsed() >= duration
                    })
                })
            })
            .collect();
        for thread in threads {
            assert!(thread.join().unwrap(), "a timer was early");
        }
    });
}

#[test]
fn a_timer_moves_between_executors() {
    within(LIMIT, || {
        let start = Instant::now();
        let mut timer = sleep(5 * MILLI);
        for _ in 0..2 {
            assert!(pollster::block_on(async { (&mut timer).now_or_never().is_none() }));
        }
        rt::block_on(timer);
        assert!(start.elapsed() >= 5 * MILLI);
    });
}
