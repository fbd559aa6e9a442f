//! The loop: what is polled, when, and how often.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use rt_executor::{Executor, yield_now};
use rt_testkit::within;

const DEADLINE: Duration = Duration::from_secs(10);

/// Counts how often a future is polled.
async fn counted<F: Future>(polls: Rc<Cell<usize>>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        polls.set(polls.get() + 1);
        future.as_mut().poll(cx)
    })
    .await
}

/// Gives its waker away and waits until the flag is set.
async fn waiting(waker: Rc<RefCell<Option<Waker>>>, flag: Rc<Cell<bool>>) {
    poll_fn(|cx| {
        *waker.borrow_mut() = Some(cx.waker().clone());
        if flag.get() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await
}

#[test]
fn run_returns_what_the_root_returns() {
    within(DEADLINE, || {
        let text = String::from("borrowed, not 'static");
        let output = Executor::new().run(async { text.len() });
        assert_eq!(output, 21, "the output of the root is lost");
    });
}

#[test]
fn a_task_runs_while_the_root_waits_for_it() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let handle = executor.spawn(async { 6 * 7 });
        assert!(!handle.is_finished(), "a spawn polls nothing");
        assert_eq!(executor.run(handle).ok(), Some(42), "the root got another output");
    });
}

#[test]
fn a_root_is_polled_only_when_it_was_woken_itself() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (root, task) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let busy = executor.spawn(counted(task.clone(), async {
            for _ in 0..1000 {
                yield_now().await;
            }
        }));
        executor.run(counted(root.clone(), busy)).unwrap();
        assert_eq!(task.get(), 1001, "polls of a task that yields a thousand times");
        assert_eq!(root.get(), 2, "a root is polled for the wakes of others [O1]");
    });
}

#[test]
fn what_is_not_done_stays_for_the_next_run() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let steps = Rc::new(Cell::new(0));
        let task = executor.spawn({
            let steps = steps.clone();
            async move {
                for _ in 0..10 {
                    steps.set(steps.get() + 1);
                    yield_now().await;
                }
            }
        });
        executor.run(async {});
        assert_eq!(steps.get(), 0, "a root that is ready at once has tasks polled");
        executor.run(yield_now());
        assert_eq!(
            steps.get(),
            10,
            "between two polls of the root there is a turn of its tasks [X4]"
        );
        assert_eq!(executor.alive(), 0, "a task that is done is counted as alive");
        executor.run(task).expect("it neither panics nor is aborted");
    });
}

#[test]
fn a_wake_between_two_runs_is_not_lost() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (waker, flag) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(false)));
        let task = executor.spawn(waiting(waker.clone(), flag.clone()));
        executor.run(yield_now());
        flag.set(true);
        waker.take().expect("the task was polled").wake();
        executor.run(task).expect("it neither panics nor is aborted"); // hangs if the wake was lost
    });
}

#[test]
fn many_wakes_before_a_poll_are_one_poll() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let polls = Rc::new(Cell::new(0));
        let (waker, flag) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(false)));
        let _detached =
            executor.spawn(counted(polls.clone(), waiting(waker.clone(), flag.clone())));
        executor.run_ready();
        let waker = waker.take().expect("the task was polled");
        (0..10).for_each(|_| waker.wake_by_ref());
        assert_eq!(executor.run_ready(), 1, "ten wakes before a poll are one poll");
        assert_eq!(polls.get(), 2, "ten wakes before a poll are one poll");
    });
}

#[test]
fn a_wake_during_its_own_poll_polls_a_task_once_more() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let polls = Rc::new(Cell::new(0));
        let _detached = executor.spawn(counted(polls.clone(), async {
            let mut is_first = true;
            poll_fn(|cx| {
                if std::mem::take(&mut is_first) {
                    cx.waker().wake_by_ref();
                    let kept = cx.waker().clone();
                    kept.wake();
                }
                Poll::<()>::Pending
            })
            .await
        }));
        while executor.run_ready() > 0 {}
        assert_eq!(polls.get(), 2, "two wakes during one poll are one more poll");
    });
}

