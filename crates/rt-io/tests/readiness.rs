//! The word of one direction: what events set, and what calls may clear.

use rt_io::{Flags, Readiness, Snapshot};

const ALL: [Flags; 5] =
    [Flags::READY, Flags::CLOSED, Flags::PRIORITY, Flags::ERROR, Flags::SHUTDOWN];

fn flags(of: Snapshot) -> Vec<bool> {
    ALL.iter().map(|&flag| of.flags().has_any(flag)).collect()
}

#[test]
fn a_clear_takes_what_was_seen_and_nothing_that_came_since() {
    let readiness = Readiness::new();
    assert!(!readiness.get().is_worth_a_call(Flags::CALL), "ready before any event");
    readiness.event(Flags::READY);
    let seen = readiness.get();
    assert!(seen.is_worth_a_call(Flags::CALL));
    readiness.event(Flags::READY);
    readiness.clear(Flags::CALL, seen);
    assert!(readiness.get().is_worth_a_call(Flags::CALL), "the newer event is lost");
    readiness.clear(Flags::CALL, readiness.get());
    assert!(!readiness.get().is_worth_a_call(Flags::CALL), "a call that blocks spins");
    assert_eq!(readiness.get().tick(), 2, "a clear counts as an event");
    readiness.clear(Flags::CALL, seen);
    assert_eq!(readiness.get().tick(), 2);
}

#[test]
fn who_got_less_than_asked_for_keeps_the_end() {
    let readiness = Readiness::new();
    readiness.event(Flags::READY.or(Flags::CLOSED));
    readiness.clear(Flags::READY, readiness.get());
    assert!(readiness.get().is_worth_a_call(Flags::CALL), "the end comes with no event of its own");
}

#[test]
fn the_shutdown_is_for_ever_and_worth_every_call() {
    let readiness = Readiness::new();
    readiness.event(Flags::READY);
    readiness.shut_down();
    let all = ALL.into_iter().fold(Flags::NONE, Flags::or);
    readiness.clear(all, readiness.get());
    assert!(readiness.get().is_shut_down(), "a call waits for a reactor that is gone");
    assert!(readiness.get().is_worth_a_call(Flags::NONE));
    assert_eq!(flags(readiness.get()), [false, false, false, false, true]);
}

/// The same, said another way: for each flag, which event set it last, if nobody has cleared it since.
#[derive(Default)]
struct Model {
    events: u64,
    set: [bool; 5],
}

/// All sequences of so many steps: events, clears with what is seen now, and with what was seen before.
#[test]
fn every_sequence_of_events_and_clears_does_what_the_model_does() {
    const STEPS: u32 = 6;
    const KINDS: u32 = 9;
    for mut sequence in 0..KINDS.pow(STEPS) {
        let (readiness, mut model) = (Readiness::new(), Model::default());
        let (mut seen, mut seen_at) = (readiness.get(), 0);
        for _ in 0..STEPS {
            let kind = (sequence % KINDS) as usize;
            sequence /= KINDS;
            match kind {
                0..5 => {
                    readiness.event(ALL[kind]);
                    model.events += 1;
                    model.set[kind] = true;
                }
                5 => (seen, seen_at) = (readiness.get(), model.events),
                _ => {
                    let cleared = [0..1, 0..2, 0..5][kind - 6].clone();
                    let gone = ALL[cleared.clone()].iter().copied().fold(Flags::NONE, Flags::or);
                    readiness.clear(gone, seen);
                    if seen_at == model.events {
                        let shutdown = model.set[4];
                        model.set[cleared].fill(false);
                        model.set[4] = shutdown;
                    }
                }
            }
            assert_eq!(flags(readiness.get()), model.set, "[RD1] step {kind}");
            assert_eq!(readiness.get().tick(), model.events);
        }
    }
}
