//! Joining: the handle resolves once, the newest waker wins, and a dropped handle detaches.

use std::future::{Future, pending};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use rt_task::{End, JoinHandle, Polled, Task};
use rt_testkit::{ByHand, CountingWaker, Tally, Witness, poll, poll_once};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

fn poll_with<F: Future>(future: F, waker: &Waker) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(waker))
}

/// A witness whose drop panics, after it was counted.
struct Explosive {
    _witness: Witness,
}

impl Drop for Explosive {
    fn drop(&mut self) {
        if !thread::panicking() {
            resume_unwind(Box::new("the output's drop"));
        }
    }
}

#[test]
fn a_joiner_is_woken_once_when_the_task_is_done() {
    within(|| {
        let (waker, wakes) = CountingWaker::new();
        let (task, mut handle) = Task::new(async { 3 }, ByHand::new());
        assert!(poll_with(&mut handle, &waker).is_pending(), "joined before it ran: [S5]");
        assert_eq!(wakes.count(), 0, "the joiner was woken with nothing to see");
        let _ = poll(task);
        assert_eq!(wakes.count(), 1, "the joiner was not woken, or more than once: [S4]");
    });
}

#[test]
fn a_joiner_is_woken_when_its_task_panics() {
    within(|| {
        let (waker, wakes) = CountingWaker::new();
        let future = async { resume_unwind(Box::new(())) };
        let (task, mut handle): (_, JoinHandle<()>) = Task::new(future, ByHand::new());
        assert!(poll_with(&mut handle, &waker).is_pending(), "joined before it ran: [S5]");
        assert!(matches!(poll(task), Polled::Panicked), "the panic took the executor down");
        assert_eq!(wakes.count(), 1, "who joins a task that panicked hangs: [S4]");
    });
}

#[test]
fn the_newest_waker_wins() {
    within(|| {
        let (old, old_wakes) = CountingWaker::new();
        let (new, new_wakes) = CountingWaker::new();
        let (task, mut handle) = Task::new(async {}, ByHand::new());
        assert!(poll_with(&mut handle, &old).is_pending(), "joined before it ran: [S5]");
        assert!(poll_with(&mut handle, &new).is_pending(), "joined before it ran: [S5]");
        let _ = poll(task);
        assert_eq!(
            (old_wakes.count(), new_wakes.count()),
            (0, 1),
            "a handle that moved to another task (a `select!`, a `join!`) would hang: [S4]"
        );
    });
}

#[test]
fn a_waker_that_wakes_the_same_task_is_not_cloned_again() {
    within(|| {
        let (waker, wakes) = CountingWaker::new();
        let (task, mut handle) = Task::new(async {}, ByHand::new());
        let _ = poll_with(&mut handle, &waker);
        let count = Arc::strong_count(&wakes);
        for _ in 0..3 {
            assert!(poll_with(&mut handle, &waker).is_pending(), "joined before it ran: [S5]");
        }
        assert_eq!(Arc::strong_count(&wakes), count, "every look at a handle costs a clone");
        drop(task);
    });
}

#[test]
fn a_dropped_handle_keeps_no_waker() {
    within(|| {
        let (waker, wakes) = CountingWaker::new();
        let (task, mut handle) = Task::new(async {}, ByHand::new());
        let count = Arc::strong_count(&wakes);
        assert!(poll_with(&mut handle, &waker).is_pending(), "joined before it ran: [S5]");
        assert_eq!(Arc::strong_count(&wakes), count + 1, "the slot holds one waker: [S4]");
        drop(handle);
        assert_eq!(Arc::strong_count(&wakes), count, "a dropped handle keeps its waker: [S4]");
        drop(task);
    });
}

#[test]
fn a_dropped_handle_detaches_its_task() {
    within(|| {
        let output = Tally::new();
        let made = output.witness();
        let hand = ByHand::new();
        let (task, handle) = Task::new(async move { made }, hand.clone());
        drop(handle);
        assert!(matches!(poll(task), Polled::Completed), "dropping the handle stopped the task");
        assert_eq!(output.dropped(), 1, "an output that nobody takes leaked, or went twice: [S5]");
        assert_eq!(hand.ended(), [End::Completed], "an executor's counters are wrong");
    });
}

#[test]
fn a_handle_dropped_after_the_end_drops_the_output() {
    within(|| {
        let output = Tally::new();
        let made = output.witness();
        let (waker, wakes) = CountingWaker::new();
        let (task, mut handle) = Task::new(async move { made }, ByHand::new());
        assert!(poll_with(&mut handle, &waker).is_pending(), "joined before it ran: [S5]");
        let _ = poll(task);
        drop(handle);
        assert_eq!(output.dropped(), 1, "the output leaked, or went twice: [S5]");
        assert_eq!(wakes.count(), 1, "the joiner was not woken: [S4]");
    });
}

