//! The loop around a root: when it polls, when it waits, and what it does in between. The work and
//! the park are scripts that write down what they are asked.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use rt_executor::{Executor, Fifo, RootFuture, TURN, Work, drive};
use rt_testkit::within;
use rt_waker::{Park, Parker, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(10);

type Trace = Rc<RefCell<Vec<String>>>;

fn note(trace: &Trace, line: impl Into<String>) {
    trace.borrow_mut().push(line.into());
}

/// So many polls a turn, for as long as it lasts.
struct Script {
    trace: Trace,
    turns: Vec<usize>,
    /// Becomes ready when the thread is about to wait.
    is_woken_by_the_hook: bool,
    is_ready: bool,
}

impl Script {
    fn new(trace: &Trace, turns: impl Into<Vec<usize>>) -> Script {
        let (trace, mut turns) = (trace.clone(), turns.into());
        turns.reverse();
        Script { trace, turns, is_woken_by_the_hook: false, is_ready: false }
    }
}

impl Work for Script {
    fn turn(&mut self) -> usize {
        self.is_ready = false;
        let polled = self.turns.pop().unwrap_or_default();
        note(&self.trace, format!("turn of {polled}"));
        polled
    }

    fn is_ready(&self) -> bool {
        self.is_ready || !self.turns.is_empty()
    }

    fn parking(&mut self) {
        note(&self.trace, "parking");
        self.is_ready |= std::mem::take(&mut self.is_woken_by_the_hook);
    }

    fn parked(&mut self) {
        note(&self.trace, "parked");
    }
}

/// Waits for nothing. Finds a waker ready at each park, if one is there.
struct Parks {
    trace: Trace,
    ready: Rc<RefCell<Vec<Waker>>>,
}

impl Parks {
    fn new(trace: &Trace) -> Parks {
        Parks { trace: trace.clone(), ready: Rc::default() }
    }
}

impl Park for Parks {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        let waits = if timeout == Some(Duration::ZERO) { "looks" } else { "waits" };
        note(&self.trace, format!("park {waits}"));
        self.ready.borrow_mut().drain(..).for_each(|waker| ready.push(waker));
    }

    fn waker(&self) -> Waker {
        Waker::noop().clone()
    }
}

/// Drives a root that is pending until the park is over for the `last` time, and says what happened.
fn drive_until(
    last: usize,
    work: &mut Script,
    park: &mut Parks,
    wakes_itself: bool,
) -> Vec<String> {
    let (trace, parks) = (work.trace.clone(), Cell::new(0));
    let root = pin!(poll_fn(|cx| {
        note(&trace, "root");
        if wakes_itself {
            cx.waker().wake_by_ref();
        }
        Poll::<()>::Pending
    }));
    let mut root = RootFuture::new(root, Waker::noop().clone());
    let over = || {
        parks.set(parks.get() + 1);
        (parks.get() == last).then_some("over")
    };
    let ended = drive(&mut root, work, park, &mut WakeBatch::new(), over);
    assert_eq!(ended, Err("over"), "why it ended");
    println!("{}", trace.borrow().join("\n"));
    trace.take()
}

#[test]
fn a_root_that_is_ready_at_once_costs_one_poll() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let (mut work, mut park) = (Script::new(&trace, [1]), Parks::new(&trace));
        let root = pin!(async { 7 });
        let mut root = RootFuture::new(root, Waker::noop().clone());
        let over = || -> Option<()> { unreachable!("it is over already") };
        let output = drive(&mut root, &mut work, &mut park, &mut WakeBatch::new(), over);
        assert_eq!(output, Ok(7), "the output of the root is lost");
        assert!(trace.borrow().is_empty(), "work was done for nobody: {:?}", trace.borrow());
    });
}

#[test]
fn it_waits_when_neither_the_root_nor_the_work_is_ready() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let (mut work, mut park) = (Script::new(&trace, [2, 1]), Parks::new(&trace));
        let lines = drive_until(1, &mut work, &mut park, false);
        let expected = ["root", "turn of 2", "turn of 1", "parking", "park waits", "parked"];
        assert_eq!(lines, expected, "it sleeps on ready tasks, or burns a core without any [X7]");
    });
}

