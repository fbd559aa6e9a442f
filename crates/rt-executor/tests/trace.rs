//! What happens in which order, seen from both sides: the executor's thread tells its `Probe`,
//! spawns and wakes and ends tell the `Observer` of `rt-task`. The traces stand in the chapter.

use std::collections::HashMap;
use std::future::{pending, poll_fn};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use rt_executor::{Executor, Fifo, Probe, yield_now};
use rt_task::Builder;
use rt_task::{End, Id, JoinHandle, Observer, Polled, Running, Spawned, TaskRef};
use rt_testkit::{Timeline, within};
use rt_waker::{Parker, waker_ref};

const DEADLINE: Duration = Duration::from_secs(20);

/// One trace at a time: the observer is the process's.
static ONE: Mutex<()> = Mutex::new(());
static TRACE: Trace = Trace { state: Mutex::new(None) };

#[derive(Default)]
struct State {
    names: HashMap<Id, String>,
    timeline: Timeline,
}

struct Trace {
    state: Mutex<Option<State>>,
}

impl Trace {
    fn line(&self, what: &str, task: Id, by: Option<Id>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = &mut *state else { return };
        let Some(name) = state.names.get(&task) else { return };
        let by = by.and_then(|by| state.names.get(&by)).map(|by| format!(" by {by}"));
        state.timeline.note(format!("{what} {name}{}", by.unwrap_or_default()));
    }

    fn say(&self, what: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.iter_mut().for_each(|state| state.timeline.note(what));
    }
}

impl Observer for Trace {
    fn spawned(&self, task: Spawned<'_>, by: Option<Id>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(state), Some(name)) = (&mut *state, task.name) {
            state.names.insert(task.id, name.to_owned());
        }
        drop(state);
        self.line("spawn", task.id, by);
    }

    fn woken(&self, task: Id, by: Option<Id>) {
        self.line("wake", task, by);
    }

    fn aborted(&self, task: Id, by: Option<Id>) {
        self.line("abort", task, by);
    }

    fn ended(&self, task: Id, how: End) {
        self.line(&format!("end ({how:?})"), task, None);
    }
}

#[derive(Default)]
struct Told {
    polled: Option<Id>,
}

impl Probe for Told {
    fn poll(&mut self, task: &TaskRef, running: Running<'_>) {
        TRACE.line("poll", task.id(), None);
        self.polled = Some(task.id());
        running.poll(&mut Context::from_waker(&waker_ref(task)));
    }

    fn polled(&mut self, polled: &Polled) {
        let task = self.polled.take().expect("the end of a poll that did not begin");
        match polled {
            Polled::Pending => TRACE.line("  pending", task, None),
            Polled::Again(_) => TRACE.line("  again", task, None),
            Polled::Completed => TRACE.line("  completed", task, None),
            Polled::Panicked => TRACE.line("  panicked", task, None),
            Polled::Cancelled => TRACE.line("  cancelled", task, None),
        }
    }

    fn drained(&mut self, count: usize) {
        TRACE.say(&format!("drained {count}"));
    }

    fn parking(&mut self) {
        TRACE.say("park");
    }

    fn parked(&mut self) {
        TRACE.say("parked");
    }
}

type Traced = Executor<Parker, Fifo, Told>;

/// Runs a scene and compares its timeline with the one that is expected.
#[track_caller]
fn trace(scene: fn(Traced), expected: &str) {
    let timeline = within(DEADLINE, move || {
        let _one: MutexGuard<'_, ()> = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        *TRACE.state.lock().unwrap() = Some(State::default());
        rt_task::observe(Some(&TRACE));
        scene(Executor::with(Parker::new(), Fifo::new(), Told::default()));
        rt_task::observe(None);
        TRACE.state.lock().unwrap().take().expect("put there above").timeline
    });
    let expected: Vec<&str> =
        expected.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    timeline.must_be(expected, "the order of events is another than the chapter says");
}

fn named<F>(executor: &Traced, name: &str, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    executor.local_handle().spawn_with(Builder::new().name(name), future)
}

#[test]
fn the_life_of_a_task() {
    trace(
        |executor| {
            let (send, receive) = oneshot::channel();
            let reader = named(&executor, "reader", receive);
            let _writer = named(&executor, "writer", async move { send.send(1).unwrap() });
            assert_eq!(executor.run(reader).unwrap(), Ok(1));
        },
        "
spawn reader
spawn writer
drained 2
poll reader
  pending reader
poll writer
wake reader by writer
end (Completed) writer
  completed writer
poll reader
end (Completed) reader
  completed reader
",
    );
}