#[test]
fn a_handle_polled_after_its_output_says_what_to_do() {
    within(|| {
        let (task, mut handle) = Task::new(async {}, ByHand::new());
        let _ = poll(task);
        let _ = poll_once(&mut handle);
        let again = catch_unwind(AssertUnwindSafe(|| poll_once(&mut handle)));
        let payload = again.expect_err("the output was given twice: [J2]");
        let text = payload.downcast_ref::<&str>().expect("a text");
        assert_eq!(
            *text,
            "a `JoinHandle` was polled after it had given its output: \
             poll it once to the end, or fuse it with `futures::FutureExt::fuse`",
            "the message does not say what to do"
        );
    });
}

#[test]
fn a_handle_joins_from_another_thread() {
    within(|| {
        let (task, handle) = Task::new(async { vec![1, 2, 3] }, ByHand::new());
        let joiner = thread::spawn(move || {
            struct Unpark(thread::Thread);
            impl Wake for Unpark {
                fn wake(self: Arc<Self>) {
                    self.0.unpark();
                }
            }
            let waker = Waker::from(Arc::new(Unpark(thread::current())));
            let mut handle = handle;
            loop {
                match poll_with(&mut handle, &waker) {
                    Poll::Ready(output) => return output,
                    Poll::Pending => thread::park(),
                }
            }
        });
        let _ = poll(task);
        let output = joiner.join().expect("the joiner panicked").expect("the task completed");
        assert_eq!(output, [1, 2, 3], "the joiner got something else than the output: [C4]");
    });
}

#[test]
fn a_finished_task_says_so() {
    within(|| {
        let (task, handle) = Task::new(async {}, ByHand::new());
        let aborter = handle.abort_handle();
        let is_done = handle.is_finished() || aborter.is_finished() || task.is_done();
        assert!(!is_done, "a task that never ran looks finished: [S3]");
        let _ = poll(task);
        let is_done = handle.is_finished() && aborter.is_finished();
        assert!(is_done, "a finished task looks unfinished: [S3]");
        assert_eq!(aborter.id(), handle.id(), "the handle aborts another task: [H1]");
    });
}

#[test]
fn an_abort_on_drop_handle_takes_its_task_along() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle) = Task::new(pending::<()>(), hand.clone());
        let _ = poll(task);
        drop(handle.abort_on_drop());
        assert_eq!(hand.run(), 1, "the task outlives the handle that should abort it: [S7]");
        assert_eq!(hand.ended(), [End::Cancelled], "an executor's counters are wrong");
    });
}

#[test]
fn an_abort_on_drop_handle_resolves_like_any_other() {
    within(|| {
        let (task, handle) = Task::new(async { 9 }, ByHand::new());
        let mut handle = handle.abort_on_drop();
        assert!(!handle.handle().is_finished(), "a task that never ran looks finished: [S3]");
        let _ = poll(task);
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(9))), "the output is lost");
    });
}

#[test]
fn an_abort_on_drop_handle_can_be_made_to_detach_again() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle) = Task::new(async {}, hand.clone());
        let handle: JoinHandle<()> = handle.abort_on_drop().detach_on_drop();
        drop(handle);
        assert!(matches!(poll(task), Polled::Completed), "the task was aborted all the same");
        assert_eq!(hand.ended(), [End::Completed], "an executor's counters are wrong");
    });
}

#[test]
fn an_output_whose_drop_panics_does_not_reach_the_executor() {
    within(|| {
        let tally = Tally::new();
        let output = Explosive { _witness: tally.witness() };
        let (task, handle) = Task::new(async move { output }, ByHand::new());
        drop(handle);
        assert!(matches!(poll(task), Polled::Completed), "a user's drop took the executor down");
        assert_eq!(tally.dropped(), 1, "the output leaked, or went twice: [S5]");
    });
}

#[test]
fn an_output_whose_drop_panics_in_its_handle_is_the_callers_affair() {
    within(|| {
        let tally = Tally::new();
        let output = Explosive { _witness: tally.witness() };
        let (task, handle) = Task::new(async move { output }, ByHand::new());
        let reference = task.reference();
        let _ = poll(task);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(handle)));
        assert!(dropped.is_err(), "the panic of a value's drop was swallowed");
        assert_eq!(tally.dropped(), 1, "the output leaked, or went twice: [S5]");
        assert_eq!(reference.word().count(), 1, "the panic leaked the handle's reference: [R1]");
    });
}

/// Panics when it is woken, and when the flag says so when it is cloned or dropped.
#[derive(Clone, Copy)]
enum Fault {
    Clone,
    Wake,
    Drop,
}

mod faulty {
    //! A waker made by hand, of a static: no counts, only panics.
    use std::panic::resume_unwind;
    use std::task::{RawWaker, RawWakerVTable, Waker};

