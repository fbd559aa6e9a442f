//! Predict first, then run it: `cargo run -p rt-task --example predict_task_1`
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use rt_task::{Builder, End, Schedule, Task, TaskRef};
use rt_testkit::poll_with_waker;

#[derive(Clone, Default)]
struct Queue(Arc<Mutex<VecDeque<Task>>>);

impl Schedule for Queue {
    fn schedule(self, task: Task) -> Result<(), Task> {
        println!("{} is queued", task.name().unwrap_or("somebody"));
        self.0.lock().unwrap().push_back(task);
        Ok(())
    }
    fn ended(self, task: &TaskRef, how: End) {
        println!("the scheduler is told of {}: {how:?}", task.name().unwrap_or("somebody"));
    }
}

fn main() {
    let queue = Queue::default();
    let held = Held;
    let child = async move { println!("the child runs with {held:?}") };
    let (child, joined) = Builder::new().name("child").spawn(child, queue.clone());
    let parent = async move { println!("the parent has {:?}", joined.await.map_err(drop)) };
    let (parent, _handle) = Builder::new().name("parent").spawn(parent, queue.clone());
    let _ = (parent.map(poll_with_waker), child.map(poll_with_waker));
    let woken = queue.0.lock().unwrap().pop_front();
    let _ = woken.map(poll_with_waker);
}

#[derive(Debug)]
struct Held;
impl Drop for Held {
    fn drop(&mut self) {
        println!("what the child held is dropped");
    }
}
