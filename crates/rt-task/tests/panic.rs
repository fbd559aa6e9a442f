//! Panics: caught, handed to the joiner, and never the end of anybody else.

use std::any::Any;
use std::cell::Cell;
use std::future::{Future, pending};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use rt_task::{Builder, End, JoinError, Polled, Task, TaskRef};
use rt_testkit::{ByHand, CountingWaker, Tally, Witness, poll, poll_once};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

/// What a poll does, and whether the drop panics.
struct Fault {
    poll: Option<Box<dyn FnOnce() -> u32 + Send>>,
    drop_panics: bool,
    _witness: Witness,
}

impl Future for Fault {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        self.poll.take().map_or(Poll::Pending, |poll| Poll::Ready(poll()))
    }
}

thread_local! {
    /// Whether a drop panics also while its thread unwinds.
    static IS_UNWINDING_TOO: Cell<bool> = const { Cell::new(false) };
}

impl Drop for Fault {
    fn drop(&mut self) {
        if self.drop_panics && (IS_UNWINDING_TOO.get() || !thread::panicking()) {
            resume_unwind(Box::new("from the drop"));
        }
    }
}

fn error_of<T>(handle: &mut rt_task::JoinHandle<T>) -> JoinError {
    match poll_once(handle) {
        Poll::Ready(Err(error)) => error,
        Poll::Ready(Ok(_)) => panic!("a task that panicked gave an output"),
        Poll::Pending => panic!("the joiner of a task that panicked hangs"),
    }
}

#[test]
fn a_panic_is_the_joiners_and_not_the_executors() {
    within(|| {
        let hand = ByHand::new();
        let (waker, wakes) = CountingWaker::new();
        let (task, mut handle) = Task::new(async { resume_unwind(Box::new("oh")) }, hand.clone());
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut handle).poll(&mut cx).is_pending(), "joined before it ran: [S5]");
        assert!(matches!(poll(task), Polled::Panicked), "the panic took the executor down");
        assert_eq!(wakes.count(), 1, "the joiner was not woken, it hangs: [S4]");
        let _: &rt_task::JoinHandle<()> = &handle;
        let error = error_of(&mut handle);
        assert!(error.is_panic() && !error.is_cancelled(), "the joiner was told {error:?}");
        let text = format!("task {} panicked: oh", error.id());
        assert_eq!(error.to_string(), text, "a log says something else");
        let payload = error.into_panic();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"oh"), "another payload: [H5]");
        assert_eq!(hand.ended(), [End::Panicked], "an executor's counters are wrong");
    });
}

#[test]
fn a_panic_with_any_payload_is_passed_on() {
    within(|| {
        let future = async { resume_unwind(Box::new(String::from("owned"))) };
        let (task, mut handle) = Task::new(future, ByHand::new());
        let _ = poll(task);
        let _: &rt_task::JoinHandle<()> = &handle;
        let text = error_of(&mut handle).to_string();
        assert!(text.ends_with("panicked: owned"), "a log says {text}");
        let (task, mut handle) = Task::new(async { resume_unwind(Box::new(17u64)) }, ByHand::new());
        let _ = poll(task);
        let _: &rt_task::JoinHandle<()> = &handle;
        let error = error_of(&mut handle);
        assert!(error.to_string().ends_with("panicked"), "a log says {error}");
        let payload = error.into_panic();
        assert_eq!(payload.downcast_ref::<u64>(), Some(&17), "another payload: [H5]");
    });
}

#[test]
fn a_future_that_panicked_is_dropped_once() {
    within(|| {
        let tally = Tally::new();
        let future = Fault {
            poll: Some(Box::new(|| resume_unwind(Box::new("from the poll")))),
            drop_panics: false,
            _witness: tally.witness(),
        };
        let (task, handle) = Task::new(future, ByHand::new());
        assert!(matches!(poll(task), Polled::Panicked), "the panic took the executor down");
        assert_eq!(tally.dropped(), 1, "the future leaked, or went twice: [H5]");
        drop(handle);
    });
}

