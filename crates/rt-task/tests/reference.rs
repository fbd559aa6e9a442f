//! References: each is counted, on any thread, and given back once.

use std::future::pending;
use std::thread;
use std::time::Duration;

use rt_task::Task;
use rt_testkit::ByHand;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

#[test]
fn a_reference_is_counted_from_its_clone_to_its_drop() {
    within(|| {
        let (task, handle) = Task::new(pending::<()>(), ByHand::new());
        let count = || handle.task().word().count();
        assert_eq!(count(), 2, "one for being alive, one for the handle: [S6]");
        let first = handle.task().clone();
        let second = first.clone();
        assert_eq!(count(), 4, "the cell would be freed while somebody uses it: [R1]");
        drop(first);
        assert_eq!(count(), 3, "each waker that is dropped leaks a task: [R1]");
        drop(second);
        assert_eq!(count(), 2, "each waker that is dropped leaks a task: [R1]");
        drop(task);
    });
}

#[test]
fn references_that_threads_clone_and_drop_at_once_add_up() {
    within(|| {
        let (task, handle) = Task::new(pending::<()>(), ByHand::new());
        let clone_and_drop = || {
            for _ in 0..5_000 {
                drop(handle.task().clone());
            }
        };
        thread::scope(|scope| {
            (0..3).for_each(|_| drop(scope.spawn(clone_and_drop)));
        });
        let count = handle.task().word().count();
        assert_eq!(count, 2, "a task is freed too early, or leaks: [S6]");
        drop(task);
    });
}
