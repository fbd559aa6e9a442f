//! Chapter 5, parts 3 to 5: the wheel against a `BTreeMap`, which is slow and obviously right.
//!
//! `RT_WHEEL_OPS` operations (default 300,000), from the seed `RT_WHEEL_SEED`, which is printed.

use std::collections::BTreeMap;
use std::env;
use std::time::Duration;

use proptest::prelude::*;
use rt_timer::{Key, Wheel};

/// As many timers share no slot that [`Wheel::next_deadline`] does not look through.
const FEW: usize = 128;

/// A wheel, and what it should be.
#[derive(Default)]
struct Pair {
    wheel: Wheel<u64>,
    /// Deadline and number of the insertion or reset: the order of firing.
    model: BTreeMap<(u64, u64), u64>,
    /// By id: its key, and where it is in the model while it waits.
    timers: Vec<(Key, Option<(u64, u64)>)>,
    now: u64,
    sequence: u64,
    fired: u64,
}

impl Pair {
    fn place(&mut self, deadline: u64) -> (u64, u64) {
        self.sequence += 1;
        (deadline.max(self.now), self.sequence)
    }

    fn insert(&mut self, deadline: u64) {
        let id = self.timers.len() as u64;
        let key = self.wheel.insert(deadline, id);
        let place = self.place(deadline);
        self.model.insert(place, id);
        self.timers.push((key, Some(place)));
    }

    /// Any timer there ever was: stale keys must be harmless.
    fn remove(&mut self, pick: u64) {
        let Some(id) = pick.checked_rem(self.timers.len() as u64) else { return };
        let (key, place) = &mut self.timers[id as usize];
        let expected = place.take().and_then(|place| self.model.remove(&place));
        assert_eq!(self.wheel.remove(*key), expected, "timer {id} was cancelled");
    }

    fn reset(&mut self, pick: u64, deadline: u64) {
        let Some(id) = pick.checked_rem(self.timers.len() as u64) else { return };
        let (key, old) = self.timers[id as usize];
        assert_eq!(self.wheel.reset(key, deadline), old.is_some(), "timer {id} was reset");
        assert_eq!(self.wheel.get_mut(key).copied(), old.map(|_| id));
        if let Some(old) = old {
            let new = self.place(deadline);
            self.model.remove(&old);
            self.model.insert(new, id);
            self.timers[id as usize].1 = Some(new);
        }
    }

    fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        while let Some(id) = self.wheel.pop_expired(now) {
            let (place, expected) = self.model.pop_first().expect("a timer fired twice");
            assert_eq!(
                id, expected,
                "out of order: {:?} before {place:?}",
                self.timers[id as usize].1
            );
            assert!(place.0 <= self.now, "early: {} at {}", place.0, self.now);
            self.timers[id as usize].1 = None;
            self.fired += 1;
        }
        assert_eq!(self.wheel.elapsed(), self.now);
    }

    fn check(&mut self) {
        let earliest = self.model.first_key_value().map(|(&(deadline, _), _)| deadline);
        assert!(
            earliest.is_none_or(|earliest| earliest > self.now || self.wheel.elapsed() == earliest),
            "late: {earliest:?} at {}",
            self.now
        );
        assert_eq!(self.wheel.len(), self.model.len());
        let next = self.wheel.next_deadline();
        if self.model.len() <= FEW {
            assert_eq!(next, earliest, "a driver would wake in vain, or sleep too long");
        } else {
            assert!(next <= earliest, "a driver would sleep past {earliest:?} until {next:?}");
        }
        assert_eq!(next.is_some(), earliest.is_some());
    }
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    /// A number of any size up to `bits` bits: short waits are as likely as long ones.
    fn of_any_size(&mut self, bits: u64) -> u64 {
        let bits = self.below(bits + 1);
        self.next().checked_shr(64 - bits as u32).unwrap_or(0)
    }

    /// A tick after `now`: near or far, or just before, on or after the next boundary of a level.
    fn tick(&mut self, now: u64, bits: u64) -> u64 {
        if self.below(4) > 0 {
            return now.saturating_add(self.of_any_size(bits));
        }
        let span = 1_u64 << (6 * self.below(bits.div_ceil(6)));
        let boundary = (now | (span - 1)).saturating_add(1);
        boundary.saturating_add(self.below(3)).saturating_sub(1)
    }
}

fn env(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().expect("a whole number"))
}

