//! A list of tasks: the order is kept, nothing is lost, what is left is cancelled.

use std::collections::VecDeque;
use std::future::pending;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use rt_task::{Id, Inbox, Polled, Task, TaskList};
use rt_testkit::{ByHand, Tally, poll};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

fn task() -> Task {
    Task::new(pending::<()>(), ByHand::new()).0
}

/// So many tasks, and their numbers.
fn list(len: usize) -> (TaskList, Vec<Id>) {
    let mut list = TaskList::new();
    let ids = (0..len).map(|_| {
        let task = task();
        let id = task.id();
        list.push_back(task);
        id
    });
    let ids = ids.collect();
    (list, ids)
}

fn drained(mut list: TaskList) -> Vec<Id> {
    std::iter::from_fn(|| list.pop_front()).map(|task| task.id()).collect()
}

#[test]
fn the_first_in_is_the_first_out() {
    within(|| {
        let (mut list, ids) = list(3);
        assert_eq!((list.len(), list.is_empty()), (3, false));
        let first = list.pop_front().map(|task| task.id());
        assert_eq!(first, Some(ids[0]), "who came first is served later");
        let again = task();
        let last = again.id();
        list.push_back(again);
        assert_eq!(drained(list), [ids[1], ids[2], last]);
    });
}

#[test]
fn a_list_that_was_emptied_can_be_filled_again() {
    within(|| {
        let (mut list, _) = list(1);
        assert!(list.pop_front().is_some() && list.pop_front().is_none());
        assert_eq!((list.len(), list.is_empty()), (0, true));
        let next = task();
        let id = next.id();
        list.push_back(next);
        assert_eq!(drained(list), [id], "a task was linked behind one that is gone");
    });
}

#[test]
fn an_appended_list_comes_behind_all_that_was_there() {
    within(|| {
        for (mine, others) in [(0, 0), (0, 2), (2, 0), (2, 3)] {
            let ((mut list, mut ids), (other, more)) = (list(mine), list(others));
            list.append(other);
            ids.extend(more);
            assert_eq!(list.len(), ids.len(), "{mine} and {others}");
            let last = task();
            ids.push(last.id());
            list.push_back(last);
            assert_eq!(drained(list), ids, "{mine} and {others}: lost, or out of order");
        }
    });
}

#[test]
fn a_list_that_is_dropped_cancels_what_is_in() {
    within(|| {
        let tally = Tally::new();
        let mut list = TaskList::new();
        let spawn = |_| {
            let held = tally.witness();
            Task::new(async move { drop(held) }, ByHand::new())
        };
        let (tasks, handles): (Vec<_>, Vec<_>) = (0..3).map(spawn).unzip();
        list.extend(tasks);
        drop(list);
        assert_eq!(tally.dropped(), 3, "a dropped list leaks futures");
        assert!(handles.iter().all(|handle| handle.is_finished()), "a joiner hangs");
    });
}

#[test]
fn a_task_goes_from_an_inbox_to_a_list_and_back() {
    within(|| {
        let (inbox, mut list) = (Inbox::new(), TaskList::new());
        let ids: Vec<Id> = (0..3)
            .map(|_| {
                let task = task();
                let id = task.id();
                let _ = inbox.push(task);
                id
            })
            .collect();
        inbox.take(|task| list.push_back(task));
        while let Some(task) = list.pop_front() {
            let _ = inbox.push(task);
        }
        let mut taken = Vec::new();
        inbox.take(|task| taken.push(task.id()));
        assert_eq!(taken, ids);
    });
}

#[test]
fn a_list_can_go_to_another_thread() {
    within(|| {
        let (list, ids) = list(5);
        let there = thread::spawn(move || drained(list)).join().expect("no panic");
        assert_eq!(there, ids);
    });
}

#[test]
fn a_task_comes_back_from_its_word() {
    within(|| {
        let (task, handle) = Task::new(async { 1 }, ByHand::new());
        let word = task.into_raw();
        assert!(!handle.is_finished(), "a task was cancelled on its way through a word");
        // SAFETY: the word came from `into_raw` just above, and is not used again.
        let task = unsafe { Task::from_raw(word) };
        assert_eq!(task.id(), handle.id());
        assert!(matches!(poll(task), Polled::Completed));
    });
}

#[derive(Clone, Debug)]
enum Step {
    Push,
    Pop,
    Append(usize),
    Split,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Push),
        3 => Just(Step::Pop),
        1 => (0usize..4).prop_map(Step::Append),
        1 => Just(Step::Split),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_list_behaves_as_a_deque(steps in steps()) {
        let (mut list, mut model) = (TaskList::new(), VecDeque::new());
        for step in steps {
            match step {
                Step::Push => {
                    let task = task();
                    model.push_back(task.id());
                    list.push_back(task);
                }
                Step::Pop => {
                    prop_assert_eq!(list.pop_front().map(|task| task.id()), model.pop_front());
                }
                Step::Append(len) => {
                    let (other, ids) = self::list(len);
                    list.append(other);
                    model.extend(ids);
                }
                // All of it into another list, in two parts.
                Step::Split => {
                    let (mut front, half) = (TaskList::new(), list.len() / 2);
                    (0..half).for_each(|_| front.extend(list.pop_front()));
                    front.append(std::mem::take(&mut list));
                    list = front;
                }
            }
            prop_assert_eq!(list.len(), model.len());
            prop_assert_eq!(list.is_empty(), model.is_empty());
        }
        prop_assert_eq!(drained(list), Vec::from(model));
    }
}
