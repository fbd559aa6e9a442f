//! The wheel against a map that is slow and obviously right.
//!
//! Timers come, go and move, the clock goes on by anything from one tick to years: across every
//! boundary between levels, and beyond 2^42 ticks, where the wheel turns over.

use std::collections::BTreeMap;
use std::time::Instant;

use rt::parts::timer::{Key, Wheel};

use crate::figure::Figure;

/// So many timers wait at once at most: more than one slot has room to look through.
const WAITING: u64 = 4_000;

/// A timer's place in the order of firing: its deadline, and its number among equals.
type Place = (u64, u64);

struct Pair {
    wheel: Wheel<u64>,
    model: BTreeMap<Place, u64>,
    /// Those that wait, in no order.
    waiting: Vec<Waiting>,
    /// Where a timer is in `waiting`, by its number.
    index: Vec<usize>,
    now: u64,
    sequence: u64,
    fired: u64,
    wrong: u64,
}

struct Waiting {
    id: u64,
    key: Key,
    place: Place,
}

/// `count` random operations; both must fire the same timers in the same order, none early.
pub(crate) fn against_a_map(count: u64, seed: u64) -> Vec<Figure> {
    let mut random = Random(seed);
    let mut pair = Pair::new();
    let start = Instant::now();
    for _ in 0..count {
        pair.step(&mut random);
    }
    pair.advance(u64::MAX);
    pair.wrong += pair.model.len() as u64 + pair.wheel.len() as u64;
    let nanos = start.elapsed().as_nanos() as f64 / count.max(1) as f64;
    let title = format!("{count} operations on the wheel, RT_WHEEL_SEED={seed}, each");
    vec![
        Figure::shown(title, nanos, "ns, with the map"),
        Figure::shown("timers that fired", pair.fired as f64, ""),
        Figure::shown("answers of the wheel that were wrong", pair.wrong as f64, "").at_most(0.0),
    ]
}

impl Pair {
    fn new() -> Pair {
        Pair {
            wheel: Wheel::new(),
            model: BTreeMap::new(),
            waiting: Vec::new(),
            index: Vec::new(),
            now: 0,
            sequence: 0,
            fired: 0,
            wrong: 0,
        }
    }

    fn step(&mut self, random: &mut Random) {
        match random.below(8) {
            0..=3 if (self.waiting.len() as u64) < WAITING => {
                let deadline = self.now.saturating_add(random.distance());
                self.insert(deadline);
            }
            0..=4 => self.remove(random),
            5 => {
                let deadline = self.now.saturating_add(random.distance());
                self.reset(random, deadline);
            }
            // To the next deadline, or one tick short of it: a timer that is early is seen.
            6 => {
                let next = self.model.keys().next().map_or(self.now, |place| place.0);
                self.advance(next.saturating_sub(random.below(2)).max(self.now));
            }
            _ => {
                // By seconds or years, but not so fast that the end of time comes first.
                let by = random.distance() >> random.below(16);
                self.advance(self.now.saturating_add(by.min(1 << 43)));
            }
        }
    }

    fn place(&mut self, deadline: u64) -> Place {
        self.sequence += 1;
        (deadline.max(self.now), self.sequence)
    }

    fn insert(&mut self, deadline: u64) {
        let (id, place) = (self.index.len() as u64, self.place(deadline));
        let key = self.wheel.insert(deadline, id);
        self.model.insert(place, id);
        self.index.push(self.waiting.len());
        self.waiting.push(Waiting { id, key, place });
    }

    fn remove(&mut self, random: &mut Random) {
        let Some(index) = self.pick(random) else { return };
        let timer = self.forget(index);
        self.model.remove(&timer.place);
        self.wrong += u64::from(self.wheel.remove(timer.key) != Some(timer.id));
        self.wrong += u64::from(self.wheel.remove(timer.key).is_some());
    }

    fn reset(&mut self, random: &mut Random, deadline: u64) {
        let Some(index) = self.pick(random) else { return };
        let place = self.place(deadline);
        let timer = &mut self.waiting[index];
        self.model.remove(&timer.place);
        self.model.insert(place, timer.id);
        timer.place = place;
        self.wrong += u64::from(!self.wheel.reset(timer.key, deadline));
    }

    fn advance(&mut self, to: u64) {
        self.now = to;
        while let Some(id) = self.wheel.pop_expired(to) {
            let first = self.model.first_key_value().map(|(place, id)| (*place, *id));
            let is_right = first.is_some_and(|(place, first)| first == id && place.0 <= to);
            self.wrong += u64::from(!is_right);
            self.fired += 1;
            let timer = self.forget(self.index[id as usize]);
            self.model.remove(&timer.place);
        }
        let is_late = self.model.keys().next().is_some_and(|place| place.0 <= to);
        self.wrong += u64::from(is_late);
    }

    fn pick(&self, random: &mut Random) -> Option<usize> {
        let count = self.waiting.len() as u64;
        (count > 0).then(|| random.below(count) as usize)
    }

    fn forget(&mut self, index: usize) -> Waiting {
        let timer = self.waiting.swap_remove(index);
        if let Some(moved) = self.waiting.get(index) {
            self.index[moved.id as usize] = index;
        }
        timer
    }
}

/// Numbers that look random: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// From nothing to beyond the last level, every order of magnitude alike; often just beside a
    /// power of two.
    fn distance(&mut self) -> u64 {
        let power = 1_u64 << self.below(46);
        match self.below(4) {
            0 => power,
            1 => power - 1,
            2 => power + 1,
            _ => self.below(power) + power / 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pair, against_a_map};

    #[test]
    fn a_short_run_is_right() {
        for seed in 0..20 {
            let figures = against_a_map(2_000, seed);
            assert!(figures.iter().all(|figure| figure.is_kept()), "{figures:#?}");
        }
    }

    #[test]
    fn a_wheel_that_lost_a_timer_is_noticed() {
        let mut pair = Pair::new();
        pair.insert(5);
        pair.wheel.remove(pair.waiting[0].key);
        pair.advance(5);
        assert_eq!(pair.wrong, 1);
    }

    #[test]
    fn a_wheel_that_fires_early_is_noticed() {
        let mut pair = Pair::new();
        pair.insert(5);
        pair.wheel.reset(pair.waiting[0].key, 4);
        pair.advance(4);
        assert_eq!(pair.wrong, 1);
    }
}
