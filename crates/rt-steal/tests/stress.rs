//! Tasks on their way through rings under theft: none is lost, none comes twice.
//!
//! A million in the normal run. `RT_STEAL_ITEMS=1000000000 cargo test --release -p rt-steal --test stress`
//! for more; the README says how long that takes.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rt_executor::{RunQueue, Stealable};
use rt_steal::{Injector, Ring, Stealer};
use rt_task::{Polled, Schedule, Task};
use rt_testkit::{poll, within};

/// How many tasks are pushed in all.
fn items() -> usize {
    let asked = std::env::var("RT_STEAL_ITEMS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(1_000_000)
}

fn deadline() -> Duration {
    Duration::from_secs(120) + Duration::from_micros(5) * u32::try_from(items()).unwrap_or(u32::MAX)
}

/// A task that nobody wakes needs nobody.
#[derive(Clone)]
struct Nobody;

impl Schedule for Nobody {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }
}

/// How often each of a round of tasks was polled. The rounds follow each other, so that a billion
/// tasks need no billion counters.
struct Round {
    polls: [AtomicU8; Round::LEN],
    done: AtomicUsize,
}

impl Round {
    const LEN: usize = 1 << 20;

    const fn new() -> Round {
        Round { polls: [const { AtomicU8::new(0) }; Round::LEN], done: AtomicUsize::new(0) }
    }

    fn count(&self, number: usize) {
        let before = self.polls[number].fetch_add(1, Ordering::Relaxed);
        assert_eq!(before, 0, "task {number} was polled twice");
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn task(&'static self, number: usize) -> Task {
        Task::new(async move { self.count(number) }, Nobody).0
    }
}

fn run(task: Task) {
    assert!(matches!(poll(task), Polled::Completed), "a task was polled that had been before");
}

/// Steals until it is over: from the victim's ring, and what it has from its own.
fn thief(victim: &Stealer, own: &mut Ring, is_over: &AtomicBool) -> usize {
    let mut stolen = 0;
    while !is_over.load(Ordering::Relaxed) {
        let first = victim.steal_into(own);
        if first.is_none() {
            thread::yield_now();
        }
        for task in first.into_iter().chain(std::iter::from_fn(|| own.pop())) {
            stolen += 1;
            run(task);
        }
    }
    stolen
}

/// As a worker does it.
fn push(ring: &mut Ring, injector: &Injector, task: Task) {
    if let Err(task) = ring.push(task) {
        injector.push_batch(ring.overflow(task));
    }
}

/// The owner pushes one round, pops now and then, and takes back what went over.
fn owner(ring: &mut Ring, injector: &Injector, round: &'static Round, len: usize) {
    for number in 0..len {
        push(ring, injector, round.task(number));
        if number % 3 == 0 {
            ring.pop().into_iter().for_each(run);
        }
        if number % 64 == 0 {
            std::iter::from_fn(|| injector.pop()).for_each(run);
        }
    }
    while round.done.load(Ordering::Relaxed) < len {
        std::iter::from_fn(|| injector.pop().or_else(|| ring.pop())).for_each(run);
        thread::yield_now();
    }
}

fn rounds(round: &'static Round, thieves: usize, start: u64) {
    let (items, began) = (items(), Instant::now());
    let (mut ring, injector) = (Ring::starting_at(start), Injector::new());
    let (stealer, is_over) = (ring.stealer(), AtomicBool::new(false));
    let stolen: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..thieves)
            .map(|_| scope.spawn(|| thief(&stealer, &mut Ring::starting_at(start), &is_over)))
            .collect();
        let mut left = items;
        while left > 0 {
            let len = left.min(Round::LEN);
            owner(&mut ring, &injector, round, len);
            for (number, polls) in round.polls[..len].iter().enumerate() {
                assert_eq!(polls.swap(0, Ordering::Relaxed), 1, "task {number} was lost");
            }
            round.done.store(0, Ordering::Relaxed);
            left -= len;
        }
        is_over.store(true, Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    let each = began.elapsed().as_nanos() as f64 / items as f64;
    println!("{items} tasks, {thieves} thieves: {stolen} stolen, {each:.0} ns each");
    assert!(stolen > 0, "nothing was stolen: the test shows nothing");
}

#[test]
fn nothing_is_lost_or_doubled_under_one_thief() {
    static ROUND: Round = Round::new();
    within(deadline(), || rounds(&ROUND, 1, 0));
}

#[test]
fn nothing_is_lost_or_doubled_under_three_thieves_while_indices_come_round() {
    static ROUND: Round = Round::new();
    within(deadline(), || rounds(&ROUND, 3, u64::MAX - 1_000));
}

/// Thieves that steal from each other in a circle, each also the victim of the next.
#[test]
fn nothing_is_lost_when_all_steal_from_all() {
    within(deadline(), || {
        let len = items().min(Round::LEN);
        static ROUND: Round = Round::new();
        let round = &ROUND;
        let (injector, rings) = (Injector::new(), [(); 3].map(|()| Ring::new()));
        let stealers = rings.each_ref().map(Ring::stealer);
        thread::scope(|scope| {
            for (number, mut ring) in rings.into_iter().enumerate() {
                let (injector, stealers) = (&injector, &stealers);
                scope.spawn(move || {
                    for mine in (number..len).step_by(3) {
                        push(&mut ring, injector, round.task(mine));
                        // One keeps what it has, for the others.
                        if number > 0 {
                            ring.pop().into_iter().for_each(run);
                        }
                    }
                    while round.done.load(Ordering::Relaxed) < len {
                        let next = &stealers[(number + 1) % 3];
                        let moved = ring.steal(next);
                        let other = injector.pop();
                        if moved == 0 && other.is_none() {
                            thread::yield_now();
                        }
                        other.into_iter().chain(ring.pop()).for_each(run);
                    }
                });
            }
        });
        assert!(round.polls[..len].iter().all(|polls| polls.load(Ordering::Relaxed) == 1));
    });
}
