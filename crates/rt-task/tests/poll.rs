//! Polling: when the future runs, when it is dropped, and who may do it.

use std::future::Future;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rt_task::{End, Id, JoinHandle, Polled, Task, TaskRef};
use rt_testkit::{ByHand, Tally, Witness, poll, poll_once, poll_with_waker};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

/// Ends a task that pends for ever: woken, it is queued, and dropped in place of a poll.
fn end(handle: &JoinHandle<()>, hand: &ByHand) {
    handle.task().wake_by_ref();
    drop(hand.pop());
}

/// Pends for ever, and counts its polls.
fn counting() -> (impl Future<Output = ()> + Send, Arc<AtomicUsize>) {
    let polls = Arc::new(AtomicUsize::new(0));
    let seen = polls.clone();
    let future = poll_fn(move |_| {
        polls.fetch_add(1, Ordering::Relaxed);
        Poll::Pending
    });
    (future, seen)
}

#[test]
fn a_future_runs_when_its_task_is_polled_and_not_before() {
    within(|| {
        let (hand, (future, polls)) = (ByHand::new(), counting());
        let (task, handle) = Task::new(future, hand.clone());
        assert_eq!(polls.load(Ordering::Relaxed), 0, "spawning ran the future: [S1]");
        assert!(matches!(poll(task), Polled::Pending), "the future waits: so does its task");
        assert_eq!(polls.load(Ordering::Relaxed), 1, "one poll ran the future not once: [S2]");
        end(&handle, &hand);
    });
}

/// Writes down where it stands when it is polled.
struct Standing(Arc<Mutex<Vec<usize>>>);

impl Future for Standing {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let here = std::ptr::from_ref(&*self).addr();
        self.0.lock().expect("no panic under the lock").push(here);
        Poll::Pending
    }
}

#[test]
fn a_future_is_polled_where_it_stands() {
    within(|| {
        let (hand, places) = (ByHand::new(), Arc::default());
        let (task, handle) = Task::new(Standing(Arc::clone(&places)), hand.clone());
        assert!(matches!(poll(task), Polled::Pending), "the future waits: so does its task");
        handle.task().wake_by_ref();
        let task = hand.pop().expect("a task that was woken is queued");
        assert!(matches!(poll(task), Polled::Pending), "the future waits: so does its task");
        let places = places.lock().expect("no panic under the lock").clone();
        assert_eq!(places.len(), 2, "two polls ran the future not twice: [S2]");
        let cell = handle.task().as_raw().addr();
        let is_inside = places.iter().all(|place| (cell..cell + 256).contains(place));
        assert!(is_inside, "a pinned future was moved to be polled: [C3]");
        end(&handle, &hand);
    });
}

#[test]
fn the_output_waits_for_its_handle() {
    within(|| {
        let (task, mut handle) = Task::new(async { String::from("made") }, ByHand::new());
        assert!(poll_once(&mut handle).is_pending(), "a handle resolved before its task ran: [S5]");
        let _ = poll(task);
        let Poll::Ready(Ok(output)) = poll_once(&mut handle) else { panic!("no output") };
        assert_eq!(output, "made", "the joiner got something else than the output: [C4]");
    });
}

#[test]
fn a_pending_task_rests_until_it_is_woken() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle) = Task::new(pending::<()>(), hand.clone());
        assert!(matches!(poll(task), Polled::Pending), "nothing is ready");
        assert_eq!(hand.scheduled(), 0, "queued without a wake, a busy loop: [S1]");
        handle.task().wake_by_ref();
        assert_eq!(hand.scheduled(), 1, "a wake was lost, the task hangs: [S7]");
        end(&handle, &hand);
    });
}

/// Ready at once, and keeps what it holds until it is dropped; an async block would drop that when it
/// returns.
fn ready_with(held: Witness) -> impl Future<Output = ()> + Send {
    poll_fn(move |_| {
        let _ = &held;
        Poll::Ready(())
    })
}

#[test]
fn a_future_is_dropped_when_it_is_done() {
    within(|| {
        let (hand, tally) = (ByHand::new(), Tally::new());
        let (task, handle) = Task::new(ready_with(tally.witness()), hand.clone());
        assert!(!handle.is_finished(), "done before it ran");
        assert!(matches!(poll(task), Polled::Completed), "the future returned: it is complete");
        assert_eq!(tally.dropped(), 1, "a finished future keeps what it holds: [H5]");
        assert!(handle.is_finished(), "nobody can see that the task is done: [S3]");
        assert_eq!(hand.ended(), [End::Completed], "an executor's counters are wrong");
        let count = handle.task().word().count();
        assert_eq!(count, 1, "done, and still alive in the count, its memory leaks: [S6]");
    });
}

/// Writes down what can be seen when it is told of an end.
#[derive(Clone)]
struct Told {
    seen: Arc<Mutex<Vec<(End, bool, usize)>>>,
    tally: Tally,
}

impl rt_task::Schedule for Told {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }

    fn ended(self, task: &TaskRef, how: End) {
        let seen = (how, task.is_done(), self.tally.dropped());
        self.seen.lock().expect("no panic under the lock").push(seen);
    }
}

