//! The injector: classes, batches, lengths, closing; and against three deques.

use std::collections::VecDeque;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use rt_steal::Injector;
use rt_task::Priority::{self, High, Low, Normal};
use rt_task::{Builder, Id, Task, TaskList, Waiting};
use rt_testkit::{ByHand, Tally};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

fn task(class: Priority) -> Task {
    let (task, _handle) = Builder::new().priority(class).spawn(pending::<()>(), ByHand::new());
    task.expect("nobody refuses it")
}

fn highest(waiting: Waiting) -> Option<Priority> {
    waiting.highest()
}

/// Each so many choices the least urgent class: a rule with a memory, to see that it is asked once for each task.
#[derive(Clone, Debug, Default)]
struct Turns {
    every: u32,
    choices: u32,
}

impl Turns {
    fn every(every: u32) -> Turns {
        Turns { every, choices: 0 }
    }

    fn choose(&mut self, waiting: Waiting) -> Option<Priority> {
        self.choices += 1;
        let is_for_the_last = self.choices.is_multiple_of(self.every);
        if is_for_the_last { waiting.iter().last() } else { waiting.highest() }
    }
}

/// Pushes one of each, and says who they are.
fn push_each(injector: &Injector, classes: &[Priority]) -> Vec<Id> {
    let push = |&class: &Priority| {
        let task = task(class);
        let id = task.id();
        injector.push(task).expect("it is open");
        id
    };
    classes.iter().map(push).collect()
}

fn drained(mut list: TaskList) -> Vec<Id> {
    std::iter::from_fn(|| list.pop_front()).map(|task| task.id()).collect()
}

#[test]
fn within_a_class_the_first_in_is_the_first_out() {
    within(|| {
        let injector = Injector::new();
        let ids = push_each(&injector, &[Low, High, Low, Normal, High]);
        let order = drained(injector.pop_batch(10, highest));
        assert_eq!(order, [1, 4, 3, 0, 2].map(|at: usize| ids[at]));
        assert!(injector.pop(highest).is_none());
    });
}

#[test]
fn the_rule_says_which_class_is_next() {
    within(|| {
        let injector = Injector::new();
        let ids = push_each(&injector, &[High, Normal, Low]);
        let mut seen = Vec::new();
        let lowest = |waiting: Waiting| {
            seen.push(waiting.iter().collect::<Vec<_>>());
            waiting.iter().last()
        };
        assert_eq!(drained(injector.pop_batch(3, lowest)), [ids[2], ids[1], ids[0]]);
        assert_eq!(seen, [vec![High, Normal, Low], vec![High, Normal], vec![High]]);
    });
}

#[test]
fn a_rule_that_names_nobody_gets_the_most_urgent() {
    within(|| {
        let injector = Injector::new();
        let ids = push_each(&injector, &[Low, Normal]);
        let first = injector.pop(|_| Some(High)).map(|task| task.id());
        assert_eq!(first, Some(ids[1]), "a class without tasks was named: nothing came out");
        let second = injector.pop(|_| None).map(|task| task.id());
        assert_eq!(second, Some(ids[0]));
    });
}

#[test]
fn a_rule_can_let_a_low_task_pass_a_busy_high_class() {
    within(|| {
        let (injector, mut rule) = (Injector::new(), Turns::every(4));
        let low = push_each(&injector, &[Low])[0];
        let mut waited = 0;
        loop {
            push_each(&injector, &[High]);
            match injector.pop(|waiting| rule.choose(waiting)) {
                Some(task) if task.id() == low => break,
                Some(_) => waited += 1,
                None => unreachable!("one was pushed"),
            }
        }
        assert_eq!(waited, 3, "the bound of the rule does not hold at the injector");
    });
}

#[test]
fn a_batch_goes_in_behind_what_was_there_each_to_its_class() {
    within(|| {
        let injector = Injector::new();
        let mut ids = push_each(&injector, &[Normal, Low]);
        let mut batch = TaskList::new();
        for class in [Low, Normal, High, Normal] {
            let task = task(class);
            ids.push(task.id());
            batch.push_back(task);
        }
        injector.push_batch(batch).expect("it is open");
        assert_eq!(injector.len(), 6);
        let order = drained(injector.pop_batch(10, highest));
        assert_eq!(order, [4, 0, 3, 5, 1, 2].map(|at: usize| ids[at]));
    });
}

