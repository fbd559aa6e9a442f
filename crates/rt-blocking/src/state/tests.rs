//! A pool without threads: what may happen next is drawn by lot, and the promises are looked at after
//! each step.

use std::collections::BTreeMap;
use std::future::pending;

use proptest::prelude::*;
use rt_task::{End, Task};
use rt_testkit::ByHand;

use super::{Next, Push, Right, State};
use crate::crew::{Awake, Key};
use crate::jobs::Ticket;

/// What a thread does, as the thread knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Thread {
    AtTheQueue,
    Runs(Ticket),
    /// Asleep; it does not know whether it was called.
    Sleeps,
}

struct Pool {
    state: State,
    most: usize,
    /// Between the entrance and the queue, with the thread that is being started.
    coming: Vec<(Ticket, Option<Key>)>,
    threads: BTreeMap<Key, Thread>,
    pushed: usize,
    ended: usize,
    task: Task,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Admit,
    Start(usize, bool),
    Push(usize),
    Go(usize, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Admit),
        3 => (0..4_usize, prop::bool::weighted(0.7)).prop_map(|(which, is_made)| Step::Start(which, is_made)),
        3 => (0..4_usize).prop_map(Step::Push),
        6 => (0..4_usize, any::<bool>()).prop_map(|(which, is_time_up)| Step::Go(which, is_time_up)),
    ]
}

impl Pool {
    fn new(most: usize) -> Pool {
        let (task, _handle) = Task::new(pending::<()>(), ByHand::new());
        let state = State::new(most, usize::MAX);
        let (coming, threads) = (Vec::new(), BTreeMap::new());
        Pool { state, most, coming, threads, pushed: 0, ended: 0, task }
    }

    fn step(&mut self, step: Step) {
        match step {
            // It would wait until that is settled.
            Step::Admit if self.state.is_unsettled() => {}
            Step::Admit => {
                let admission = self.state.admit(Right::Unbounded).expect("it is open");
                self.coming.push((admission.ticket, admission.start));
            }
            Step::Start(which, is_made) => self.start(which, is_made),
            Step::Push(which) => self.push(which),
            Step::Go(which, is_time_up) => {
                let key = self.threads.keys().nth(which).copied();
                key.into_iter().for_each(|key| self.go(key, is_time_up));
            }
        }
    }

    fn start(&mut self, which: usize, is_made: bool) {
        let Some((_, start @ Some(_))) = self.coming.get_mut(which) else { return };
        let Some(key) = start.take() else { return };
        if is_made {
            self.state.crew.begin(key);
            self.threads.insert(key, Thread::AtTheQueue);
        } else if !self.state.not_started(key) {
            self.coming.remove(which);
            assert!(self.state.turn_back().is_none());
        }
    }

    fn push(&mut self, which: usize) {
        let Some(&(ticket, None)) = self.coming.get(which) else { return };
        self.coming.remove(which);
        let pushed = self.state.push(ticket, self.task.reference());
        assert!(matches!(pushed, Push::Queued(_)), "a job was refused by an open pool");
        self.pushed += 1;
    }

    fn go(&mut self, key: Key, is_time_up: bool) {
        let next = match self.threads[&key] {
            Thread::AtTheQueue => match self.state.next(key) {
                Next::Run(taken) => Thread::Runs(taken.ticket),
                Next::Rest(_) => Thread::Sleeps,
                Next::Leave => unreachable!("the pool is open"),
            },
            Thread::Runs(ticket) => {
                assert!(self.state.end(ticket, End::Completed).is_some(), "it ended twice");
                self.ended += 1;
                Thread::AtTheQueue
            }
            Thread::Sleeps => match self.state.awake(key, is_time_up) {
                // Under the same lock it looks at the queue.
                Awake::Called => {
                    self.threads.insert(key, Thread::AtTheQueue);
                    return self.go(key, false);
                }
                Awake::Again => Thread::Sleeps,
                Awake::Retired => {
                    self.state.crew.end(key);
                    self.threads.remove(&key);
                    return;
                }
            },
        };
        self.threads.insert(key, next);
    }

    fn check(&self) {
        let metrics = self.state.metrics();
        assert!(metrics.threads <= self.most, "[BC4] {metrics:?}");
        assert!(metrics.queued == 0 || !self.threads.is_empty(), "[BJ4] {metrics:?}");
        let asleep = self.threads.values().filter(|&&thread| thread == Thread::Sleeps).count();
        let called = asleep - metrics.idle_threads;
        assert!(metrics.idle_threads == 0 || metrics.queued <= called, "[BC1] {metrics:?}");
        assert_eq!(metrics.running + metrics.queued, self.pushed - self.ended, "[BJ1]");
        assert_eq!(metrics.places_taken, self.coming.len() + self.pushed - self.ended, "[BJ5]");
    }

    /// Nothing comes any more, nobody's time is up: whoever can go on does.
    fn settle(&mut self) {
        while let Some(&(_, start)) = self.coming.first() {
            self.step(if start.is_some() { Step::Start(0, true) } else { Step::Push(0) });
        }
        for _ in 0..3 * self.pushed + 3 {
            let keys: Vec<Key> = self.threads.keys().copied().collect();
            keys.into_iter().for_each(|key| self.go(key, false));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_no_job_waits_without_a_thread_that_comes(
        most in 1..4_usize,
        steps in proptest::collection::vec(step(), 0..120),
    ) {
        let mut pool = Pool::new(most);
        for step in steps {
            pool.step(step);
            pool.check();
        }
        pool.settle();
        pool.check();
        prop_assert_eq!(pool.ended, pool.pushed, "a job waits for ever");
    }
}
