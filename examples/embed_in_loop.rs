//! The executor as a guest in somebody else's event loop: a window system's, a game's, here one by
//! hand around `std::sync::mpsc`. The loop asks three things of it: run what is ready
//! (`run_ready`), when must I call again (`due`), and wake me when something comes in (the waker of
//! a `Park`).
//!
//! Run it with `cargo run --example embed_in_loop`. It prints
//!
//! ```text
//! loop: key 'a'
//!   task: got 'a', thinking for 5 ms
//! loop: a timer is due
//!   task: done with 'a'
//! loop: key 'b'
//!   task: got 'b', thinking for 5 ms
//! loop: a timer is due
//!   task: done with 'b'
//!   task: the other thread says 42
//! loop: quit
//! ```

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use rt::parts::executor::{Executor, Fifo};
use rt::parts::timer::{Clock, TimerDriver};
use rt::parts::waker::{Park, WakeBatch};
use rt::time::sleep;

/// What happens to the loop. A real one has windows and sockets, too.
enum Event {
    Key(char),
    /// A task became ready somewhere else.
    Woken,
    Quit,
}

/// Waiting is the loop's business, so this never waits: it only gives out the waker.
struct LoopPark {
    waker: Waker,
}

impl Park for LoopPark {
    fn park(&mut self, _timeout: Option<Duration>, _ready: &mut WakeBatch) {}

    fn waker(&self) -> Waker {
        self.waker.clone()
    }
}

/// Wakes the loop as anything does: by an event. Many wakes before the loop looks would be many
/// events; a real loop keeps one flag for them.
struct Bell {
    events: Sender<Event>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // The loop is gone when the program ends: then nobody needs to be woken.
        let _ = self.events.send(Event::Woken);
    }
}

/// What was said, in order.
type Trace = Rc<RefCell<Vec<String>>>;

fn main() {
    let (sender, events) = channel();
    let bell = Waker::from(Arc::new(Bell { events: sender.clone() }));
    let driver = TimerDriver::new(LoopPark { waker: bell }, Clock::real());
    let timers = driver.timers();
    let _timers = timers.enter(); // timers of this thread go to this driver
    let executor = Executor::with(driver, Fifo::new(), ());

    let trace = Trace::default();
    let (keys, typed) = async_channel::unbounded();
    let (answers, answered) = channel();
    let (elsewhere, number) = async_channel::bounded(1);
    // Both hold an `Rc`: they stay on this thread, and need not be `Send`. Nobody joins them.
    drop(executor.spawn(answer_keys(typed, answers, trace.clone())));
    drop(executor.spawn(listen(number, sender.clone(), trace.clone())));

    let user = thread::spawn(move || {
        for key in ['a', 'b'] {
            sender.send(Event::Key(key)).expect("the loop waits for `Quit`");
            answered.recv().expect("the task answers every key");
        }
        elsewhere.send_blocking(42).expect("the task waits for it");
    });
    run(&executor, &events, &keys, &trace);
    user.join().expect("it does not panic");

    let expected = "key a, got a, done a, key b, got b, done b, 42, quit";
    assert_eq!(trace.borrow().join(", "), expected);
}

/// The event loop. All that it asks of the executor is in its first three lines.
fn run<P: Park>(
    executor: &Executor<P>,
    events: &Receiver<Event>,
    keys: &async_channel::Sender<char>,
    trace: &Trace,
) {
    let say = |short: String, what: &str| say(trace, short, &format!("loop: {what}"));
    loop {
        while executor.run_ready() > 0 {}
        let event = match executor.due() {
            Some(due) => events.recv_timeout(due),
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match event {
            Ok(Event::Key(key)) => {
                say(format!("key {key}"), &format!("key {key:?}"));
                let _ = keys.try_send(key); // without a limit it fails only if nobody listens
            }
            Ok(Event::Woken) => {} // what was woken is run above
            Err(RecvTimeoutError::Timeout) => _ = writeln!(io::stdout(), "loop: a timer is due"),
            Ok(Event::Quit) => return say("quit".into(), "quit"),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

async fn answer_keys(typed: async_channel::Receiver<char>, answers: Sender<()>, trace: Trace) {
    while let Ok(key) = typed.recv().await {
        say(&trace, format!("got {key}"), &format!("  task: got {key:?}, thinking for 5 ms"));
        sleep(Duration::from_millis(5)).await;
        say(&trace, format!("done {key}"), &format!("  task: done with {key:?}"));
        let _ = answers.send(()); // whoever typed it may be gone
    }
}

async fn listen(number: async_channel::Receiver<u32>, quit: Sender<Event>, trace: Trace) {
    if let Ok(number) = number.recv().await {
        say(&trace, number.to_string(), &format!("  task: the other thread says {number}"));
    }
    let _ = quit.send(Event::Quit); // the loop is there: it polls us
}

fn say(trace: &Trace, short: String, what: &str) {
    let _ = writeln!(io::stdout(), "{what}"); // who reads may have seen enough
    trace.borrow_mut().push(short);
}
