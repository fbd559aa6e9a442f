//! Bad use gets a message that says what happened and what to do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use rt_executor::{Core, Executor, Fifo, block_on, spawn, yield_now};
use rt_testkit::within;
use rt_waker::Parker;

const DEADLINE: Duration = Duration::from_secs(10);
const NO_EXECUTOR: &str = "no executor runs on this thread: call `rt_executor::spawn` inside \
                           `Executor::run`, or use `Executor::spawn`";
const RUNS_ALREADY: &str = "this executor runs already: a task must not run the executor that polls \
                            it. Await the future instead, or give it an executor of its own with \
                            `rt_executor::block_on`";

/// What the panic of `misuse` says.
fn message<T>(misuse: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(misuse)).map(|_| ()).unwrap_err();
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref().cloned()).expect("a panic with words")
}

#[test]
fn a_spawn_without_an_executor() {
    within(DEADLINE, || {
        let said = message(|| spawn(async {}));
        assert_eq!(said, NO_EXECUTOR, "whoever forgot `run` is told something else");
    });
}

#[test]
fn a_spawn_inside_of_block_on_which_runs_no_tasks() {
    within(DEADLINE, || {
        let said = message(|| block_on(async { drop(spawn(async {})) }));
        assert_eq!(said, NO_EXECUTOR, "whoever forgot `run` is told something else");
    });
}

#[test]
fn a_spawn_after_run_has_returned() {
    within(DEADLINE, || {
        let executor = Executor::new();
        executor.run(async { drop(spawn(async {})) });
        executor.run_ready();
        let said = message(|| spawn(async {}));
        assert_eq!(said, NO_EXECUTOR, "an executor that does not run any more took a task [AM1]");
    });
}

#[test]
fn a_task_that_runs_its_own_executor() {
    within(DEADLINE, || {
        let executor = Rc::new(Executor::new());
        let uses: [fn(&Executor); 4] = [
            |executor| executor.run(async {}),
            |executor| assert_eq!(executor.run_ready(), 0),
            |executor| assert_eq!(executor.wait(None), 0),
            |executor| assert_eq!(executor.due(), None),
        ];
        for misuse in uses {
            let inner = executor.clone();
            let task = Executor::spawn(&executor, async move { message(|| misuse(&inner)) });
            let said = executor.run(task).expect("the task caught the panic");
            assert_eq!(
                said, RUNS_ALREADY,
                "whoever runs an executor in its task is told otherwise"
            );
        }
        let said = executor.run(async { message(|| executor.run(async {})) });
        assert_eq!(said, RUNS_ALREADY, "whoever runs an executor in its root is told otherwise");
    });
}

#[test]
fn the_message_names_the_line_of_the_caller() {
    use std::sync::Mutex;
    static PLACE: Mutex<Option<(String, u32)>> = Mutex::new(None);
    within(DEADLINE, || {
        let here = std::thread::current().id();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == here {
                let place = info.location().expect("a panic has a place");
                *PLACE.lock().unwrap() = Some((place.file().to_owned(), place.line()));
            } else {
                before(info);
            }
        }));
        let line = line!() + 1;
        message(|| spawn(async {}));
        assert_eq!(PLACE.lock().unwrap().take(), Some((file!().to_owned(), line)));
    });
}

#[test]
fn a_join_handle_that_is_polled_after_it_was_ready() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let mut task = executor.spawn(async {});
        executor.run(&mut task).unwrap();
        let text = message(|| executor.run(async { (&mut task).await.is_ok() }));
        assert!(
            text.starts_with("a `JoinHandle` was polled after it had given its output"),
            "{text}"
        );
        executor.run(yield_now());
    });
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "leaks on purpose")]
fn a_forgotten_guard_is_named_when_the_core_is_entered_again() {
    within(DEADLINE, || {
        let mut core = Core::new(Fifo::new(), (), Parker::new().waker());
        std::mem::forget(core.enter());
        let said = message(|| drop(core.enter()));
        assert!(said.starts_with("a `Running` of this core was leaked by `mem::forget`"), "{said}");
        drop(core); // neither hangs nor panics
    });
}

#[test]
fn guards_of_two_cores_may_be_dropped_in_any_order() {
    within(DEADLINE, || {
        let bell = Parker::new().waker();
        let mut one = Core::new(Fifo::new(), (), bell.clone());
        let mut two = Core::new(Fifo::new(), (), bell.clone());
        let mut three = Core::new(Fifo::new(), (), bell);
        let handles = [one.handle(), two.handle(), three.handle()];
        let (mut first, second, third) = (one.enter(), two.enter(), three.enter());
        drop(second);
        let tasks = handles.map(|handle| handle.spawn(async {}));
        assert_eq!(first.turn(), 1, "a task of the outermost core found its way past the others");
        drop(first);
        drop(third);
        for (core, task) in [&mut one, &mut two, &mut three].into_iter().zip(tasks) {
            core.enter().turn();
            assert!(task.is_finished(), "a task was lost when its guard was dropped out of order");
        }
    });
}
