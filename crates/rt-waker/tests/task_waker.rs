//! A task is its own waker: every reference is in the ledger.

use std::future::{pending, poll_fn};
use std::mem::ManuallyDrop;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use rt_task::{End, Polled, Task, TaskRef};
use rt_testkit::{ByHand, within};
use rt_waker::{task_of, waker, waker_ref};

const DEADLINE: Duration = Duration::from_secs(10);

/// Polls as an executor does: the waker is borrowed.
fn poll(task: Task) -> Polled {
    task.poll(|task, running| running.poll(&mut Context::from_waker(&waker_ref(task))))
}

/// A task that waits for ever, polled once: nobody holds the right to poll it.
fn waiting(hand: &ByHand) -> (TaskRef, rt_task::JoinHandle<()>) {
    let (task, handle) = Task::new(pending::<()>(), hand.clone());
    let reference = task.reference();
    let polled = rt_testkit::poll(task);
    assert!(matches!(polled, Polled::Pending), "a future that waits for ever was ready");
    (reference, handle)
}

/// Ends a task that waits for ever: alive, it would hold its own queue.
fn end(hand: &ByHand, task: &TaskRef) {
    task.abort();
    while let Some(task) = hand.pop() {
        drop(task);
    }
    assert!(task.is_done(), "an aborted task is still alive");
}

/// References that are given back only by a test that passes: a waker that gives back too many
/// makes the test fail, and frees no task under it.
struct Spare(Vec<ManuallyDrop<TaskRef>>);

impl Spare {
    fn of(task: &TaskRef) -> Spare {
        Spare((0..10).map(|_| ManuallyDrop::new(task.clone())).collect())
    }

    fn give_back(self) {
        self.0.into_iter().map(ManuallyDrop::into_inner).for_each(drop);
    }
}

/// What each step did to the number of references.
struct Ledger {
    task: TaskRef,
    spare: Spare,
    count: u64,
    lines: Vec<String>,
}

impl Ledger {
    fn new(task: &TaskRef) -> Ledger {
        let (task, spare) = (task.clone(), Spare::of(task));
        Ledger { count: task.word().count(), task, spare, lines: Vec::new() }
    }

    fn enter<T>(&mut self, step: &str, action: impl FnOnce() -> T) -> T {
        let result = action();
        let count = self.task.word().count();
        let change = count.cast_signed() - self.count.cast_signed();
        self.lines.push(format!("{step}: {change:+}"));
        println!("{step:<24} {change:+} → {}", count - self.spare.0.len() as u64);
        self.count = count;
        result
    }

    #[track_caller]
    fn close(self, expected: &[&str]) {
        assert_eq!(
            self.lines, expected,
            "given back too rarely, a task is leaked; too often, it is freed under its waker [K1]"
        );
        self.spare.give_back();
    }
}

// A waker that owns a reference, and its end.

#[test]
fn a_waker_takes_its_reference_over_and_gives_it_back_at_its_end() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (task, _handle) = waiting(&hand);
        let mut ledger = Ledger::new(&task);
        let reference = ledger.enter("TaskRef::clone", || task.clone());
        let first = ledger.enter("waker", || waker(reference));
        ledger.enter("wake, idle", || first.wake());
        let reference = ledger.enter("TaskRef::clone", || task.clone());
        let second = ledger.enter("waker", || waker(reference));
        ledger.enter("wake, queued", || second.wake());
        let reference = ledger.enter("TaskRef::clone", || task.clone());
        let third = ledger.enter("waker", || waker(reference));
        ledger.enter("drop", || drop(third));
        ledger.close(&[
            "TaskRef::clone: +1",
            "waker: +0",
            "wake, idle: -1",
            "TaskRef::clone: +1",
            "waker: +0",
            "wake, queued: -1",
            "TaskRef::clone: +1",
            "waker: +0",
            "drop: -1",
        ]);
        end(&hand, &task);
    });
}

#[test]
fn a_waker_wakes_from_another_thread() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (task, _handle) = waiting(&hand);
        let waker = waker(task.clone());
        thread::spawn(move || waker.wake()).join().expect("wake does not panic");
        assert_eq!(hand.scheduled(), 1, "a wake from another thread was lost: the task hangs");
        let woken = hand.pop().map(|woken| woken.id());
        assert_eq!(woken, Some(task.id()), "another task was woken than the waker's [K1]");
    });
}

