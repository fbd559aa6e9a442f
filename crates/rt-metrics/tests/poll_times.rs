//! Who measures polls, and what is kept of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rt_metrics::{PollTimer, PollTimes};
use rt_task::{Builder, Priority, Task};
use rt_testkit::{ByHand, poll, within};

const LIMIT: Duration = Duration::from_secs(60);

/// A task whose poll takes so long.
fn spawn(builder: Builder<'_>, time: Duration) -> Task {
    let (task, _handle) = builder.spawn(async move { thread::sleep(time) }, ByHand::new());
    task.expect("only a closed list refuses")
}

/// As a probe does it.
fn measure(timer: &mut PollTimer, task: Task, delay: Option<Duration>) {
    timer.polling(&task, delay);
    let _completed = poll(task);
    timer.polled();
}

#[test]
fn polls_and_delays_are_kept_by_place_class_and_worker() {
    within(LIMIT, || {
        let moment = Duration::from_millis(3);
        let times = Arc::new(PollTimes::new());
        let mut timer = PollTimer::new(times.clone());
        timer.sit(Some(1));
        let builder = Builder::new();
        measure(&mut timer, spawn(builder, moment), Some(Duration::from_micros(7)));
        measure(&mut timer, spawn(builder, moment), None);
        measure(&mut timer, spawn(builder.priority(Priority::Low), moment), None);
        measure(&mut timer, spawn(Builder::new(), Duration::ZERO), None);
        let places = times.read();
        assert_eq!(places.len(), 3, "{places}");
        let first = &places[0];
        assert_eq!((first.class, first.worker, first.polls()), (Priority::Normal, Some(1), 2));
        assert!(first.poll_time.sum() >= 2 * moment, "{places}");
        assert_eq!((first.delay.count(), first.delay.max()), (1, Duration::from_micros(7)));
        assert_eq!((places[1].class, places[1].polls()), (Priority::Low, 1), "{places}");
        assert!(places[2].poll_time.max() < moment, "the quick ones come last: {places}");
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
                measure(&mut timer, spawn(builder, Duration::ZERO), None);
                let mut other = timer.clone(); // measures for itself, and for the same worker
                measure(&mut other, spawn(builder, Duration::ZERO), None);
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
        measure(&mut timer, spawn(builder, Duration::ZERO), None);
        for name in ["one", "two", "one", "three", "four"] {
            measure(&mut timer, spawn(builder.name(name), Duration::ZERO), None);
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
                    measure(&mut timer, spawn(builder, Duration::ZERO), None);
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
