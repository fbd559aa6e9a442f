//! An executor in somebody else's loop: run what is ready, say when to come back, wait.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use rt_executor::{Executor, Fifo, LocalHandle, Probe, TURN, block_on};
use rt_testkit::{CountingWaker, within, woken_at_once};
use rt_waker::{Park, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(10);

#[test]
fn run_ready_says_how_many_polls_it_made_and_never_waits() {
    within(DEADLINE, || {
        let executor = Executor::new();
        assert_eq!(executor.run_ready(), 0, "there is nothing to do");
        let _three = [(); 3].map(|()| executor.spawn(woken_at_once()));
        assert_eq!(executor.run_ready(), 6, "each was polled, and polled again");
        assert_eq!(executor.run_ready(), 0, "a task that is done was polled again");
        let _waiting = executor.spawn(pending::<()>());
        assert_eq!(executor.run_ready(), 1, "a new task was not polled");
        assert_eq!(executor.run_ready(), 0, "it waits for a wake");
    });
}

#[test]
fn due_is_now_while_something_is_ready_and_else_what_the_park_says() {
    within(DEADLINE, || {
        let executor = Executor::new();
        assert_eq!(executor.due(), None, "only a wake can make something ready");
        let _many = [(); TURN + 1].map(|()| executor.spawn(pending::<()>()));
        assert_eq!(executor.due(), Some(Duration::ZERO), "an embedder sleeps on ready tasks");
        assert_eq!(executor.run_ready(), TURN, "polls of a step [X1]");
        assert_eq!(executor.due(), Some(Duration::ZERO), "one is left: an embedder sleeps on it");
        assert_eq!(executor.run_ready(), 1, "the last one was not polled");
        assert_eq!(executor.due(), None, "an embedder calls again and again, for nothing");
    });
}

#[test]
fn due_sees_what_came_from_another_thread() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let handle = executor.handle();
        let task = thread::spawn(move || handle.spawn(async {})).join().unwrap();
        assert_eq!(executor.due(), Some(Duration::ZERO), "an embedder sleeps on a ready task");
        assert_eq!(executor.run_ready(), 1, "a task from another thread was not polled");
        assert!(task.is_finished(), "a joiner waits for a task that is done");
    });
}

#[test]
fn wait_does_not_wait_when_something_is_ready() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let task = executor.spawn(async {});
        assert_eq!(executor.wait(None), 1, "it slept on a ready task [X7]");
        assert!(task.is_finished(), "a joiner waits for a task that is done");
    });
}

#[test]
fn wait_ends_with_a_wake_from_another_thread() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (send, receive) = oneshot::channel();
        let task = executor.spawn(receive);
        executor.run_ready();
        let other = thread::spawn(move || send.send(1).unwrap());
        while !task.is_finished() {
            executor.wait(None);
        }
        other.join().unwrap();
    });
}

#[test]
fn wait_ends_when_its_time_has_passed() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let _waiting = executor.spawn(pending::<()>());
        executor.run_ready();
        let start = Instant::now();
        let short = Duration::from_millis(5);
        let mut waits = 0;
        while start.elapsed() < short {
            waits += 1;
            assert!(waits < 100, "`wait` spins instead of waiting");
            assert_eq!(executor.wait(Some(short)), 0, "nobody woke anybody");
        }
    });
}

/// Writes down what it is told; wakes one waker a park.
#[derive(Clone, Default)]
struct Script {
    waits: Rc<RefCell<Vec<Option<Duration>>>>,
    ready: Rc<RefCell<Vec<Waker>>>,
    due: Rc<Cell<Option<Duration>>>,
}

impl Park for Script {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        self.waits.borrow_mut().push(timeout);
        self.ready.borrow_mut().pop().into_iter().for_each(|waker| ready.push(waker));
    }

    fn due(&self) -> Option<Duration> {
        self.due.get()
    }

    fn waker(&self) -> Waker {
        Waker::noop().clone()
    }
}

#[test]
fn a_park_of_ones_own_is_told_how_long_it_may_wait() {
    within(DEADLINE, || {
        let script = Script::default();
        let executor = Executor::with(script.clone(), Fifo::new(), ());
        let second = Duration::from_secs(1);
        executor.run_ready();
        executor.wait(Some(second));
        executor.wait(None);
        let _task = executor.spawn(async {});
        executor.wait(Some(second));
        let zero = Some(Duration::ZERO);
        let waits = script.waits.take();
        assert_eq!(waits, [zero, Some(second), None, zero], "how long the park was let wait [X7]");
        script.due.set(Some(second));
        assert_eq!(executor.due(), Some(second), "as the park says");
    });
}

#[test]
fn whom_the_park_found_ready_is_woken_and_polled_in_the_same_step() {
    within(DEADLINE, || {
        let script = Script::default();
        let executor = Executor::with(script.clone(), Fifo::new(), ());
        let wakers = script.ready.clone();
        let mut is_first = true;
        let task = executor.spawn(poll_fn(move |cx| {
            wakers.borrow_mut().push(cx.waker().clone());
            if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
        }));
        assert_eq!(executor.run_ready(), 1, "a new task was not polled");
        assert_eq!(executor.run_ready(), 1, "whom a timer wakes waits for one step too long [X7]");
        assert!(task.is_finished(), "a joiner waits for a task that is done");
    });
}