#[test]
fn dropping_a_waker_wakes_nobody() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (task, _handle) = waiting(&hand);
        drop(waker(task.clone()));
        assert_eq!(hand.scheduled(), 0, "a future that lost its interest had its task polled");
        end(&hand, &task);
    });
}

/// A scheduler that shows by its own count whether the cell that holds it is still there.
#[derive(Clone)]
struct Nowhere(#[expect(dead_code, reason = "only its count matters")] Arc<()>);

impl rt_task::Schedule for Nowhere {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }
}

#[test]
fn the_last_waker_frees_the_task() {
    within(DEADLINE, || {
        let alive = Arc::new(());
        let (task, handle) = Task::new(pending::<()>(), Nowhere(alive.clone()));
        let first = waker(task.reference());
        let second = waker(task.reference());
        drop(task);
        drop(handle);
        let count = || Arc::strong_count(&alive);
        assert_eq!(count(), 2, "the task was freed while wakers point to it [K1]");
        first.wake();
        assert_eq!(count(), 2, "the task was freed while a waker points to it [K1]");
        drop(second);
        assert_eq!(count(), 1, "a task is leaked after its last waker [K1]");
    });
}

// A waker that lives on: cloned, and woken by reference.

#[test]
fn every_reference_is_made_and_given_back_once() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (task, _handle) = waiting(&hand);
        let mut ledger = Ledger::new(&task);
        let reference = ledger.enter("TaskRef::clone", || task.clone());
        let first = ledger.enter("waker", || waker(reference));
        let second = ledger.enter("clone", || first.clone());
        let third = ledger.enter("clone", || second.clone());
        ledger.enter("wake_by_ref, idle", || first.wake_by_ref());
        ledger.enter("wake_by_ref, queued", || first.wake_by_ref());
        ledger.enter("wake", || first.wake());
        ledger.enter("wake", || second.wake());
        ledger.enter("drop", || drop(third));
        ledger.close(&[
            "TaskRef::clone: +1",
            "waker: +0",
            "clone: +1",
            "clone: +1",
            "wake_by_ref, idle: +0",
            "wake_by_ref, queued: +0",
            "wake: -1",
            "wake: -1",
            "drop: -1",
        ]);
        end(&hand, &task);
    });
}

#[test]
fn a_wake_queues_an_idle_task_and_many_wakes_queue_it_once() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (task, _handle) = waiting(&hand);
        let waker = waker(task.clone());
        assert_eq!(hand.scheduled(), 0, "a task was queued that nobody woke");
        for _ in 0..3 {
            waker.wake_by_ref();
        }
        waker.wake();
        assert_eq!(hand.scheduled(), 1, "four wakes before the poll are one poll");
        let again = hand.pop().expect("it is queued");
        let polled = rt_testkit::poll(again);
        assert!(
            matches!(polled, Polled::Pending),
            "the woken task could not be polled: {polled:?}"
        );
        end(&hand, &task);
    });
}

#[test]
fn a_waker_outlives_its_task_and_its_executor() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (task, handle) = Task::new(async {}, hand.clone());
        let reference = task.reference();
        let late = waker(task.reference());
        assert!(matches!(rt_testkit::poll(task), Polled::Completed), "it had nothing to wait for");
        assert_eq!(hand.ended(), [End::Completed], "the executor was not told of the end");
        drop(handle);
        drop(hand);
        late.wake_by_ref();
        let clone = late.clone();
        late.wake();
        assert!(reference.is_done(), "a late wake brought a finished task back");
        assert!(!reference.word().is_queued(), "a finished task would be polled again");
        drop(clone);
        assert_eq!(reference.word().count(), 1, "the last waker left a reference behind [K1]");
    });
}

#[test]
fn a_wake_that_the_executor_refuses_ends_the_task_and_keeps_the_waker_good() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (task, handle) = waiting(&hand);
        let waker = waker(task.clone());
        hand.refuse();
        waker.wake_by_ref();
        assert!(handle.is_finished(), "a task that nobody will run keeps its joiner waiting");
        assert_eq!(hand.ended(), [End::Cancelled], "the future was not dropped");
        waker.wake();
        assert_eq!(hand.scheduled(), 0, "a task that ended was queued");
    });
}

// The waker of a poll, and whose a waker is.

