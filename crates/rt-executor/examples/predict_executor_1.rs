//! A root and its tasks: who runs when somebody yields.

use rt_executor::{Executor, spawn, yield_now};

fn main() {
    Executor::new().run(async {
        let first = spawn(async {
            println!("the first task runs");
            yield_now().await;
            println!("the first task runs again");
        });
        let second = spawn(async { println!("the second task runs") });
        println!("the root has spawned two");
        yield_now().await;
        println!("the root runs again");
        first.await.expect("it does not panic");
        second.await.expect("it does not panic");
        println!("the root has joined two");
    });
    println!("the run is over");
}