#[test]
fn a_scheduler_is_told_of_the_end_before_anybody_sees_it() {
    within(|| {
        let told = Told { seen: Arc::default(), tally: Tally::new() };
        let (task, handle) = Task::new(ready_with(told.tally.witness()), told.clone());
        assert!(matches!(poll(task), Polled::Completed), "the future returned: it is complete");
        let seen = told.seen.lock().expect("no panic under the lock").clone();
        let why = "who sees the end asks for the counters of an executor, and finds old ones: [S3]";
        assert_eq!(seen, [(End::Completed, false, 1)], "{why}");
        assert!(handle.is_finished(), "nobody can see that the task is done: [S3]");
    });
}

#[test]
fn a_future_is_dropped_when_it_is_done_and_its_output_is_not() {
    within(|| {
        let (future, output) = (Tally::new(), Tally::new());
        let (held, mut made) = (future.witness(), Some(output.witness()));
        let ready = poll_fn(move |_| {
            let _ = &held;
            Poll::Ready(made.take())
        });
        let (task, mut handle) = Task::new(ready, ByHand::new());
        let _ = poll(task);
        assert_eq!(future.dropped(), 1, "a finished future keeps what it holds: [H5]");
        assert_eq!(output.dropped(), 0, "the output was dropped although somebody joins: [S5]");
        let joined = poll_once(&mut handle);
        drop(handle);
        assert_eq!(output.dropped(), 0, "the output was dropped twice, once by its handle: [J2]");
        drop(joined);
        assert_eq!((future.dropped(), output.dropped()), (1, 1), "each is dropped once: [H5]");
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
        drop(handle);
        late.wake();
        assert_eq!(hand.scheduled(), 0, "a late waker queued a task that is done: [S3]");
        assert_eq!(hand.ended(), [End::Completed], "the end was told more than once");
    });
}

#[test]
fn a_future_is_polled_with_the_context_of_the_executor() {
    within(|| {
        let (waker, wakes) = rt_testkit::CountingWaker::new();
        let future = poll_fn(|cx: &mut Context<'_>| {
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        let hand = ByHand::new();
        let (task, handle) = Task::new(future, hand.clone());
        let _ = task.poll(|_, running| running.poll(&mut Context::from_waker(&waker)));
        assert_eq!(wakes.count(), 1, "the future got another waker than the executor made");
        end(&handle, &hand);
    });
}

#[test]
fn the_executor_is_lent_the_task_that_is_polled() {
    within(|| {
        let inside = Arc::new(Mutex::new(None::<Id>));
        let seen = inside.clone();
        let future = poll_fn(move |_| {
            *inside.lock().expect("no panic under the lock") = rt_task::current();
            Poll::Pending
        });
        let hand = ByHand::new();
        let (task, handle) = Task::new(future, hand.clone());
        assert_eq!(task.id(), handle.id(), "task and handle disagree about the number: [H1]");
        let mut lent = None;
        let _ = task.poll(|task, running| {
            lent = Some(task.id());
            running.poll(&mut Context::from_waker(Waker::noop()));
        });
        assert_eq!(lent, Some(handle.id()), "the executor was lent another task: [R2]");
        let inside = *seen.lock().expect("no panic under the lock");
        assert_eq!(inside, lent, "`current` says another task inside of the poll");
        assert_eq!(rt_task::current(), None, "`current` says a task outside of every poll");
        end(&handle, &hand);
    });
}

#[test]
fn a_poll_that_is_not_finished_gives_the_task_back() {
    within(|| {
        let (hand, (future, polls)) = (ByHand::new(), counting());
        let (task, handle) = Task::new(future, hand.clone());
        let Polled::Again(task) = task.poll(|_, running| drop(running)) else {
            panic!("the task is gone, and its future was not polled: [S1]");
        };
        assert_eq!(polls.load(Ordering::Relaxed), 0, "the future was polled by nobody: [S2]");
        assert!(matches!(poll(task), Polled::Pending), "the task does not run any more: [S1]");
        assert_eq!(polls.load(Ordering::Relaxed), 1, "the future was not polled: [S2]");
        end(&handle, &hand);
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
        assert_eq!(tally.dropped(), 1, "the future leaked: [H5]");
        let Poll::Ready(Err(error)) = poll_once(&mut handle) else { panic!("the joiner hangs") };
        assert!(error.is_cancelled(), "the joiner was told {error:?}");
        assert_eq!(hand.ended(), [End::Cancelled], "an executor's counters are wrong");
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
        assert_eq!(future.dropped(), 1, "the future was dropped twice, or never: [H5]");
        assert_eq!(output.dropped(), 0, "the output was dropped as the future: [H5]");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(_))), "the output is lost");
        assert_eq!(hand.ended(), [End::Completed], "an executor's counters are wrong");
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
        assert!(handle.is_finished() && tally.dropped() == 1, "the task is stranded: [S1]");
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
        let Polled::Again(task) = poll_with_waker(task) else {
            panic!("its own wake was lost: [S7]")
        };
        hand.push(task);
        assert_eq!(hand.run(), 2, "three polls bring it to its end: [S7]");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok("done"))), "the output is lost");
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
