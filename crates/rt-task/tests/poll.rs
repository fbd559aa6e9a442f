//! Polling: when the future runs, when it is dropped, and who may do it.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rt_task::{End, Polled, Task};
use rt_testkit::{ByHand, Tally, poll, poll_once, poll_with_waker};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

#[test]
fn a_future_runs_when_its_task_is_polled_and_not_before() {
    within(|| {
        let polls = Arc::new(AtomicUsize::new(0));
        let seen = polls.clone();
        let future = async move { polls.fetch_add(1, Ordering::Relaxed) };
        let (task, _handle) = Task::new(future, ByHand::new());
        assert_eq!(seen.load(Ordering::Relaxed), 0, "spawning ran the future");
        assert!(matches!(poll(task), Polled::Completed), "the future returned: it is complete");
        assert_eq!(seen.load(Ordering::Relaxed), 1, "the future did not run once");
    });
}

#[test]
fn the_output_waits_for_its_handle() {
    within(|| {
        let (task, mut handle) = Task::new(async { String::from("made") }, ByHand::new());
        assert!(poll_once(&mut handle).is_pending(), "a handle resolved before its task ran");
        let _ = poll(task);
        let Poll::Ready(Ok(output)) = poll_once(&mut handle) else { panic!("no output") };
        assert_eq!(output, "made", "the joiner got something else than the output");
    });
}

#[test]
fn a_pending_task_rests_until_it_is_woken() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle) = Task::new(pending::<()>(), hand.clone());
        assert!(matches!(poll(task), Polled::Pending), "nothing is ready");
        assert_eq!(hand.scheduled(), 0, "a pending task was queued without a wake: a busy loop");
        handle.task().wake_by_ref();
        assert_eq!(hand.scheduled(), 1, "a wake was lost: the task hangs");
        handle.abort();
        assert_eq!(hand.run(), 1);
    });
}

#[test]
fn a_future_is_dropped_when_it_is_done_and_its_output_is_not() {
    within(|| {
        let (future, output) = (Tally::new(), Tally::new());
        let (held, made) = (future.witness(), output.witness());
        let (task, mut handle) = Task::new(
            async move {
                let _held = held;
                made
            },
            ByHand::new(),
        );
        let _ = poll(task);
        assert_eq!(future.dropped(), 1, "a finished future keeps what it holds");
        assert_eq!(output.dropped(), 0, "the output was dropped although somebody joins");
        let joined = poll_once(&mut handle);
        drop(handle);
        assert_eq!(output.dropped(), 0, "the output was dropped twice: once by its handle");
        drop(joined);
        assert_eq!((future.dropped(), output.dropped()), (1, 1));
    });
}

#[test]
fn a_task_that_is_done_is_never_polled_again() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle) = Task::new(async {}, hand.clone());
        let late = task.reference();
        let _ = poll(task);
        late.wake_by_ref();
        late.abort();
        drop(handle);
        late.wake();
        assert_eq!(hand.scheduled(), 0, "a late waker queued a task that is done");
        assert_eq!(hand.ended(), [End::Completed], "the end was told more than once");
    });
}

#[test]
fn a_future_is_polled_with_the_context_of_the_executor() {
    within(|| {
        let (waker, wakes) = rt_testkit::CountingWaker::new();
        let future = poll_fn(|cx: &mut Context<'_>| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        });
        let (task, _handle) = Task::new(future, ByHand::new());
        let _ = task.poll(|_, running| running.poll(&mut Context::from_waker(&waker)));
        assert_eq!(wakes.count(), 1, "the future got another waker than the executor made");
    });
}

#[test]
fn the_executor_is_lent_the_task_that_is_polled() {
    within(|| {
        let (task, handle) = Task::new(async { rt_task::current() }, ByHand::new());
        assert_eq!(task.id(), handle.id(), "task and handle disagree about the number");
        let mut lent = None;
        let _ = task.poll(|task, running| {
            lent = Some(task.id());
            running.poll(&mut Context::from_waker(Waker::noop()));
        });
        assert_eq!(lent, Some(handle.id()), "the executor was lent another task");
        let mut handle = handle;
        let Poll::Ready(Ok(inside)) = poll_once(&mut handle) else { panic!("no output") };
        assert_eq!(inside, lent, "`current` says another task");
        assert_eq!(rt_task::current(), None, "`current` says a task outside of every poll");
    });
}

#[test]
fn a_poll_that_is_not_finished_gives_the_task_back() {
    within(|| {
        let (task, mut handle) = Task::new(async { 1 }, ByHand::new());
        let Polled::Again(task) = task.poll(|_, running| drop(running)) else {
            panic!("the task is gone, and its future was not polled");
        };
        assert!(matches!(poll(task), Polled::Completed), "the task does not run any more");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(1))));
    });
}

