//! Real threads that race: wake, abort, join, drop. Every future and every output is accounted for.
//!
//! `RT_STRESS=1000000 cargo test --release -p rt-task --test stress` for more than the default.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use rt_task::{Builder, Inbox, JoinHandle, Living, Polled, Push, Schedule, Task, TaskRef, trim};
use rt_testkit::{Tally, poll_with_waker, within};

/// How many tasks each test makes.
fn tasks() -> usize {
    let asked = std::env::var("RT_STRESS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(2_000)
}

fn deadline() -> Duration {
    Duration::from_secs(60)
        + Duration::from_micros(100) * u32::try_from(tasks()).unwrap_or(u32::MAX)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// An executor in ten lines: an inbox, and a thread that is unparked by the first push.
#[derive(Clone)]
struct Loop {
    inbox: Arc<Inbox>,
    thread: Thread,
}

impl Schedule for Loop {
    fn schedule(self, task: Task) -> Result<(), Task> {
        if self.inbox.push(task) == Push::First {
            self.thread.unpark();
        }
        Ok(())
    }
}

/// Runs tasks until the list of the living is closed and empty.
fn run(home: &Loop, living: &Living, is_closed: &AtomicBool) -> usize {
    let mut polls = 0;
    loop {
        let mut taken = Vec::new();
        home.inbox.take(|task| taken.push(task));
        if taken.is_empty() {
            // ORDER(closed): receives the close that the main thread published.
            if is_closed.load(Ordering::Acquire) && living.count() == 0 {
                return polls;
            }
            thread::park();
        }
        for task in taken {
            polls += 1;
            if let Polled::Again(task) = poll_with_waker(task) {
                let _ = home.inbox.push(task);
            }
        }
    }
}

/// Pending until the flag is up; then its output.
fn flagged(
    flag: Arc<AtomicBool>,
    future: &Tally,
    output: &Tally,
) -> impl Future<Output: Send> + Send + use<> {
    let (held, mut made) = (future.witness(), Some(output.witness()));
    poll_fn(move |_| {
        let _ = &held;
        if flag.load(Ordering::Relaxed) { Poll::Ready(made.take()) } else { Poll::Pending }
    })
}

fn each<T: Send + 'static>(
    receiver: Receiver<T>,
    start: &Arc<Barrier>,
    what: impl Fn(T) + Send + 'static,
) -> thread::JoinHandle<()> {
    let start = start.clone();
    thread::spawn(move || {
        start.wait();
        receiver.into_iter().for_each(what);
    })
}

#[test]
fn wakes_aborts_and_joins_race_and_everything_adds_up() {
    within(deadline(), || {
        let (futures, outputs, witnesses) = (Tally::new(), Tally::new(), tasks());
        let living = Arc::new(Living::new().expect("a list is free"));
        let generation = living.open();
        let is_closed = Arc::new(AtomicBool::new(false));
        let (tell, told) = channel();
        let (list, closed) = (living.clone(), is_closed.clone());
        let worker = thread::spawn(move || {
            let home = Loop { inbox: Arc::default(), thread: thread::current() };
            tell.send(home.clone()).expect("the main thread waits for it");
            run(&home, &list, &closed)
        });
        let home = told.recv().expect("the worker is there");

        type Handle = JoinHandle<()>;
        let (to_waker, wakes): (Sender<(TaskRef, Arc<AtomicBool>)>, _) = channel();
        let (to_aborter, aborts): (Sender<TaskRef>, _) = channel();
        let (to_joiner, joins): (Sender<Handle>, _) = channel();
        let start = Arc::new(Barrier::new(4));
        let threads = [
            each(wakes, &start, |(task, flag)| {
                flag.store(true, Ordering::Relaxed);
                task.wake();
            }),
            each(aborts, &start, |task| task.abort()),
            each(joins, &start, |handle| {
                let joined = block_on(handle);
                assert!(joined.is_ok() || joined.is_err_and(|error| error.is_cancelled()));
            }),
        ];
        start.wait();
        for number in 0..witnesses {
            let flag = Arc::new(AtomicBool::new(false));
            let inner = flagged(flag.clone(), &futures, &outputs);
            let future = async move { drop(inner.await) };
            let builder = Builder::new().listed(&living, generation);
            let (task, handle) = builder.spawn(future, home.clone());
            let task = task.expect("open");
            let reference = task.reference();
            let _ = home.clone().schedule(task);
            if number % 3 != 0 {
                to_aborter.send(reference.clone()).expect("the thread runs");
            }
            to_waker.send((reference, flag)).expect("the thread runs");
            match number % 2 {
                0 => to_joiner.send(handle).expect("the thread runs"),
                _ => drop(handle),
            }
        }
        drop((to_waker, to_aborter, to_joiner));
        threads.into_iter().for_each(|thread| thread.join().expect("a race made it panic"));
        living.close(Waker::from(Arc::new(Unpark(home.thread.clone()))));
        // ORDER(closed): publishes the close.
        is_closed.store(true, Ordering::Release);
        home.thread.unpark();
        let polls = worker.join().expect("the executor panicked");
        assert_eq!(futures.dropped(), witnesses, "futures leaked, or were dropped twice");
        assert_eq!(outputs.dropped(), witnesses, "outputs leaked, or were dropped twice");
        println!("{witnesses} tasks, {polls} polls, all accounted for");
    });
}

#[test]
fn threads_that_spawn_here_and_free_there_share_the_memory() {
    within(deadline(), || {
        #[derive(Clone, Copy)]
        struct Nowhere;
        impl Schedule for Nowhere {
            fn schedule(self, task: Task) -> Result<(), Task> {
                Err(task)
            }
        }
        let futures = Tally::new();
        let (to, from): (Sender<Task>, Receiver<Task>) = channel();
        let freeing = thread::spawn(move || from.into_iter().for_each(drop));
        for _ in 0..tasks() {
            let held = futures.witness();
            to.send(Task::new(async move { drop(held) }, Nowhere).0).expect("the thread runs");
        }
        drop(to);
        freeing.join().expect("no panic");
        trim();
        assert_eq!(futures.dropped(), tasks(), "futures leaked, or were dropped twice");
    });
}

#[test]
fn the_end_of_a_runtime_races_its_wakers() {
    within(deadline(), || {
        let rounds = tasks() / 20;
        for _ in 0..rounds {
            let (futures, outputs) = (Tally::new(), Tally::new());
            let living = Arc::new(Living::new().expect("a list is free"));
            let generation = living.open();
            let home = Loop { inbox: Arc::default(), thread: thread::current() };
            let mut references = Vec::new();
            for _ in 0..20 {
                let inner = flagged(Arc::default(), &futures, &outputs);
                let builder = Builder::new().listed(&living, generation);
                let (task, handle) = builder.spawn(async move { drop(inner.await) }, home.clone());
                references.push(handle.task().clone());
                let Polled::Pending = poll_with_waker(task.expect("open")) else {
                    panic!("nobody raised the flag")
                };
            }
            let start = Arc::new(Barrier::new(2));
            let at_once = start.clone();
            let waking = thread::spawn(move || {
                at_once.wait();
                references.into_iter().for_each(TaskRef::wake);
            });
            start.wait();
            living.close(Waker::noop().clone());
            living.tasks().iter().for_each(TaskRef::abort);
            run(&home, &living, &AtomicBool::new(true));
            waking.join().expect("a wake panicked");
            assert_eq!(futures.dropped(), 20, "a shutdown leaks futures");
            assert_eq!(outputs.dropped(), 20, "a shutdown leaks outputs");
            assert!(home.inbox.is_empty(), "a task that is done was queued");
        }
    });
}
