//! Models: every order in which the threads can meet is explored, or all with so many preemptions.
//!
//! ```sh
//! RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-waker --test loom -- --nocapture
//! ```
//!
//! What a thread tells another travels by relaxed atomics only: the slot, the parker and the task
//! must make it visible. A wake that is lost is a deadlock, which loom reports.
#![cfg(rt_loom)]

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use rt_task::sync::{AtomicBool, AtomicUsize, Condvar, Mutex, Ordering, lock, thread};
use rt_task::{Polled, Schedule, Task};
use rt_testkit::explore;
use rt_waker::{Parker, Unparker, WakerSlot, waker, waker_ref};

/// A place to wait, of the textbook: the models of the slot contain no parker of ours.
struct Signal {
    is_woken: Mutex<bool>,
    arrived: Condvar,
}

impl Signal {
    fn new() -> (Waker, Arc<Signal>) {
        let signal = Arc::new(Signal { is_woken: Mutex::new(false), arrived: Condvar::new() });
        (Waker::from(signal.clone()), signal)
    }

    fn wait(&self) {
        let mut is_woken = lock(&self.is_woken);
        while !*is_woken {
            is_woken = self.arrived.wait(is_woken).expect("nobody panics under it");
        }
        *is_woken = false;
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        *lock(&self.is_woken) = true;
        self.arrived.notify_one();
    }
}

#[test]
fn slot_register_against_wake() {
    explore("slot_register_against_wake", 2, || {
        let shared = Arc::new((WakerSlot::new(), AtomicBool::new(false)));
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.1.store(true, Ordering::Relaxed);
            other.0.wake();
        });
        let (waker, signal) = Signal::new();
        loop {
            shared.0.register(&waker);
            if shared.1.load(Ordering::Relaxed) {
                break;
            }
            signal.wait();
        }
        thread.join().expect("wake does not panic");
    });
}

#[test]
fn slot_replacement_against_wake() {
    explore("slot_replacement_against_wake", 2, || {
        let shared = Arc::new((WakerSlot::new(), AtomicBool::new(false)));
        let (older, _nobody_waits) = Signal::new();
        shared.0.register(&older);
        let other = shared.clone();
        let thread = thread::spawn(move || {
            other.1.store(true, Ordering::Relaxed);
            other.0.wake();
        });
        let (newer, signal) = Signal::new();
        shared.0.register(&newer);
        // Once: whoever was asked before must not be woken in place of the newest.
        if !shared.1.load(Ordering::Relaxed) {
            signal.wait();
            assert!(shared.1.load(Ordering::Relaxed), "woken, and blind to what it was woken for");
        }
        thread.join().expect("wake does not panic");
    });
}

#[test]
fn slot_two_wakes_against_register() {
    explore("slot_two_wakes_against_register", 3, || {
        let flags = [AtomicBool::new(false), AtomicBool::new(false)];
        let shared = Arc::new((WakerSlot::new(), flags));
        let threads = [0, 1].map(|which| {
            let other = shared.clone();
            thread::spawn(move || {
                other.1[which].store(true, Ordering::Relaxed);
                other.0.wake();
            })
        });
        let (waker, signal) = Signal::new();
        loop {
            shared.0.register(&waker);
            if shared.1.iter().all(|flag| flag.load(Ordering::Relaxed)) {
                break;
            }
            signal.wait();
            // A register that meets a wake wakes itself, again and again: let the wake go on.
            thread::yield_now();
        }
        for thread in threads {
            thread.join().expect("wake does not panic");
        }
    });
}

#[test]
fn park_against_unpark() {
    explore("park_against_unpark", 2, || {
        let parker = Parker::new();
        let unparker = parker.unparker();
        let written = Arc::new(AtomicUsize::new(0));
        let other = written.clone();
        let thread = thread::spawn(move || {
            other.store(1, Ordering::Relaxed);
            unparker.unpark();
        });
        parker.wait();
        assert_eq!(written.load(Ordering::Relaxed), 1, "woken, and blind to what it was woken for");
        assert!(!parker.try_take(), "one unpark ended two parks");
        thread.join().expect("unpark does not panic");
    });
}

#[test]
fn park_against_two_unparks() {
    explore("park_against_two_unparks", 3, || {
        let parker = Parker::new();
        let flags = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let threads = [0, 1].map(|which| {
            let (unparker, other) = (parker.unparker(), flags.clone());
            thread::spawn(move || {
                other[which].store(true, Ordering::Relaxed);
                unparker.unpark();
            })
        });
        while !flags.iter().all(|flag| flag.load(Ordering::Relaxed)) {
            parker.wait();
        }
        for thread in threads {
            thread.join().expect("unpark does not panic");
        }
    });
}

/// The queue of an executor that parks when it is empty.
#[derive(Clone)]
struct Desk {
    queue: Arc<Mutex<VecDeque<Task>>>,
    unparker: Unparker,
}

impl Schedule for Desk {
    fn schedule(self, task: Task) -> Result<(), Task> {
        lock(&self.queue).push_back(task);
        self.unparker.unpark();
        Ok(())
    }
}

#[test]
fn task_wake_against_poll_and_park() {
    explore("task_wake_against_poll_and_park", 2, || {
        let parker = Parker::new();
        let desk = Desk { queue: Arc::default(), unparker: parker.unparker() };
        let flag = Arc::new(AtomicBool::new(false));
        let looked = flag.clone();
        let future =
            poll_fn(
                move |_| {
                    if looked.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
                },
            );
        let (task, handle) = Task::new(future, desk.clone());
        drop(handle); // nobody joins
        let waker = waker(task.reference());
        let clone = waker.clone();
        let thread = thread::spawn(move || {
            flag.store(true, Ordering::Relaxed);
            clone.wake();
        });
        run(task, &desk, &parker);
        drop(waker); // or the thread's clone is the last, and frees the task
        thread.join().expect("wake does not panic");
    });
}

/// An executor of one task: polls it when it is queued, and parks when it is not.
fn run(task: Task, desk: &Desk, parker: &Parker) {
    let mut next = Some(task);
    loop {
        let Some(task) = next.take() else {
            parker.wait();
            next = lock(&desk.queue).pop_front();
            continue;
        };
        match task.poll(|task, poll| poll.poll(&mut Context::from_waker(&waker_ref(task)))) {
            Polled::Completed => return,
            Polled::Again(task) => next = Some(task),
            Polled::Pending => next = lock(&desk.queue).pop_front(),
            ended => unreachable!("the future neither panics nor is aborted: {ended:?}"),
        }
    }
}
