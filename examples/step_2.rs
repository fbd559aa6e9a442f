//! After step 2: the tasks are those of `rt-task`, everything around them is simple and slow.
//!
//! Run it with `cargo run --example step_2`.

#![forbid(unsafe_code)]

#[path = "step/program.rs"]
mod program;

use std::sync::mpsc;

use rt_task::{Polled, Schedule, Task};
use rt_testkit::poll_with_waker;
use rt_toy::sleep;

/// A channel for a queue: whoever waits for the next task sleeps in `recv`.
#[derive(Clone)]
struct Queue(mpsc::Sender<Task>);

impl Schedule for Queue {
    fn schedule(self, task: Task) -> Result<(), Task> {
        self.0.send(task).map_err(|refused| refused.0)
    }
}

impl Queue {
    fn push(&self, task: Task) {
        self.0.send(task).expect("`main` holds the other end");
    }
}

fn main() {
    let (sender, tasks) = mpsc::channel();
    let queue = Queue(sender);
    let inner = queue.clone();
    let (root, handle) = Task::new(
        program::program(sleep, move |sleeper| inner.push(Task::new(sleeper, inner.clone()).0)),
        queue.clone(),
    );
    queue.push(root);
    while !handle.is_finished() {
        let task = tasks.recv().expect("`queue` is the other end");
        if let Polled::Again(task) = poll_with_waker(task) {
            queue.push(task);
        }
    }
    println!(
        "borrowed: the timers of step 1, a waker with an allocation of its own, a channel for a queue."
    );
}