#[test]
fn a_batch_takes_no_more_than_was_asked_for() {
    within(|| {
        let injector = Injector::new();
        let ids = push_each(&injector, &[Normal; 5]);
        assert!(injector.pop_batch(0, highest).is_empty());
        assert_eq!(drained(injector.pop_batch(3, highest)), ids[..3]);
        assert_eq!(injector.len(), 2);
    });
}

#[test]
fn a_class_can_be_asked_for_alone() {
    within(|| {
        let injector = Injector::new();
        let ids = push_each(&injector, &[Low, High, Low, Low]);
        assert!(injector.pop_class(Normal, 9).is_empty());
        assert!(injector.pop_class(Low, 0).is_empty());
        assert_eq!(drained(injector.pop_class(Low, 2)), [ids[0], ids[2]], "the oldest first");
        assert_eq!(drained(injector.pop_class(Low, 9)), [ids[3]]);
        assert_eq!((injector.len(), injector.waiting()), (1, Waiting::NONE.with(High)));
    });
}

#[test]
fn the_summary_says_what_the_lists_hold() {
    within(|| {
        let injector = Injector::default();
        assert!(injector.is_empty() && injector.waiting().is_empty() && !injector.look());
        push_each(&injector, &[High, Low, Low]);
        assert_eq!(Priority::ALL.map(|class| injector.len_of(class)), [1, 0, 2]);
        assert_eq!((injector.len(), injector.is_empty(), injector.look()), (3, false, true));
        assert_eq!(injector.waiting(), Waiting::NONE.with(High).with(Low));
        drop(injector.pop(highest));
        assert_eq!(injector.waiting(), Waiting::NONE.with(Low), "a class without tasks waits");
        drop(injector.pop_batch(9, highest));
        assert!(injector.is_empty() && !injector.look(), "a worker does not go to sleep any more");
    });
}

#[test]
fn a_closed_injector_hands_back_what_is_pushed_and_out_what_is_in() {
    within(|| {
        let injector = Injector::new();
        let ids = push_each(&injector, &[Normal]);
        assert!(!injector.is_closed());
        injector.close();
        assert!(injector.is_closed());
        let late = task(High);
        let id = late.id();
        assert_eq!(injector.push(late).map_err(|back| back.id()), Err(id));
        let (mut batch, mut late) = (TaskList::new(), Vec::new());
        for _ in 0..3 {
            let task = task(Low);
            late.push(task.id());
            batch.push_back(task);
        }
        let back = injector.push_batch(batch).expect_err("it is closed");
        assert_eq!(drained(back), late, "tasks were lost at a shutdown");
        assert!(injector.push_batch(TaskList::new()).is_ok(), "nothing can not be refused");
        assert_eq!(drained(injector.pop_batch(9, highest)), ids);
    });
}

#[test]
fn an_injector_that_is_dropped_cancels_what_is_in() {
    within(|| {
        let (injector, tally) = (Injector::new(), Tally::new());
        for class in Priority::ALL {
            let held = tally.witness();
            let future = async move { drop(held) };
            let (task, _handle) = Builder::new().priority(class).spawn(future, ByHand::new());
            injector.push(task.expect("nobody refuses it")).expect("it is open");
        }
        drop(injector);
        assert_eq!(tally.dropped(), 3, "a dropped injector leaks futures");
    });
}

#[test]
fn a_rule_that_panics_leaves_the_injector_as_it_is() {
    within(|| {
        let injector = Injector::new();
        let ids = push_each(&injector, &[Normal, Normal]);
        let popping = AssertUnwindSafe(|| {
            drop(injector.pop(|_| std::panic::resume_unwind(Box::new("rule"))));
        });
        assert!(catch_unwind(popping).is_err());
        assert_eq!(injector.len(), 2);
        assert_eq!(drained(injector.pop_batch(9, highest)), ids);
    });
}