fn run(operations: u64, seed: u64) {
    let mut random = Random(seed | 1);
    let (mut wheels, mut fired, mut furthest, mut most) = (0_u64, 0, 0, 0);
    let mut left = operations;
    while left > 0 {
        // A wheel of at most 50, 500 or 5000 timers, which lives in the nanoseconds, in the
        // hours, or up to the last tick there is.
        let crowd = 50 * 10_usize.pow(random.below(3) as u32);
        let bits = [12, 24, 42, 48, 64][random.below(5) as usize];
        let mut pair = Pair::default();
        wheels += 1;
        if random.below(2) == 0 {
            pair.advance(random.of_any_size(64));
        }
        let mut gathering = true;
        for _ in 0..left.min(30_000) {
            left -= 1;
            // A crowd gathers only while the clock stands; then it is let go.
            gathering = match pair.model.len() {
                0 => true,
                waiting => gathering && waiting < crowd,
            };
            let kinds = if gathering { 80 } else { 100 };
            let pick = random.next();
            match random.below(kinds) {
                0..45 if pair.model.len() < crowd => pair.insert(random.tick(pair.now, bits)),
                45..48 => pair.insert(random.below(pair.now.saturating_add(1).max(1))),
                48..65 => pair.remove(pick),
                65..80 => pair.reset(pick, random.tick(pair.now, bits)),
                80..82 => pair.advance(random.below(pair.now.saturating_add(1).max(1))),
                82..90 => pair.advance(random.tick(pair.now, bits.saturating_sub(6))),
                90..96 => {
                    let next = pair.wheel.next_deadline().unwrap_or(0);
                    pair.advance(next.saturating_sub(1));
                    pair.advance(next);
                }
                96 if random.below(100) == 0 => pair.wheel.trim(),
                _ => {}
            }
            pair.check();
            most = most.max(pair.model.len());
            if pair.now == u64::MAX && random.below(100) == 0 {
                break;
            }
        }
        furthest = furthest.max(pair.now);
        pair.advance(u64::MAX);
        assert!(pair.model.is_empty() && pair.wheel.is_empty(), "a timer never fired");
        fired += pair.fired;
    }
    println!(
        "{operations} operations on {wheels} wheels: {fired} timers fired, at most {most} waited, \
         the furthest clock showed 2^{}",
        furthest.checked_ilog2().unwrap_or(0)
    );
}

#[test]
fn random_operations_do_what_they_do_to_an_ordered_map() {
    let operations = env("RT_WHEEL_OPS", 300_000);
    let seed = env("RT_WHEEL_SEED", 0x9E37_79B9_7F4A_7C15);
    println!("RT_WHEEL_SEED={seed}");
    let deadline = Duration::from_secs(60 + operations / 20_000);
    rt_testkit::within(deadline, move || run(operations, seed));
}

#[derive(Clone, Debug)]
enum Operation {
    Insert(u64),
    Remove(u64),
    Reset(u64, u64),
    Advance(u64),
    AdvanceToNext,
}

/// A power of 64 times a digit, give or take one: where the levels meet.
fn ticks() -> impl Strategy<Value = u64> {
    let digit = (0_u64..64, 0_u32..11, 0_u64..3);
    let near = digit.prop_map(|(digit, level, extra)| {
        (digit << (6 * level)).saturating_add(extra).saturating_sub(1)
    });
    prop_oneof![near, 0_u64..200, any::<u64>()]
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let one = prop_oneof![
        4 => ticks().prop_map(Operation::Insert),
        2 => any::<u64>().prop_map(Operation::Remove),
        2 => (any::<u64>(), ticks()).prop_map(|(pick, away)| Operation::Reset(pick, away)),
        1 => ticks().prop_map(Operation::Advance),
        1 => Just(Operation::AdvanceToNext),
    ];
    prop::collection::vec(one, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    // The same again, small, and made smaller when it fails.
    #[test]
    fn short_runs_do_what_they_do_to_an_ordered_map(operations in operations()) {
        rt_testkit::within(Duration::from_secs(20), move || {
            let mut pair = Pair::default();
            for operation in operations {
                let now = pair.now;
                match operation {
                    Operation::Insert(away) => pair.insert(now.saturating_add(away)),
                    Operation::Remove(pick) => pair.remove(pick),
                    Operation::Reset(pick, away) => pair.reset(pick, now.saturating_add(away)),
                    Operation::Advance(away) => pair.advance(now.saturating_add(away)),
                    Operation::AdvanceToNext => {
                        let next = pair.wheel.next_deadline().unwrap_or(0);
                        pair.advance(next.saturating_sub(1));
                        pair.advance(next);
                    }
                }
                pair.check();
            }
            pair.advance(u64::MAX);
            assert!(pair.wheel.is_empty(), "a timer never fired");
        });
    }
}