#[test]
fn two_tasks_that_yield() {
    trace(
        |executor| {
            let _left = named(&executor, "left", yield_now());
            let right = named(&executor, "right", yield_now());
            executor.run(right).unwrap();
        },
        "
spawn left
spawn right
drained 2
poll left
wake left by left
  again left
poll right
wake right by right
  again right
poll left
end (Completed) left
  completed left
poll right
end (Completed) right
  completed right
",
    );
}

#[test]
fn a_wake_from_another_thread_while_the_executor_sleeps() {
    trace(
        |executor| {
            let (told, is_told) = std::sync::mpsc::channel();
            let other = thread::spawn(move || {
                let waker: std::task::Waker = is_told.recv().unwrap();
                let is_asleep =
                    |state: &State| state.timeline.events().iter().any(|line| line == "park");
                while !TRACE.state.lock().unwrap().as_ref().is_some_and(is_asleep) {
                    thread::yield_now();
                }
                waker.wake();
            });
            let mut is_first = true;
            let waits = poll_fn(move |cx| {
                if std::mem::take(&mut is_first) {
                    told.send(cx.waker().clone()).unwrap();
                    return Poll::Pending;
                }
                Poll::Ready(())
            });
            executor.run(async { named(&executor, "sleeper", waits).await }).unwrap();
            other.join().unwrap();
        },
        "
spawn sleeper
poll sleeper
  pending sleeper
park
wake sleeper
parked
drained 1
poll sleeper
end (Completed) sleeper
  completed sleeper
",
    );
}

#[test]
fn a_spawn_inside_a_task_a_panic_and_an_abort() {
    trace(
        |executor| {
            let local = executor.local_handle();
            let parent = named(&executor, "parent", async move {
                let child = local.spawn_with(Builder::new().name("child"), pending::<()>());
                yield_now().await;
                child.abort();
                assert!(child.await.unwrap_err().is_cancelled());
                std::panic::resume_unwind(Box::new("on purpose"));
            });
            assert!(executor.run(parent).unwrap_err().is_panic());
        },
        "
spawn parent
drained 1
poll parent
spawn child by parent
wake parent by parent
  again parent
poll child
  pending child
poll parent
abort child by parent
  pending parent
poll child
end (Cancelled) child
wake parent
  cancelled child
poll parent
end (Panicked) parent
  panicked parent
",
    );
}

#[test]
fn the_end_of_an_executor() {
    trace(
        |executor| {
            let first = named(&executor, "first", pending::<()>());
            let _second = named(&executor, "second", async move { first.await.unwrap() });
            executor.run_ready();
            let _third = named(&executor, "third", async {});
            drop(executor);
        },
        "
spawn first
spawn second
drained 2
poll first
  pending first
poll second
  pending second
spawn third
abort third
abort second
abort first
drained 3
poll third
end (Cancelled) third
  cancelled third
poll second
end (Cancelled) second
  cancelled second
poll first
end (Cancelled) first
  cancelled first
",
    );
}

/// Panics whenever it is told something.
struct Faulty;

impl Probe for Faulty {
    fn poll(&mut self, task: &TaskRef, running: Running<'_>) {
        running.poll(&mut Context::from_waker(&waker_ref(task)));
        std::panic::resume_unwind(Box::new("poll"));
    }

    fn polled(&mut self, _: &Polled) {
        std::panic::resume_unwind(Box::new("polled"));
    }

    fn drained(&mut self, _: usize) {
        std::panic::resume_unwind(Box::new("drained"));
    }

    fn parking(&mut self) {
        std::panic::resume_unwind(Box::new("parking"));
    }

    fn parked(&mut self) {
        std::panic::resume_unwind(Box::new("parked"));
    }
}

#[test]
fn a_probe_that_panics_changes_nothing_that_it_was_told_of() {
    within(DEADLINE, || {
        let executor = Executor::with(Parker::new(), Fifo::new(), Faulty);
        let handle = executor.handle();
        let outside = std::thread::spawn(move || handle.spawn(yield_now())).join().unwrap();
        let inside = executor.spawn(yield_now());
        executor.run(async { (outside.await.unwrap(), inside.await.unwrap()) });
        executor.wait(Some(Duration::from_millis(1)));
    });
}
