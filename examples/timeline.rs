//! A runtime draws what it did: two workers, an oven with a timer, a clerk who blocks, and cooks who wait for both.
//!
//! Run it with `cargo run --example timeline -- FILE.html` and open the file in a browser; without an argument it
//! lies where temporary files do. Every program leaves such a page behind with `RT_TIMELINE=FILE.html`, and JSON for
//! Perfetto with `RT_TIMELINE=FILE.json`. It prints, with other numbers
//!
//! ```text
//! 9 tasks were polled 43 times on 2 workers, and parked 30 times
//! 46 wakes: 17 by a task, 7 by a timer
//! 1 job blocked
//! the picture: timeline.html
//! ```

#![forbid(unsafe_code)]

use std::env;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::PathBuf;
use std::thread;

use rt::runtime::Builder;
use rt::task;
use rt::time::{Duration, Instant, sleep};
use rt::trace::{Cause, Doing, Trace};

/// Computes for so long: what a poll does that does not wait.
fn work(micros: u64) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(micros) {
        black_box(start);
    }
}

/// The oven: one dish every 300 µs, while there are dishes.
async fn oven(dishes: async_channel::Receiver<usize>, done: async_channel::Sender<usize>) {
    while let Ok(dish) = dishes.recv().await {
        sleep(Duration::from_micros(300)).await;
        work(40);
        if done.send(dish).await.is_err() {
            return; // nobody is hungry any more
        }
    }
}

/// A cook reads the recipe, which blocks, prepares the dish and hands it over.
async fn cook(number: usize, oven: async_channel::Sender<usize>) {
    if number == 0 {
        let recipe = task::Builder::new()
            .name("recipe")
            .spawn_blocking(|| thread::sleep(Duration::from_micros(700)));
        recipe.await.expect("it does not panic");
    }
    for step in 0..2 {
        work(90 + 40 * number as u64);
        if step == 0 {
            task::yield_now().await;
        }
    }
    oven.send(number).await.expect("the oven is on");
}

async fn dinner(cooks: usize) -> usize {
    let (to_oven, dishes) = async_channel::bounded(2);
    let (to_table, table) = async_channel::unbounded();
    let named = |name: &'static str| task::Builder::new().name(name);
    let oven = named("oven").spawn(oven(dishes, to_table));
    // They are spawned on one worker: the other one steals.
    for number in 0..cooks {
        let name = format!("cook {number}");
        drop(task::Builder::new().name(&name).spawn(cook(number, to_oven.clone())));
    }
    drop(to_oven);
    let waiter = named("waiter").spawn(async move {
        let mut served = 0;
        while table.recv().await.is_ok() {
            work(60);
            served += 1;
        }
        served
    });
    oven.await.expect("it does not panic");
    waiter.await.expect("it does not panic")
}

fn main() -> io::Result<()> {
    let path = env::args_os().nth(1).map(PathBuf::from);
    let path = path.unwrap_or_else(|| env::temp_dir().join("timeline.html"));
    let trace = Trace::new(10_000);
    let runtime =
        Builder::new_multi_thread().worker_threads(2).trace(&trace).timeline(&path).build()?;

    let served = runtime.block_on(async {
        let dinner = task::Builder::new().name("dinner").spawn(dinner(6));
        dinner.await.expect("it does not panic")
    });
    drop(runtime); // which writes the file

    let picture = trace.picture();
    let count = |doing| picture.bars.iter().filter(|bar| bar.doing == doing).count();
    let woken = |cause| picture.wakes.iter().filter(|wake| wake.cause == cause).count();
    let by_tasks = picture.wakes.iter().filter(|wake| wake.by.is_some()).count();
    let (polls, parks, jobs) = (count(Doing::Poll), count(Doing::Park), count(Doing::Job));
    let mut out = io::stdout();
    writeln!(
        out,
        "{} tasks were polled {polls} times on 2 workers, and parked {parks} times",
        picture.tasks.len() - jobs
    )?;
    let (wakes, timers) = (picture.wakes.len(), woken(Cause::Timer));
    writeln!(out, "{wakes} wakes: {by_tasks} by a task, {timers} by a timer")?;
    writeln!(out, "{jobs} job blocked")?;
    writeln!(out, "the picture: {}", path.display())?;

    assert_eq!((served, jobs), (6, 1));
    assert!(timers > 0 && polls > served);
    Ok(())
}
