//! Chapter 6, part 9: bad use gets a message that says what happened and what to do.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt;
use rt::runtime::{self, Handle, LocalRuntime, Runtime};
use rt::task::{Builder, JoinSet};
use rt::time;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn one_thread() -> Runtime {
    runtime::Builder::new_current_thread().build().unwrap()
}

/// What a panic says.
fn message<T>(body: impl FnOnce() -> T) -> String {
    let payload = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(_) => panic!("bad use went unnoticed"),
        Err(payload) => payload,
    };
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.into())).unwrap()
}

/// As `message`, of a future inside of a runtime.
fn message_inside<F: Future>(future: F) -> String {
    message(|| one_thread().block_on(future))
}

const NO_RUNTIME: &str = "no runtime on this thread: call this inside `Runtime::block_on`, or hold \
                          the guard of `Handle::enter`";
const NOT_INSIDE: &str = "no runtime on this thread: call this inside `block_on`";
const NO_LOCAL: &str = "no local tasks can be spawned here, because nothing on this thread would \
                        run them: call this inside `block_on`, not under the guard of \
                        `Handle::enter` alone; or use `spawn` with a future that is `Send`";
const NESTED: &str = "inside of a runtime: it would block the thread that runs the tasks. `.await` \
                      the future instead, or block inside of `spawn_blocking` or `task::block_in_place`";
const CANNOT_PAUSE: &str = "time is stopped for one thread only: call this inside `block_on` of a \
                            current-thread runtime (`Builder::new_current_thread`, `#[rt::test]`)";

#[test]
fn no_runtime_on_this_thread() {
    within(LIMIT, || {
        assert_eq!(message(|| rt::spawn(async {})), format!("`spawn`: {NO_RUNTIME}"));
        assert_eq!(message(|| rt::spawn_local(async {})), format!("`spawn_local`: {NOT_INSIDE}"));
        assert_eq!(message(Handle::current), format!("`Handle::current`: {NO_RUNTIME}"));
        let builder = message(|| Builder::new().spawn(async {}));
        assert_eq!(builder, format!("`task::Builder::spawn`: {NO_RUNTIME}"));
        let builder = message(|| Builder::new().spawn_local(async {}));
        assert_eq!(builder, format!("`task::Builder::spawn_local`: {NOT_INSIDE}"));
        let set = message(|| JoinSet::new().spawn_local(async {}));
        assert_eq!(set, format!("`JoinSet::spawn_local`: {NOT_INSIDE}"));
        let set = message(|| JoinSet::new().spawn(async {}));
        assert!(set.ends_with(NO_RUNTIME), "{set}");
    });
}

#[test]
fn the_panic_is_where_the_user_called() {
    within(LIMIT, || {
        let (sender, receiver) = std::sync::mpsc::channel();
        let this_thread = std::thread::current().id();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == this_thread {
                sender.send(info.location().map(|place| place.file().to_owned())).unwrap();
            } else {
                before(info);
            }
        }));
        rt::task_local! { static KEY: u8; }
        let calls: [fn(); 9] = [
            || drop(rt::spawn(async {})),
            || drop(rt::spawn_local(async {})),
            || drop(Handle::current()),
            || drop(JoinSet::new().spawn(async {})),
            || time::pause(),
            || rt::block_on(async { time::advance(Duration::ZERO).await }),
            || KEY.with(|_| ()),
            || _ = rt::task::id(),
            || rt::block_on(async { rt::block_on(async {}) }),
        ];
        let files: Vec<String> = calls
            .into_iter()
            .map(|call| {
                catch_unwind(call).unwrap_err();
                receiver.recv().unwrap().unwrap()
            })
            .collect();
        drop(std::panic::take_hook()); // std's is back
        let here = file!();
        assert_eq!(files, [here; 9], "where the calls are said to have panicked");
    });
}

#[test]
fn spawn_local_without_a_local_context() {
    within(LIMIT, || {
        let runtime = one_thread();
        let _entered = runtime.enter();
        assert_eq!(message(|| rt::spawn_local(async {})), format!("`spawn_local`: {NO_LOCAL}"));
        let builder = message(|| Builder::new().spawn_local(async {}));
        assert_eq!(builder, format!("`task::Builder::spawn_local`: {NO_LOCAL}"));
        drop(rt::spawn(async {})); // this one is fine
    });
}

#[test]
fn nested_block_on() {
    within(LIMIT, || {
        let other = one_thread();
        let runtime = format!("`Runtime::block_on` {NESTED}");
        assert_eq!(message_inside(async { other.block_on(async {}) }), runtime);
        assert_eq!(message_inside(async { rt::block_on(async {}) }), runtime);
        let handle = message_inside(async { Handle::current().block_on(async {}) });
        assert_eq!(handle, format!("`Handle::block_on` {NESTED}"));
        let local = LocalRuntime::new().unwrap();
        let in_local = message_inside(async { local.block_on(async {}) });
        assert_eq!(in_local, format!("`LocalRuntime::block_on` {NESTED}"));
        assert_eq!(message(|| local.block_on(async { other.block_on(async {}) })), runtime);
        assert_eq!(message(|| other.handle().block_on(async { rt::block_on(async {}) })), runtime);
        other.block_on(async {}); // and all of them may be used again
        local.block_on(async {});
    });
}

