//! Fifty thousand tasks wait at the same time on one thread: a task is some hundred bytes of
//! memory, no thread and no stack.
//!
//! Run it with `cargo run --example many_tasks`. It prints
//!
//! ```text
//! 50000 tasks were alive at once, after 154 ms
//! all are done, after 401 ms; together they slept 1249 s
//! the sum of their numbers is 1249975000
//! ```

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rt::task::{JoinSet, yield_now};
use rt::time::{Duration, Instant, sleep};

const TASKS: u64 = 50_000;

#[rt::main]
async fn main() {
    let start = Instant::now();
    let alive = Arc::new(AtomicU64::new(0));
    let slept = Arc::new(AtomicU64::new(0));

    let mut tasks = JoinSet::new();
    for number in 0..TASKS {
        let (alive, slept) = (alive.clone(), slept.clone());
        tasks.spawn(async move {
            alive.fetch_add(1, Ordering::Relaxed);
            // Between 0 and 50 ms, once all are there.
            let millis = number % 51;
            // Nobody leaves before everybody is there.
            while alive.load(Ordering::Relaxed) < TASKS {
                yield_now().await;
            }
            sleep(Duration::from_millis(millis)).await;
            slept.fetch_add(millis, Ordering::Relaxed);
            number
        });
    }

    while alive.load(Ordering::Relaxed) < TASKS {
        yield_now().await;
    }
    assert_eq!(tasks.len() as u64, TASKS, "none was joined yet, none is lost");
    println!("{TASKS} tasks were alive at once, after {} ms", start.elapsed().as_millis());

    // `join_next` gives whichever ended next; `join_all` waits for the rest.
    let first = tasks.join_next().await.expect("there are many").expect("none panics");
    let sum = first + tasks.join_all().await.into_iter().sum::<u64>();
    let (slept, took) = (slept.load(Ordering::Relaxed) / 1000, start.elapsed());
    println!("all are done, after {} ms; together they slept {slept} s", took.as_millis());
    println!("the sum of their numbers is {sum}");

    assert_eq!(sum, TASKS * (TASKS - 1) / 2, "every task ran once and gave its number");
    assert!(took < Duration::from_secs(slept), "they slept at the same time");
}
