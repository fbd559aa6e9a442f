//! Several wheels and their driver against a list of deadlines, which is slow and obviously right: who
//! fires, until when the driver sleeps, and when it is rung for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::prelude::*;
use rt_testkit::{CountingWaker, within};
use rt_timer::{Clock, Timer, TimerDriver};
use rt_waker::{Park, WakeBatch};

const WHEELS: usize = 3;

/// Never waits; its bell counts.
struct Counted {
    bell: Waker,
}

impl Park for Counted {
    fn park(&mut self, _timeout: Option<Duration>, _ready: &mut WakeBatch) {}

    fn waker(&self) -> Waker {
        self.bell.clone()
    }
}

/// What became of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// Nobody waits for it.
    Idle,
    /// It is in its wheel.
    Waits,
    Fired,
}

struct Entry {
    timer: Timer,
    waker: Waker,
    wakes: Arc<CountingWaker>,
    woken: usize,
    wheel: usize,
    deadline: u64,
    stands: Stands,
}

/// A driver and its timers, and what they should be.
struct Pair {
    clock: Clock,
    driver: TimerDriver<Counted>,
    rings: Arc<CountingWaker>,
    entries: Vec<Entry>,
    now: u64,
    /// Until when the driver has promised to sleep; zero while it is awake.
    promised: u64,
    rung: usize,
}

impl Pair {
    fn new() -> Pair {
        let (bell, rings) = CountingWaker::new();
        let clock = Clock::manual();
        let driver = TimerDriver::with_wheels(Counted { bell }, clock.clone(), WHEELS);
        Pair { clock, driver, rings, entries: Vec::new(), now: 0, promised: 0, rung: 0 }
    }

    fn add(&mut self, wheel: usize, after: u64) {
        let deadline = self.now + after;
        let timer = Timer::at(self.clock.instant(deadline));
        let (waker, wakes) = CountingWaker::new();
        let stands = Stands::Idle;
        self.entries.push(Entry { timer, waker, wakes, woken: 0, wheel, deadline, stands });
        self.poll(self.entries.len() - 1);
    }

    fn poll(&mut self, pick: usize) {
        let entry = &mut self.entries[pick];
        let _entered = self.driver.wheels().timers(entry.wheel).enter();
        let polled = Pin::new(&mut entry.timer).poll(&mut Context::from_waker(&entry.waker));
        if entry.stands == Stands::Idle {
            entry.stands = if entry.deadline <= self.now { Stands::Fired } else { Stands::Waits };
            let armed = (entry.stands == Stands::Waits).then_some(entry.deadline);
            armed.into_iter().for_each(|tick| self.armed(tick));
        }
        let is_ready = self.entries[pick].stands == Stands::Fired;
        assert_eq!(polled, if is_ready { Poll::Ready(()) } else { Poll::Pending });
    }

    fn reset(&mut self, pick: usize, after: u64) {
        let entry = &mut self.entries[pick];
        entry.deadline = self.now + after;
        entry.timer.reset(self.clock.instant(entry.deadline));
        match entry.stands {
            Stands::Waits => {
                let tick = entry.deadline;
                self.armed(tick);
            }
            Stands::Idle | Stands::Fired => entry.stands = Stands::Idle,
        }
    }

    /// Whoever arms earlier than was promised rings, once.
    fn armed(&mut self, tick: u64) {
        if tick < self.promised {
            self.promised = tick;
            self.rung += 1;
        }
    }

    /// Of these wheels, who is due must be taken out, and nobody else.
    fn expire(&mut self, wheels: impl Fn(usize) -> bool, look: impl FnOnce(&mut Pair) -> usize) {
        let mut expected = 0;
        for entry in &mut self.entries {
            let is_due = entry.stands == Stands::Waits && entry.deadline <= self.now;
            if is_due && wheels(entry.wheel) {
                entry.stands = Stands::Fired;
                entry.woken += 1;
                expected += 1;
            }
        }
        assert_eq!(look(self), expected, "at {}", self.now);
    }