#[test]
fn borrowing_a_waker_for_a_poll_touches_no_count() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let inside = seen.clone();
        let future = poll_fn(move |cx| {
            let task = task_of(cx.waker()).expect("the waker of a poll is the task");
            let others = task.word().count() - 1;
            inside.lock().expect("no test panics under it").push(others);
            Poll::<()>::Pending
        });
        let (task, _handle) = Task::new(future, hand.clone());
        let before = task.word().count();
        let reference = task.reference();
        let polled = task.poll(|task, running| {
            let borrowed = waker_ref(task);
            assert_eq!(task.word().count(), before + 1, "each poll pays for its waker [K1]");
            running.poll(&mut Context::from_waker(&borrowed));
            assert_eq!(task.word().count(), before + 1, "each poll leaks a reference [K1]");
        });
        assert!(matches!(polled, Polled::Pending), "the future did not get its poll: {polled:?}");
        assert_eq!(*seen.lock().expect("as above"), [before + 1], "the future was polled once");
        assert_eq!(reference.word().count(), before + 1, "the end of a poll cost a reference [K1]");
        end(&hand, &reference);
    });
}

#[test]
fn a_waker_that_the_future_keeps_owns_a_reference() {
    within(DEADLINE, || {
        let kept = Arc::new(Mutex::new(None::<Waker>));
        let inside = kept.clone();
        let future = poll_fn(move |cx| {
            *inside.lock().expect("no test panics under it") = Some(cx.waker().clone());
            Poll::<()>::Pending
        });
        let hand = ByHand::new();
        let (task, _handle) = Task::new(future, hand.clone());
        let reference = task.reference();
        let before = reference.word().count();
        assert!(matches!(poll(task), Polled::Pending), "a future that waits for ever was ready");
        let after = reference.word().count();
        assert_eq!(after, before + 1, "the task could be freed under its waker [K1]");
        let waker = kept.lock().expect("as above").take().expect("the poll stored it");
        waker.wake();
        assert_eq!(reference.word().count(), before, "a woken waker leaks its reference [K1]");
        let woken = hand.pop().expect("the wake was lost: the task hangs");
        assert_eq!(woken.id(), reference.id(), "another task was woken");
        drop(woken); // ends the task
    });
}

#[test]
fn a_wake_during_the_poll_gives_the_task_back_to_its_executor() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let mut polls = 0;
        let future = poll_fn(move |cx| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        let (task, handle) = Task::new(future, hand.clone());
        let Polled::Again(task) = poll(task) else {
            unreachable!("a task that woke itself would never be polled again")
        };
        assert_eq!(hand.scheduled(), 0, "the task would be polled by two executors");
        assert!(matches!(poll(task), Polled::Completed), "the second poll did not come");
        assert!(handle.is_finished(), "the joiner would wait for ever");
    });
}

#[test]
fn clones_of_one_task_would_wake_the_same_and_those_of_two_tasks_not() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (one, _one) = waiting(&hand);
        let (two, _two) = waiting(&hand);
        let waker_of_one = waker(one.clone());
        let clone = waker_of_one.clone();
        assert!(clone.will_wake(&waker_of_one), "a future clones its waker at every poll [K2]");
        assert!(waker(one.clone()).will_wake(&clone), "two wakers of one task look different [K2]");
        assert!(
            waker_ref(&one).will_wake(&clone),
            "the waker of a poll looks like another task's: each poll clones it again [K2]"
        );
        assert!(!waker(two.clone()).will_wake(&clone), "a moved future would wake the wrong task");
        assert!(!waker_ref(&two).will_wake(&clone), "a moved future would wake the wrong task");
        assert!(!Waker::noop().will_wake(&clone), "a waker that does nothing passes for a task's");
        end(&hand, &one);
        end(&hand, &two);
    });
}

#[test]
fn a_waker_knows_its_task_and_a_foreign_one_has_none() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (task, _handle) = waiting(&hand);
        let spare = Spare::of(&task);
        let before = task.word().count();
        let borrowed = waker_ref(&task);
        let found = task_of(&borrowed).expect("a waker of ours has a task [K2]");
        assert_eq!(found.id(), task.id(), "a report would name the wrong task");
        assert_eq!(task.word().count(), before + 1, "what is found would be freed twice [K1]");
        drop(found);
        assert_eq!(task.word().count(), before, "asking for the task leaks it [K1]");
        assert!(task_of(Waker::noop()).is_none(), "a foreign waker was taken for a task [K2]");
        let (counting, _wakes) = rt_testkit::CountingWaker::new();
        assert!(task_of(&counting).is_none(), "a foreign waker was taken for a task [K2]");
        spare.give_back();
        end(&hand, &task);
    });
}
