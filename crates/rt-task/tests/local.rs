//! Local tasks: a future that is not `Send` is touched by its own thread, or by nobody.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::Duration;

use rt_task::{End, Id, JoinHandle, Polled, Task};
use rt_testkit::{ByHand, Tally, Witness, poll, poll_once};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

/// Where it was dropped; not `Send`.
struct AtHome {
    dropped_on: Arc<Mutex<Vec<ThreadId>>>,
    _not_send: Rc<()>,
    _witness: Witness,
}

impl Drop for AtHome {
    fn drop(&mut self) {
        self.dropped_on.lock().expect("no panic").push(thread::current().id());
    }
}

struct Local {
    task: Option<Task>,
    handle: JoinHandle<()>,
    dropped_on: Arc<Mutex<Vec<ThreadId>>>,
    tally: Tally,
    hand: ByHand,
}

/// A task of this thread that never ends by itself.
fn local() -> Local {
    let (hand, tally) = (ByHand::new(), Tally::new());
    let dropped_on = Arc::new(Mutex::new(Vec::new()));
    let held = AtHome {
        dropped_on: dropped_on.clone(),
        _not_send: Rc::new(()),
        _witness: tally.witness(),
    };
    let future = async move {
        let _held = held;
        pending::<()>().await;
    };
    let (task, handle) = Task::new_local(future, hand.clone());
    Local { task: Some(task), handle, dropped_on, tally, hand }
}

impl Local {
    fn task(&mut self) -> Task {
        self.task.take().expect("taken once")
    }

    fn assert_dropped_here(&self) {
        let dropped_on = self.dropped_on.lock().expect("no panic").clone();
        assert_eq!(
            dropped_on,
            [thread::current().id()],
            "a future that is not Send was dropped on another thread, or leaked: [T1]"
        );
    }
}

#[test]
fn a_local_task_runs_at_home() {
    within(|| {
        let shared = Rc::new(5);
        let (task, mut handle) = Task::new_local(async move { *shared }, ByHand::new());
        assert!(task.is_local(), "it may be polled anywhere: [T1]");
        let (other, _handle) = Task::new(async {}, ByHand::new());
        assert!(!other.is_local(), "it may not be polled anywhere: [T1]");
        assert!(matches!(poll(task), Polled::Completed), "the future returned: it is complete");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(5))), "the output is lost: [S5]");
    });
}

#[test]
fn a_local_output_need_not_be_send() {
    within(|| {
        let (task, mut handle) = Task::new_local(async { Rc::new(6) }, ByHand::new());
        let _ = poll(task);
        let Poll::Ready(Ok(output)) = poll_once(&mut handle) else { panic!("no output") };
        assert_eq!(Rc::strong_count(&output), 1, "somebody else has the output too: [J1]");
    });
}

#[test]
fn polled_elsewhere_it_panics_without_touching_the_future() {
    within(|| {
        let mut local = local();
        let task = local.task();
        let (id, place) = (task.id(), task.place());
        let elsewhere = thread::spawn(move || {
            let payload = catch_unwind(AssertUnwindSafe(|| poll(task)));
            let payload = payload.expect_err("a local future was polled on another thread");
            payload.downcast_ref::<String>().expect("a text").clone()
        });
        let text = elsewhere.join().expect("the panic was caught");
        let expected = format!(
            "local task {id} (spawned at {place}) was about to be polled on a thread that it \
             does not belong to: a task of `Task::new_local` may only be polled on the thread \
             that made it"
        );
        assert_eq!(text, expected, "the message does not say what to do");
        assert_eq!(local.tally.dropped(), 0, "the wrong thread dropped the future: [T1]");
        let task = local.hand.pop().expect("the task did not come home: it hangs");
        assert!(matches!(poll(task), Polled::Cancelled), "polled though it was given up");
        local.assert_dropped_here();
        assert_eq!(local.hand.ended(), [End::Cancelled], "an executor's counters are wrong");
    });
}

#[test]
fn dropped_elsewhere_it_goes_home_to_be_cancelled() {
    within(|| {
        let mut local = local();
        let task = local.task();
        thread::spawn(move || drop(task)).join().expect("dropping a task panicked");
        assert_eq!(local.tally.dropped(), 0, "the wrong thread dropped the future: [T1]");
        assert!(!local.handle.is_finished(), "its joiner goes on while the future lives: [S3]");
        assert_eq!(local.hand.run(), 1, "the task did not come home, it hangs: [S1]");
        local.assert_dropped_here();
        let Poll::Ready(Err(error)) = poll_once(&mut local.handle) else {
            panic!("the joiner hangs")
        };
        assert!(error.is_cancelled(), "the joiner was told {error:?}");
    });
}

#[test]
fn woken_and_aborted_elsewhere_it_is_queued_at_home() {
    within(|| {
        let mut local = local();
        let task = local.task();
        let _ = poll(task);
        let (reference, aborter) = (local.handle.task().clone(), local.handle.abort_handle());
        thread::spawn(move || reference.wake()).join().expect("a wake panicked");
        assert_eq!(local.hand.run(), 1, "a wake from another thread was lost: [S7]");
        thread::spawn(move || aborter.abort()).join().expect("an abort panicked");
        assert_eq!(local.tally.dropped(), 0, "the aborting thread dropped the future: [T1]");
        assert_eq!(local.hand.run(), 1, "an abort from another thread was lost: [S7]");
        local.assert_dropped_here();
    });
}

