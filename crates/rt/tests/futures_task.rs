//! The traits of `futures-task` on the runtimes and their handles.

use std::rc::Rc;
use std::time::Duration;

use futures::task::{LocalSpawn, LocalSpawnExt, Spawn, SpawnExt};
use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt_testkit::within;

const DEADLINE: Duration = Duration::from_secs(60);

fn runtimes() -> [Runtime; 2] {
    let build = |mut builder: Builder| builder.build().unwrap();
    [build(Builder::new_current_thread()), build(Builder::new_multi_thread())]
}

#[test]
fn what_is_spawned_with_a_handle_gives_its_output() {
    within(DEADLINE, || {
        for runtime in runtimes() {
            let handle = runtime.handle().clone();
            let of_handle = handle.spawn_with_handle(async { 6 }).unwrap();
            let of_runtime = runtime.spawn_with_handle(async { 7 }).unwrap();
            assert_eq!(runtime.block_on(async { of_handle.await * of_runtime.await }), 42);
        }
        let runtime = LocalRuntime::new().unwrap();
        let seven = Rc::new(7);
        let of_local = runtime.spawn_local_with_handle(async move { *seven }).unwrap();
        let of_runtime = runtime.spawn_with_handle(async { 6 }).unwrap();
        assert_eq!(runtime.block_on(async { of_local.await * of_runtime.await }), 42);
    });
}

#[test]
fn a_function_that_takes_any_spawner_takes_ours() {
    fn spawn_two(spawner: &dyn Spawn) {
        spawner.spawn(async {}).unwrap();
        spawner.spawn(async {}).unwrap();
    }
    within(DEADLINE, || {
        for runtime in runtimes() {
            spawn_two(runtime.handle());
            spawn_two(&runtime);
            assert_eq!(runtime.metrics().snapshot().tasks.spawned, 4);
        }
    });
}

#[test]
fn after_the_end_the_status_and_a_spawn_say_so() {
    within(DEADLINE, || {
        for runtime in runtimes() {
            let handle = runtime.handle().clone();
            assert!(handle.status().is_ok() && runtime.status().is_ok());
            drop(runtime);
            assert!(handle.status().unwrap_err().is_shutdown());
            assert!(SpawnExt::spawn(&handle, async {}).unwrap_err().is_shutdown());
        }
        let runtime = LocalRuntime::new().unwrap();
        let handle = runtime.handle().clone();
        assert!(runtime.status().is_ok() && runtime.status_local().is_ok());
        drop(runtime);
        assert!(handle.status().unwrap_err().is_shutdown());
    });
}

#[test]
fn a_task_is_told_of_the_place_where_it_was_spawned() {
    within(DEADLINE, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.handle().spawn_obj(Box::pin(async {}).into()).unwrap();
        let tasks = runtime.handle().tasks();
        let place = tasks.iter().next().unwrap().place.file();
        assert!(place.ends_with("futures_task.rs") && place.contains("tests"), "{place}");
    });
}
