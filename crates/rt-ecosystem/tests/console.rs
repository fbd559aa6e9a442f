//! The stock subscriber of `tokio-console`, connected to: the list of tasks is the one of `rt`.

mod console {
    pub(crate) mod list;
    pub(crate) mod wire;
}

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use rt::runtime::Runtime;
use rt::task::Builder;
use rt_testkit::within;

use crate::console::list::List;
use crate::console::wire::{read_until, serve};

const FILE: &str = "tests/console.rs";

/// Sleeps again and again: woken by the clock.
async fn sleeps() {
    loop {
        rt::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits for ever, and keeps a waker.
async fn waits() {
    rt::time::timeout(Duration::MAX, pending::<()>()).await.expect_err("nobody answers");
}

/// Wakes itself, and only itself.
async fn yields() {
    for _ in 0..50 {
        rt::task::yield_now().await;
    }
    pending::<()>().await;
}

/// The tasks that the console is to show, from one line each: the number of the first line, and what ends the job.
fn spawn(runtime: &Runtime) -> (u32, mpsc::Sender<()>) {
    let _entered = runtime.enter();
    let (gate, wait) = mpsc::channel::<()>();
    let line = line!() + 1;
    Builder::new().name("sleeper").spawn(sleeps());
    Builder::new().name("waiter").spawn(waits());
    Builder::new().name("yielder").spawn(yields());
    Builder::new().name("job").spawn_blocking(move || wait.recv());
    let done = Builder::new().name("done").spawn(async {});
    runtime.block_on(done).expect("it ends by itself");
    rt::spawn(async { Builder::new().name("local").spawn_local(sleeps()).await });
    (line, gate)
}

/// What the console has to show of them, or what it does not.
fn is_all_there(list: &List) -> Result<(), String> {
    let one = |name: &'static str| {
        let mut lines = list.named(name);
        match (lines.pop(), lines.len()) {
            (Some(line), 0) => Ok(line),
            (line, more) => {
                Err(format!("{} tasks with the name {name}", more + usize::from(line.is_some())))
            }
        }
    };
    let holds = |name: &str, what: &str, holds: bool| {
        if holds { Ok(()) } else { Err(format!("{name}: not yet, or never: {what}")) }
    };
    let (sleeper, waiter, yielder) = (one("sleeper")?, one("waiter")?, one("yielder")?);
    let (job, done, local) = (one("job")?, one("done")?, one("local")?);
    holds("sleeper", "more than 20 polls", sleeper.polls() > 20)?;
    holds("sleeper", "a wake for each", sleeper.stats.wakes + 2 >= sleeper.polls())?;
    holds("sleeper", "woken by others", sleeper.stats.self_wakes == 0)?;
    holds("waiter", "one poll", waiter.polls() == 1)?;
    holds("waiter", "a waker", waiter.wakers() >= 1)?;
    holds("yielder", "51 polls", yielder.polls() == 51)?;
    holds("yielder", "50 wakes", yielder.stats.wakes == 50)?;
    holds("yielder", "by itself", yielder.stats.self_wakes == 50)?;
    holds("job", "it runs", job.polls() == 1 && job.stats.dropped_at.is_none())?;
    holds("done", "it has ended", done.stats.dropped_at.is_some())?;
    holds("local", "more than 20 polls", local.polls() > 20)?;
    Ok(())
}

/// The flag is what the subscriber asks for.
#[test]
#[cfg_attr(
    not(console_without_tokio_unstable),
    ignore = "run cargo in crates/rt-ecosystem: its .cargo/config.toml has the flag for this"
)]
fn the_console_lists_our_tasks_with_name_place_and_kind_and_counts_their_polls_and_wakes() {
    within(Duration::from_secs(60), || {
        let address = serve();
        let runtime = Runtime::new().expect("a runtime");
        let (line, gate) = spawn(&runtime);
        let list = read_until(address, Duration::from_secs(40), is_all_there);
        assert_eq!(list.dropped_events, 0, "the subscriber could not keep up");
        for (at, name) in [(0, "sleeper"), (1, "waiter"), (2, "yielder"), (3, "job")] {
            let found = &list.named(name)[0];
            assert!(found.file().ends_with(FILE), "{name} is said to come from {}", found.file());
            assert_eq!(found.line(), Some(line + at), "{name} is said to come from another line");
        }
        let kinds =
            [("sleeper", "task"), ("done", "task"), ("job", "blocking"), ("local", "local")];
        for (name, kind) in kinds {
            assert_eq!(list.named(name)[0].field("kind").as_deref(), Some(kind), "of {name}");
        }
        assert_eq!(list.named("job")[0].target, "tokio::task::blocking");
        assert_eq!(list.named("sleeper")[0].target, "tokio::task");
        assert!(list.named("sleeper")[0].field("size.bytes").is_some(), "how large is it?");

        let (polls, wakes) = figures(&list);
        read_until(address, Duration::from_secs(20), move |list| {
            let (more_polls, more_wakes) = figures(list);
            if more_polls > polls && more_wakes > wakes {
                return Ok(());
            }
            Err(format!("no more than {polls} polls and {wakes} wakes of a task that goes on"))
        });
        drop(gate);
    });
}

/// Polls and wakes of the task that sleeps.
fn figures(list: &List) -> (u64, u64) {
    list.named("sleeper").first().map_or((0, 0), |line| (line.polls(), line.stats.wakes))
}
