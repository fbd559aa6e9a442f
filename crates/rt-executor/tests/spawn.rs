//! The ways in: on the executor's thread, from others, and through the traits of `futures-task`.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use futures::future::{FutureObj, LocalFutureObj};
use futures::task::{LocalSpawn, Spawn};
use rt_executor::{Executor, block_on, spawn, yield_now};
use rt_task::Builder;
use rt_task::Priority;
use rt_testkit::within;

const DEADLINE: Duration = Duration::from_secs(10);

#[test]
fn inside_of_run_a_task_is_spawned_without_an_executor_in_the_hand() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let not_send = Rc::new(3);
        let sum = executor.run(async {
            let inner = not_send.clone();
            let task = spawn(async move { spawn(async move { *inner }).await.unwrap() + 1 });
            task.await.unwrap()
        });
        assert_eq!(sum, 4, "spawned from the root and from a task: an output is wrong");
    });
}

#[test]
fn inside_of_run_ready_it_works_too() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let task = executor.spawn(async { spawn(async { 5 }).await.unwrap() });
        while executor.run_ready() > 0 {}
        assert_eq!(block_on(task).ok(), Some(5), "a task could not spawn, or its child was lost");
    });
}

#[test]
fn it_goes_to_the_innermost_executor_that_runs() {
    within(DEADLINE, || {
        let (outer, inner) = (Executor::new(), Executor::new());
        outer.run(async {
            inner.run(async { drop(spawn(pending::<()>())) });
            let alive = (outer.alive(), inner.alive());
            assert_eq!(alive, (0, 1), "a task of the inner executor landed on the outer one [AM1]");
            drop(spawn(pending::<()>()));
            let alive = (outer.alive(), inner.alive());
            assert_eq!(alive, (1, 1), "the outer executor is not itself again [AM1]");
        });
    });
}

#[test]
fn a_local_handle_spawns_what_is_not_send() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let local = executor.local_handle();
        let shared = Rc::new(RefCell::new(0));
        let task = local.spawn({
            let shared = shared.clone();
            async move { *shared.borrow_mut() += 1 }
        });
        executor.run(task).expect("it neither panics nor is aborted");
        assert_eq!(*shared.borrow(), 1, "the task did not run");
    });
}

#[test]
fn a_handle_spawns_from_other_threads() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let threads: Vec<_> = (0..4u64)
            .map(|start| {
                let handle = executor.handle();
                thread::spawn(move || {
                    let numbers = (0..1000).map(|n| start * 1000 + n);
                    let spawned = numbers.map(|n| {
                        handle.spawn(async move {
                            yield_now().await;
                            n
                        })
                    });
                    spawned.collect::<Vec<_>>()
                })
            })
            .collect();
        let tasks: Vec<_> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
        assert_eq!(executor.alive(), 4000, "a spawn from another thread was lost");
        let sum = executor.run(async {
            let mut sum = 0;
            for task in tasks {
                sum += task.await.unwrap();
            }
            sum
        });
        assert_eq!(sum, 4000 * 3999 / 2, "every task ran once");
    });
}

#[test]
fn options_are_what_the_task_says_about_itself() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let options = Builder::new().name("greeter").priority(Priority::High);
        let local = executor.local_handle().spawn_with(options, async {});
        let sent = executor.handle().spawn_with(options, async {});
        for task in [local.task(), sent.task()] {
            assert_eq!(task.name(), Some("greeter"));
            assert_eq!(task.priority(), Priority::High);
        }
        assert!(local.task().is_local() && !sent.task().is_local());
        let plain = executor.spawn(async {});
        assert_eq!((plain.task().name(), plain.task().priority()), (None, Priority::Normal));
    });
}

#[test]
fn a_task_knows_where_it_was_spawned() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let here = |line, task: &rt_task::TaskRef| {
            assert_eq!((task.place().file(), task.place().line()), (file!(), line));
        };
        here(line!(), executor.spawn(async {}).task());
        here(line!(), executor.handle().spawn(async {}).task());
        here(line!(), executor.local_handle().spawn(async {}).task());
        here(line!(), executor.run(async { Some(spawn(async {})) }).expect("just spawned").task());
        let options = Builder::new();
        let line = line!() - 1;
        here(line, executor.handle().spawn_with(options, async {}).task());
        let elsewhere = std::panic::Location::caller();
        let task = executor.handle().spawn_with(options.place(elsewhere), async {});
        assert_eq!(task.task().place(), elsewhere);
    });
}

#[test]
fn alive_counts_from_the_spawn_to_the_end_also_inside_of_a_task() {
    within(DEADLINE, || {
        let executor = Rc::new(Executor::new());
        assert_eq!(executor.alive(), 0, "a new executor has tasks");
        let _detached = executor.spawn(pending::<()>());
        let task = executor.spawn({
            let executor = executor.clone();
            async move { executor.alive() }
        });
        assert_eq!(executor.alive(), 2, "tasks that were not polled yet are not counted");
        assert_eq!(executor.run(task).ok(), Some(2), "asked by a task that runs");
        assert_eq!(executor.alive(), 1, "a task that is done is counted as alive");
    });
}

#[test]
fn the_traits_of_futures_task_spawn() {
    use futures::task::{LocalSpawnExt, SpawnExt};
    within(DEADLINE, || {
        let executor = Executor::new();
        let (handle, local) = (executor.handle(), executor.local_handle());
        for status in [handle.status(), local.status(), executor.status()] {
            assert!(status.is_ok());
        }
        assert!(local.status_local().is_ok() && executor.status_local().is_ok());
        handle.spawn_obj(FutureObj::new(Box::new(async {}))).unwrap();
        local.spawn_obj(FutureObj::new(Box::new(async {}))).unwrap();
        executor.spawn_local_obj(LocalFutureObj::new(Box::new(async {}))).unwrap();
        assert_eq!(executor.alive(), 3);
        assert_eq!(executor.run_ready(), 3);
        let not_send = Rc::new(2);
        let one = handle.spawn_with_handle(async { 1 }).unwrap();
        let two = local.spawn_local_with_handle(async move { *not_send }).unwrap();
        let three = executor.spawn_with_handle(async { 3 }).unwrap();
        assert_eq!(executor.run(async { one.await + two.await + three.await }), 6);
    });
}

#[test]
fn the_traits_of_futures_task_say_that_the_executor_is_gone() {
    use futures::task::{LocalSpawnExt, SpawnExt};
    within(DEADLINE, || {
        let executor = Executor::new();
        let (handle, local) = (executor.handle(), executor.local_handle());
        drop(executor);
        for status in [handle.status(), local.status(), local.status_local()] {
            assert!(status.unwrap_err().is_shutdown());
        }
        let token = Rc::new(());
        let held = token.clone();
        let refused = local.spawn_local(async move { drop(held) });
        assert!(refused.unwrap_err().is_shutdown());
        assert_eq!(Rc::strong_count(&token), 1, "what is refused is dropped at once");
        assert!(handle.spawn(async {}).task().is_done());
        let refused = SpawnExt::spawn(&handle, async {});
        assert!(refused.unwrap_err().is_shutdown());
    });
}