#[test]
fn a_task_may_be_polled_inside_the_poll_of_another() {
    within(|| {
        let hand = ByHand::new();
        let (inner, mut joined) = Task::new(async { rt_task::current() }, hand.clone());
        let inner_id = inner.id();
        let outer = async move {
            let before = rt_task::current();
            let _ = poll(inner);
            (before, rt_task::current())
        };
        let (task, mut handle) = Task::new(outer, hand);
        let id = task.id();
        let _ = poll(task);
        let Poll::Ready(Ok(inside)) = poll_once(&mut joined) else { panic!("no output") };
        assert_eq!(inside, Some(inner_id), "the inner task is not the current one");
        let Poll::Ready(Ok(around)) = poll_once(&mut handle) else { panic!("no output") };
        assert_eq!(around, (Some(id), Some(id)), "the outer task lost its place");
    });
}

#[test]
fn an_executor_that_panics_before_the_poll_cancels_the_task() {
    within(|| {
        let tally = Tally::new();
        let held = tally.witness();
        let hand = ByHand::new();
        let (task, mut handle) = Task::new(
            async move {
                let _held = held;
                pending::<()>().await;
            },
            hand.clone(),
        );
        let polling = AssertUnwindSafe(|| {
            let _ = task.poll(|_, _| std::panic::resume_unwind(Box::new("executor")));
        });
        assert!(catch_unwind(polling).is_err(), "the executor's own panic was swallowed");
        assert_eq!(tally.dropped(), 1, "the future leaked");
        let Poll::Ready(Err(error)) = poll_once(&mut handle) else { panic!("the joiner hangs") };
        assert!(error.is_cancelled(), "the joiner was told {error:?}");
        assert_eq!(hand.ended(), [End::Cancelled]);
    });
}

#[test]
fn an_executor_that_panics_after_the_last_poll_has_completed_the_task() {
    within(|| {
        let (future, output) = (Tally::new(), Tally::new());
        let (held, made) = (future.witness(), output.witness());
        let hand = ByHand::new();
        let (task, mut handle) = Task::new(
            async move {
                let _held = held;
                made
            },
            hand.clone(),
        );
        let polling = AssertUnwindSafe(|| {
            let _ = task.poll(|_, running| {
                running.poll(&mut Context::from_waker(Waker::noop()));
                std::panic::resume_unwind(Box::new("executor"))
            });
        });
        assert!(catch_unwind(polling).is_err(), "the executor's own panic was swallowed");
        assert_eq!(future.dropped(), 1, "the future was dropped twice, or never");
        assert_eq!(output.dropped(), 0, "the output was dropped as if it were the future");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(_))), "the output is lost");
        assert_eq!(hand.ended(), [End::Completed]);
    });
}

#[test]
fn an_executor_that_panics_after_a_pending_poll_cancels_the_task() {
    within(|| {
        let tally = Tally::new();
        let held = tally.witness();
        let (task, handle) = Task::new(
            async move {
                let _held = held;
                pending::<()>().await;
            },
            ByHand::new(),
        );
        let polling = AssertUnwindSafe(|| {
            let _ = task.poll(|_, running| {
                running.poll(&mut Context::from_waker(Waker::noop()));
                std::panic::resume_unwind(Box::new("executor"))
            });
        });
        assert!(catch_unwind(polling).is_err(), "the executor's own panic was swallowed");
        assert!(handle.is_finished() && tally.dropped() == 1, "the task is stranded");
    });
}

#[test]
fn a_future_that_wakes_itself_is_polled_until_it_is_ready() {
    within(|| {
        let hand = ByHand::new();
        let mut left = 3;
        let future = poll_fn(move |cx| {
            left -= 1;
            if left == 0 {
                return Poll::Ready("done");
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        let (task, mut handle) = Task::new(future, hand.clone());
        let Polled::Again(task) = poll_with_waker(task) else { panic!("its own wake was lost") };
        hand.push(task);
        assert_eq!(hand.run(), 2, "three polls bring it to its end");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok("done"))));
    });
}

#[test]
fn what_a_task_is_made_of_may_cross_threads() {
    fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Task>();
    assert_send_sync::<rt_task::TaskRef>();
    assert_send_sync::<rt_task::AbortHandle>();
    assert_send_sync::<rt_task::JoinHandle<u8>>();
    assert_send_sync::<rt_task::JoinError>();
    within(|| {
        let (task, mut handle) = Task::new(async { 5 }, ByHand::new());
        let polled = std::thread::spawn(|| matches!(poll(task), Polled::Completed)).join();
        assert!(polled.expect("no panic"), "another thread could not run the task");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(5))), "the output is lost");
    });
}
