//! Models: every order in which the threads can meet is explored, or all with so many preemptions.
//!
//! ```sh
//! RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-io --test loom -- --nocapture
//! ```
//!
//! The kernel is a number of bytes and a condition variable. What its thread tells a task travels by relaxed
//! atomics only: the words, the locks and the bell must make it visible. A wake that is lost is a deadlock,
//! which loom reports. `mutations/` has a fault for each model, which turns it red.
#![cfg(rt_loom)]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Counter;
use std::task::{Context, Poll, Wake, Waker};

use rt_io::{Bell, Direction, Flags, Snapshot, Source};
use rt_task::sync::{AtomicBool, AtomicUsize, Condvar, Mutex, Ordering, lock, thread};
use rt_testkit::explore;
use rt_waker::{Parker, WakeBatch};

/// A place to wait, of the textbook.
struct Signal {
    is_woken: Mutex<bool>,
    arrived: Condvar,
}

impl Signal {
    fn new() -> Arc<Signal> {
        Arc::new(Signal { is_woken: Mutex::new(false), arrived: Condvar::new() })
    }

    fn with_waker() -> (Waker, Arc<Signal>) {
        let signal = Signal::new();
        (Waker::from(signal.clone()), signal)
    }

    fn wait(&self) {
        let mut is_woken = lock(&self.is_woken);
        while !*is_woken {
            is_woken = self.arrived.wait(is_woken).expect("nobody panics under it");
        }
        *is_woken = false;
    }

    fn notify(&self) {
        *lock(&self.is_woken) = true;
        self.arrived.notify_one();
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.notify();
    }
}

/// A socket: what the kernel has for each direction, and what the reactor knows.
struct Socket {
    source: Source,
    bytes: [AtomicUsize; 2],
}

impl Socket {
    fn new() -> Arc<Socket> {
        Arc::new(Socket {
            source: Source::new(),
            bytes: [AtomicUsize::new(0), AtomicUsize::new(0)],
        })
    }

    /// The kernel has something, and the reactor hears of it.
    fn arrives(&self, direction: Direction) {
        self.bytes[direction as usize].fetch_add(1, Ordering::Relaxed);
        let (read, write) = match direction {
            Direction::Read => (Flags::READY, Flags::NONE),
            Direction::Write => (Flags::NONE, Flags::READY),
        };
        let mut ready = WakeBatch::new();
        self.source.event(read, write, &mut ready);
        ready.wake_all();
    }

    fn shut_down(&self) {
        let mut ready = WakeBatch::new();
        self.source.shut_down(&mut ready);
        ready.wake_all();
    }

    /// The call: takes what is there. Nothing is "would block".
    fn call(&self, direction: Direction, seen: Snapshot) -> usize {
        let count = self.bytes[direction as usize].swap(0, Ordering::Relaxed);
        if count == 0 {
            self.source.clear(direction, Flags::CALL, seen);
        }
        count
    }

    /// Waits as a task does until so many bytes are there.
    fn takes(&self, direction: Direction, wanted: usize) {
        let (waker, signal) = Signal::with_waker();
        let mut cx = Context::from_waker(&waker);
        let mut taken = 0;
        while taken < wanted {
            match self.source.poll_ready(direction, Flags::CALL, &mut cx) {
                Poll::Ready(seen) => taken += self.call(direction, seen),
                Poll::Pending => signal.wait(),
            }
        }
    }
}

#[test]
fn poll_against_event() {
    explore("poll_against_event", 2, || {
        let shared = Arc::new((Source::new(), AtomicBool::new(false)));
        let other = shared.clone();
        let reactor = thread::spawn(move || {
            other.1.store(true, Ordering::Relaxed);
            let mut ready = WakeBatch::new();
            other.0.event(Flags::READY, Flags::NONE, &mut ready);
            ready.wake_all();
        });
        let (waker, signal) = Signal::with_waker();
        let mut cx = Context::from_waker(&waker);
        while shared.0.poll_ready(Direction::Read, Flags::CALL, &mut cx).is_pending() {
            signal.wait();
        }
        assert!(shared.1.load(Ordering::Relaxed), "ready, and blind to what is there");
        reactor.join().expect("an event does not panic");
    });
}

