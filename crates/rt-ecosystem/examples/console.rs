//! A program to look at with `tokio-console`: see the README.

use std::time::Duration;

use rt::task::{Builder, yield_now};
use rt::time::sleep;

#[rt::main]
async fn main() {
    console_subscriber::init();
    println!("tasks for a minute; in another terminal: tokio-console");
    for number in 1..=3 {
        let name = format!("sleeper {number}");
        Builder::new().name(&name).spawn(sleeps(Duration::from_millis(number * 100)));
    }
    Builder::new().name("computes").spawn(computes());
    Builder::new().name("wakes itself").spawn(wakes_itself());
    let job = Builder::new().name("a job that blocks");
    let job = job.spawn_blocking(|| std::thread::sleep(Duration::from_secs(60)));
    let _ = job.await;
}

async fn sleeps(duration: Duration) {
    loop {
        sleep(duration).await;
    }
}

/// Busy for a tenth of the time.
async fn computes() {
    loop {
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(20) {}
        sleep(Duration::from_millis(180)).await;
    }
}

/// The console warns of it.
async fn wakes_itself() {
    loop {
        for _ in 0..9 {
            yield_now().await;
        }
        sleep(Duration::from_millis(100)).await;
    }
}
