//! The injector: classes, batches, lengths, closing; and against three deques.

use std::collections::VecDeque;
use std::future::pending;
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

/// Pushes one of each, and says who they are.
fn push_each(injector: &Injector, classes: &[Priority]) -> Vec<Id> {
    let push = |&class: &Priority| {
        let task = task(class);
        let id = task.id();
        injector.push(task);
        id
    };
    classes.iter().map(push).collect()
}

fn drained(mut list: TaskList) -> Vec<Id> {
    std::iter::from_fn(|| list.pop_front()).map(|task| task.id()).collect()
}

/// All that is in, the most urgent first.
fn emptied(injector: &Injector) -> Vec<Id> {
    std::iter::from_fn(|| injector.pop()).map(|task| task.id()).collect()
}

#[test]
fn the_most_urgent_come_out_first_and_within_a_class_the_oldest() {
    within(|| {
        let injector = Injector::new();
        let ids = push_each(&injector, &[Low, High, Low, Normal, High]);
        assert_eq!(emptied(&injector), [1, 4, 3, 0, 2].map(|at: usize| ids[at]));
        assert!(injector.pop().is_none());
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
        injector.push_batch(batch);
        injector.push_batch(TaskList::new());
        assert_eq!(injector.len(), 6);
        assert_eq!(emptied(&injector), [4, 0, 3, 5, 1, 2].map(|at: usize| ids[at]));
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
        assert_eq!((injector.len(), injector.is_empty(), injector.look()), (3, false, true));
        assert_eq!(injector.waiting(), Waiting::NONE.with(High).with(Low));
        drop(injector.pop());
        assert_eq!(injector.waiting(), Waiting::NONE.with(Low), "a class without tasks waits");
        drop(injector.pop_class(Low, 9));
        assert!(injector.is_empty() && !injector.look(), "a worker does not go to sleep any more");
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
            injector.push(task.expect("nobody refuses it"));
        }
        drop(injector);
        assert_eq!(tally.dropped(), 3, "a dropped injector leaks futures");
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
                    1 => injector.push(batch.pop_front().expect("one is in")),
                    _ => injector.push_batch(batch),
                }
            }
            pushed
        };
        let pop = || {
            start.wait();
            let mut popped = Vec::new();
            while popped.len() < EACH {
                // No more than its share, or the other one would wait for what does not come.
                let most = (EACH - popped.len()).min(5);
                let some = drained(injector.pop_class(Low, most));
                if some.is_empty() {
                    popped.extend(injector.pop().map(|task| task.id()));
                }
                popped.extend(some);
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
        popped.extend(emptied(&injector));
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
    PopClass(Priority, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let class = || prop::sample::select(Priority::ALL.to_vec());
    let step = prop_oneof![
        40 => class().prop_map(Step::Push),
        20 => prop::collection::vec(class(), 0..8).prop_map(Step::PushBatch),
        40 => Just(Step::Pop),
        40 => (class(), 0usize..8).prop_map(|(class, max)| Step::PopClass(class, max)),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_injector_behaves_as_three_deques(steps in steps()) {
        let injector = Injector::new();
        let mut model: [VecDeque<Id>; 3] = Default::default();
        for step in steps {
            match step {
                Step::Push(class) => {
                    let task = task(class);
                    model[class as usize].push_back(task.id());
                    injector.push(task);
                }
                Step::PushBatch(classes) => {
                    let mut batch = TaskList::new();
                    for class in classes {
                        let task = task(class);
                        model[class as usize].push_back(task.id());
                        batch.push_back(task);
                    }
                    injector.push_batch(batch);
                }
                Step::Pop => {
                    let popped = injector.pop().map(|task| task.id());
                    prop_assert_eq!(popped, model.iter_mut().find_map(VecDeque::pop_front));
                }
                Step::PopClass(class, max) => {
                    let batch = drained(injector.pop_class(class, max));
                    let deque = &mut model[class as usize];
                    let expected: Vec<Id> = deque.drain(..max.min(deque.len())).collect();
                    prop_assert_eq!(batch, expected);
                }
            }
            let waits = |class: &Priority| !model[*class as usize].is_empty();
            let waiting = Priority::ALL.into_iter().filter(waits);
            prop_assert_eq!(injector.waiting(), waiting.fold(Waiting::NONE, Waiting::with));
            prop_assert_eq!(injector.len(), model.iter().map(VecDeque::len).sum::<usize>());
        }
    }
}
