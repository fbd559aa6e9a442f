//! A source by hand: who waits for which direction, and who is woken.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use rt_io::{Direction, Flags, Source, Wait};
use rt_testkit::{CountingWaker, Timeline};
use rt_waker::WakeBatch;

#[track_caller]
fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

fn event(source: &Source, read: Flags, write: Flags) -> usize {
    let mut ready = WakeBatch::new();
    source.event(read, write, &mut ready);
    ready.wake_all()
}

fn is_ready(source: &Source, direction: Direction, waker: &Waker) -> bool {
    source.poll_ready(direction, Flags::CALL, &mut Context::from_waker(waker)).is_ready()
}

fn poll(wait: Pin<&mut Wait<'_>>, waker: &Waker) -> bool {
    wait.poll(&mut Context::from_waker(waker)).is_ready()
}

/// Writes its name down when it is woken.
struct Named(Timeline, &'static str);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.0.note(self.1);
    }
}

fn named(timeline: &Timeline, name: &'static str) -> Waker {
    Waker::from(Arc::new(Named(timeline.clone(), name)))
}

#[test]
fn an_event_of_one_direction_does_not_concern_the_other() {
    within(|| {
        let source = Source::new();
        let ((reader, reads), (writer, writes)) = (CountingWaker::new(), CountingWaker::new());
        assert!(!is_ready(&source, Direction::Read, &reader));
        assert!(!is_ready(&source, Direction::Write, &writer));
        assert_eq!(event(&source, Flags::NONE, Flags::READY), 1);
        assert_eq!((reads.count(), writes.count()), (0, 1));
        assert!(is_ready(&source, Direction::Write, &writer));
        assert!(!is_ready(&source, Direction::Read, &reader), "it took the other's readiness");
        assert_eq!(event(&source, Flags::READY, Flags::READY), 1, "one had polled");
        let seen = source.get(Direction::Write);
        source.clear(Direction::Write, Flags::CALL, seen);
        assert!(is_ready(&source, Direction::Read, &reader), "the other's clear took it away");
        assert!(!is_ready(&source, Direction::Write, &writer));
    });
}

#[test]
fn of_those_who_poll_one_direction_the_last_one_is_woken() {
    within(|| {
        let (source, timeline) = (Source::new(), Timeline::new());
        for name in ["first", "second", "third"] {
            assert!(!is_ready(&source, Direction::Read, &named(&timeline, name)));
        }
        assert_eq!(event(&source, Flags::READY, Flags::NONE), 1);
        timeline.must_be(["third"], "a task that has gone on is woken, or nobody");
    });
}

#[test]
fn one_event_wakes_all_futures_and_who_polled() {
    within(|| {
        let (source, timeline) = (Source::new(), Timeline::new());
        let mut waits = ["a", "b", "c"]
            .map(|name| (Box::pin(source.ready(Direction::Read, Flags::CALL)), name));
        for (wait, name) in &mut waits {
            assert!(!poll(wait.as_mut(), &named(&timeline, name)));
        }
        assert!(!is_ready(&source, Direction::Read, &named(&timeline, "polls")));
        assert_eq!(event(&source, Flags::NONE, Flags::READY), 0, "the other direction");
        assert_eq!(event(&source, Flags::READY, Flags::NONE), 4);
        timeline.must_be(["polls", "a", "b", "c"], "somebody waits on");
        assert_eq!(event(&source, Flags::READY, Flags::NONE), 0, "woken, and not polled again");
        for (wait, _) in &mut waits {
            assert!(poll(wait.as_mut(), Waker::noop()), "one took it from another");
        }
    });
}

#[test]
fn a_future_that_is_dropped_is_forgotten_and_takes_nothing_away() {
    within(|| {
        let (source, timeline) = (Source::new(), Timeline::new());
        let mut stays = pin!(source.ready(Direction::Write, Flags::CALL));
        {
            let mut goes = pin!(source.ready(Direction::Write, Flags::CALL));
            assert!(!poll(goes.as_mut(), &named(&timeline, "goes")));
            assert!(!poll(stays.as_mut(), &named(&timeline, "stays")));
        }
        assert_eq!(event(&source, Flags::NONE, Flags::READY), 1);
        timeline.must_be(["stays"], "a future that is gone is woken, or one that waits is not");
        let late = pin!(source.ready(Direction::Write, Flags::CALL));
        assert!(poll(late, Waker::noop()), "who was woken has taken the readiness with it");
    });
}

#[test]
fn a_future_that_was_woken_and_goes_leaves_the_next_one_its_place() {
    within(|| {
        let (source, timeline) = (Source::new(), Timeline::new());
        let mut old = Box::pin(source.ready(Direction::Read, Flags::CALL));
        assert!(!poll(old.as_mut(), &named(&timeline, "old")));
        event(&source, Flags::READY, Flags::NONE);
        source.clear(Direction::Read, Flags::CALL, source.get(Direction::Read));
        let mut new = Box::pin(source.ready(Direction::Read, Flags::CALL));
        assert!(!poll(new.as_mut(), &named(&timeline, "new")));
        drop(old);
        event(&source, Flags::READY, Flags::NONE);
        timeline.must_be(["old", "new"], "the old one has taken the new one's place");
    });
}