#[test]
fn its_last_reference_may_be_dropped_elsewhere() {
    within(|| {
        let mut local = local();
        let task = local.task();
        let last = task.reference();
        drop(task);
        local.assert_dropped_here();
        drop(local);
        thread::spawn(move || drop(last)).join().expect("freeing the cell elsewhere panicked");
    });
}

#[test]
fn refused_at_home_it_is_cancelled_at_home() {
    within(|| {
        let mut local = local();
        let _ = poll(local.task());
        local.hand.refuse();
        local.handle.task().wake_by_ref();
        local.assert_dropped_here();
        assert_eq!(local.hand.ended(), [End::Cancelled], "an executor's counters are wrong");
    });
}

/// The leak is the promise: what may be dropped on one thread alone, and that one is gone, is not
/// dropped at all, and its memory is not used again.
#[test]
#[cfg_attr(rt_sanitize, ignore = "leaks on purpose")]
fn dropped_elsewhere_when_its_home_is_gone_it_leaks_and_says_so() {
    within(|| {
        let home = thread::spawn(|| {
            // What is not Send stays on this thread: only the task and a reference leave it.
            let mut local = local();
            let task = local.task();
            local.hand.refuse();
            (task, local.handle, local.tally, local.hand)
        });
        let (task, mut handle, tally, hand) = home.join().expect("no panic");
        let reference = task.reference();
        drop(task);
        assert_eq!(tally.dropped(), 0, "the wrong thread dropped the future: [T1]");
        let Poll::Ready(Err(error)) = poll_once(&mut handle) else { panic!("the joiner hangs") };
        assert!(error.is_cancelled(), "the joiner was told {error:?}");
        assert_eq!(hand.ended(), [End::Cancelled], "`ended` is called once");
        drop(handle);
        assert_eq!(
            reference.word().count(),
            2,
            "the memory of the leaked future may be reused: [T1]"
        );
        reference.wake_by_ref();
        reference.abort();
        assert_eq!(
            (hand.scheduled(), hand.ended().len()),
            (0, 1),
            "a leaked task runs again: [S3]"
        );
    });
}

/// Loses each task that it is given, and more of them: a queue that is dropped with all that is in it.
#[derive(Clone, Copy)]
struct Loses;

static QUEUE: Mutex<Vec<Task>> = Mutex::new(Vec::new());
static SENT: AtomicUsize = AtomicUsize::new(0);

impl rt_task::Schedule for Loses {
    fn schedule(self, task: Task) -> Result<(), Task> {
        SENT.fetch_add(1, Ordering::Relaxed);
        drop(task);
        let queue = std::mem::take(&mut *QUEUE.lock().expect("no panic"));
        drop(queue);
        Ok(())
    }
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "leaks on purpose")]
fn what_a_scheduler_drops_on_the_way_home_is_not_sent_again() {
    within(|| {
        let spawn = || Task::new_local(pending::<()>(), Loses).0;
        let (first, others) = (spawn(), [spawn(), spawn()]);
        QUEUE.lock().expect("no panic").extend(others);
        thread::spawn(move || drop(first)).join().expect("no panic");
        let sent = SENT.load(Ordering::Relaxed);
        assert_eq!(sent, 1, "a task that was lost on its way home is sent again, for ever: [T1]");
    });
}

/// Run as a process of its own by the test after it: what it writes is what a user reads.
#[test]
#[ignore = "the next test runs it"]
fn a_program_that_loses_a_local_task() {
    let home = thread::spawn(|| {
        let mut local = local();
        local.hand.refuse();
        local.task()
    });
    drop(home.join().expect("no panic"));
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "leaks on purpose")]
fn the_message_about_a_leak_names_the_task_and_the_remedy() {
    within(|| {
        let output = std::process::Command::new(std::env::current_exe().expect("a test binary"))
            .args(["--exact", "--ignored", "--nocapture", "a_program_that_loses_a_local_task"])
            .output()
            .expect("the test binary runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().find(|line| line.starts_with("rt: local task "));
        let line = line.unwrap_or_else(|| panic!("a leak was passed over in silence: {said}"));
        assert!(line.contains("local.rs:"), "it does not say which task: {line}");
        assert!(
            line.ends_with("keep the executor until its tasks are done"),
            "it does not say what to do: {line}"
        );
    });
}

#[test]
fn a_thread_that_ended_gives_its_number_to_nobody() {
    within(|| {
        let number = || thread::spawn(rt_task::ThreadNumber::current).join().expect("no panic");
        let numbers: Vec<_> = (0..50).map(|_| number()).collect();
        for (at, one) in numbers.iter().enumerate() {
            let again = numbers[at + 1..].contains(one);
            assert!(!again, "a new thread counts as the home of a dead thread's tasks");
        }
    });
}

#[test]
fn the_number_of_a_task_is_seen_inside_of_it() {
    within(|| {
        let (task, mut handle) =
            Task::new_local(async { rt_task::current().map(Id::get) }, ByHand::new());
        let id = task.id().get();
        let _ = poll(task);
        let is_seen = matches!(poll_once(&mut handle), Poll::Ready(Ok(Some(seen))) if seen == id);
        assert!(is_seen, "`current` says another task inside of the poll");
    });
}
