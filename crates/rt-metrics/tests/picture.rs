//! Chapter 10: from events to bars, wakes and marks.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use rt_metrics::trace::{Bar, Cause, Doing, Outcome, Picture, Trace, What};
use rt_task::{End, Id};
use rt_testkit::within;

#[path = "trace/stage.rs"]
mod stage;

use stage::{Stage, alone};

const LIMIT: Duration = Duration::from_secs(60);

fn name(picture: &Picture, bar: &Bar) -> String {
    bar.task.map_or_else(|| "-".to_owned(), |task| picture.tasks[task].label())
}

/// A task that waits, and what wakes it.
fn sleeper(stage: &Stage, name: &str) -> Arc<Mutex<Option<Waker>>> {
    let place = Arc::new(Mutex::new(None));
    let inside = place.clone();
    let mut is_second = false;
    let _detached = stage.spawn(
        name,
        poll_fn(move |cx| {
            *inside.lock().unwrap() = Some(cx.waker().clone());
            if std::mem::replace(&mut is_second, true) { Poll::Ready(()) } else { Poll::Pending }
        }),
    );
    place
}

fn wake(place: &Mutex<Option<Waker>>) {
    place.lock().unwrap().take().expect("it waits").wake();
}

#[test]
fn a_poll_is_a_bar_with_what_came_of_it_and_what_led_to_it() {
    let _alone = alone();
    within(LIMIT, || {
        let stage = Stage::new(100);
        let sleeps = sleeper(&stage, "sleeps");
        let other = sleeps.clone();
        stage.run();
        let _detached = stage.spawn("wakes", async move { wake(&other) });
        stage.run();
        let picture = stage.trace.picture();
        let seen: Vec<_> = picture
            .bars
            .iter()
            .map(|bar| {
                let wake = &picture.wakes[bar.wake.expect("something led to it")];
                let by = wake.by.map(|by| picture.tasks[by].label());
                (name(&picture, bar), bar.outcome, bar.ended, wake.cause, by)
            })
            .collect();
        let (pending, done) = (Some(Outcome::Pending), Some(Outcome::Done));
        let completed = Some(End::Completed);
        let expected = [
            ("sleeps".to_owned(), pending, None, Cause::Spawn, None),
            ("wakes".to_owned(), done, completed, Cause::Spawn, None),
            ("sleeps".to_owned(), done, completed, Cause::Wake, Some("wakes".to_owned())),
        ];
        assert_eq!(seen, expected);
        assert!(picture.bars.iter().all(|bar| bar.from <= bar.to && bar.to <= picture.span));
        assert_eq!(picture.tasks.len(), 2);
        assert!(picture.tasks.iter().all(|task| task.spawned.is_some() && task.ended.is_some()));
    });
}

#[test]
fn of_several_wakes_the_first_led_to_the_poll() {
    let _alone = alone();
    within(LIMIT, || {
        let stage = Stage::new(100);
        let sleeps = sleeper(&stage, "sleeps");
        stage.run();
        for name in ["first", "second"] {
            let waker = sleeps.lock().unwrap().clone().expect("it waits");
            let _detached = stage.spawn(name, async move { waker.wake() });
        }
        stage.run(); // "first", "second", and then "sleeps"
        let picture = stage.trace.picture();
        let bar = picture.bars.iter().rfind(|bar| name(&picture, bar) == "sleeps").unwrap();
        let wake = &picture.wakes[bar.wake.unwrap()];
        assert_eq!(picture.tasks[wake.by.unwrap()].label(), "first");
        let by = |name| picture.tasks.iter().position(|task| task.label() == name);
        assert!(picture.wakes.iter().any(|wake| wake.by == by("second")), "the other one is known");
    });
}

#[test]
fn who_is_woken_after_timers_fired_was_woken_by_a_timer() {
    let _alone = alone();
    within(LIMIT, || {
        for (what, cause) in [
            (What::TimersFired(1), Cause::Timer),
            (What::SocketsReady(1), Cause::Socket),
            (What::TimerCancelled, Cause::Wake),
        ] {
            let stage = Stage::new(100);
            let sleeps = sleeper(&stage, "sleeps");
            stage.run();
            stage.note(What::Parking);
            stage.note(what);
            stage.note(What::Parked);
            wake(&sleeps);
            stage.run();
            let woken: Vec<Cause> =
                stage.trace.picture().wakes.iter().map(|wake| wake.cause).collect();
            assert_eq!(woken, [Cause::Spawn, cause]);
        }
    });
}

