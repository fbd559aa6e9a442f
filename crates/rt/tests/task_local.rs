//! Chapter 6, part 5: values that belong to a task.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use rt::task::yield_now;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

rt::task_local! {
    static NUMBER: u32;
    /// Declared together with another, and not `Copy`.
    pub static NAME: String;
}

#[test]
fn tasks_that_take_turns_see_each_its_own_value() {
    within(LIMIT, || {
        rt::block_on(async {
            let tasks: Vec<_> = (0..3)
                .map(|number| {
                    rt::spawn(NUMBER.scope(number, async move {
                        for _ in 0..5 {
                            assert_eq!(NUMBER.get(), number, "another task's value");
                            yield_now().await;
                        }
                    }))
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            assert!(NUMBER.try_with(|_| ()).is_err(), "a value was left behind");
        });
    });
}

#[test]
fn scopes_nest_and_give_the_outer_value_back() {
    within(LIMIT, || {
        rt::block_on(NUMBER.scope(1, async {
            NUMBER.scope(2, async { assert_eq!(NUMBER.get(), 2) }).await;
            assert_eq!(NUMBER.get(), 1);
            assert_eq!(NUMBER.sync_scope(3, || NUMBER.get()), 3);
            assert_eq!(NUMBER.get(), 1);
        }));
    });
}

#[test]
fn a_spawned_task_inherits_nothing() {
    within(LIMIT, || {
        rt::block_on(NUMBER.scope(1, async {
            let inherited = rt::spawn(async { NUMBER.try_with(|it| *it).is_ok() });
            assert!(!inherited.await.unwrap());
        }));
    });
}

#[test]
fn the_value_may_change_between_the_polls_of_others() {
    within(LIMIT, || {
        rt::task_local! { static COUNT: Cell<u32>; }
        let future = COUNT.scope(Cell::new(0), async {
            for _ in 0..3 {
                COUNT.with(|count| count.set(count.get() + 1));
                yield_now().await;
            }
            COUNT.with(Cell::take)
        });
        assert_eq!(rt::block_on(future), 3);
    });
}

#[test]
fn take_value_takes_the_value_out() {
    within(LIMIT, || {
        let mut future = pin!(NAME.scope("ada".into(), yield_now()));
        assert!(future.as_mut().now_or_never().is_none());
        assert_eq!(future.as_mut().take_value().as_deref(), Some("ada"));
        assert_eq!(future.as_mut().take_value(), None);
    });
}

#[test]
fn a_future_that_is_dropped_unfinished_still_sees_its_value() {
    struct Reads(Arc<Mutex<Option<u32>>>);
    impl Drop for Reads {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = NUMBER.try_with(|number| *number).ok();
        }
    }
    within(LIMIT, || {
        let seen = Arc::default();
        let reads = Reads(Arc::clone(&seen));
        drop(NUMBER.scope(7, async move { drop(reads) }));
        assert_eq!(*seen.lock().unwrap(), Some(7));
    });
}

#[test]
fn a_panic_inside_of_a_scope_leaves_no_value_behind() {
    within(LIMIT, || {
        rt::block_on(async {
            let task = rt::spawn(NUMBER.scope(1, async { panic!("inside of a scope") }));
            task.await.unwrap_err();
            assert!(NUMBER.try_with(|_| ()).is_err(), "a panic left a value behind");
        });
    });
}

#[test]
fn dropping_a_scoped_future_while_the_value_is_read_does_not_panic() {
    within(LIMIT, || {
        NUMBER.sync_scope(1, || {
            let future = NUMBER.scope(2, async {});
            let dropped = catch_unwind(AssertUnwindSafe(|| NUMBER.with(|_| drop(future))));
            assert!(dropped.is_ok(), "the drop of a future panicked");
            assert_eq!(NUMBER.get(), 1);
        });
    });
}

#[test]
fn an_access_error_says_what_is_missing() {
    let error = NUMBER.try_with(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "the task-local has no value here");
}

#[test]
fn a_value_that_can_be_cloned_is_got_as_a_clone() {
    rt::task_local! {
        static NAME: String;
    }
    assert_eq!(NAME.sync_scope("ada".into(), || NAME.get()), "ada");
    assert_eq!(NAME.sync_scope("ada".into(), || NAME.try_get()).as_deref(), Ok("ada"));
    assert_eq!(NAME.try_get(), NAME.try_with(String::clone), "outside: an error, and no panic");
    assert!(NAME.try_get().is_err());
}