#[test]
fn a_panic_in_the_drop_after_a_panic_in_the_poll_does_not_abort_the_process() {
    within(|| {
        let tally = Tally::new();
        let future = Fault {
            poll: Some(Box::new(|| resume_unwind(Box::new("from the poll")))),
            drop_panics: true,
            _witness: tally.witness(),
        };
        let (task, mut handle) = Task::new(future, ByHand::new());
        assert!(matches!(poll(task), Polled::Panicked), "the panic took the executor down");
        assert_eq!(tally.dropped(), 1, "the future leaked, or went twice: [H5]");
        let payload = error_of(&mut handle).into_panic();
        assert_eq!(payload.downcast_ref(), Some(&"from the poll"), "the first panic is the cause");
    });
}

#[test]
fn a_panic_in_the_drop_of_a_future_that_is_ready_is_a_panic_of_the_task() {
    within(|| {
        let tally = Tally::new();
        let future =
            Fault { poll: Some(Box::new(|| 1)), drop_panics: true, _witness: tally.witness() };
        let (task, mut handle) = Task::new(future, ByHand::new());
        assert!(matches!(poll(task), Polled::Panicked), "half a completion: [H5]");
        let payload = error_of(&mut handle).into_panic();
        assert_eq!(payload.downcast_ref(), Some(&"from the drop"), "another payload: [H5]");
        assert_eq!(tally.dropped(), 1, "the future leaked, or went twice: [H5]");
    });
}

#[test]
fn a_panic_in_the_drop_of_an_aborted_future_is_told_to_the_joiner() {
    within(|| {
        let tally = Tally::new();
        let hand = ByHand::new();
        let future = Fault { poll: None, drop_panics: true, _witness: tally.witness() };
        let (task, mut handle) = Task::new(future, hand.clone());
        let _ = poll(task);
        handle.abort();
        let task = hand.pop().expect("an aborted task is queued");
        assert!(matches!(poll(task), Polled::Panicked), "the panic took the executor down");
        assert!(error_of(&mut handle).is_panic(), "the joiner was told of no panic: [H5]");
        let found = (tally.dropped(), hand.ended());
        assert_eq!(found, (1, vec![End::Panicked]), "dropped or ended not once: [S3]");
    });
}

#[test]
fn a_task_dropped_while_its_thread_unwinds_does_not_abort_the_process() {
    within(|| {
        let tally = Tally::new();
        let future = Fault { poll: None, drop_panics: true, _witness: tally.witness() };
        let (task, mut handle) = Task::new(future, ByHand::new());
        IS_UNWINDING_TOO.set(true);
        let unwinding = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _task = task;
            resume_unwind(Box::new("the executor's own"));
        }));
        IS_UNWINDING_TOO.set(false);
        assert!(unwinding.is_err(), "the executor's own panic was swallowed");
        assert_eq!(tally.dropped(), 1, "the future leaked, or went twice: [H5]");
        assert!(error_of(&mut handle).is_panic(), "the joiner was told of no panic: [H5]");
    });
}

#[test]
fn a_payload_whose_drop_panics_is_survived() {
    struct Bomb(#[allow(dead_code, reason = "dropped")] Witness);
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !thread::panicking() {
                resume_unwind(Box::new("from the payload"));
            }
        }
    }
    within(|| {
        let tally = Tally::new();
        let bomb = Bomb(tally.witness());
        let hand = ByHand::new();
        let (task, handle) = Task::new(
            async move {
                resume_unwind(Box::new(bomb));
            },
            hand.clone(),
        );
        drop(handle);
        assert!(matches!(poll(task), Polled::Panicked), "a payload's drop ended the executor");
        let found = (tally.dropped(), hand.ended());
        assert_eq!(found, (1, vec![End::Panicked]), "the payload leaked, or went twice: [S5]");
    });
}

