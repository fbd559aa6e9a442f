//! Chapter 10: how long a worker was busy. It is told while that goes on, and it never becomes less.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rt_metrics::{Meter, Roster};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(2);

/// Lets time go by, and is at work meanwhile.
fn pass(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}

fn seated(roster: &Arc<Roster>, desk: usize) -> Meter {
    let mut meter = Meter::new(roster.clone());
    meter.sit(Some(desk));
    meter
}

fn busy(roster: &Roster, desk: usize) -> Duration {
    roster.read().0[desk].busy
}

#[test]
fn who_sits_down_is_busy_and_who_rests_is_not() {
    within(LIMIT, || {
        let (start, roster) = (Instant::now(), Arc::new(Roster::new(1)));
        let meter = seated(&roster, 0);
        pass(MOMENT);
        meter.rest();
        let first = busy(&roster, 0);
        assert!(first >= MOMENT, "it worked for {MOMENT:?}, and was busy for {first:?}");
        assert!(first <= start.elapsed(), "it was busy for longer than it was there");
        pass(MOMENT);
        assert_eq!(busy(&roster, 0), first, "it was busy while it rested");
        drop(meter);
        assert_eq!(busy(&roster, 0), first, "it was busy after its end");
    });
}

#[test]
fn how_long_a_worker_is_busy_is_seen_while_that_goes_on() {
    within(LIMIT, || {
        let roster = Arc::new(Roster::new(1));
        let _meter = seated(&roster, 0);
        pass(MOMENT);
        let first = busy(&roster, 0);
        assert!(first >= MOMENT, "a poll that goes on is not seen: {first:?}");
        pass(MOMENT);
        assert!(busy(&roster, 0) >= first + MOMENT, "a poll that goes on stands still");
    });
}

#[test]
fn what_was_before_a_rest_is_not_forgotten() {
    within(LIMIT, || {
        let (start, roster) = (Instant::now(), Arc::new(Roster::new(1)));
        let meter = seated(&roster, 0);
        for _ in 0..5 {
            meter.wake();
            pass(MOMENT);
            meter.wake(); // it is awake already
            meter.rest();
            meter.rest();
        }
        meter.wake();
        let all = busy(&roster, 0);
        assert!(all >= 5 * MOMENT, "five times {MOMENT:?} are {all:?}");
        assert!(all <= start.elapsed(), "it was busy for longer than it was there");
    });
}

#[test]
fn who_changes_desks_is_busy_at_the_new_one_from_then_on() {
    within(LIMIT, || {
        let roster = Arc::new(Roster::new(2));
        let mut meter = seated(&roster, 0);
        pass(MOMENT);
        let moved = Instant::now();
        meter.sit(Some(1));
        let there = busy(&roster, 0);
        assert!(there >= MOMENT, "what it did at its first desk is lost");
        pass(MOMENT);
        let here = busy(&roster, 1);
        assert!(
            MOMENT <= here && here <= moved.elapsed(),
            "at the new desk it was busy for {here:?}"
        );
        assert_eq!(busy(&roster, 0), there, "nobody works at the first desk");
    });
}

#[test]
fn busy_time_never_goes_back_for_who_looks_while_it_changes() {
    within(LIMIT, || {
        let (roster, is_over) = (Arc::new(Roster::new(1)), Arc::new(AtomicBool::new(false)));
        let worker = thread::spawn({
            let (roster, is_over) = (roster.clone(), is_over.clone());
            move || {
                let meter = seated(&roster, 0);
                while !is_over.load(Ordering::Relaxed) {
                    meter.wake();
                    meter.rest();
                    // Long enough for who looks to look twice.
                    (0..200).for_each(|_| spin_loop());
                }
            }
        });
        // Until the two threads have met often enough: on a busy machine they take turns for long.
        let (mut before, mut changes, mut is_right) = (Duration::ZERO, 0, true);
        let start = Instant::now();
        while changes < 20_000 && start.elapsed() < Duration::from_secs(5) {
            let now = busy(&roster, 0);
            is_right &= now >= before;
            changes += u32::from(now != before);
            before = now;
        }
        is_over.store(true, Ordering::Relaxed);
        worker.join().unwrap();
        assert!(
            is_right,
            "a graph of the busy time goes down, and a scraper takes that for a restart"
        );
    });
}
