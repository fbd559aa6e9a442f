//! Predict first, then run it: `cargo run -p rt-task --example predict_task_2`
use std::future::pending;
use std::task::{Context, Waker};

use rt_task::{Polled, Task};
use rt_testkit::{ByHand, poll, poll_once};

struct Held;

impl Drop for Held {
    fn drop(&mut self) {
        println!("the future is dropped");
    }
}

fn main() {
    let hand = ByHand::new();
    let future = async {
        let _held = Held;
        println!("the future waits");
        pending::<()>().await;
    };
    let (task, mut handle) = Task::new(future, hand.clone());
    let polled = task.poll(|task, running| {
        task.abort();
        println!("abort was called, and has returned");
        running.poll(&mut Context::from_waker(Waker::noop()));
    });
    println!("the first poll is over; in the queue: {}", hand.scheduled());
    let Polled::Again(task) = polled else { return };
    let _ = poll(task);
    println!("the second poll is over");
    println!(
        "the joiner is told: {}",
        if poll_once(&mut handle).is_ready() { "the end" } else { "to wait" }
    );
}
