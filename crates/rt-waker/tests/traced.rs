//! A poll whose waker tells of its clones.

use std::future::{pending, poll_fn};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use rt_task::{JoinHandle, Polled, Task};
use rt_testkit::{ByHand, within};
use rt_waker::{poll_traced, task_of, waker};

const DEADLINE: Duration = Duration::from_secs(10);

/// Polls a task, and says how often its waker was cloned.
fn traced(task: Task) -> (Polled, usize) {
    let clones = AtomicUsize::new(0);
    let told = || _ = clones.fetch_add(1, Ordering::Relaxed);
    let polled = task.poll(|task, running| poll_traced(task, running, &told));
    (polled, clones.into_inner())
}

/// Ends a task that waits for ever: alive, it would hold its own queue.
fn end<T>(hand: &ByHand, handle: &JoinHandle<T>) {
    handle.abort();
    while let Some(task) = hand.pop() {
        drop(task);
    }
}

#[test]
fn each_clone_is_told_of_and_is_a_waker_of_the_task_like_any_other() {
    within(DEADLINE, || {
        let hand = ByHand::new();
        let kept = std::sync::Arc::new(Mutex::new(Vec::new()));
        let keeps = kept.clone();
        let future = poll_fn(move |cx| {
            keeps.lock().expect("no panic").extend([cx.waker().clone(), cx.waker().clone()]);
            Poll::<()>::Pending
        });
        let (task, handle) = Task::new(future, hand.clone());
        let reference = handle.task().clone();
        let before = reference.word().count();
        let (polled, clones) = traced(task);
        assert!(matches!(polled, Polled::Pending), "the poll is no real one");
        assert_eq!(clones, 2, "a place where the task waits is not seen");
        let wakers = std::mem::take(&mut *kept.lock().expect("no panic"));
        assert_eq!(reference.word().count(), before + 2, "a clone owns its reference: [K1]");
        let own = waker(reference.clone());
        assert!(wakers.iter().all(|waker| waker.will_wake(&own)), "a foreign waker is left: [K3]");
        assert_eq!(task_of(&wakers[0]).map(|task| task.id()), Some(handle.id()), "[K3]");
        drop(own);
        wakers[0].wake_by_ref();
        assert_eq!(hand.scheduled(), 1, "the wake is lost, the task hangs");
        drop(wakers);
        assert_eq!(reference.word().count(), before, "a reference is lost or leaked: [K1]");
        end(&hand, &handle);
    });
}

#[test]
fn a_wake_in_the_poll_has_the_task_go_again_and_is_no_clone() {
    within(DEADLINE, || {
        let future = poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        let (task, _handle) = Task::new(future, ByHand::new());
        let (polled, clones) = traced(task);
        assert!(matches!(polled, Polled::Again(_)), "the wake is lost, the task hangs: {polled:?}");
        assert_eq!(clones, 0, "nobody has kept a waker");
    });
}

#[test]
fn what_is_ready_is_ready() {
    within(DEADLINE, || {
        let (task, handle) = Task::new(async { 42 }, ByHand::new());
        let (polled, clones) = traced(task);
        assert!(matches!(polled, Polled::Completed), "a fake `Pending`: {polled:?}");
        assert!(handle.is_finished() && clones == 0);
    });
}

#[test]
fn the_waker_may_be_lent_to_another_thread_during_the_poll() {
    within(DEADLINE, || {
        let future = poll_fn(|cx| {
            let waker: &Waker = cx.waker();
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| drop(waker.clone()));
                }
            });
            Poll::<()>::Pending
        });
        let hand = ByHand::new();
        let (task, handle) = Task::new(future, hand.clone());
        assert_eq!(traced(task).1, 4, "a clone on another thread is one too");
        end(&hand, &handle);
    });
}

#[test]
fn a_function_that_panics_in_a_clone_is_a_panic_of_the_poll() {
    within(DEADLINE, || {
        let future = async { poll_fn(|cx| Poll::Ready(cx.waker().clone())).await.wake() };
        let (task, handle) = Task::new(future, ByHand::new());
        let told = || std::panic::resume_unwind(Box::new("told"));
        let polled = task.poll(|task, running| poll_traced(task, running, &told));
        assert!(matches!(polled, Polled::Panicked), "it unwinds through the executor: {polled:?}");
        drop(handle);
        let hand = ByHand::new();
        let (task, handle) = Task::new(pending::<()>(), hand.clone());
        assert_eq!(traced(task).1, 0, "nobody keeps a waker");
        end(&hand, &handle);
    });
}