#[test]
fn what_becomes_ready_in_the_hook_before_the_wait_is_not_slept_on() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let (mut work, mut park) = (Script::new(&trace, []), Parks::new(&trace));
        work.is_woken_by_the_hook = true;
        let lines = drive_until(1, &mut work, &mut park, false);
        let expected = ["root", "turn of 0", "parking", "park looks", "parked"];
        assert_eq!(lines, expected, "a probe wakes a task, and the thread sleeps on it [X7]");
    });
}

#[test]
fn under_load_it_looks_at_the_park_when_a_turns_worth_of_polls_is_over() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let half = TURN / 2;
        let turns = [half, half, TURN, half, half, 0]; // the last one is not made
        let (mut work, mut park) = (Script::new(&trace, turns), Parks::new(&trace));
        let lines = drive_until(3, &mut work, &mut park, false);
        let (half, whole) = (format!("turn of {half}"), format!("turn of {TURN}"));
        let look = "park looks";
        let expected = ["root", &half, &half, look, &whole, look, &half, &half, look];
        assert_eq!(
            lines, expected,
            "under load timers and sockets wait for ever, or cost too much [X5]"
        );
    });
}

#[test]
fn the_polls_of_the_root_count_too() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let (mut work, mut park) = (Script::new(&trace, []), Parks::new(&trace));
        let lines = drive_until(2, &mut work, &mut park, true);
        let looks: Vec<_> = lines.split(|line| line == "park looks").collect();
        let polls = [0, 1].map(|at: usize| looks[at].iter().filter(|line| *line == "root").count());
        assert_eq!(polls, [TURN; 2], "a root that is always ready starves timers and sockets [X5]");
    });
}

#[test]
fn whom_the_park_found_ready_is_woken_when_it_is_over() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let (mut work, mut park) = (Script::new(&trace, []), Parks::new(&trace));
        let (is_first, ready) = (Cell::new(true), park.ready.clone());
        let root = pin!(poll_fn(|cx| {
            note(&trace, "root");
            if !is_first.take() {
                return Poll::Ready(7);
            }
            ready.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        }));
        let mut root = RootFuture::new(root, Waker::noop().clone());
        let mut batch = WakeBatch::new();
        // A wake-up that is lost here would have it wait again.
        let over = || trace.borrow().iter().filter(|line| *line == "parked").nth(1).map(drop);
        let output = drive(&mut root, &mut work, &mut park, &mut batch, over);
        assert_eq!(output, Ok(7), "whom a timer or a socket wakes hangs [X7]");
        let expected = ["root", "turn of 0", "parking", "park waits", "parked", "root"];
        assert_eq!(*trace.borrow(), expected, "what it did until the timer had woken the root");
    });
}

/// Wakes the thread of an executor, and returns when that has gone to sleep again, or has ended.
struct Bell {
    parker: Waker,
    asleep: Mutex<Receiver<()>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.parker.wake_by_ref();
        let _ = self.asleep.lock().expect("nobody panics under it").recv();
    }
}

/// Says so before it waits.
struct Telling {
    parker: Parker,
    asleep: Sender<()>,
    bell: Waker,
}

impl Park for Telling {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        if timeout.is_none() {
            let _ = self.asleep.send(());
        }
        self.parker.park(timeout, ready);
    }

    fn waker(&self) -> Waker {
        self.bell.clone()
    }
}

#[test]
fn a_thread_that_is_woken_for_its_root_finds_the_root_woken() {
    within(DEADLINE, || {
        let (asleep, is_asleep) = mpsc::channel();
        let parker = Parker::new();
        let bell = Bell { parker: parker.waker(), asleep: Mutex::new(is_asleep) };
        let bell = Arc::new(bell);
        let park = Telling { parker, asleep, bell: Waker::from(bell.clone()) };
        let executor = Executor::with(park, Fifo::new(), ());
        let (is_first, mut waking) = (Cell::new(true), None);
        executor.run(poll_fn(|cx| {
            if !is_first.take() {
                return Poll::Ready(());
            }
            let (waker, bell) = (cx.waker().clone(), bell.clone());
            waking = Some(thread::spawn(move || {
                let _asleep = bell.asleep.lock().expect("nobody panics under it").recv();
                waker.wake(); // hangs if the thread looks, finds nothing, and sleeps on [O1]
            }));
            Poll::Pending
        }));
        drop(executor);
        waking.expect("started by the first poll").join().expect("a wake does not panic");
    });
}
