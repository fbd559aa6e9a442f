//! Chapter 10: what a trace keeps. Each thread has a ring of its own, bounded.

use std::future::pending;
use std::thread;
use std::time::Duration;

use rt_metrics::trace::{Event, Trace, What, record_here};
use rt_testkit::within;

#[path = "trace/stage.rs"]
mod stage;

use stage::{Stage, alone};

const LIMIT: Duration = Duration::from_secs(60);

/// What happened on a thread of that name.
fn of<'a>(trace: &Trace, events: &'a [Event], name: &str) -> Vec<&'a Event> {
    let threads = trace.threads();
    let thread = threads.iter().find(|thread| thread.name.as_deref() == Some(name));
    let number = thread.unwrap_or_else(|| panic!("no thread {name}: {threads:?}")).number;
    events.iter().filter(|event| event.thread == number).collect()
}

/// On a thread of that name, which has ended when this returns.
fn on_thread(name: &str, body: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name.to_owned()).spawn(body).unwrap().join().unwrap();
}

#[test]
fn a_thread_that_has_much_to_say_drops_its_own_oldest_events_and_nobody_elses() {
    let _alone = alone();
    within(LIMIT, || {
        let trace = Trace::new(4);
        let (quiet, loud) = (trace.clone(), trace.clone());
        on_thread("quiet", move || quiet.record(None, None, What::Parking));
        on_thread("loud", move || {
            (0..10).for_each(|count| loud.record(None, None, What::Stolen(count)));
        });
        let events = trace.events();
        assert_eq!(of(&trace, &events, "quiet").len(), 1, "the quiet thread's event was dropped");
        let kept: Vec<What> = of(&trace, &events, "loud").iter().map(|event| event.what).collect();
        assert_eq!(kept, [6, 7, 8, 9].map(What::Stolen), "not the last four, in their order");
        assert_eq!(trace.dropped(), 6, "what was dropped is counted");
        let dropped: Vec<u64> = trace.threads().iter().map(|thread| thread.dropped).collect();
        assert_eq!(dropped, [0, 6], "and for each thread");
    });
}

#[test]
fn events_of_several_threads_are_put_in_the_order_of_time() {
    let _alone = alone();
    within(LIMIT, || {
        let trace = Trace::new(100);
        for round in 0..10 {
            let there = trace.clone();
            trace.record(None, None, What::Stolen(2 * round));
            on_thread("other", move || there.record(None, None, What::Stolen(2 * round + 1)));
        }
        let seen: Vec<What> = trace.events().iter().map(|event| event.what).collect();
        assert_eq!(seen, (0..20).map(What::Stolen).collect::<Vec<_>>());
    });
}

#[test]
fn a_worker_is_known_by_its_number_in_all_that_happens_on_its_thread() {
    let _alone = alone();
    within(LIMIT, || {
        let trace = Trace::new(100);
        let there = trace.clone();
        on_thread("some name", move || {
            record_here(What::TimerCancelled);
            there.record(None, Some(7), What::Parking);
            record_here(What::TimersFired(1));
        });
        let workers: Vec<_> = trace.events().iter().map(|event| event.worker).collect();
        assert_eq!(workers, [Some(7); 3]);
    });
}

#[test]
fn threads_that_come_and_go_do_not_fill_the_memory() {
    let _alone = alone();
    within(LIMIT, || {
        let trace = Trace::new(10);
        trace.record(None, None, What::Parking);
        for _ in 0..200 {
            let there = trace.clone();
            on_thread("fleeting", move || there.record(None, None, What::Parking));
        }
        assert!(trace.threads().len() <= 66, "{} rings are kept", trace.threads().len());
        assert_eq!(trace.events().len() as u64 + trace.dropped(), 201, "an event was not counted");
        assert!(trace.threads()[0].name.as_deref() != Some("fleeting"), "this thread still lives");
    });
}

#[test]
fn a_task_that_lives_long_keeps_its_name_and_of_those_that_ended_the_last_do() {
    let _alone = alone();
    within(LIMIT, || {
        let stage = Stage::new(3);
        let long = stage.spawn("long", pending::<()>());
        for number in 0..20 {
            drop(stage.spawn(&format!("short {number}"), async {}));
        }
        stage.run();
        let names: Vec<_> = stage.trace.tasks().into_iter().filter_map(|who| who.name).collect();
        assert_eq!(names, ["long", "short 17", "short 18", "short 19"]);
        drop(long);
    });
}

#[test]
fn traces_come_and_go_and_each_has_what_happened_in_its_time() {
    let _alone = alone();
    within(LIMIT, || {
        let first = Trace::new(100);
        record_here(What::Parking);
        let second = Trace::new(100);
        record_here(What::Parked);
        assert_eq!((first.events().len(), second.events().len()), (2, 1));
        drop(first);
        record_here(What::Parking);
        assert_eq!(second.events().len(), 2, "the end of a trace is no concern of another");
        second.record(None, Some(0), What::Stolen(1));
        assert_eq!(second.events().len(), 3);
    });
}

#[test]
fn what_happens_while_a_thread_ends_is_recorded_too() {
    struct Last(Trace);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.record(None, None, What::Parking);
            record_here(What::Parked);
        }
    }
    thread_local!(static LAST: std::cell::RefCell<Option<Last>> = const { std::cell::RefCell::new(None) });
    let _alone = alone();
    within(LIMIT, || {
        let trace = Trace::new(100);
        let there = trace.clone();
        // Thread-locals are destroyed in an order that nobody promises: whichever it is, nothing is lost.
        on_thread("ends", move || {
            LAST.set(Some(Last(there.clone())));
            there.record(None, None, What::Stolen(1));
        });
        assert_eq!(trace.events().len(), 3, "{:?}", trace.events());
    });
}