#[test]
fn a_scheduler_that_panics_at_the_end_of_a_task_loses_nobody() {
    #[derive(Clone)]
    struct Careless;
    impl rt_task::Schedule for Careless {
        fn schedule(self, task: Task) -> Result<(), Task> {
            Err(task)
        }
        fn ended(self, _: &TaskRef, _: End) {
            resume_unwind(Box::new("a hook"));
        }
    }
    within(|| {
        let tally = Tally::new();
        let made = tally.witness();
        let (waker, wakes) = CountingWaker::new();
        let (task, mut handle) = Task::new(async move { made }, Careless);
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut handle).poll(&mut cx).is_pending(), "joined before it ran: [S5]");
        assert!(matches!(poll(task), Polled::Completed), "a hook took the executor down");
        assert_eq!(wakes.count(), 1, "the joiner hangs, because a hook panicked: [S4]");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(_))), "the output is lost");
        assert_eq!(tally.dropped(), 1, "the output was dropped twice: [J2]");
    });
}

/// Writes down what it is told, and panics.
#[derive(Clone)]
struct Tells(Arc<Mutex<Vec<String>>>);

impl Tells {
    fn note(&self, task: &TaskRef, what: &str) {
        let is_done = if task.is_done() { "after" } else { "before" };
        self.0.lock().unwrap().push(format!("{what}, {is_done} it is done"));
    }
}

impl rt_task::Schedule for Tells {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }
    fn panicked(self, task: &TaskRef, payload: &(dyn Any + Send)) {
        let text = payload.downcast_ref::<&str>().unwrap_or(&"no text");
        self.note(task, &format!("{:?} panicked with {text}", task.name()));
        resume_unwind(Box::new("a hook"));
    }
    fn ended(self, task: &TaskRef, how: End) {
        self.note(task, &format!("{how:?}"));
    }
}

#[test]
fn the_scheduler_is_shown_the_payload_before_the_joiner_has_it() {
    within(|| {
        let tells = Tells(Arc::default());
        let future = async { resume_unwind(Box::new("oh")) };
        let (task, mut handle) = Builder::new().name("loud").spawn(future, tells.clone());
        assert!(matches!(poll(task.unwrap()), Polled::Panicked), "the panic came through");
        let _: &rt_task::JoinHandle<()> = &handle;
        let seen = tells.0.lock().unwrap().clone();
        let expected =
            ["Some(\"loud\") panicked with oh, before it is done", "Panicked, before it is done"];
        assert_eq!(seen, expected, "a scheduler learns of a panic too late, or never: [S3]");
        let payload = error_of(&mut handle).into_panic();
        assert_eq!(payload.downcast_ref(), Some(&"oh"), "the joiner's payload is gone");
    });
}

#[test]
fn the_scheduler_is_shown_the_panic_of_a_drop_and_none_of_a_task_that_ends_otherwise() {
    within(|| {
        let tells = Tells(Arc::default());
        let fault = Fault { poll: None, drop_panics: true, _witness: Tally::new().witness() };
        let (task, handle) = Task::new(fault, tells.clone());
        drop((task, handle)); // cancels it
        let (task, _handle) = Task::new(async {}, tells.clone());
        assert!(matches!(poll(task), Polled::Completed), "the future returned: it is complete");
        let (task, _handle) = Task::new(pending::<()>(), tells.clone());
        drop(task);
        let seen = tells.0.lock().unwrap().clone();
        let expected = [
            "None panicked with from the drop, before it is done",
            "Panicked, before it is done",
            "Completed, before it is done",
            "Cancelled, before it is done",
        ];
        assert_eq!(seen, expected, "a scheduler is told of other ends than there were: [S3]");
    });
}

#[test]
fn asking_a_cancelled_task_for_its_panic_says_what_to_ask_first() {
    within(|| {
        let (task, mut handle) = Task::new(pending::<()>(), ByHand::new());
        drop(task);
        let error = error_of(&mut handle);
        let id = error.id();
        let asked = std::panic::catch_unwind(|| error.into_panic());
        let payload = asked.expect_err("a panic out of nothing");
        let text = payload.downcast_ref::<String>().expect("a text");
        let expected =
            format!("task {id} was cancelled, it did not panic: ask `JoinError::is_panic` first");
        assert_eq!(*text, expected, "the message does not say what to ask");
    });
}