#[test]
fn replaced_waker_against_event() {
    explore("replaced_waker_against_event", 2, || {
        let socket = Socket::new();
        let (older, _nobody_waits) = Signal::with_waker();
        let mut cx = Context::from_waker(&older);
        assert!(socket.source.poll_ready(Direction::Read, Flags::CALL, &mut cx).is_pending());
        let other = socket.clone();
        let reactor = thread::spawn(move || other.arrives(Direction::Read));
        socket.takes(Direction::Read, 1);
        reactor.join().expect("an event does not panic");
    });
}

#[test]
fn clear_against_event() {
    explore("clear_against_event", 2, || {
        let socket = Socket::new();
        socket.arrives(Direction::Read);
        let other = socket.clone();
        let reactor = thread::spawn(move || other.arrives(Direction::Read));
        // The call before the second event says "would block", the clear comes behind it.
        socket.takes(Direction::Read, 2);
        reactor.join().expect("an event does not panic");
    });
}

#[test]
fn two_directions_and_one_reactor() {
    explore("two_directions_and_one_reactor", 3, || {
        let socket = Socket::new();
        let other = socket.clone();
        let writer = thread::spawn(move || other.takes(Direction::Write, 1));
        let other = socket.clone();
        let reactor = thread::spawn(move || {
            other.arrives(Direction::Read);
            other.arrives(Direction::Write);
        });
        socket.takes(Direction::Read, 1);
        writer.join().expect("a poll does not panic");
        reactor.join().expect("an event does not panic");
    });
}

#[test]
fn a_future_that_goes_against_an_event() {
    explore("a_future_that_goes_against_an_event", 2, || {
        let socket = Socket::new();
        let (nobody, _waits) = Signal::with_waker();
        let mut goes = Box::pin(socket.source.ready(Direction::Read, Flags::CALL));
        assert!(goes.as_mut().poll(&mut Context::from_waker(&nobody)).is_pending());
        // It is woken, somebody else is faster, and it goes without having looked.
        socket.arrives(Direction::Read);
        let seen = socket.source.get(Direction::Read);
        assert_eq!(socket.call(Direction::Read, seen), 1);
        assert_eq!(socket.call(Direction::Read, seen), 0);
        let other = socket.clone();
        let reactor = thread::spawn(move || other.arrives(Direction::Read));
        let (waker, signal) = Signal::with_waker();
        let mut waits = pin!(socket.source.ready(Direction::Read, Flags::CALL));
        let mut goes = Some(goes);
        while waits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            drop(goes.take()); // takes nothing of the other's away
            signal.wait();
        }
        let seen = socket.source.get(Direction::Read);
        assert_eq!(socket.call(Direction::Read, seen), 1, "woken for nothing");
        reactor.join().expect("an event does not panic");
    });
}

#[test]
fn one_event_for_two_futures_and_a_poll() {
    explore("one_event_for_two_futures_and_a_poll", 2, || {
        let source = Arc::new(Source::new());
        let other = source.clone();
        let reactor = thread::spawn(move || {
            let mut ready = WakeBatch::new();
            other.event(Flags::NONE, Flags::READY, &mut ready);
            ready.wake_all();
        });
        let signals = [Signal::with_waker(), Signal::with_waker(), Signal::with_waker()];
        let [one, two, three] = &signals;
        let mut first = pin!(source.ready(Direction::Write, Flags::CALL));
        let mut second = pin!(source.ready(Direction::Write, Flags::CALL));
        let mut polls = [
            first.as_mut().poll(&mut Context::from_waker(&one.0)).is_pending(),
            second.as_mut().poll(&mut Context::from_waker(&two.0)).is_pending(),
            false,
        ];
        let mut cx = Context::from_waker(&three.0);
        polls[2] = source.poll_ready(Direction::Write, Flags::CALL, &mut cx).is_pending();
        // Nobody took the readiness away: each of them hears of it.
        for (is_pending, (_, signal)) in polls.into_iter().zip(&signals) {
            if is_pending {
                signal.wait();
            }
        }
        assert!(first.poll(&mut cx).is_ready(), "woken for nothing");
        reactor.join().expect("an event does not panic");
    });
}