#[test]
fn nothing_is_lost_between_threads_that_push_and_threads_that_pop() {
    within(|| {
        const EACH: usize = 2_000;
        let (injector, start) = (Injector::new(), Barrier::new(4));
        let push = |class: Priority| {
            start.wait();
            let mut pushed = Vec::new();
            while pushed.len() < EACH {
                let mut batch = TaskList::new();
                for _ in 0..=pushed.len() % 3 {
                    let task = task(class);
                    pushed.push(task.id());
                    batch.push_back(task);
                }
                match batch.len() {
                    1 => injector.push(batch.pop_front().expect("one is in")).expect("open"),
                    _ => injector.push_batch(batch).expect("open"),
                }
            }
            pushed
        };
        let pop = || {
            start.wait();
            let (mut popped, mut rule) = (Vec::new(), Turns::every(16));
            while popped.len() < EACH {
                // No more than its share, or the other one would wait for what does not come.
                let most = (EACH - popped.len()).min(5);
                popped.extend(drained(injector.pop_batch(most, |waiting| rule.choose(waiting))));
                thread::yield_now();
            }
            popped
        };
        let (mut pushed, mut popped) = thread::scope(|scope| {
            let pushers = [High, Low].map(|class| scope.spawn(move || push(class)));
            let poppers = [(); 2].map(|()| scope.spawn(pop));
            let join =
                |thread: thread::ScopedJoinHandle<'_, Vec<Id>>| thread.join().expect("no panic");
            let pushed: Vec<Id> = pushers.into_iter().flat_map(join).collect();
            (pushed, poppers.into_iter().flat_map(join).collect::<Vec<Id>>())
        });
        popped.extend(drained(injector.pop_batch(usize::MAX, highest)));
        pushed.sort();
        popped.sort();
        assert_eq!(popped, pushed, "a task was lost on its way, or came twice");
    });
}

#[derive(Clone, Debug)]
enum Step {
    Push(Priority),
    PushBatch(Vec<Priority>),
    Pop,
    PopBatch(usize),
    PopClass(Priority, usize),
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let class = || prop::sample::select(Priority::ALL.to_vec());
    let step = prop_oneof![
        40 => class().prop_map(Step::Push),
        20 => prop::collection::vec(class(), 0..8).prop_map(Step::PushBatch),
        40 => Just(Step::Pop),
        20 => (0usize..8).prop_map(Step::PopBatch),
        20 => (class(), 0usize..8).prop_map(|(class, max)| Step::PopClass(class, max)),
        1 => Just(Step::Close),
    ];
    prop::collection::vec(step, 0..120)
}

/// Three deques, and the same rule.
#[derive(Default)]
struct Model {
    deques: [VecDeque<Id>; 3],
    rule: Turns,
    is_closed: bool,
}

impl Model {
    fn push(&mut self, class: Priority, id: Id) -> bool {
        if !self.is_closed {
            self.deques[class as usize].push_back(id);
        }
        !self.is_closed
    }

    fn pop(&mut self) -> Option<Id> {
        let waits = |class: &Priority| !self.deques[*class as usize].is_empty();
        let waiting = Priority::ALL.into_iter().filter(waits).fold(Waiting::NONE, Waiting::with);
        waiting.highest()?;
        let class = self.rule.choose(waiting)?;
        self.deques[class as usize].pop_front()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_injector_behaves_as_three_deques(every in 1u32..6, steps in steps()) {
        let (injector, mut rule) = (Injector::new(), Turns::every(every));
        let mut model = Model { rule: Turns::every(every), ..Model::default() };
        for step in steps {
            match step {
                Step::Push(class) => {
                    let task = task(class);
                    let is_in = model.push(class, task.id());
                    prop_assert_eq!(injector.push(task).is_ok(), is_in);
                }
                Step::PushBatch(classes) => {
                    let mut batch = TaskList::new();
                    let mut is_in = true;
                    for class in classes {
                        let task = task(class);
                        is_in = model.push(class, task.id());
                        batch.push_back(task);
                    }
                    prop_assert_eq!(injector.push_batch(batch).is_ok(), is_in);
                }
                Step::Pop => {
                    let popped = injector.pop(|waiting| rule.choose(waiting));
                    prop_assert_eq!(popped.map(|task| task.id()), model.pop());
                }
                Step::PopBatch(max) => {
                    let batch = drained(injector.pop_batch(max, |waiting| rule.choose(waiting)));
                    let expected: Vec<Id> = (0..max).map_while(|_| model.pop()).collect();
                    prop_assert_eq!(batch, expected);
                }
                Step::PopClass(class, max) => {
                    let batch = drained(injector.pop_class(class, max));
                    let deque = &mut model.deques[class as usize];
                    let expected: Vec<Id> = deque.drain(..max.min(deque.len())).collect();
                    prop_assert_eq!(batch, expected);
                }
                Step::Close => {
                    injector.close();
                    model.is_closed = true;
                }
            }
            let lengths = Priority::ALL.map(|class| injector.len_of(class));
            prop_assert_eq!(lengths, model.deques.each_ref().map(VecDeque::len));
            prop_assert_eq!(injector.len(), lengths.into_iter().sum::<usize>());
        }
    }
}
