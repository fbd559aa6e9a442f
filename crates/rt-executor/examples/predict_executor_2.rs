//! The end of an executor: what its tasks see of it.

use std::future::pending;

use rt_executor::{Executor, block_on, spawn};

struct Told(&'static str);

impl Drop for Told {
    fn drop(&mut self) {
        println!("{} is dropped", self.0);
        if self.0 == "the second" && spawn(async { println!("a late task runs") }).is_finished() {
            println!("a late task is refused");
        }
    }
}

async fn waits(told: Told) {
    println!("{} waits", told.0);
    pending::<()>().await;
}

fn main() {
    let executor = Executor::new();
    let first = executor.spawn(waits(Told("the first")));
    drop(executor.spawn(waits(Told("the second"))));
    executor.run_ready();
    drop(executor.spawn(waits(Told("the third"))));
    println!("the executor ends");
    drop(executor);
    if block_on(first).is_err_and(|error| error.is_cancelled()) {
        println!("the first was cancelled");
    }
}