#[test]
fn shutdown_against_poll_and_clear() {
    explore("shutdown_against_poll_and_clear", 2, || {
        let socket = Socket::new();
        socket.arrives(Direction::Read);
        let other = socket.clone();
        let reactor = thread::spawn(move || other.shut_down());
        let (waker, signal) = Signal::with_waker();
        let mut cx = Context::from_waker(&waker);
        let mut times_seen = 0;
        while times_seen < 2 {
            match socket.source.poll_ready(Direction::Read, Flags::CALL, &mut cx) {
                Poll::Ready(seen) => {
                    times_seen += usize::from(seen.is_shut_down());
                    let all = Flags::CALL.or(Flags::SHUTDOWN);
                    socket.source.clear(Direction::Read, all, seen);
                }
                Poll::Pending => signal.wait(),
            }
        }
        reactor.join().expect("a shutdown does not panic");
    });
}

/// A thread that waits in the kernel, or does not, until all flags are up.
fn selects(bell: &Bell, parker: &Parker, kernel: &Signal, flags: &[AtomicBool]) {
    while !flags.iter().all(|flag| flag.load(Ordering::Relaxed)) {
        bell.select(parker, |may_wait| {
            if may_wait {
                kernel.wait();
            }
        });
    }
}

#[test]
fn select_against_ring() {
    explore("select_against_ring", 2, || {
        let parker = Parker::new();
        let shared = Arc::new((Bell::new(&parker), Signal::new(), [AtomicBool::new(false)]));
        let other = shared.clone();
        let ringer = thread::spawn(move || {
            other.2[0].store(true, Ordering::Relaxed);
            other.0.ring(|| other.1.notify());
        });
        selects(&shared.0, &parker, &shared.1, &shared.2);
        ringer.join().expect("a ring does not panic");
    });
}

#[test]
fn select_against_two_rings() {
    explore("select_against_two_rings", 3, || {
        let parker = Parker::new();
        let flags = [AtomicBool::new(false), AtomicBool::new(false)];
        let shared = Arc::new((Bell::new(&parker), Signal::new(), flags));
        let ringers = [0, 1].map(|which| {
            let other = shared.clone();
            thread::spawn(move || {
                other.2[which].store(true, Ordering::Relaxed);
                other.0.ring(|| other.1.notify());
            })
        });
        selects(&shared.0, &parker, &shared.1, &shared.2);
        for ringer in ringers {
            ringer.join().expect("a ring does not panic");
        }
    });
}

#[test]
fn two_rings_for_one_select_go_through_the_kernel_once() {
    explore("two_rings_for_one_select_go_through_the_kernel_once", 3, || {
        let parker = Parker::new();
        let shared = Arc::new((Bell::new(&parker), Signal::new(), Counter::new(0)));
        let ringers = [0, 1].map(|_| {
            let other = shared.clone();
            thread::spawn(move || {
                other.0.ring(|| {
                    other.2.fetch_add(1, Ordering::Relaxed);
                    other.1.notify();
                });
            })
        });
        let (bell, kernel, rings) = &*shared;
        bell.select(&parker, |may_wait| {
            if may_wait {
                kernel.wait();
            }
        });
        for ringer in ringers {
            ringer.join().expect("a ring does not panic");
        }
        assert!(rings.load(Ordering::Relaxed) <= 1, "one wait, and two system calls to end it");
    });
}
