//! Other threads: they spawn and wake while the executor's thread is asleep.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::{mpsc as channel, oneshot};
use rt_executor::{Executor, Fifo, block_on};
use rt_testkit::within;
use rt_waker::{Park, Parker, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(60);

/// Says so before it waits.
struct Telling {
    parker: Parker,
    asleep: Sender<()>,
}

impl Park for Telling {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        if timeout.is_none() {
            let _ = self.asleep.send(());
        }
        self.parker.park(timeout, ready);
    }

    fn waker(&self) -> Waker {
        self.parker.waker()
    }
}

/// An executor whose thread says when it goes to sleep.
fn telling() -> (Executor<Telling>, Receiver<()>) {
    let (asleep, is_asleep) = mpsc::channel();
    let park = Telling { parker: Parker::new(), asleep };
    (Executor::with(park, Fifo::new(), ()), is_asleep)
}

#[test]
fn a_spawn_from_another_thread_wakes_the_sleeping_executor() {
    within(DEADLINE, || {
        let (executor, is_asleep) = telling();
        let handle = executor.handle();
        let (done, is_done) = oneshot::channel();
        let other = thread::spawn(move || {
            is_asleep.recv().unwrap();
            let _detached = handle.spawn(async move { done.send(thread::current().id()).unwrap() });
        });
        let ran_on = executor.run(is_done).expect("the task ran");
        assert_eq!(ran_on, thread::current().id(), "a task runs where its executor runs");
        other.join().unwrap();
    });
}

#[test]
fn a_wake_from_another_thread_wakes_the_sleeping_executor() {
    within(DEADLINE, || {
        let (executor, is_asleep) = telling();
        let flag = Arc::new(AtomicBool::new(false));
        let slot: Arc<Mutex<Option<Waker>>> = Arc::default();
        let task = executor.spawn({
            let (flag, slot) = (flag.clone(), slot.clone());
            poll_fn(move |cx| {
                *slot.lock().unwrap() = Some(cx.waker().clone());
                if flag.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
            })
        });
        let other = thread::spawn(move || {
            is_asleep.recv().unwrap();
            flag.store(true, Ordering::Relaxed);
            slot.lock().unwrap().take().expect("polled before it slept").wake();
        });
        executor.run(task).unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_root_is_woken_from_another_thread_while_its_thread_sleeps() {
    within(DEADLINE, || {
        let (executor, is_asleep) = telling();
        let (send, receive) = oneshot::channel();
        let other = thread::spawn(move || {
            is_asleep.recv().unwrap();
            send.send(7).unwrap();
        });
        assert_eq!(executor.run(receive), Ok(7), "the root got another message");
        other.join().unwrap();
    });
}

#[test]
fn an_abort_from_another_thread_wakes_the_sleeping_executor() {
    within(DEADLINE, || {
        let (executor, is_asleep) = telling();
        let task = executor.spawn(std::future::pending::<()>());
        let abort = task.abort_handle();
        let other = thread::spawn(move || {
            is_asleep.recv().unwrap();
            abort.abort();
        });
        let outcome = executor.run(task); // hangs if the abort rang no bell
        assert!(outcome.is_err_and(|error| error.is_cancelled()), "the joiner was not told");
        other.join().unwrap();
    });
}

#[test]
fn another_thread_joins_a_task() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (done, is_done) = oneshot::channel();
        let task = executor.handle().spawn(async { 5 });
        let other = thread::spawn(move || {
            let output = block_on(task).unwrap();
            done.send(()).unwrap();
            output
        });
        executor.run(is_done).unwrap();
        assert_eq!(other.join().unwrap(), 5, "the joiner got another output");
    });
}

#[test]
fn two_executors_play_a_hundred_thousand_rounds_of_ping_pong() {
    const ROUNDS: u32 = 100_000;
    within(DEADLINE, || {
        let (ping, mut pings) = channel::unbounded();
        let (pong, mut pongs) = channel::unbounded();
        let other = thread::spawn(move || {
            let executor = Executor::new();
            let echo = executor.spawn(async move {
                while let Some(round) = pings.next().await {
                    pong.unbounded_send(round).unwrap();
                }
            });
            executor.run(echo).unwrap();
        });
        let executor = Executor::new();
        let player = executor.spawn(async move {
            for round in 0..ROUNDS {
                ping.unbounded_send(round).unwrap();
                assert_eq!(pongs.next().await, Some(round), "a message was lost, or came twice");
            }
        });
        executor.run(player).unwrap();
        other.join().unwrap();
    });
}

#[test]
fn of_many_threads_that_wake_one_task_nobody_is_overheard() {
    const THREADS: usize = 4;
    const EACH: usize = 2_000;
    within(DEADLINE, || {
        let executor = Executor::new();
        let (send, mut receive) = channel::unbounded();
        let senders: Vec<_> = (0..THREADS)
            .map(|_| {
                let send = send.clone();
                thread::spawn(move || (0..EACH).for_each(|n| send.unbounded_send(n).unwrap()))
            })
            .collect();
        drop(send);
        let sum = executor.spawn(async move {
            let mut sum = 0;
            while let Some(number) = receive.next().await {
                sum += number;
            }
            sum
        });
        let sum = executor.run(sum).expect("it neither panics nor is aborted");
        assert_eq!(sum, THREADS * EACH * (EACH - 1) / 2, "a message was lost, or came twice");
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}
