//! Who measures polls, and what is kept of that.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use rt_metrics::{PollTimer, PollTimes};
use rt_task::{Builder, Priority, Task};
use rt_testkit::{ByHand, within};

const LIMIT: Duration = Duration::from_secs(60);

/// A task whose first poll takes so long, and which is pending then.
fn spawn(builder: Builder<'_>, time: Duration) -> Task {
    let future = async move {
        thread::sleep(time);
        pending::<()>().await
    };
    let (task, _handle) = builder.measured(true).spawn(future, ByHand::new());
    task.expect("only a closed list refuses")
}

/// As a probe does it.
fn measure(timer: &mut PollTimer, task: Task) {
    let _pending = task.poll(|task, running| {
        let stats = task.stats().expect("it is measured");
        let poll = stats.measure(|| running.poll(&mut Context::from_waker(Waker::noop())));
        timer.record(task, poll);
    });
}

#[test]
fn polls_and_delays_are_kept_by_place_class_and_worker() {
    within(LIMIT, || {
        let moment = Duration::from_millis(3);
        let times = Arc::new(PollTimes::new());
        let mut timer = PollTimer::new(times.clone());
        timer.sit(Some(1));
        let builder = Builder::new();
        let late = spawn(builder, moment);
        thread::sleep(2 * moment);
        measure(&mut timer, late);
        measure(&mut timer, spawn(builder, moment));
        measure(&mut timer, spawn(builder.priority(Priority::Low), moment));
        measure(&mut timer, spawn(Builder::new(), Duration::ZERO));
        let places = times.read();
        assert_eq!(places.len(), 3, "{places}");
        let first = &places[0];
        assert_eq!((first.class, first.worker, first.polls()), (Priority::Normal, Some(1), 2));
        assert!(first.poll_time.sum() >= 2 * moment, "{places}");
        assert_eq!(first.delay.count(), 2, "{places}");
        assert!(first.delay.max() >= 2 * moment, "it waited since its spawn: {places}");
        assert_eq!((places[1].class, places[1].polls()), (Priority::Low, 1), "{places}");
        assert!(places[2].poll_time.max() < moment, "the quick ones come last: {places}");
    });
}

#[test]
fn a_poll_whose_wake_nobody_saw_has_no_delay() {
    within(LIMIT, || {
        let times = Arc::new(PollTimes::new());
        let mut timer = PollTimer::new(times.clone());
        let (hand, future) = (ByHand::new(), pending::<()>());
        let (task, handle) = Builder::new().measured(true).spawn(future, hand.clone());
        measure(&mut timer, task.expect("only a closed list refuses"));
        handle.abort(); // it is queued, and was not woken
        measure(&mut timer, hand.pop().expect("an abort queues it"));
        let places = times.read();
        assert_eq!((places[0].polls(), places[0].delay.count()), (2, 1), "{places}");
    });
}

#[test]
fn who_changes_desks_or_goes_leaves_what_was_measured() {
    within(LIMIT, || {
        let times = Arc::new(PollTimes::new());
        let builder = Builder::new();
        for _ in 0..2 {
            let mut timer = PollTimer::new(times.clone());
            for desk in [None, Some(0), Some(1)] {
                timer.sit(desk);
                measure(&mut timer, spawn(builder, Duration::ZERO));
                let mut other = timer.clone(); // measures for itself, and for the same worker
                measure(&mut other, spawn(builder, Duration::ZERO));
            }
        }
        let mut found: Vec<_> = times.read().iter().map(|row| (row.worker, row.polls())).collect();
        found.sort_unstable();
        assert_eq!(found, [(None, 4), (Some(0), 4), (Some(1), 4)]);
    });
}

#[test]
fn the_first_names_of_a_place_are_kept_each_once() {
    within(LIMIT, || {
        let times = Arc::new(PollTimes::new());
        let mut timer = PollTimer::new(times.clone());
        let builder = Builder::new();
        measure(&mut timer, spawn(builder, Duration::ZERO));
        for name in ["one", "two", "one", "three", "four"] {
            measure(&mut timer, spawn(builder.name(name), Duration::ZERO));
        }
        assert_eq!(times.read()[0].names, ["one", "two", "three"]);
        assert_eq!(times.read()[0].polls(), 6);
    });
}

#[test]
fn who_looks_while_others_measure_misses_nothing() {
    within(LIMIT, || {
        const POLLS: u64 = 2000;
        let (times, is_over) = (Arc::new(PollTimes::new()), Arc::new(AtomicBool::new(false)));
        let watcher = thread::spawn({
            let (times, is_over) = (times.clone(), is_over.clone());
            move || {
                let mut before = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let now = times.read().iter().map(|row| row.polls()).sum();
                    assert!(now >= before, "polls were forgotten: {now} after {before}");
                    before = now;
                }
            }
        });
        let builder = Builder::new();
        let threads = [0, 1].map(|desk| {
            let times = times.clone();
            thread::spawn(move || {
                let mut timer = PollTimer::new(times);
                for number in 0..POLLS {
                    timer.sit(Some((number as usize + desk) % 2));
                    measure(&mut timer, spawn(builder, Duration::ZERO));
                }
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        watcher.join().unwrap();
        let polls: u64 = times.read().iter().map(|row| row.polls()).sum();
        assert_eq!(polls, 2 * POLLS);
    });
}