    fn fail() {
        if !std::thread::panicking() {
            resume_unwind(Box::new("waker"));
        }
    }

    static ON_CLONE: RawWakerVTable = RawWakerVTable::new(
        |_| {
            fail();
            raw(&ON_CLONE)
        },
        |_| (),
        |_| (),
        |_| (),
    );
    static ON_WAKE: RawWakerVTable =
        RawWakerVTable::new(|_| raw(&ON_WAKE), |_| fail(), |_| fail(), |_| ());
    static ON_DROP: RawWakerVTable =
        RawWakerVTable::new(|_| raw(&ON_DROP), |_| (), |_| (), |_| fail());

    fn raw(vtable: &'static RawWakerVTable) -> RawWaker {
        RawWaker::new(std::ptr::null(), vtable)
    }

    pub(super) fn waker(fault: super::Fault) -> Waker {
        let vtable = match fault {
            super::Fault::Clone => &ON_CLONE,
            super::Fault::Wake => &ON_WAKE,
            super::Fault::Drop => &ON_DROP,
        };
        // SAFETY: the functions of these tables touch no memory.
        unsafe { Waker::from_raw(raw(vtable)) }
    }
}

#[test]
fn a_waker_that_panics_when_cloned_leaves_the_handle_usable() {
    within(|| {
        let (good, wakes) = CountingWaker::new();
        let bad = faulty::waker(Fault::Clone);
        let (task, mut handle) = Task::new(async { 4 }, ByHand::new());
        assert!(poll_with(&mut handle, &good).is_pending(), "joined before it ran: [S5]");
        let polled = catch_unwind(AssertUnwindSafe(|| poll_with(&mut handle, &bad)));
        assert!(polled.is_err(), "the waker's panic was swallowed");
        assert!(poll_with(&mut handle, &good).is_pending(), "joined before it ran: [S5]");
        let _ = poll(task);
        assert_eq!(wakes.count(), 1, "after a faulty waker the handle hangs: [S4]");
    });
}

#[test]
fn a_waker_that_panics_when_woken_does_not_reach_the_executor() {
    within(|| {
        let bad = faulty::waker(Fault::Wake);
        let hand = ByHand::new();
        let (task, mut handle) = Task::new(async { 4 }, hand.clone());
        assert!(poll_with(&mut handle, &bad).is_pending(), "joined before it ran: [S5]");
        assert!(matches!(poll(task), Polled::Completed), "a joiner's waker ended the executor");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(4))), "the output is lost");
        assert_eq!(hand.ended(), [End::Completed], "an executor's counters are wrong");
    });
}

#[test]
fn a_waker_that_panics_when_dropped_leaves_the_count_right() {
    within(|| {
        let bad = faulty::waker(Fault::Drop);
        let (task, mut handle) = Task::new(async { 4 }, ByHand::new());
        let reference = task.reference();
        assert!(poll_with(&mut handle, &bad).is_pending(), "joined before it ran: [S5]");
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(handle)));
        assert!(dropped.is_err(), "the panic of a waker's drop was swallowed");
        let _ = poll(task);
        assert_eq!(reference.word().count(), 1, "the panic leaked the handle's reference: [R1]");
        std::mem::forget(bad);
    });
}

#[test]
fn why_there_is_no_output_can_be_asked_and_passed_on() {
    within(|| {
        let (task, mut handle) = Task::new(pending::<()>(), ByHand::new());
        let id = task.id();
        drop(task);
        let Poll::Ready(Err(error)) = poll_once(&mut handle) else { panic!("the joiner hangs") };
        assert!(error.is_cancelled() && !error.is_panic(), "the joiner was told {error:?}");
        assert_eq!(error.id(), id, "the joiner was told of another task");
        let text = format!("task {id} was cancelled");
        assert_eq!(error.to_string(), text, "a log says something else");
        let Err(error) = error.try_into_panic() else { panic!("there was no panic") };
        let error = io::Error::from(error);
        assert_eq!(error.kind(), io::ErrorKind::Other, "`?` passes on another kind");
        assert_eq!(error.to_string(), text, "a log says something else");
    });
}

#[test]
fn two_tasks_that_end_at_once_each_have_their_own_output() {
    within(|| {
        let hand = ByHand::new();
        let (one, mut first) = Task::new(async { "one" }, hand.clone());
        let (two, mut second) = Task::new(async { "two" }, hand);
        let _ = poll(two);
        let _ = poll(one);
        assert!(
            matches!(poll_once(&mut first), Poll::Ready(Ok("one"))),
            "outputs are mixed up: [J1]"
        );
        assert!(
            matches!(poll_once(&mut second), Poll::Ready(Ok("two"))),
            "outputs are mixed up: [J1]"
        );
    });
}
