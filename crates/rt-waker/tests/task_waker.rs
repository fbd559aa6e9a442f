//! A task is its own waker: every reference is in the ledger.

use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use rt_task::{End, Polled, Task, TaskRef};
use rt_testkit::{ByHand, within};
use rt_waker::{task_of, waker, waker_ref};

const DEADLINE: Duration = Duration::from_secs(20);

/// Polls as an executor does: the waker is borrowed.
fn poll(task: Task) -> Polled {
    task.poll(|task, running| running.poll(&mut Context::from_waker(&waker_ref(task))))
}

/// A task that waits for ever, polled once: nobody holds the right to poll it.
fn waiting(hand: &ByHand) -> (TaskRef, rt_task::JoinHandle<()>) {
    let (task, handle) = Task::new(pending::<()>(), hand.clone());
    let reference = task.reference();
    assert!(matches!(poll(task), Polled::Pending), "a future that waits for ever was ready");
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

/// What each step did to the number of references.
struct Ledger {
    task: TaskRef,
    count: u64,
    lines: Vec<String>,
}

impl Ledger {
    fn new(task: &TaskRef) -> Ledger {
        let task = task.clone();
        Ledger { count: task.word().count(), task, lines: Vec::new() }
    }

    fn enter<T>(&mut self, step: &str, action: impl FnOnce() -> T) -> T {
        let result = action();
        let count = self.task.word().count();
        let change = count.cast_signed() - self.count.cast_signed();
        self.lines.push(format!("{step}: {change:+}"));
        println!("{step:<24} {change:+} → {count}");
        self.count = count;
        result
    }
}

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
        let expected = [
            "TaskRef::clone: +1",
            "waker: +0",
            "clone: +1",
            "clone: +1",
            "wake_by_ref, idle: +0",
            "wake_by_ref, queued: +0",
            "wake: -1",
            "wake: -1",
            "drop: -1",
        ];
        assert_eq!(ledger.lines, expected, "a task would leak, or be freed while a waker is left");
        end(&hand, &task);
    });
}

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
            assert_eq!(task.word().count(), before + 1, "a poll paid for its waker");
            running.poll(&mut Context::from_waker(&borrowed));
            assert_eq!(task.word().count(), before + 1, "a poll left a reference behind");
        });
        assert!(matches!(polled, Polled::Pending), "the future did not get its poll: {polled:?}");
        assert_eq!(*seen.lock().expect("as above"), [before + 1], "the future was polled once");
        assert_eq!(reference.word().count(), before + 1, "the end of a poll cost a reference");
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
        assert!(matches!(poll(task), Polled::Pending));
        assert_eq!(reference.word().count(), before + 1, "the task could be freed under its waker");
        let waker = kept.lock().expect("as above").take().expect("the poll stored it");
        waker.wake();
        assert_eq!(reference.word().count(), before, "a woken waker kept its reference: a leak");
        let woken = hand.pop().expect("the wake was lost");
        assert_eq!(woken.id(), reference.id(), "another task was woken");
        drop(woken); // ends the task
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
        assert!(matches!(poll(again), Polled::Pending), "the woken task could not be polled");
        end(&hand, &task);
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
        assert!(clone.will_wake(&waker_of_one), "a future would clone its waker at every poll");
        assert!(waker(one.clone()).will_wake(&clone), "two wakers of one task look different");
        assert!(waker_ref(&one).will_wake(&clone), "the waker of a poll looks like another task's");
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
        let before = task.word().count();
        let borrowed = waker_ref(&task);
        let found = task_of(&borrowed).expect("ours");
        assert_eq!(found.id(), task.id(), "a report would name the wrong task");
        assert_eq!(task.word().count(), before + 1, "what is found is counted");
        drop(found);
        assert_eq!(task.word().count(), before, "asking for the task leaked it");
        assert!(task_of(Waker::noop()).is_none(), "a foreign waker was taken for a task");
        let (counting, _wakes) = rt_testkit::CountingWaker::new();
        assert!(task_of(&counting).is_none(), "a foreign waker was taken for a task");
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
        assert_eq!(hand.scheduled(), 1, "a wake from another thread was lost");
        assert_eq!(hand.pop().map(|woken| woken.id()), Some(task.id()));
    });
}

#[test]
fn a_waker_outlives_its_task_and_its_executor() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (task, handle) = Task::new(async {}, hand.clone());
        let late = waker(task.reference());
        assert!(matches!(poll(task), Polled::Completed));
        assert_eq!(hand.ended(), [End::Completed], "the executor was not told of the end");
        drop(handle);
        drop(hand);
        late.wake_by_ref();
        let clone = late.clone();
        late.wake();
        let task = task_of(&clone).expect("its memory is there as long as a waker is");
        assert!(task.is_done(), "a late wake brought a finished task back");
        assert!(!task.word().is_queued(), "a finished task would be polled again");
        drop(clone);
        assert_eq!(task.word().count(), 1, "the last waker left a reference behind");
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
        let second = first.clone();
        drop(task);
        drop(handle);
        assert_eq!(Arc::strong_count(&alive), 2, "the task was freed while wakers point to it");
        first.wake();
        assert_eq!(Arc::strong_count(&alive), 2, "the task was freed while a waker points to it");
        drop(second);
        assert_eq!(Arc::strong_count(&alive), 1, "a task is leaked after its last waker");
    });
}