#[test]
fn a_task_that_is_done_is_not_polled_again() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let polls = Rc::new(Cell::new(0));
        let (waker, flag) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(true)));
        let task = executor.spawn(counted(polls.clone(), waiting(waker.clone(), flag)));
        executor.run(task).expect("it neither panics nor is aborted");
        waker.take().expect("the task was polled").wake();
        assert_eq!(executor.run_ready(), 0, "a task that is done was polled again");
        assert_eq!(polls.get(), 1, "a task that is done was polled again");
    });
}

#[test]
fn a_waker_that_was_kept_is_as_good_as_the_newest() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (waker, flag) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(false)));
        let task = executor.spawn(waiting(waker.clone(), flag.clone()));
        executor.run_ready();
        let oldest: Waker = waker.take().expect("the task was polled");
        oldest.wake_by_ref();
        executor.run_ready();
        let is_same = oldest.will_wake(waker.borrow().as_ref().expect("polled again"));
        assert!(is_same, "a leaf future has to clone its waker at each poll");
        flag.set(true);
        oldest.wake();
        executor.run(task).expect("it neither panics nor is aborted"); // hangs if the wake was lost
    });
}

#[test]
fn a_root_that_wakes_itself_is_polled_again() {
    within(DEADLINE, || {
        let polls = Rc::new(Cell::new(0));
        Executor::new().run(counted(polls.clone(), async {
            for _ in 0..1000 {
                yield_now().await;
            }
        }));
        assert_eq!(
            polls.get(),
            1001,
            "a wake during the poll of a root was lost, or came twice [O1]"
        );
    });
}

#[test]
fn a_panic_in_a_task_reaches_its_joiner_and_nobody_else() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let bad = executor.spawn(async { panic!("on purpose") });
        let good = executor.spawn(async { 1 });
        let (bad, good) = executor.run(async { (bad.await, good.await) });
        let payload = bad.expect_err("it panicked").into_panic();
        assert_eq!(payload.downcast_ref(), Some(&"on purpose"), "the joiner got another payload");
        assert_eq!(good.ok(), Some(1), "a panic in one task ended another");
    });
}

#[test]
fn after_a_panic_in_the_root_the_executor_goes_on() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let task = executor.spawn(async { 1 });
        let run = AssertUnwindSafe(|| executor.run(async { panic!("on purpose") }));
        let payload = catch_unwind(run).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"on purpose"), "the panic of a root was changed");
        assert_eq!(executor.run(task).ok(), Some(1), "a panic of the root broke the executor");
    });
}

#[test]
fn an_aborted_task_is_dropped_by_the_loop_and_not_polled() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (token, polls) = (Rc::new(()), Rc::new(Cell::new(0)));
        let held = token.clone();
        let task = executor.spawn(counted(polls.clone(), async move {
            pending::<()>().await;
            drop(held);
        }));
        executor.run_ready();
        task.abort();
        assert_eq!(Rc::strong_count(&token), 2, "an abort only asks");
        let outcome = executor.run(task);
        assert!(outcome.is_err_and(|error| error.is_cancelled()), "the joiner was not told");
        let left = (Rc::strong_count(&token), polls.get());
        assert_eq!(left, (1, 1), "the future of an aborted task lives on, or was polled");
    });
}

#[test]
fn an_executor_inside_a_task_of_another_leaves_both_alone() {
    within(DEADLINE, || {
        let outer = Executor::new();
        let (waker, flag) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(false)));
        let outside = outer.spawn(waiting(waker.clone(), flag.clone()));
        let nested = outer.spawn(async move {
            let inner = Executor::new();
            // A task of the outer one is woken while the inner one runs: it stays with the outer.
            let inside = inner.spawn(async move {
                flag.set(true);
                waker.take().expect("the task was polled").wake();
                yield_now().await;
                7
            });
            inner.run(inside).unwrap()
        });
        assert_eq!(outer.run(nested).ok(), Some(7), "an executor inside a task does not work");
        outer.run(outside).expect("it neither panics nor is aborted"); // hangs if its wake was lost
    });
}
