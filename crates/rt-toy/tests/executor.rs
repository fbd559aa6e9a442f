//! Step 1.2: tasks and their queue. No task in here has to be woken: that is the next step.
use rt_testkit::{Timeline, within};
use rt_toy::{Executor, JoinHandle, spawn};
use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

/// Notes when it is dropped.
struct Dropped(Timeline, &'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.note(format!("drop {}", self.1));
    }
}

#[test]
fn tasks_are_polled_in_the_order_they_were_spawned() {
    within(DEADLINE, || {
        let log = Timeline::new();
        let mut executor = Executor::new();
        for name in ["a", "b", "c"] {
            let log = log.clone();
            drop(executor.spawn(async move { log.note(name) })); // a handle dropped is no abort
        }
        assert!(log.events().is_empty(), "a task ran before anybody called `run`");
        let root_log = log.clone();
        executor.run(async move { root_log.note("root") });
        assert_eq!(log.events(), ["a", "b", "c", "root"], "not first come, first served");
        executor.run(async {});
        assert_eq!(log.events().len(), 4, "a task that was done ran again");
    });
}

#[test]
fn a_handle_gives_the_output_of_its_task() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        let handle = executor.spawn(async { 6 * 7 });
        assert_eq!(executor.run(handle), Some(42), "the output of a task got lost");
        let handle: JoinHandle<i32> = executor.spawn(async { 1 });
        executor.run(async {});
        assert_eq!(rt_toy::block_on(handle), Some(1), "an output waits for a late joiner");
    });
}

#[test]
fn ten_thousand_tasks_are_each_polled_once() {
    within(DEADLINE, || {
        let polls = Arc::new(AtomicUsize::new(0));
        let mut executor = Executor::new();
        let handles: Vec<_> = (0..10_000_usize)
            .map(|number| {
                let polls = polls.clone();
                executor.spawn(async move {
                    polls.fetch_add(1, Ordering::Relaxed);
                    number
                })
            })
            .collect();
        let sum = executor.run(async move {
            let mut sum = 0;
            for handle in handles {
                sum += handle.await.expect("no task panics");
            }
            sum
        });
        assert_eq!(sum, 49_995_000, "an output is missing, or came twice");
        assert_eq!(polls.load(Ordering::Relaxed), 10_000, "a task was polled twice, or never");
    });
}

#[test]
fn a_task_can_spawn_another_which_takes_its_turn() {
    within(DEADLINE, || {
        let log = Timeline::new();
        let mut executor = Executor::new();
        let (outer, root) = (log.clone(), log.clone());
        drop(executor.spawn(async move {
            let inner = outer.clone();
            drop(spawn(async move { inner.note("inner") }));
            outer.note("outer");
        }));
        executor.run(async move { root.note("root") });
        assert_eq!(log.events(), ["outer", "root"], "a spawned task went before its elders");
        executor.run(async {});
        assert_eq!(log.events(), ["outer", "root", "inner"], "a task did not outlive one `run`");
    });
}

#[test]
fn spawn_without_an_executor_panics_with_advice() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        executor.run(async {}); // and it stays so after a run, and after one that panicked
        let _ = catch_unwind(AssertUnwindSafe(|| executor.run(async { panic!("the root") })));
        let payload = catch_unwind(|| drop(spawn(async {}))).expect_err("spawn had nowhere to go");
        let message = payload.downcast_ref::<String>().cloned().unwrap_or_default();
        let message = payload.downcast_ref::<&str>().map_or(message, |text| (*text).to_owned());
        assert!(message.contains("Executor::run"), "no advice in the message: {message:?}");
    });
}

#[test]
fn an_executor_inside_a_task_of_another_keeps_its_tasks_to_itself() {
    within(DEADLINE, || {
        let log = Timeline::new();
        let mut outer = Executor::new();
        let root = log.clone();
        outer.run(async move {
            let mut inner = Executor::new();
            let (in_log, out_log) = (root.clone(), root.clone());
            inner.run(async move { drop(spawn(async move { in_log.note("inner") })) });
            drop(spawn(async move { out_log.note("outer") }));
            inner.run(async {});
        });
        assert_eq!(log.events(), ["inner"], "a task landed in somebody else's queue");
        outer.run(async {});
        assert_eq!(log.events(), ["inner", "outer"], "a task landed in somebody else's queue");
    });
}

#[test]
fn a_panicking_task_ends_alone() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        let before = executor.spawn(async { 1 });
        let bad = executor.spawn(async { panic!("on purpose") });
        let after = executor.spawn(async { 2 });
        let root = async move { (before.await, bad.await, after.await) };
        let (before, bad, after): (_, Option<()>, _) = executor.run(root);
        assert_eq!((before, after), (Some(1), Some(2)), "a panic took other tasks along");
        assert_eq!(bad, None, "who waits for a task that panicked is told so");
    });
}

