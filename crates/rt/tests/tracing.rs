//! The feature `tracing`: tasks of each kind as spans. Which lines a span has is tested in `rt-metrics`, what
//! the console makes of them in `rt-ecosystem`.

#[path = "../../rt-metrics/tests/tracing/book.rs"]
mod book;

use std::future::pending;
use std::time::Duration;

use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt::task;
use rt_testkit::within;

use crate::book::lines;

const DEADLINE: Duration = Duration::from_secs(20);

fn named(name: &str) -> task::Builder<'_> {
    task::Builder::new().name(name)
}

/// How often something was told of a task.
fn count(what: &str, name: &str) -> usize {
    let line = format!("{what} {name}");
    lines(&[name]).iter().filter(|told| told.starts_with(&line)).count()
}

fn kind(name: &str) -> String {
    book::fields(name).unwrap_or_else(|| panic!("{name} has no span"))["kind"].clone()
}

#[test]
fn tasks_of_each_runtime_are_entered_once_a_poll_and_closed() {
    within(DEADLINE, || {
        book::open();
        let yields = async {
            for _ in 0..10 {
                task::yield_now().await;
            }
        };
        let many = Runtime::new().unwrap();
        many.block_on(async { named("on_many").spawn(yields).await }).unwrap();
        let one = Builder::new_current_thread().build().unwrap();
        one.block_on(async { named("on_one").spawn(task::yield_now()).await }).unwrap();
        let local = LocalRuntime::new().unwrap();
        local.block_on(async { named("at_home").spawn_local(task::yield_now()).await }).unwrap();
        drop((many, one, local));
        for (name, polls) in [("on_many", 11), ("on_one", 2), ("at_home", 2)] {
            let told = ["enter", "exit", "close"].map(|what| count(what, name));
            assert_eq!(told, [polls, polls, 1], "{name}: polls begun and ended, and its end");
        }
        assert_eq!((kind("on_many"), kind("at_home")), ("task".to_owned(), "local".to_owned()));
    });
}

#[test]
fn a_job_that_blocks_is_entered_while_it_runs() {
    within(DEADLINE, || {
        book::open();
        let runtime = Runtime::new().unwrap();
        let job = runtime.block_on(async {
            named("job").spawn_blocking(|| tracing::info!("inside of the job")).await
        });
        job.unwrap();
        drop(runtime);
        assert_eq!(kind("job"), "blocking");
        let told: Vec<String> =
            lines(&["job"]).into_iter().filter(|line| !line.starts_with("waker.")).collect();
        assert_eq!(told.len(), 5, "{told:?}");
        assert_eq!((&*told[0], &*told[1]), ("span job below none", "enter job"));
        assert!(told[2].ends_with("in job"), "what a job traces is inside of its span: {told:?}");
        assert_eq!((&*told[3], &*told[4]), ("exit job", "close job"));
    });
}

#[test]
fn a_task_that_waits_has_a_waker_and_one_that_has_ended_has_none() {
    within(DEADLINE, || {
        book::open();
        let runtime = Builder::new_current_thread().build().unwrap();
        let wakers = || count("waker.clone", "keeper") - count("waker.drop", "keeper");
        runtime.block_on(async {
            let work = rt::time::timeout(Duration::from_secs(3600), pending::<()>());
            let waiting = named("keeper").spawn(work);
            while count("exit", "keeper") == 0 {
                task::yield_now().await;
            }
            assert_eq!(wakers(), 1, "the console warns of tasks that have lost their wakers");
            waiting.abort();
            waiting.await.unwrap_err();
        });
        drop(runtime);
        assert_eq!(wakers(), 0, "a waker that is never dropped is a leak");
    });
}

#[test]
fn a_poll_that_blocks_on_others_is_around_theirs() {
    within(DEADLINE, || {
        book::open();
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let outer = runtime.block_on(async {
            let work = async {
                let inside = || {
                    LocalRuntime::new()
                        .unwrap()
                        .block_on(async { named("nested").spawn_local(async {}).await })
                };
                task::block_in_place(inside).unwrap();
            };
            named("blocks").spawn(work).await
        });
        outer.unwrap();
        drop(runtime);
        let told: Vec<String> = lines(&["blocks", "nested"])
            .into_iter()
            .filter(|line| !line.starts_with("waker.") && !line.starts_with("span"))
            .collect();
        assert_eq!(
            told,
            [
                "enter blocks",
                "enter nested",
                "exit nested",
                "close nested",
                "exit blocks",
                "close blocks",
            ]
        );
    });
}
