//! Models of what workers share beside their queues: the park, and the monitor's sleep.
//!
//! ```sh
//! RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-steal --test loom_team -- --nocapture
//! ```
#![cfg(rt_loom)]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;

use rt_steal::{Doze, Shared};
use rt_task::sync::{AtomicBool, Ordering, thread};
use rt_waker::{Park, Parker, WakeBatch};

/// Explores to the end, however long that takes, and says how much it was.
fn explore(name: &str, threads: usize, model: impl Fn() + Send + Sync + 'static) {
    let bound = if threads < 3 { None } else { Some(3) };
    let executions = Arc::new(Counter::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    builder.max_duration = None;
    builder.max_permutations = None;
    let counted = executions.clone();
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let executions = executions.load(Ordering::Relaxed);
    let bound = bound.map_or("none".to_owned(), |bound| bound.to_string());
    println!("{name}: {threads} threads, {executions} executions, preemption bound {bound}");
    assert!(executions > 1, "the threads of {name} never met");
}

/// Parks until the flag is set.
fn wait_for(flag: &AtomicBool, park: &mut impl Park) {
    let mut ready = WakeBatch::new();
    while !flag.load(Ordering::Relaxed) {
        park.park(None, &mut ready);
    }
}

#[test]
fn a_wake_reaches_a_thread_that_takes_the_park() {
    explore("wake against taking the park", 2, || {
        let mut park = Shared::new(Parker::new());
        let flag = Arc::new(AtomicBool::new(false));
        let (waker, is_set) = (park.waker(), flag.clone());
        let other = thread::spawn(move || {
            is_set.store(true, Ordering::Relaxed);
            waker.wake();
        });
        // A wake that is lost is a deadlock here.
        wait_for(&flag, &mut park);
        other.join().unwrap();
    });
}

#[test]
fn a_wake_reaches_each_of_two_threads_wherever_they_wait() {
    explore("wakes against two that share a park", 3, || {
        let mut one = Shared::new(Parker::new());
        let mut two = one.another();
        let flags = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let (first, second) = (one.waker(), two.waker());
        let [mine, other] = flags.clone();
        let waits = thread::spawn(move || wait_for(&other, &mut two));
        let wakes = thread::spawn(move || {
            flags[1].store(true, Ordering::Relaxed);
            second.wake();
            flags[0].store(true, Ordering::Relaxed);
            first.wake();
        });
        wait_for(&mine, &mut one);
        waits.join().unwrap();
        wakes.join().unwrap();
    });
}

#[test]
fn the_monitor_does_not_sleep_while_somebody_is_active() {
    explore("stir against the monitor's sleep", 2, || {
        let parker = Parker::new();
        let doze = Arc::new(Doze::new(parker.unparker()));
        let is_active = Arc::new(AtomicBool::new(false));
        let (stirs, says) = (doze.clone(), is_active.clone());
        let other = thread::spawn(move || {
            says.store(true, Ordering::Relaxed);
            stirs.stir();
        });
        // Asleep for ever, it is a deadlock here.
        doze.sleep(&parker, || is_active.load(Ordering::Relaxed));
        other.join().unwrap();
    });
}
