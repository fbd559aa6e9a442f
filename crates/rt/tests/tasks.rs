//! Who is alive, and what it does.

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use rt::runtime::{Builder, LocalRuntime, Phase, Runtime};
use rt::task::{self, Priority, yield_now};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn measured(mut builder: Builder) -> Runtime {
    builder.task_stats(true).build().unwrap()
}

#[test]
fn a_list_names_all_that_are_alive_and_nobody_else() {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        within(LIMIT, move || {
            let runtime = builder.build().unwrap();
            let handle = runtime.handle().clone();
            runtime.block_on(async {
                let line = line!() + 1;
                let named = task::Builder::new().name("waits").spawn(pending::<()>());
                let done = rt::spawn(async {});
                let done_id = done.id();
                done.await.unwrap();
                let local = task::Builder::new()
                    .name("local")
                    .priority(Priority::High)
                    .spawn_local(pending::<()>());
                let tasks = handle.tasks();
                println!("{tasks}");
                let waits = tasks.get(named.id()).expect("a task that waits is not listed");
                assert_eq!(waits.name.as_deref(), Some("waits"), "another's name");
                assert_eq!(waits.place.line(), line, "another's place");
                assert!(!waits.is_local && !waits.is_aborted, "{waits:?}");
                assert_eq!(waits.class, Priority::Normal);
                assert_eq!((waits.age, waits.polls), (None, None), "nobody asked for numbers");
                let local = tasks.get(local.id()).expect("a local task is not listed");
                assert!(local.is_local && local.class == Priority::High, "{local:?}");
                assert!(tasks.get(done_id).is_none(), "a task that is done is listed as alive");
                assert_eq!(tasks.len(), 2, "somebody else's tasks:\n{tasks}");
                let text = tasks.to_string();
                assert!(text.lines().count() == 3, "a line a task, and a head: {text}");
                assert!(text.contains("waits") && text.contains("tasks.rs"), "no table: {text}");
            });
        });
    }
}

#[test]
fn local_tasks_of_workers_and_of_a_local_runtime_are_listed() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let local = runtime.block_on(runtime.spawn(async {
            task::Builder::new().name("on a worker").spawn_local(pending::<()>()).id()
        }));
        let tasks = runtime.handle().tasks();
        let found = tasks.get(local.unwrap()).expect("a worker's local task is not listed");
        assert!(found.is_local && found.name.as_deref() == Some("on a worker"), "{found:?}");

        let runtime = LocalRuntime::new().unwrap();
        let task = runtime.spawn_local(pending::<()>());
        let handle = runtime.handle().clone();
        let tasks = std::thread::spawn(move || handle.tasks()).join().unwrap();
        assert!(tasks.get(task.id()).is_some_and(|task| task.is_local), "{tasks}");
    });
}

#[test]
fn polls_and_times_are_counted_where_asked() {
    for builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        within(LIMIT, move || {
            let runtime = measured(builder);
            const SLEEP: Duration = Duration::from_millis(20);
            let (done, is_done) = mpsc::channel();
            let works = async move {
                for _ in 0..3 {
                    std::thread::sleep(SLEEP); // in the poll
                    yield_now().await;
                }
                done.send(()).unwrap();
                pending::<()>().await;
            };
            let _entered = runtime.enter();
            let task = task::Builder::new().name("works").spawn(works);
            runtime.block_on(async {
                while is_done.try_recv().is_err() {
                    yield_now().await;
                }
                yield_now().await;
                rt::time::sleep(SLEEP).await;
            });
            let tasks = runtime.handle().tasks();
            println!("{tasks}");
            let found = tasks.get(task.id()).expect("it is alive");
            assert_eq!(found.phase, Phase::Idle, "it waits");
            assert_eq!(found.polls, Some(4), "three that slept, one more: {found:?}");
            assert!(found.busy >= Some(3 * SLEEP), "a poll is not counted: {found:?}");
            let (age, since) = (found.age.unwrap(), found.since_last_poll.unwrap());
            assert!(since >= SLEEP && since < age, "its last poll was before that: {found:?}");
            assert!(found.busy.unwrap() < age, "more than all of its time: {found:?}");
        });
    }
}

#[test]
fn a_task_in_a_poll_is_running_and_its_time_goes_on() {
    within(LIMIT, || {
        let runtime = measured(Builder::new_multi_thread());
        let (begun, begins) = mpsc::channel();
        let (go_on, over) = mpsc::channel::<()>();
        let task = runtime.spawn(async move {
            begun.send(()).unwrap();
            over.recv().unwrap();
        });
        begins.recv().unwrap();
        let look = || runtime.handle().tasks().get(task.id()).cloned().expect("it is alive");
        let (one, two) = (look(), look());
        assert_eq!(one.phase, Phase::Running, "it is in a poll");
        assert_eq!(one.since_last_poll, Some(Duration::ZERO), "a poll goes on");
        assert!(one.busy < two.busy, "the poll that goes on is not counted: {one:?} {two:?}");
        task.abort();
        assert!(look().is_aborted, "its abort is not shown");
        go_on.send(()).unwrap();
        let _ = runtime.block_on(task);
    });
}

#[test]
fn a_local_task_is_measured_too() {
    within(LIMIT, || {
        let runtime = measured(Builder::new_current_thread());
        let handle = runtime.handle().clone();
        runtime.block_on(async move {
            let local = rt::spawn_local(pending::<()>());
            yield_now().await;
            yield_now().await;
            let tasks = handle.tasks();
            assert_eq!(tasks.get(local.id()).and_then(|task| task.polls), Some(1), "{tasks}");
        });
        let plain = Builder::new_current_thread().build().unwrap();
        plain.block_on(async {
            let task = rt::spawn(pending::<()>());
            let tasks = rt::runtime::Handle::current().tasks();
            assert_eq!(tasks.get(task.id()).unwrap().polls, None, "nobody asked: {tasks}");
        });
    });
}
