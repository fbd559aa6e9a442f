//! Tasks come, end in every way, and take their runtimes with them: the sum holds at every look.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rt::metrics::{RuntimeMetrics, Snapshot};
use rt::runtime::{Builder, Runtime};
use rt::task::{self, yield_now};
use rt_testkit::within;

/// A second, or ten if the whole of it is asked for.
fn duration() -> Duration {
    Duration::from_secs(if std::env::var_os("RT_FULL").is_some() { 10 } else { 1 })
}

fn assert_sum(snapshot: &Snapshot) {
    let tally = snapshot.tasks;
    let sum = tally.completed + tally.cancelled + tally.panicked + tally.alive;
    assert_eq!(tally.spawned, sum, "tasks are lost, or counted twice: {snapshot}");
}

/// Ends in each of the ways in which a task can.
async fn one_of(number: u32) {
    match number % 7 {
        0 => {}
        1 => yield_now().await,
        2 => std::panic::resume_unwind(Box::new("oh")),
        3 => rt::time::sleep(Duration::from_micros(50)).await,
        4 => {
            let aborted = rt::spawn(pending::<()>());
            if number.is_multiple_of(2) {
                yield_now().await;
            }
            aborted.abort();
        }
        5 => drop(task::spawn_local(yield_now()).await),
        _ => drop(rt::spawn_blocking(|| {}).await),
    }
}

/// Spawns until it is told to stop, from inside and from outside, and ends the runtime in the middle of it.
fn one_life(runtime: Runtime, round: u32) {
    let handle = runtime.handle().clone();
    let (stop, go_on) = (Arc::new(AtomicBool::new(false)), Duration::from_millis(30));
    let outside = thread::spawn({
        let stop = stop.clone();
        move || {
            let mut number = round;
            while !stop.load(Ordering::Relaxed) {
                let task = handle.spawn(one_of(number));
                if number.is_multiple_of(3) {
                    task.abort();
                }
                number += 1;
            }
        }
    });
    let roots = runtime.handle().clone();
    let root = thread::spawn(move || {
        for number in 0..20 {
            roots.block_on(async move {
                drop(task::spawn_local(pending::<()>()));
                drop(task::spawn_local(one_of(number)).await);
            });
        }
    });
    runtime.block_on(async {
        let start = Instant::now();
        let mut number = 0;
        while start.elapsed() < go_on {
            drop(rt::spawn(one_of(number)));
            drop(task::spawn_local(one_of(number)));
            yield_now().await;
            number += 1;
        }
    });
    if round.is_multiple_of(2) {
        runtime.shutdown_background();
    } else {
        drop(runtime);
    }
    stop.store(true, Ordering::Relaxed);
    outside.join().unwrap();
    root.join().unwrap();
}

#[test]
fn the_sum_holds_at_every_look_whatever_happens() {
    within(Duration::from_secs(120), || {
        let (all, is_over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let looks = Arc::new(AtomicU64::new(0));
        let readers = [(); 2].map(|()| {
            let (all, is_over, looks) = (all.clone(), is_over.clone(), looks.clone());
            thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let here: Vec<RuntimeMetrics> = all.lock().unwrap().clone();
                    for metrics in here {
                        assert_sum(&metrics.snapshot());
                        looks.fetch_add(1, Ordering::Relaxed);
                    }
                    thread::yield_now();
                }
            })
        });
        let (start, mut round) = (Instant::now(), 0);
        while start.elapsed() < duration() || looks.load(Ordering::Relaxed) < 1000 {
            let mut builder = match round % 3 {
                0 => Builder::new_current_thread(),
                _ => Builder::new_multi_thread(),
            };
            let runtime = builder.worker_threads(2).build().unwrap();
            all.lock().unwrap().push(runtime.metrics());
            one_life(runtime, round);
            round += 1;
            let mut all = all.lock().unwrap();
            if all.len() > 3 {
                all.remove(0);
            }
        }
        is_over.store(true, Ordering::Relaxed);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        println!("{round} runtimes, {looks:?} looks");
        for metrics in all.lock().unwrap().drain(..) {
            assert_sum(&metrics.snapshot());
        }
    });
}

#[test]
fn after_the_end_nobody_is_alive_and_the_workers_have_polled_what_has_ended() {
    within(Duration::from_secs(60), || {
        for round in 0..20 {
            let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
            let metrics = runtime.metrics();
            runtime.block_on(async {
                let tasks: Vec<_> = (0..100).map(|number| rt::spawn(one_of(number))).collect();
                for task in tasks {
                    drop(task.await);
                }
                drop([(); 10].map(|()| rt::spawn(pending::<()>())));
            });
            drop(runtime);
            let snapshot = metrics.snapshot();
            let (tally, total) = (snapshot.tasks, snapshot.total());
            assert_eq!(tally.alive, 0, "in round {round}: {snapshot}");
            let polled = (total.completed, total.panicked, total.cancelled);
            let ended = (tally.completed, tally.panicked, tally.cancelled);
            assert_eq!(
                polled, ended,
                "each end is a poll of somebody's, in round {round}: {snapshot}"
            );
        }
    });
}