#[test]
fn a_poll_inside_of_a_poll_is_a_bar_inside_of_a_bar() {
    let _alone = alone();
    within(LIMIT, || {
        let trace = Trace::new(100);
        let (outer, inner) = (Id::next(), Id::next());
        trace.record(Some(outer), None, What::Polling);
        trace.record(Some(inner), None, What::Polling);
        trace.record(None, None, What::Parking);
        trace.record(None, None, What::Parked);
        trace.record(Some(inner), None, What::Polled(Outcome::Done));
        trace.record(Some(outer), None, What::Polled(Outcome::Done));
        let picture = trace.picture();
        let [outer, inner, park] = &picture.bars[..] else { panic!("{:?}", picture.bars) };
        assert_eq!(park.doing, Doing::Park);
        assert!(outer.from <= inner.from && inner.from <= park.from);
        assert!(park.to <= inner.to && inner.to <= outer.to);
    });
}

#[test]
fn what_was_cut_off_is_drawn_as_far_as_it_was_seen() {
    let _alone = alone();
    within(LIMIT, || {
        let trace = Trace::new(4);
        let (cut, open) = (Id::next(), Id::next());
        trace.record(Some(cut), None, What::Polling); // dropped
        trace.record(None, None, What::Stolen(1));
        trace.record(Some(cut), None, What::Polled(Outcome::Pending));
        trace.record(Some(open), None, What::Polling);
        trace.record(None, None, What::Stolen(2));
        let picture = trace.picture();
        let [first, last] = &picture.bars[..] else { panic!("{:?}", picture.bars) };
        assert_eq!((first.from, first.outcome), (0, Some(Outcome::Pending)));
        assert_eq!((last.to, last.outcome), (picture.span, None));
        assert_eq!(picture.dropped, 1);
    });
}

#[test]
fn a_job_that_blocks_is_a_bar_on_the_thread_that_ran_it() {
    let _alone = alone();
    within(LIMIT, || {
        let trace = Trace::new(100);
        let job = Id::next();
        trace.record(Some(job), Some(0), What::JobQueued);
        let there = trace.clone();
        let body = move || {
            there.record(Some(job), None, What::JobStarted);
            there.record(Some(job), None, What::JobEnded);
        };
        std::thread::Builder::new().name("pool".into()).spawn(body).unwrap().join().unwrap();
        let picture = trace.picture();
        assert_eq!(picture.bars.len(), 1);
        assert_eq!(picture.bars[0].doing, Doing::Job);
        assert_eq!(picture.threads[picture.bars[0].thread].name, "pool");
        assert_eq!(picture.threads[0].name, "worker 0", "workers come first");
        assert_eq!(picture.marks[0].what, What::JobQueued);
    });
}

#[test]
fn in_logical_time_a_program_is_always_the_same_text() {
    let _alone = alone();
    within(LIMIT, || {
        let stage = Stage::new(100);
        let sleeps = sleeper(&stage, "sleeps");
        let _waits = stage.spawn("two\nlines", pending::<()>());
        stage.run();
        stage.note(What::Parking);
        stage.note(What::TimersFired(2));
        stage.note(What::Parked);
        let _detached = stage.spawn("sleeps", async move { wake(&sleeps) });
        stage.run();
        let expected = "\
            sleeps: spawned\n\
            two\\nlines: spawned\n\
            sleeps: poll\n\
            sleeps: pending\n\
            two\\nlines: poll\n\
            two\\nlines: pending\n\
            parking\n\
            timers fired 2\n\
            parked\n\
            sleeps (2): spawned\n\
            sleeps (2): poll\n\
            sleeps: woken by sleeps (2)\n\
            sleeps (2): completed\n\
            sleeps (2): done\n\
            sleeps: poll\n\
            sleeps: completed\n\
            sleeps: done\n";
        assert_eq!(stage.trace.to_logical(), expected);
    });
}
