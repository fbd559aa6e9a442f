//! After step 3: the task is its own waker, and a parker of ours lets the thread sleep.
//!
//! Run it with `cargo run --example step_3`.

#![forbid(unsafe_code)]

#[path = "step/program.rs"]
mod program;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::Context;

use rt_task::{Polled, Schedule, Task};
use rt_toy::sleep;
use rt_waker::{Parker, Unparker, waker_ref};

/// A locked queue, and who is to be woken when something comes into it.
#[derive(Clone)]
struct Queue {
    tasks: Arc<Mutex<VecDeque<Task>>>,
    unparker: Unparker,
}

impl Queue {
    fn push(&self, task: Task) {
        self.tasks.lock().expect("nobody panics with it").push_back(task);
        self.unparker.unpark(); // behind the push: who wakes up finds it
    }

    fn pop(&self) -> Option<Task> {
        self.tasks.lock().expect("nobody panics with it").pop_front()
    }
}

impl Schedule for Queue {
    fn schedule(self, task: Task) -> Result<(), Task> {
        self.push(task);
        Ok(())
    }
}

fn main() {
    let parker = Parker::new();
    let queue = Queue { tasks: Arc::default(), unparker: parker.unparker() };
    let inner = queue.clone();
    let (root, handle) = Task::new(
        program::program(sleep, move |sleeper| inner.push(Task::new(sleeper, inner.clone()).0)),
        queue.clone(),
    );
    queue.push(root);
    while !handle.is_finished() {
        let Some(task) = queue.pop() else {
            parker.wait();
            continue;
        };
        let polled = task.poll(|task, running| {
            running.poll(&mut Context::from_waker(&waker_ref(task))) // no count, no allocation
        });
        if let Polled::Again(task) = polled {
            queue.push(task);
        }
    }
    println!("borrowed: the timers of step 1, a locked queue.");
}
