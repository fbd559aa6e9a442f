//! A turn of the loop: what is polled, in which order, and how much.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use rt_executor::{Core, Fifo, Handle, Home, Probe, TURN, block_on};
use rt_task::{JoinHandle, Polled, Running, TaskRef};
use rt_testkit::within;
use rt_waker::waker_ref;

const DEADLINE: Duration = Duration::from_secs(10);

type Trace<T> = Rc<RefCell<Vec<T>>>;
type Slot = Rc<RefCell<Option<Waker>>>;

/// An executor whose thread nobody needs to wake.
fn home() -> Home<Fifo, ()> {
    Home::new(Fifo::new(), (), Waker::noop().clone())
}

/// Counts its polls, and leaves its waker.
fn waiting(polls: Rc<Cell<usize>>, slot: Slot) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        polls.set(polls.get() + 1);
        *slot.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    })
}

/// Wakes itself at every poll, and is never ready.
fn busy() -> impl Future<Output = ()> {
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn a_turn_polls_what_came_in_in_its_order_and_says_how_many() {
    within(DEADLINE, || {
        let (mut home, trace) = (home(), Trace::default());
        let tasks = [0, 1, 2].map(|number| {
            let trace = trace.clone();
            home.local_handle().spawn(async move { trace.borrow_mut().push(number) })
        });
        assert_eq!(home.enter().turn(), 3, "polls of three new tasks");
        assert_eq!(*trace.borrow(), [0, 1, 2], "who waited longest was not polled first");
        assert!(
            tasks.iter().all(|task| task.is_finished()),
            "a joiner waits for a task that is done"
        );
        assert_eq!(home.enter().turn(), 0, "a task that is done was polled again");
    });
}

#[test]
fn a_turn_has_an_end_however_much_is_ready() {
    within(DEADLINE, || {
        let mut home = home();
        let _many = [(); TURN + 1].map(|()| home.local_handle().spawn(async {}));
        let mut running = home.enter();
        assert_eq!(running.turn(), TURN, "timers and sockets wait until no task is ready [X1]");
        assert!(running.is_ready(), "the executor sleeps on a ready task");
        assert_eq!(running.turn(), 1, "one task was left");
        assert!(!running.is_ready(), "an idle executor does not sleep");
    });
}

#[test]
fn who_waits_is_polled_when_it_was_woken_and_only_then() {
    within(DEADLINE, || {
        let (mut home, polls, slot) = (home(), Rc::new(Cell::new(0)), Slot::default());
        let _task = home.local_handle().spawn(waiting(polls.clone(), slot.clone()));
        let mut running = home.enter();
        running.turn();
        assert_eq!((running.turn(), polls.get()), (0, 1), "a task was polled that nobody woke");
        let waker = slot.take().expect("it was polled");
        (0..3).for_each(|_| waker.wake_by_ref());
        assert_eq!((running.turn(), polls.get()), (1, 2), "three wakes before a poll are one poll");
    });
}

#[test]
fn a_task_may_spawn_and_wake_others_while_it_is_polled() {
    within(DEADLINE, || {
        let (mut home, polls, slot) = (home(), Rc::new(Cell::new(0)), Slot::default());
        let local = home.local_handle();
        let _waits = local.spawn(waiting(polls.clone(), slot.clone()));
        let parent = home.local_handle().spawn(async move {
            slot.take().expect("polled before").wake();
            local.spawn(async { 7 }).await.expect("it neither panics nor is aborted")
        });
        // One who waits, the parent, those it woke and spawned, and the parent when that is done.
        assert_eq!(home.enter().turn(), 5, "polls of one turn");
        assert_eq!(polls.get(), 2, "a wake inside of a poll was lost: the task hangs");
        let output = block_on(parent);
        assert_eq!(output.ok(), Some(7), "what a task may do in its poll ended it [X6]");
    });
}

#[test]
fn who_wakes_itself_comes_behind_those_it_woke_in_the_same_poll() {
    within(DEADLINE, || {
        let (mut home, trace, slot) = (home(), Trace::default(), Slot::default());
        let local = home.local_handle();
        let (other, of_other) = (slot.clone(), trace.clone());
        let _other = local.spawn(poll_fn(move |cx| {
            of_other.borrow_mut().push("other");
            *other.borrow_mut() = Some(cx.waker().clone());
            Poll::<()>::Pending
        }));
        let (of_itself, mut is_first) = (trace.clone(), true);
        let _itself = local.spawn(poll_fn(move |cx| {
            of_itself.borrow_mut().push("itself");
            if !std::mem::take(&mut is_first) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            slot.take().expect("polled before").wake();
            Poll::Pending
        }));
        home.enter().turn();
        let expected = ["other", "itself", "other", "itself"];
        assert_eq!(*trace.borrow(), expected, "who yields does not let the others run [X2]");
    });
}

#[test]
fn what_comes_from_another_thread_during_a_turn_comes_in_with_the_next() {
    within(DEADLINE, || {
        let mut home = home();
        let handle = home.handle();
        let sent: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
        let inside = sent.clone();
        let _spawning = home.local_handle().spawn(async move {
            let spawned = thread::spawn(move || handle.spawn(async {})).join();
            *inside.borrow_mut() = spawned.ok();
        });
        let mut running = home.enter();
        assert_eq!(running.turn(), 1, "the inbox is looked at once a turn, not at each poll [X1]");
        assert!(running.is_ready(), "the executor sleeps on a task from another thread");
        assert_eq!(running.turn(), 1, "a task from another thread was not taken in [X1]");
        let sent = sent.take().expect("a spawn does not panic");
        assert!(sent.is_finished(), "a task from another thread hangs");
    });
}

#[test]
fn a_task_from_another_thread_waits_for_one_turn_of_a_busy_executor() {
    within(DEADLINE, || {
        let mut home = home();
        let _busy = home.local_handle().spawn(busy());
        home.enter().turn();
        let handle = home.handle();
        let sent = thread::spawn(move || handle.spawn(async {})).join().expect("no panic");
        home.enter().turn();
        assert!(sent.is_finished(), "under load a task from another thread waits for ever [X1]");
    });
}

#[test]
fn an_aborted_task_is_dropped_by_the_next_turn_and_not_polled() {
    within(DEADLINE, || {
        let (mut home, token, polls) = (home(), Rc::new(()), Rc::new(Cell::new(0)));
        let (held, slot) = (token.clone(), Slot::default());
        let waits = waiting(polls.clone(), slot);
        let task = home.local_handle().spawn(async move {
            waits.await;
            drop(held);
        });
        home.enter().turn();
        task.abort();
        assert_eq!(Rc::strong_count(&token), 2, "an abort ran the drop of a future in the aborter");
        home.enter().turn();
        assert_eq!(
            (Rc::strong_count(&token), polls.get()),
            (1, 1),
            "the future lives on, or was polled"
        );
        assert!(block_on(task).is_err_and(|error| error.is_cancelled()), "the joiner was not told");
    });
}

#[test]
fn a_panic_in_a_task_ends_that_task_alone() {
    within(DEADLINE, || {
        let mut home = home();
        let bad = home.local_handle().spawn(async { panic!("on purpose") });
        let good = home.local_handle().spawn(async { 1 });
        assert_eq!(home.enter().turn(), 2, "a panic in a task took the executor down");
        let payload = block_on(bad).expect_err("it panicked").into_panic();
        assert_eq!(payload.downcast_ref(), Some(&"on purpose"), "the joiner got another payload");
        assert_eq!(block_on(good).ok(), Some(1), "a panic in one task ended another");
    });
}

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Told(Trace<String>);

impl Probe for Told {
    fn poll(&mut self, task: &TaskRef, running: Running<'_>) {
        self.0.borrow_mut().push(format!("polling {}", task.name().unwrap_or_default()));
        running.poll(&mut Context::from_waker(&waker_ref(task)));
    }

    fn polled(&mut self, polled: &Polled) {
        let what = format!("{polled:?}");
        self.0.borrow_mut().push(what.split('(').next().unwrap_or_default().to_owned());
    }

    fn drained(&mut self, count: usize) {
        self.0.borrow_mut().push(format!("drained {count}"));
    }
}

#[test]
fn the_probe_is_told_what_the_turn_does() {
    within(DEADLINE, || {
        let told = Told::default();
        let mut home = Home::new(Fifo::new(), told.clone(), Waker::noop().clone());
        let builder = rt_task::Builder::new();
        let _ready = home.local_handle().spawn_with(builder.name("ready"), async {});
        let mut is_first = true;
        let twice = poll_fn(move |cx| {
            cx.waker().wake_by_ref();
            if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
        });
        let _twice = home.local_handle().spawn_with(builder.name("twice"), twice);
        let _waits = home.local_handle().spawn_with(builder.name("waits"), pending::<()>());
        home.enter().turn();
        home.enter().turn(); // of nothing there is nothing to tell
        let expected = [
            "drained 3",
            "polling ready",
            "Completed",
            "polling twice",
            "Again",
            "polling waits",
            "Pending",
            "polling twice",
            "Completed",
        ];
        println!("{}", told.0.borrow().join("\n"));
        assert_eq!(*told.0.borrow(), expected, "whoever draws the timeline is told otherwise");
    });
}

/// Makes the polls itself, every second one: the others it leaves out.
#[derive(Clone, Default)]
struct Hesitant(Trace<String>);

impl Probe for Hesitant {
    fn poll(&mut self, task: &TaskRef, running: Running<'_>) {
        let is_left_out = self.0.borrow().len().is_multiple_of(2);
        let what = if is_left_out { "left out" } else { "polled" };
        self.0.borrow_mut().push(format!("{} {what}", task.name().unwrap_or_default()));
        if !is_left_out {
            running.poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}

#[test]
fn the_probe_makes_the_poll_and_what_it_leaves_out_is_queued_again() {
    within(DEADLINE, || {
        let probe = Hesitant::default();
        let mut home = Home::new(Fifo::new(), probe.clone(), Waker::noop().clone());
        let builder = rt_task::Builder::new().name("one");
        let task = home.local_handle().spawn_with(builder, async {});
        assert_eq!(home.enter().turn(), 2, "a task that was not polled is lost");
        assert!(task.is_finished(), "the probe's poll is no poll");
        assert_eq!(*probe.0.borrow(), ["one left out", "one polled"], "the probe is passed over");
    });
}

/// A bell that runs its executor where it is rung, and then lets another thread ring it again.
#[derive(Default)]
struct Eager {
    core: Mutex<Option<Core<Fifo, ()>>>,
    handle: OnceLock<Handle>,
    rings: AtomicUsize,
}

impl Wake for Eager {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.rings.fetch_add(1, Ordering::Relaxed) > 0 {
            return;
        }
        let mut core = self.core.lock().expect("nobody panics under it");
        core.as_mut().expect("put there by the test").enter().turn();
        drop(core);
        let handle = self.handle.get().expect("put there by the test").clone();
        thread::spawn(move || drop(handle.spawn(async {}))).join().expect("a spawn does not panic");
    }
}

#[test]
fn a_bell_is_code_of_others_and_runs_under_no_lock() {
    within(DEADLINE, || {
        let bell = Arc::new(Eager::default());
        let core = Core::new(Fifo::new(), (), Waker::from(bell.clone()));
        let handle = core.handle();
        assert!(bell.handle.set(core.handle()).is_ok(), "set once");
        *bell.core.lock().expect("nobody panics under it") = Some(core);
        drop(handle.spawn(async {})); // hangs if it rings under a lock that the other thread needs
        let rings = bell.rings.load(Ordering::Relaxed);
        assert_eq!(rings, 2, "a task from another thread rang no bell [B3]");
        let core = bell.core.lock().expect("nobody panics under it").take();
        drop(core); // it has the bell, and the bell has it
    });
}