#[test]
fn a_panicking_root_reaches_the_caller_and_leaves_the_executor_usable() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        let root = async { panic!("on purpose") };
        let run = catch_unwind(AssertUnwindSafe(|| executor.run(root)));
        assert!(run.is_err(), "the root panicked, and `run` returned as if nothing had been");
        let handle = executor.spawn(async { 3 });
        assert_eq!(executor.run(handle), Some(3), "the executor did not survive its root's panic");
    });
}

/// Its drop panics with another one of its kind, without an end.
struct Evil;

impl Drop for Evil {
    fn drop(&mut self) {
        panic_any(Evil);
    }
}

#[test]
fn panics_in_drops_of_futures_outputs_and_payloads_end_their_task_only() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        let captured = Evil;
        drop(executor.spawn(async { Evil })); // an output that nobody takes
        drop(executor.spawn(async move { drop(captured) }));
        let payload = executor.spawn(async { panic_any(Some(Evil)) });
        let root = async move { payload.await.map(|()| "an output") };
        assert_eq!(executor.run(root), None, "the joiner of a task that panicked was told wrong");
        let handle = executor.spawn(async { 4 });
        assert_eq!(executor.run(handle), Some(4), "a panicking drop took the executor down");
    });
}

#[test]
fn a_finished_task_is_dropped_at_once() {
    within(DEADLINE, || {
        let log = Timeline::new();
        let mut executor = Executor::new();
        for name in ["a", "b"] {
            let token = Dropped(log.clone(), name);
            let log = log.clone();
            drop(executor.spawn(async move {
                let token = token;
                log.note(format!("poll {}", token.1));
            }));
        }
        executor.run(async {});
        assert_eq!(
            log.events(),
            ["poll a", "drop a", "poll b", "drop b"],
            "what a task held is freed when it ends, not later"
        );
    });
}

#[test]
fn dropping_the_executor_drops_futures_that_were_never_polled() {
    within(DEADLINE, || {
        let log = Timeline::new();
        let executor = Executor::new();
        let token = Dropped(log.clone(), "unpolled");
        let handle = executor.spawn(async move { drop(token) });
        drop(executor);
        assert_eq!(log.events(), ["drop unpolled"], "a future leaked with its executor");
        assert_eq!(rt_toy::block_on(handle), None, "the joiner of a dropped task waits for ever");
    });
}

#[test]
fn two_tasks_that_wait_for_each_other_are_freed_with_the_executor() {
    within(DEADLINE, || {
        let alive = Arc::new(());
        let mut executor = Executor::new();
        let slots: [Arc<Mutex<Option<JoinHandle<()>>>>; 2] = Default::default();
        for (mine, other) in [(0, 1), (1, 0)] {
            let (token, slot) = (alive.clone(), slots[other].clone());
            let handle = executor.spawn(async move {
                let _token = token;
                let other = slot.lock().unwrap().take().expect("set before the run");
                other.await;
            });
            *slots[mine].lock().unwrap() = Some(handle);
        }
        executor.run(async {});
        assert_eq!(Arc::strong_count(&alive), 3, "two tasks in a circle came to an end");
        drop(executor);
        assert_eq!(Arc::strong_count(&alive), 1, "two tasks in a circle leaked");
    });
}

#[test]
fn an_executor_in_a_thread_local_can_be_dropped_by_the_end_of_its_thread() {
    thread_local!(static MINE: RefCell<Option<Executor>> = const { RefCell::new(None) });
    within(DEADLINE, || {
        let alive = Arc::new(());
        let token = alive.clone();
        thread::spawn(move || {
            MINE.set(Some(Executor::new())); // before the executor's own thread-local is used
            MINE.with_borrow_mut(|executor| {
                let executor = executor.as_mut().unwrap();
                drop(executor.spawn(async move {
                    let _token = token;
                    pending::<()>().await
                }));
                executor.run(async {});
            });
        })
        .join()
        .unwrap();
        assert_eq!(Arc::strong_count(&alive), 1, "a thread ended and its tasks leaked");
    });
}

/// When woken, polls the handle it was registered with; then panics.
struct PollsItsHandle(Mutex<Option<JoinHandle<u8>>>, mpsc::Sender<Option<u8>>);

impl Wake for PollsItsHandle {
    fn wake(self: Arc<Self>) {
        let mut handle = self.0.lock().unwrap().take().expect("woken once");
        match Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => self.1.send(output).unwrap(),
            Poll::Pending => panic!("woken, but not ready"),
        }
        panic!("on purpose: a waker that panics");
    }
}

#[test]
fn a_joiners_waker_may_poll_the_handle_and_panic() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        let mut handle = executor.spawn(async { 7 });
        let (send, outputs) = mpsc::channel();
        let joiner = Arc::new(PollsItsHandle(Mutex::new(None), send));
        let waker = Waker::from(joiner.clone());
        assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)).is_pending());
        *joiner.0.lock().unwrap() = Some(handle);
        executor.run(async {});
        assert_eq!(outputs.try_recv(), Ok(Some(7)), "a lock was held while the waker was called");
    });
}
