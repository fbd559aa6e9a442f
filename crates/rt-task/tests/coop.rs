//! The budget of a poll: a task that always finds something ready lets others run.

use std::cell::Cell;
use std::future::{Future, poll_fn, ready};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rt_task::coop::{self, BUDGET};
use rt_task::{Polled, Task};
use rt_testkit::{ByHand, CountingWaker, poll, poll_once, poll_with_waker};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

/// A leaf that is always ready.
async fn leaf() {
    coop::consume_budget().await;
}

/// Counts its steps, without end.
async fn greedy<F: Future<Output = ()>>(steps: Rc<Cell<u32>>, step: impl Fn() -> F) {
    loop {
        step().await;
        steps.set(steps.get() + 1);
    }
}

#[test]
fn a_greedy_task_gives_way_after_its_budget() {
    within(|| {
        let steps = Rc::new(Cell::new(0));
        let (task, _handle) = Task::new_local(greedy(steps.clone(), leaf), ByHand::new());
        let Polled::Again(task) = poll_with_waker(task) else {
            panic!("a task that gave way was not woken to go on: it hangs");
        };
        assert_eq!(steps.get(), BUDGET, "others wait for more than a budget");
        let Polled::Again(task) = poll_with_waker(task) else { panic!("it hangs") };
        assert_eq!(steps.get(), 2 * BUDGET, "the next poll has not a whole budget");
        drop(task);
    });
}

#[test]
fn an_operation_that_made_no_progress_costs_nothing() {
    within(|| {
        let future = poll_fn(|cx| {
            for _ in 0..3 * BUDGET {
                let Poll::Ready(budget) = coop::poll_proceed(cx) else {
                    return Poll::Ready("ran out");
                };
                drop(budget);
            }
            Poll::Ready("never ran out")
        });
        let (task, mut handle) = Task::new(future, ByHand::new());
        let _ = poll(task);
        assert!(
            matches!(poll_once(&mut handle), Poll::Ready(Ok("never ran out"))),
            "a task that only looks at many channels gives way for nothing"
        );
    });
}

#[test]
fn a_leaf_that_knows_no_budget_is_made_to_spend_it() {
    within(|| {
        let steps = Rc::new(Cell::new(0));
        let step = || coop::cooperative(ready(()));
        let (task, _handle) = Task::new_local(greedy(steps.clone(), step), ByHand::new());
        let Polled::Again(task) = poll_with_waker(task) else { panic!("the task hangs") };
        assert_eq!(steps.get(), BUDGET, "a wrapped leaf starves the others");
        drop(task);
    });
}

#[test]
fn joining_spends_the_budget() {
    within(|| {
        let hand = ByHand::new();
        let joined = Rc::new(Cell::new(0));
        let counter = joined.clone();
        let future = async move {
            loop {
                let (task, handle) = Task::new(async {}, ByHand::new());
                let _ = poll(task);
                let _ = handle.await;
                counter.set(counter.get() + 1);
            }
        };
        let (task, _handle) = Task::new_local(future, hand);
        let Polled::Again(task) = poll_with_waker(task) else { panic!("the task hangs") };
        assert_eq!(joined.get(), BUDGET, "a loop over finished tasks starves the others");
        drop(task);
    });
}

#[test]
fn an_unconstrained_future_never_gives_way() {
    within(|| {
        let future = coop::unconstrained(async {
            for _ in 0..5 * BUDGET {
                leaf().await;
            }
        });
        let (task, _handle) = Task::new(future, ByHand::new());
        assert!(matches!(poll(task), Polled::Completed), "`unconstrained` has a limit");
    });
}

#[test]
fn the_budget_of_the_rest_is_not_touched_by_what_is_unconstrained() {
    within(|| {
        let future = async {
            coop::unconstrained(async {
                for _ in 0..2 * BUDGET {
                    leaf().await;
                }
            })
            .await;
            coop::has_budget_remaining()
        };
        let (task, mut handle) = Task::new(future, ByHand::new());
        let _ = poll(task);
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(true))), "the budget is gone");
    });
}

#[test]
fn outside_of_a_task_there_is_no_limit() {
    within(|| {
        let (waker, wakes) = CountingWaker::new();
        let mut cx = Context::from_waker(&waker);
        for _ in 0..10 * BUDGET {
            let Poll::Ready(budget) = coop::poll_proceed(&mut cx) else {
                panic!("a future outside of every task waits for ever");
            };
            budget.made_progress();
        }
        assert_eq!(wakes.count(), 0);
        assert!(coop::has_budget_remaining());
    });
}

#[test]
fn a_budget_that_is_carried_out_of_its_poll_limits_nobody() {
    within(|| {
        let kept = Rc::new(Cell::new(None));
        let keep = kept.clone();
        let future = poll_fn(move |cx| coop::poll_proceed(cx).map(|budget| keep.set(Some(budget))));
        let (task, _handle) = Task::new_local(future, ByHand::new());
        let _ = poll(task);
        drop(kept.take());
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..2 * BUDGET {
            let Poll::Ready(budget) = coop::poll_proceed(&mut cx) else {
                panic!(
                    "this thread is limited for ever: whatever it awaits outside of tasks hangs"
                );
            };
            budget.made_progress();
        }
    });
}

#[test]
fn who_polls_a_future_that_is_no_task_may_give_it_a_budget() {
    within(|| {
        let steps = Rc::new(Cell::new(0));
        let (waker, wakes) = CountingWaker::new();
        let mut root = std::pin::pin!(greedy(steps.clone(), leaf));
        let mut cx = Context::from_waker(&waker);
        assert!(coop::with_budget(|| root.as_mut().poll(&mut cx)).is_pending());
        assert_eq!((steps.get(), wakes.count()), (BUDGET, 1), "a root starves the tasks");
    });
}

#[test]
fn the_budget_of_the_outer_poll_comes_back_after_an_inner_one() {
    within(|| {
        let future = async {
            leaf().await;
            let (inner, _handle) = Task::new_local(greedy(Rc::default(), leaf), ByHand::new());
            drop(poll_with_waker(inner));
            coop::has_budget_remaining()
        };
        let (task, mut handle) = Task::new_local(future, ByHand::new());
        let _ = poll(task);
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(true))), "the budget is gone");
    });
}

#[test]
fn a_poll_that_its_budget_ends_is_counted_once() {
    within(|| {
        let start = coop::yields_here();
        let (task, _handle) = Task::new_local(greedy(Rc::default(), leaf), ByHand::new());
        let Polled::Again(task) = poll_with_waker(task) else {
            panic!("a greedy task is not queued again")
        };
        assert_eq!(coop::yields_here() - start, 1, "the first yield is not seen");
        let Polled::Again(_task) = poll_with_waker(task) else {
            panic!("a greedy task is not queued again")
        };
        assert_eq!(coop::yields_here() - start, 2, "the yield of a later poll is not seen");

        let start = coop::yields_here();
        let both = async {
            let (mut one, mut two) = (
                std::pin::pin!(greedy(Rc::default(), leaf)),
                std::pin::pin!(greedy(Rc::default(), leaf)),
            );
            poll_fn(|cx| {
                one.as_mut().poll(cx).is_pending().then(|| two.as_mut().poll(cx)).unwrap()
            })
            .await;
        };
        let (task, _handle) = Task::new_local(both, ByHand::new());
        let _again = poll_with_waker(task);
        assert_eq!(coop::yields_here() - start, 1, "one poll is counted for each of its leaves");
    });
}
