//! Schedulers that somebody wrote: whatever they do, a task comes to its end, and nobody's thread does.

use std::cell::Cell;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rt_task::{End, Polled, Schedule, Task, TaskRef, mark_poll};
use rt_testkit::{Tally, poll, poll_once};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

fn oh() -> ! {
    resume_unwind(Box::new("oh"))
}

thread_local! {
    static CLONE_PANICS: Cell<bool> = const { Cell::new(false) };
}

struct Fragile;

impl Clone for Fragile {
    fn clone(&self) -> Fragile {
        if CLONE_PANICS.get() {
            oh();
        }
        Fragile
    }
}

impl Schedule for Fragile {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }
}

#[test]
fn a_task_whose_scheduler_can_not_be_cloned_is_cancelled_by_its_wake() {
    within(|| {
        let tally = Tally::new();
        let witness = tally.witness();
        let future = async move {
            let _held = witness;
            pending::<()>().await;
        };
        let (task, mut handle) = Task::new(future, Fragile);
        assert!(matches!(poll(task), Polled::Pending), "the future waits: so does its task");
        CLONE_PANICS.set(true);
        handle.task().wake_by_ref();
        CLONE_PANICS.set(false);
        assert_eq!(tally.dropped(), 1, "the future is stranded, its executor never ends: [S1]");
        let Poll::Ready(Err(error)) = poll_once(&mut handle) else { panic!("the joiner hangs") };
        assert!(error.is_cancelled(), "the joiner was told {error:?}");
    });
}

/// Panics when the cell is freed.
#[derive(Clone)]
struct Brittle {
    is_in_the_cell: bool,
}

impl Drop for Brittle {
    fn drop(&mut self) {
        if self.is_in_the_cell && !std::thread::panicking() {
            oh();
        }
    }
}

impl Schedule for Brittle {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }

    fn ended(mut self, _: &TaskRef, _: End) {
        self.is_in_the_cell = false; // a copy
    }
}

#[test]
fn a_scheduler_that_panics_in_its_drop_unwinds_through_no_executor() {
    within(|| {
        let (task, handle) = Task::new(async {}, Brittle { is_in_the_cell: true });
        drop(handle);
        assert!(matches!(poll(task), Polled::Completed), "the future returned: it is complete");
    });
}

/// Loses the task: drops it, or panics with it in its hands.
#[derive(Clone, Copy)]
enum Loses {
    ByDrop,
    ByPanic,
}

impl Schedule for Loses {
    fn schedule(self, task: Task) -> Result<(), Task> {
        match self {
            Loses::ByDrop => drop(task),
            Loses::ByPanic => oh(),
        }
        Ok(())
    }
}

#[test]
fn a_scheduler_that_panics_is_the_affair_of_who_wakes() {
    within(|| {
        let (task, mut handle) = Task::new(pending::<()>(), Loses::ByPanic);
        assert!(matches!(poll(task), Polled::Pending), "the future waits: so does its task");
        let waker = handle.task().clone();
        let woken = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        assert!(woken.is_err(), "a queue is broken, and nobody hears of it");
        let Poll::Ready(Err(error)) = poll_once(&mut handle) else {
            panic!("the joiner of a task that was lost hangs: [S1]")
        };
        assert!(error.is_cancelled(), "the joiner was told {error:?}");
    });
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "leaks on purpose")]
fn a_local_task_that_is_lost_on_its_way_home_ends_there() {
    within(|| {
        for loses in [Loses::ByDrop, Loses::ByPanic] {
            let made = std::thread::spawn(move || Task::new_local(pending::<()>(), loses));
            let (task, mut handle) = made.join().unwrap();
            drop(task);
            let Poll::Ready(Err(error)) = poll_once(&mut handle) else {
                panic!("the joiner of a task that was lost hangs")
            };
            assert!(error.is_cancelled(), "the joiner was told {error:?}");
        }
    });
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "leaks on purpose")]
fn a_local_task_that_lost_its_home_ends_also_where_stderr_can_not_be_written_to() {
    const NAME: &str =
        "a_local_task_that_lost_its_home_ends_also_where_stderr_can_not_be_written_to";
    if std::env::var_os("RT_CLOSED_STDERR").is_some() {
        let made = std::thread::spawn(|| Task::new_local(pending::<()>(), Fragile));
        let (task, handle) = made.join().unwrap();
        drop(task);
        assert!(handle.is_finished());
        return;
    }
    within(|| {
        let this = std::env::current_exe().unwrap();
        let mut again = Command::new(this)
            .args(["--exact", NAME, "--nocapture"])
            .env("RT_CLOSED_STDERR", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(again.stderr.take());
        let ended = again.wait().unwrap();
        assert!(ended.success(), "a message that nobody can read took the process down: {ended}");
    });
}

/// Marks its poll for a function that panics.
struct Marks;

impl Future for Marks {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        assert!(mark_poll(|_, _| oh()).is_some(), "a poll goes on");
        Poll::Pending
    }
}

#[test]
fn who_is_told_of_marks_may_panic_and_nobody_is_left_as_the_current_task() {
    within(|| {
        let (task, handle) = Task::new(Marks, Loses::ByDrop);
        let task_ref = handle.task().clone();
        drop(handle);
        assert!(matches!(poll(task), Polled::Pending), "the poll was over");
        task_ref.abort(); // else it lives for ever
        drop(task_ref);
        assert_eq!(rt_task::current(), None, "a task that may be freed is still the current one");
        rt_task::coop::with_budget(|| assert!(mark_poll(|_, _| oh()).is_some()));
        assert_eq!(rt_task::current(), None);
        for _ in 0..1_000 {
            let proceed =
                rt_task::coop::poll_proceed(&mut Context::from_waker(std::task::Waker::noop()));
            let Poll::Ready(proceed) = proceed else { panic!("a limit outside of every task") };
            proceed.made_progress();
        }
    });
}

/// Drops each task that it gets, and goes on to use what is its own.
#[derive(Clone)]
struct Frees {
    own: Arc<AtomicUsize>,
}

impl Schedule for Frees {
    fn schedule(self, task: Task) -> Result<(), Task> {
        drop(task);
        // Of the test, of the cell, and of this call.
        assert_eq!(Arc::strong_count(&self.own), 3, "the cell is freed while it is in use: [S6]");
        self.own.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// async-task #11: the scheduler stands in the cell, and the cell is freed while it runs.
#[test]
fn a_cell_outlives_the_call_of_its_scheduler() {
    within(|| {
        let (tally, own) = (Tally::new(), Arc::new(AtomicUsize::new(0)));
        let held = tally.witness();
        let future = async move {
            let _held = held;
            pending::<()>().await;
        };
        let (task, handle) = Task::new(future, Frees { own: own.clone() });
        let waker = handle.task().clone();
        drop(handle);
        assert!(matches!(poll(task), Polled::Pending), "the future waits: so does its task");
        waker.wake(); // uses the last reference up
        let found = (own.load(Ordering::Relaxed), tally.dropped());
        assert_eq!(found, (1, 1), "the scheduler was not asked, or the future leaked: [S7]");
        assert_eq!(Arc::strong_count(&own), 1, "the cell was not freed: [S6]");
    });
}