#[test]
fn nested_block_on_in_a_task_is_that_tasks_panic() {
    within(LIMIT, || {
        let error = rt::block_on(async { rt::spawn(async { rt::block_on(async {}) }).await });
        let error = error.unwrap_err();
        assert!(error.to_string().ends_with(NESTED), "{error}");
    });
}

#[test]
fn a_join_handle_polled_after_it_was_ready() {
    within(LIMIT, || {
        let said = message_inside(async {
            let mut handle = rt::spawn(async {});
            (&mut handle).await.unwrap();
            handle.await.unwrap();
        });
        assert_eq!(
            said,
            "a `JoinHandle` was polled after it had given its output: poll it once to the end, or \
             fuse it with `futures::FutureExt::fuse`"
        );
    });
}

#[test]
fn a_task_local_future_polled_after_it_was_ready() {
    rt::task_local! { static KEY: u8; }
    within(LIMIT, || {
        let said = message_inside(async {
            let mut future = Box::pin(KEY.scope(1, async {}));
            future.as_mut().await;
            future.as_mut().await;
        });
        assert_eq!(said, "a future was polled after it was ready: poll it once to the end");
    });
}

#[test]
fn time_stopped_outside_of_a_current_thread_runtime() {
    within(LIMIT, || {
        assert_eq!(message(time::pause), format!("`time::pause`: {CANNOT_PAUSE}"));
        assert_eq!(message(time::resume), format!("`time::resume`: {CANNOT_PAUSE}"));
        let advance = message(|| time::advance(Duration::ZERO).now_or_never());
        assert_eq!(advance, format!("`time::advance`: {CANNOT_PAUSE}"));
        let runtime = one_thread();
        let entered = runtime.enter();
        assert_eq!(message(time::pause), format!("`time::pause`: {CANNOT_PAUSE}"));
        drop(entered);
        let in_handle = message(|| runtime.handle().block_on(async { time::pause() }));
        assert_eq!(in_handle, format!("`time::pause`: {CANNOT_PAUSE}"));
    });
}

#[test]
fn advance_of_a_clock_that_runs() {
    within(LIMIT, || {
        let second = Duration::from_secs(1);
        let expected = "`time::advance` on a clock that runs: call `time::pause` first, or start \
                        with a paused clock";
        assert_eq!(message_inside(async { time::advance(second).await }), expected);
        assert_eq!(message_inside(time::advance(second)), expected, "made outside of the runtime");
    });
}

#[test]
fn an_interval_of_zero() {
    let said = message(|| time::interval(Duration::ZERO));
    assert_eq!(
        said,
        "an interval of zero would never let anybody else run: give it a period above zero"
    );
}

#[test]
fn the_number_of_a_task_outside_of_any() {
    within(LIMIT, || {
        let expected = "`task::id`: no task is being polled here: call this inside a task, or use \
                        `task::try_id`";
        assert_eq!(message(rt::task::id), expected);
        assert_eq!(message_inside(async { rt::task::id() }), expected);
        assert!(rt::task::try_id().is_none());
        let same = rt::block_on(async {
            let task = rt::spawn(async { rt::task::id() });
            task.id() == task.await.unwrap()
        });
        assert!(same, "a task was told the number of another");
    });
}

#[test]
fn a_task_local_read_where_it_has_no_value_or_set_while_it_is_read() {
    rt::task_local! { static KEY: u8; }
    assert_eq!(
        message(|| KEY.with(|_| ())),
        "a task-local of type u8 was read where it has no value: wrap the future with \
         `LocalKey::scope`; a spawned task does not inherit it"
    );
    let set = "a task-local of type u8 can not be set while it is being read: leave the closure of \
               `LocalKey::with` first";
    let said = KEY.sync_scope(1, || message(|| KEY.with(|_| KEY.sync_scope(2, || ()))));
    assert_eq!(said, set);
    let polled = || KEY.with(|_| Box::pin(KEY.scope(2, async {})).as_mut().now_or_never());
    assert_eq!(KEY.sync_scope(1, || message(polled)), set);
}

#[test]
fn join_all_of_a_set_with_a_cancelled_task() {
    within(LIMIT, || {
        let said = message_inside(async {
            let mut set = JoinSet::new();
            set.spawn(pending::<()>()).abort();
            set.join_all().await
        });
        assert!(said.contains("was cancelled: `JoinSet::join_all` waits for all"), "{said}");
    });
}

#[test]
fn into_panic_of_a_task_that_was_cancelled() {
    within(LIMIT, || {
        let said = message_inside(async {
            let task = rt::spawn(pending::<()>());
            task.abort();
            task.await.unwrap_err().into_panic()
        });
        assert!(said.ends_with("it did not panic: ask `JoinError::is_panic` first"), "{said}");
    });
}

#[test]
fn a_handle_polled_by_hand_and_again_says_the_same() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let mut handle = rt::spawn(async { 1 });
            rt::task::yield_now().await;
            let ready = poll_fn(|cx| Poll::Ready(Pin::new(&mut handle).poll(cx))).await;
            assert!(matches!(ready, Poll::Ready(Ok(1))));
            let again = AssertUnwindSafe(&mut handle).catch_unwind().await;
            assert!(again.is_err());
        });
    });
}
