//! The ring against a deque, and a thief against its victim, step by step on one thread.

use std::collections::VecDeque;
use std::future::pending;
use std::time::Duration;

use proptest::prelude::*;
use rt_executor::{RunQueue, Stealable};
use rt_steal::{CAPACITY, Ring};
use rt_task::{Id, Task, TaskList};
use rt_testkit::{ByHand, within};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many at once: a ring is full now and then.
    Push(usize),
    Overflow(usize),
    Pop(usize),
    /// The second ring steals from the first.
    Steal,
    StealInto,
    /// The first from the second.
    StealBack,
    PopThief(usize),
}

fn steps() -> impl Strategy<Value = (u64, Vec<Step>)> {
    let many = 0..CAPACITY * 3 / 4;
    let step = prop_oneof![
        3 => many.clone().prop_map(Step::Push),
        2 => many.clone().prop_map(Step::Overflow),
        2 => many.clone().prop_map(Step::Pop),
        1 => Just(Step::Steal),
        2 => Just(Step::StealInto),
        1 => Just(Step::StealBack),
        1 => many.prop_map(Step::PopThief),
    ];
    let start =
        prop_oneof![Just(0), Just(u64::from(u32::MAX) - 9), Just(u64::MAX - 9), any::<u64>()];
    (start, prop::collection::vec(step, 0..60))
}

fn task() -> Task {
    Task::new(pending::<()>(), ByHand::new()).0
}

/// A ring, and what should be in it.
struct Pair {
    ring: Ring,
    model: VecDeque<Id>,
}

impl Pair {
    fn starting_at(start: u64) -> Pair {
        Pair { ring: Ring::starting_at(start), model: VecDeque::new() }
    }

    fn push(&mut self) {
        let task = task();
        let id = task.id();
        match self.ring.push(task) {
            Ok(()) => self.model.push_back(id),
            Err(back) => {
                assert_eq!(back.id(), id, "another task came back");
                assert_eq!(self.model.len(), CAPACITY, "refused though there was room");
            }
        }
    }

    fn overflow(&mut self) {
        let task = task();
        let id = task.id();
        let mut over: Vec<Id> = Vec::new();
        if self.model.len() == CAPACITY {
            over.extend(self.model.drain(..CAPACITY / 2));
            over.push(id);
        } else {
            self.model.push_back(id);
        }
        let mut moved = match self.ring.push(task) {
            Ok(()) => TaskList::new(),
            Err(task) => self.ring.overflow(task),
        };
        let moved: Vec<Id> =
            std::iter::from_fn(|| moved.pop_front()).map(|task| task.id()).collect();
        assert_eq!(moved, over);
    }

    fn pop(&mut self) {
        assert_eq!(self.ring.pop().map(|task| task.id()), self.model.pop_front());
    }

    /// What `self` may take: half, as far as there is room.
    fn take_model(&mut self, victim: &mut Pair, room: usize) -> Vec<Id> {
        let count = victim.model.len().div_ceil(2).min(room);
        victim.model.drain(..count).collect()
    }

    fn steal(&mut self, victim: &mut Pair) {
        let stolen = self.take_model(victim, CAPACITY - self.model.len());
        assert_eq!(self.ring.steal(&victim.ring.stealer()), stolen.len());
        self.model.extend(stolen);
    }

    fn steal_into(&mut self, victim: &mut Pair) {
        let stolen = self.take_model(victim, CAPACITY - self.model.len() + 1);
        let first = victim.ring.stealer().steal_into(&mut self.ring);
        assert_eq!(first.map(|task| task.id()), stolen.first().copied());
        self.model.extend(stolen.into_iter().skip(1));
    }

    fn check(&self) {
        assert_eq!(self.ring.len(), self.model.len());
        assert_eq!(self.ring.is_empty(), self.model.is_empty());
        assert_eq!(self.ring.stealer().len(), self.model.len(), "the thieves see something else");
    }
}

fn run(start: u64, steps: Vec<Step>) {
    let (mut owner, mut thief) = (Pair::starting_at(start), Pair::starting_at(!start));
    for step in steps {
        match step {
            Step::Push(count) => (0..count).for_each(|_| owner.push()),
            Step::Overflow(count) => (0..count).for_each(|_| owner.overflow()),
            Step::Pop(count) => (0..count).for_each(|_| owner.pop()),
            Step::Steal => thief.steal(&mut owner),
            Step::StealInto => thief.steal_into(&mut owner),
            Step::StealBack => owner.steal(&mut thief),
            Step::PopThief(count) => (0..count).for_each(|_| thief.pop()),
        }
        owner.check();
        thief.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_ring_behaves_as_a_deque_with_a_bound((start, steps) in steps()) {
        within(Duration::from_secs(60), move || run(start, steps));
    }
}