#[test]
fn wakers_of_a_park_that_are_nobodys_task_are_woken_too() {
    within(DEADLINE, || {
        let script = Script::default();
        let executor = Executor::with(script.clone(), Fifo::new(), ());
        let (waker, wakes) = CountingWaker::new();
        script.ready.borrow_mut().push(waker);
        executor.run_ready();
        assert_eq!(wakes.count(), 1, "whom a timer or a socket wakes hangs [X7]");
    });
}

#[derive(Clone, Default)]
struct Told(Rc<RefCell<Vec<&'static str>>>);

impl Probe for Told {
    fn parking(&mut self) {
        self.0.borrow_mut().push("parking");
    }

    fn parked(&mut self) {
        self.0.borrow_mut().push("parked");
    }
}

#[test]
fn only_a_step_that_may_wait_is_told_to_the_probe_as_parking() {
    within(DEADLINE, || {
        let told = Told::default();
        let executor = Executor::with(Script::default(), Fifo::new(), told.clone());
        executor.run_ready();
        let _task = executor.spawn(async {});
        executor.wait(None);
        assert!(told.0.borrow().is_empty(), "it only looked: {:?}", told.0.borrow());
        executor.wait(None);
        assert_eq!(*told.0.borrow(), ["parking", "parked"], "whoever draws the timeline is misled");
    });
}

/// Spawns a task when the thread is about to wait, once.
#[derive(Clone, Default)]
struct SpawnsThen(Rc<RefCell<Option<LocalHandle>>>);

impl Probe for SpawnsThen {
    fn parking(&mut self) {
        let local = self.0.take();
        local.into_iter().for_each(|local| drop(local.spawn(async {})));
    }
}

#[test]
fn what_the_probe_spawns_before_the_wait_is_not_slept_on() {
    within(DEADLINE, || {
        let (script, probe) = (Script::default(), SpawnsThen::default());
        let executor = Executor::with(script.clone(), Fifo::new(), probe.clone());
        *probe.0.borrow_mut() = Some(executor.local_handle());
        let polls = executor.wait(None);
        let waits = script.waits.take();
        assert_eq!(waits, [Some(Duration::ZERO)], "it sleeps on what came up before the wait [X7]");
        assert_eq!(polls, 1, "a task that was spawned by a probe is not polled");
    });
}

/// The event loop of somebody else: it reads messages from a channel.
enum Event {
    Woken,
    Key(char),
}

struct Bell(Mutex<Sender<Event>>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.lock().unwrap().send(Event::Woken);
    }
}

struct EventLoop {
    events: Sender<Event>,
}

impl Park for EventLoop {
    fn park(&mut self, timeout: Option<Duration>, _ready: &mut WakeBatch) {
        assert_eq!(timeout, Some(Duration::ZERO), "the loop does the waiting");
    }

    fn waker(&self) -> Waker {
        Waker::from(Arc::new(Bell(Mutex::new(self.events.clone()))))
    }
}

#[test]
fn an_event_loop_runs_an_executor_beside_its_own_events() {
    within(DEADLINE, || {
        let (events, inbox): (_, Receiver<Event>) = mpsc::channel();
        let executor = Executor::with(EventLoop { events: events.clone() }, Fifo::new(), ());
        let (send, receive) = oneshot::channel();
        let task = executor.spawn(receive);
        let other = thread::spawn(move || {
            events.send(Event::Key('x')).unwrap();
            send.send(7).unwrap();
        });
        let mut keys = String::new();
        while !task.is_finished() {
            executor.run_ready();
            if executor.due().is_some() {
                continue;
            }
            if task.is_finished() {
                break;
            }
            match inbox.recv().unwrap() {
                Event::Woken => {}
                Event::Key(key) => keys.push(key),
            }
        }
        // The wake of the task may have been seen before the event that came first.
        keys.extend(inbox.try_iter().filter_map(|event| match event {
            Event::Key(key) => Some(key),
            Event::Woken => None,
        }));
        assert_eq!(keys, "x", "the loop's own events were lost");
        assert_eq!(block_on(task).ok(), Some(Ok(7)), "the task got another message");
        other.join().unwrap();
    });
}

#[test]
fn a_wake_on_the_loops_own_thread_rings_its_bell_when_the_executor_does_not_run() {
    within(DEADLINE, || {
        let (events, inbox) = mpsc::channel();
        let executor = Executor::with(EventLoop { events }, Fifo::new(), ());
        let (send, receive) = oneshot::channel();
        let _task = executor.spawn(receive);
        executor.run_ready();
        while inbox.try_recv().is_ok() {}
        send.send(()).unwrap();
        assert!(inbox.try_recv().is_ok(), "a key handler woke a task, and the loop went to sleep");
        assert_eq!(executor.run_ready(), 1, "a wake between two steps was lost");
    });
}
