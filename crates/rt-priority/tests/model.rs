//! The rule and the lanes against models of them: any order of events, and the bounds.

#[path = "queue/fill.rs"]
mod fill;

use std::collections::VecDeque;

use fill::task;
use proptest::prelude::*;
use rt_executor::{RunQueue, Stealable};
use rt_priority::{Ageing, Lanes};
use rt_steal::Ring;
use rt_task::Priority::{self, High};
use rt_task::{Id, JoinHandle, Waiting};

#[derive(Clone, Debug)]
enum Step {
    Push(Priority),
    Pop,
    Steal,
    /// Of the oldest one that waits in a lane.
    Change(Priority, Priority),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let class = || prop::sample::select(Priority::ALL.to_vec());
    let step = prop_oneof![
        10 => class().prop_map(Step::Push),
        10 => Just(Step::Pop),
        1 => Just(Step::Steal),
        1 => (class(), class()).prop_map(|(of, to)| Step::Change(of, to)),
    ];
    prop::collection::vec(step, 0..400)
}

/// Three deques that know who waits, and for how many pops of others.
struct Model {
    every: usize,
    lanes: [VecDeque<(Id, JoinHandle<()>)>; 3],
    passed: [usize; 3],
    /// Pops since one of a lower class, while there were High tasks all the time.
    undisturbed: Option<usize>,
}

impl Model {
    fn waits(&self, class: Priority) -> bool {
        !self.lanes[class as usize].is_empty()
    }

    /// This one was popped. What is wrong with that?
    fn popped(&mut self, id: Id) -> Result<(), String> {
        let is_first = |class: &Priority| {
            self.lanes[*class as usize].front().is_some_and(|(first, _)| *first == id)
        };
        let class = Priority::ALL.into_iter().find(is_first);
        let class = class.ok_or("the one that came out is the first of no class")?;
        if class == High {
            self.undisturbed = self.undisturbed.map(|pops| pops + 1);
        } else if self.waits(High)
            && self.undisturbed.replace(0).is_some_and(|pops| pops + 1 < self.every)
        {
            return Err("a High task was held up twice in `every` pops".into());
        }
        self.lanes[class as usize].pop_front();
        self.undisturbed = self.undisturbed.filter(|_| self.waits(High));
        let bound = if self.every == 1 { 2 } else { 2 * self.every - 1 };
        for other in Priority::ALL {
            let is_passed = self.waits(other) && other != class;
            let passed = &mut self.passed[other as usize];
            *passed = if is_passed { *passed + 1 } else { 0 };
            if *passed > bound {
                return Err(format!("{other:?} waited for {passed} pops of others"));
            }
        }
        Ok(())
    }

    /// A thief took so many.
    fn stolen(&mut self, count: usize) {
        let class = Priority::ALL.into_iter().find(|&class| self.waits(class));
        let Some(class) = class else { return assert_eq!(count, 0) };
        let lane = &mut self.lanes[class as usize];
        assert_eq!(count, lane.len().div_ceil(2), "half of the most urgent class");
        lane.drain(..count);
        self.undisturbed = self.undisturbed.filter(|_| self.waits(High));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    // Classes come and go; each choice is of one that waits; nobody waits longer than the bound.
    #[test]
    fn nobody_waits_longer_than_the_bound(
        every in 1u32..8,
        rounds in prop::collection::vec((1u8..8, 1usize..20), 1..60),
    ) {
        let bound = if every == 1 { 2 } else { 2 * every - 1 };
        let mut rule = Ageing::every(every);
        let mut passed = [0; 3];
        for (bits, times) in rounds {
            let waiting = Priority::ALL
                .into_iter()
                .filter(|&class| bits & 1 << class as u8 != 0)
                .fold(Waiting::NONE, Waiting::with);
            for _ in 0..times {
                let chosen = rule.choose(waiting).expect("somebody waits");
                prop_assert!(waiting.contains(chosen), "a class was chosen that does not wait");
                for class in Priority::ALL {
                    let is_passed = waiting.contains(class) && class != chosen;
                    passed[class as usize] = if is_passed { passed[class as usize] + 1 } else { 0 };
                    prop_assert!(passed[class as usize] <= bound, "{class:?} starves");
                }
            }
        }
    }

    #[test]
    fn lanes_behave_as_three_deques(every in 1u32..6, steps in steps()) {
        let mut queue = Lanes::<Ring>::aged(Ageing::every(every));
        let stealer = queue.stealer();
        let lanes = [(); 3].map(|()| VecDeque::new());
        let mut model = Model { every: every as usize, lanes, passed: [0; 3], undisturbed: None };
        for step in steps {
            match step {
                Step::Push(class) => {
                    let (task, handle) = task(class);
                    model.lanes[class as usize].push_back((task.id(), handle));
                    prop_assert!(queue.push(task).is_ok());
                }
                Step::Pop => match queue.pop() {
                    Some(task) => prop_assert_eq!(model.popped(task.id()), Ok(())),
                    None => prop_assert!(!Priority::ALL.into_iter().any(|class| model.waits(class))),
                },
                Step::Steal => {
                    let mut thief = Lanes::<Ring>::default();
                    model.stolen(thief.steal(&stealer));
                }
                Step::Change(of, to) => {
                    if let Some((_, handle)) = model.lanes[of as usize].front() {
                        handle.set_priority(to);
                    }
                }
            }
            let lengths = model.lanes.each_ref().map(VecDeque::len);
            prop_assert_eq!(queue.len(), lengths.iter().sum::<usize>());
            prop_assert_eq!(queue.is_empty(), queue.len() == 0);
        }
    }
}
