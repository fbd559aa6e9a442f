//! The order of polls: who is spawned, who yields, who is awaited.

use rt_toy::{Executor, spawn, yield_now};

fn main() {
    let mut executor = Executor::new();
    executor.run(async {
        println!("root: first line");
        let one = spawn(async {
            println!("one: begins");
            yield_now().await;
            println!("one: goes on");
        });
        let two = spawn(async {
            println!("two: begins and ends");
        });
        println!("root: has spawned both");
        two.await.expect("it does not panic");
        println!("root: two is done");
        one.await.expect("it does not panic");
        println!("root: one is done");
    });
}
