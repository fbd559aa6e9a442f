//! Chapter 8, part 1: what is known of one direction, and what a call may take back of it.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use rt_io::{Flags, Readiness};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
}

const KNOWN: [Flags; 4] = [Flags::READY, Flags::CLOSED, Flags::PRIORITY, Flags::ERROR];

fn is_worth(readiness: &Readiness, wanted: Flags) -> bool {
    readiness.get().is_worth_a_call(wanted)
}

#[test]
fn an_event_makes_a_call_worth_it_until_a_call_would_block() {
    within(|| {
        let readiness = Readiness::new();
        assert!(!is_worth(&readiness, Flags::CALL), "a call for nothing: no event came");
        for flags in [Flags::READY, Flags::CLOSED] {
            readiness.event(flags);
            assert!(is_worth(&readiness, Flags::CALL), "the task sleeps on {flags:?}");
            readiness.clear(Flags::CALL, readiness.get());
            assert!(!is_worth(&readiness, Flags::CALL), "the task spins: it was told to wait");
        }
    });
}

#[test]
fn who_waits_for_one_thing_is_not_called_for_another() {
    within(|| {
        for flags in KNOWN {
            let readiness = Readiness::new();
            readiness.event(flags);
            for wanted in KNOWN {
                let is_worth = is_worth(&readiness, wanted);
                assert_eq!(is_worth, wanted == flags, "{wanted:?} is wanted, {flags:?} is there");
            }
            assert!(!is_worth(&readiness, Flags::NONE), "who wants nothing is called");
        }
    });
}

#[test]
fn a_clear_takes_what_the_call_has_said_and_leaves_the_rest() {
    within(|| {
        let readiness = Readiness::new();
        readiness.event(Flags::READY.or(Flags::CLOSED));
        readiness.clear(Flags::READY, readiness.get());
        assert!(!is_worth(&readiness, Flags::READY), "the task spins: all was read");
        assert!(is_worth(&readiness, Flags::CLOSED), "[RD4] the end of the stream is never seen");
    });
}

#[test]
fn an_event_during_the_call_is_not_cleared_by_it() {
    within(|| {
        let readiness = Readiness::new();
        readiness.event(Flags::READY);
        let seen = readiness.get();
        readiness.event(Flags::READY);
        readiness.clear(Flags::CALL, seen);
        assert!(is_worth(&readiness, Flags::CALL), "[RD1] the task sleeps on bytes that are there");
        readiness.clear(Flags::CALL, readiness.get());
        assert!(!is_worth(&readiness, Flags::CALL), "the newer event can not be cleared");
    });
}

#[test]
fn sixteen_million_events_during_the_call_are_not_mistaken_for_none() {
    within(|| {
        let readiness = Readiness::new();
        readiness.event(Flags::READY);
        let seen = readiness.get();
        // As many as make a tick of 8, 16 or 24 bits come round.
        for _ in 0..1_u32 << 24 {
            readiness.event(Flags::READY);
        }
        readiness.clear(Flags::CALL, seen);
        assert!(is_worth(&readiness, Flags::CALL), "[RD2] the tick came round: a read hangs");
        assert_eq!(readiness.get().tick() - seen.tick(), 1 << 24, "[RD2] events were not counted");
    });
}

#[test]
fn a_shutdown_is_worth_a_call_and_nothing_clears_it() {
    within(|| {
        let readiness = Readiness::new();
        let seen = readiness.get();
        readiness.shut_down();
        let all = KNOWN.into_iter().fold(Flags::SHUTDOWN, Flags::or);
        readiness.clear(all, seen);
        readiness.clear(all, readiness.get());
        assert!(readiness.get().is_shut_down(), "[RD3] a read hangs after the end of the runtime");
        assert!(is_worth(&readiness, Flags::NONE), "[RD3] who waits is not told of the end");
        readiness.event(Flags::READY);
        assert!(readiness.get().is_shut_down(), "[RD3] an event has erased the end");
    });
}

#[test]
fn no_event_is_lost_between_a_thread_that_brings_and_one_that_clears() {
    within(|| {
        const EVENTS: u64 = 200_000;
        let (readiness, start) = (Readiness::new(), Barrier::new(2));
        readiness.event(Flags::READY);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                (1..EVENTS).for_each(|_| readiness.event(Flags::READY));
            });
            start.wait();
            while readiness.get().tick() < EVENTS {
                let seen = readiness.get();
                // The last event comes behind this look, or ends the loop.
                if seen.tick() < EVENTS {
                    readiness.clear(Flags::CALL, seen);
                }
            }
        });
        assert_eq!(readiness.get().tick(), EVENTS, "events were not counted");
        assert!(is_worth(&readiness, Flags::CALL), "[RD1] the last event was erased");
    });
}