    fn due(&mut self) {
        let waits = self.entries.iter().filter(|entry| entry.stands == Stands::Waits);
        let first = waits.map(|entry| entry.deadline).min();
        let expected = first.map(|tick| Duration::from_nanos(tick.saturating_sub(self.now)));
        assert_eq!(self.driver.due(), expected, "a driver would sleep too long, or wake in vain");
        self.promised = first.unwrap_or(u64::MAX);
    }

    fn check(&self) {
        assert_eq!(self.rings.count(), self.rung, "rung for nothing, or not rung for");
        for entry in &self.entries {
            assert_eq!(entry.wakes.count(), entry.woken, "woken twice, or not at all");
        }
        for wheel in 0..WHEELS {
            let timers = self.driver.wheels().timers(wheel);
            let waits = |entry: &&Entry| entry.wheel == wheel && entry.stands == Stands::Waits;
            let waiting: Vec<_> = self.entries.iter().filter(waits).collect();
            assert_eq!(timers.waiting(), waiting.len());
            let is_due = waiting.iter().any(|entry| entry.deadline <= self.now);
            let says = timers.is_overdue(self.clock.now());
            assert!(says || !is_due, "a timer of wheel {wheel} is due, and nobody would look");
        }
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Add(usize, u64),
    Poll(usize),
    Drop(usize),
    Reset(usize, u64),
    Advance(u64),
    ExpireDue(usize),
    ExpireAll,
    Park,
    Due,
}

fn run(pair: &mut Pair, operation: Operation) {
    let pick = |at: usize| at.checked_rem(pair.entries.len());
    match operation {
        Operation::Add(wheel, after) => pair.add(wheel, after),
        Operation::Poll(at) => pick(at).into_iter().for_each(|at| pair.poll(at)),
        Operation::Drop(at) => pick(at).into_iter().for_each(|at| drop(pair.entries.remove(at))),
        Operation::Reset(at, after) => pick(at).into_iter().for_each(|at| pair.reset(at, after)),
        Operation::Advance(by) => {
            pair.now += by;
            pair.clock.advance(Duration::from_nanos(by));
        }
        Operation::ExpireDue(wheel) => pair.expire(
            |other| other == wheel,
            |pair| pair.driver.wheels().timers(wheel).expire_due(&mut WakeBatch::new()),
        ),
        Operation::ExpireAll => {
            pair.expire(|_any| true, |pair| pair.driver.wheels().expire_all(&mut WakeBatch::new()))
        }
        Operation::Park => {
            pair.promised = 0;
            pair.expire(
                |_any| true,
                |pair| {
                    let mut ready = WakeBatch::new();
                    pair.driver.park(Some(Duration::ZERO), &mut ready);
                    ready.wake_all()
                },
            );
        }
        Operation::Due => pair.due(),
    }
    pair.check();
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let wheel = 0..WHEELS;
    let after = prop_oneof![0_u64..40, 0_u64..100_000];
    let one = prop_oneof![
        4 => (wheel.clone(), after.clone()).prop_map(|(wheel, after)| Operation::Add(wheel, after)),
        2 => any::<usize>().prop_map(Operation::Poll),
        2 => any::<usize>().prop_map(Operation::Drop),
        2 => (any::<usize>(), after.clone()).prop_map(|(at, after)| Operation::Reset(at, after)),
        2 => after.prop_map(Operation::Advance),
        1 => wheel.prop_map(Operation::ExpireDue),
        1 => Just(Operation::ExpireAll),
        1 => Just(Operation::Park),
        3 => Just(Operation::Due),
    ];
    prop::collection::vec(one, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn several_wheels_do_what_a_list_of_deadlines_does(operations in operations()) {
        within(Duration::from_secs(20), move || {
            let mut pair = Pair::new();
            operations.into_iter().for_each(|operation| run(&mut pair, operation));
        });
    }
}