#[test]
fn a_future_that_moves_to_another_task_is_woken_there() {
    within(|| {
        let (source, timeline) = (Source::new(), Timeline::new());
        let mut wait = pin!(source.ready(Direction::Read, Flags::CALL));
        assert!(!poll(wait.as_mut(), &named(&timeline, "here")));
        assert!(!poll(wait.as_mut(), &named(&timeline, "there")));
        assert_eq!(event(&source, Flags::READY, Flags::NONE), 1);
        timeline.must_be(["there"], "the task that waits is not woken");
    });
}

#[test]
fn who_waits_for_something_else_waits_on() {
    within(|| {
        let (source, (waker, wakes)) = (Source::new(), CountingWaker::new());
        let mut urgent = pin!(source.ready(Direction::Read, Flags::PRIORITY));
        assert!(!poll(urgent.as_mut(), &waker));
        event(&source, Flags::READY, Flags::NONE);
        assert!(!poll(urgent.as_mut(), &waker), "ready for what did not come");
        event(&source, Flags::READY.or(Flags::PRIORITY), Flags::NONE);
        source.clear(Direction::Read, Flags::CALL, source.get(Direction::Read));
        assert!(poll(urgent.as_mut(), &waker), "a read took the urgent byte's readiness away");
        assert_eq!(wakes.count(), 2);
    });
}

#[test]
fn a_shutdown_ends_all_waits_of_now_and_later() {
    within(|| {
        let (source, (waker, wakes)) = (Source::new(), CountingWaker::new());
        let mut reads = pin!(source.ready(Direction::Read, Flags::PRIORITY));
        let mut writes = pin!(source.ready(Direction::Write, Flags::CALL));
        assert!(!poll(reads.as_mut(), &waker) && !poll(writes.as_mut(), &waker));
        assert!(!is_ready(&source, Direction::Read, &waker));
        let mut ready = WakeBatch::new();
        source.shut_down(&mut ready);
        assert_eq!((ready.wake_all(), wakes.count()), (3, 3));
        assert!(poll(reads.as_mut(), &waker) && poll(writes.as_mut(), &waker));
        for direction in [Direction::Read, Direction::Write] {
            let Poll::Ready(seen) =
                source.poll_ready(direction, Flags::CALL, &mut Context::from_waker(&waker))
            else {
                panic!("it waits for a reactor that is gone");
            };
            source.clear(direction, Flags::CALL.or(Flags::SHUTDOWN), seen);
            assert!(source.get(direction).is_shut_down(), "a call has cleared it");
        }
    });
}

/// Calls back into the source when it is woken, and when it is dropped.
struct CallsBack {
    source: Arc<Source>,
    calls: Arc<AtomicUsize>,
}

impl CallsBack {
    fn call(&self) {
        for direction in [Direction::Read, Direction::Write] {
            // It leaves a waker, and takes it away: both under the lock.
            let wait = pin!(self.source.ready(direction, Flags::CALL));
            let _ready = poll(wait, Waker::noop());
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wake for CallsBack {
    fn wake(self: Arc<Self>) {
        self.call();
    }
}

impl Drop for CallsBack {
    fn drop(&mut self) {
        self.call();
    }
}

#[test]
fn no_waker_is_dropped_or_woken_under_a_lock() {
    within(|| {
        let (source, calls) = (Arc::new(Source::new()), Arc::new(AtomicUsize::new(0)));
        let waker =
            || Waker::from(Arc::new(CallsBack { source: source.clone(), calls: calls.clone() }));
        let mut expected = 0;
        for direction in [Direction::Read, Direction::Write] {
            // One that polls is replaced: the older one is dropped there.
            assert!(!is_ready(&source, direction, &waker()));
            assert!(!is_ready(&source, direction, &waker()));
            {
                // So is that of a future which moves, and of one that goes.
                let mut wait = pin!(source.ready(direction, Flags::CALL));
                assert!(!poll(wait.as_mut(), &waker()));
                assert!(!poll(wait.as_mut(), &waker()));
            }
            assert!(!is_ready(&source, direction, Waker::noop()));
            expected += 4;
            assert_eq!(calls.load(Ordering::Relaxed), expected, "a waker is not dropped");
        }
        let mut wait = Box::pin(source.ready(Direction::Read, Flags::CALL));
        assert!(!poll(wait.as_mut(), &waker()));
        assert!(!is_ready(&source, Direction::Read, &waker()));
        event(&source, Flags::READY, Flags::READY); // woken and dropped: twice two calls
        assert_eq!(calls.load(Ordering::Relaxed), expected + 4);
    });
}
