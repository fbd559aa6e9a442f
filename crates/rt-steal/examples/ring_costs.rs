//! What a push and a pop cost: `cargo run --release -p rt-steal --example ring_costs`
//!
//! The ring beside a `VecDeque` of the same tasks, which nobody can steal from, and crossbeam's worker
//! queue. Each row is timed in interleaved rounds, and the median is printed. With an argument,
//! `ring`, `deque`, `crossbeam`, `slot` or `nothing`, and a number, it does so many pushes and pops of that
//! alone: for a counter of instructions.
use std::collections::VecDeque;
use std::future::pending;
use std::hint::black_box;
use std::time::Instant;

use crossbeam_deque::{Steal, Worker};
use rt_executor::RunQueue;
use rt_steal::{Injector, Ring, Slot};
use rt_task::{Schedule, Task};

#[derive(Clone, Copy)]
struct Nobody;

impl Schedule for Nobody {
    fn schedule(self, task: Task) -> Result<(), Task> {
        Err(task)
    }
}

/// What is in the queue all the time: tasks go round.
const IN_QUEUE: usize = 16;
const ROUNDS: usize = 11;
const MANY: u64 = 10_000_000;

fn tasks(count: usize) -> Vec<Task> {
    (0..count).map(|_| Task::new(pending::<()>(), Nobody).0).collect()
}

/// A queue whose every operation takes one task out and puts it in again.
struct Row {
    name: &'static str,
    turn: Box<dyn FnMut(u64)>,
}

fn row(name: &'static str, mut step: impl FnMut() + 'static) -> Row {
    Row { name, turn: Box::new(move |times| (0..times).for_each(|_| step())) }
}

fn ring() -> Row {
    let mut ring = Ring::new();
    tasks(IN_QUEUE).into_iter().for_each(|task| ring.push(task).expect("there is room"));
    row("ring", move || {
        let task = ring.pop().expect("sixteen are in");
        black_box(&mut ring).push(task).expect("there is room");
    })
}

fn deque() -> Row {
    let mut deque = VecDeque::from(tasks(IN_QUEUE));
    row("deque", move || {
        let task = deque.pop_front().expect("sixteen are in");
        black_box(&mut deque).push_back(task);
    })
}

fn crossbeam() -> Row {
    let worker = Worker::new_fifo();
    tasks(IN_QUEUE).into_iter().for_each(|task| worker.push(task));
    row("crossbeam", move || {
        let task = worker.pop().expect("sixteen are in");
        black_box(&worker).push(task);
    })
}

fn slot() -> Row {
    let (mut slot, mut task) = (Slot::new(), tasks(1).pop());
    row("slot", move || {
        task.take().into_iter().for_each(|task| drop(slot.put(task)));
        task = black_box(&mut slot).take();
    })
}

/// One push and one pop of the injector: two locks.
fn injector() -> Row {
    let injector = Injector::new();
    tasks(IN_QUEUE).into_iter().for_each(|task| injector.push(task));
    row("injector", move || {
        let task = injector.pop().expect("sixteen are in");
        black_box(&injector).push(task);
    })
}

/// A thief that takes half of sixteen, and gives them back: a steal of eight, and nine pushes and pops.
fn steal() -> Row {
    let (mut owner, mut thief) = (Ring::new(), Ring::new());
    tasks(IN_QUEUE).into_iter().for_each(|task| owner.push(task).expect("there is room"));
    let stealer = owner.stealer();
    row("steal of 8, and back", move || {
        let first = stealer.steal_into(&mut thief).expect("sixteen are in");
        owner.push(first).expect("there is room");
        while let Some(task) = thief.pop() {
            owner.push(task).expect("there is room");
        }
    })
}

/// The same with crossbeam's queues.
fn crossbeam_steal() -> Row {
    let (owner, thief) = (Worker::new_fifo(), Worker::new_fifo());
    tasks(IN_QUEUE).into_iter().for_each(|task| owner.push(task));
    let stealer = owner.stealer();
    row("crossbeam, the same", move || {
        let Steal::Success(first) = stealer.steal_batch_and_pop(&thief) else { return };
        owner.push(first);
        while let Some(task) = thief.pop() {
            owner.push(task);
        }
    })
}

fn nothing() -> Row {
    let mut task = tasks(1);
    row("nothing", move || {
        let _ = black_box(&mut task);
    })
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rows = [nothing, ring, deque, crossbeam, slot, injector, steal, crossbeam_steal];
    let mut rows: Vec<Row> = rows.iter().map(|make| make()).collect();
    if let Some(name) = arguments.next().filter(|name| !name.starts_with('-')) {
        let times = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(MANY);
        let row = rows.iter_mut().find(|row| row.name == name).expect("there is no such row");
        return (row.turn)(times);
    }
    let mut times = vec![Vec::new(); rows.len()];
    for _ in 0..ROUNDS {
        for (row, times) in rows.iter_mut().zip(&mut times) {
            let start = Instant::now();
            (row.turn)(MANY / 10);
            times.push(start.elapsed().as_nanos() as f64 / (MANY / 10) as f64);
        }
    }
    for (row, mut times) in rows.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        println!("{:<22} {:>6.1} ns", row.name, times[ROUNDS / 2]);
    }
}
