//! How many executors there can be: a file of its own, since it uses up what a process has.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rt_executor::Executor;
use rt_testkit::within;

#[test]
fn when_there_are_too_many_executors_it_says_so_and_goes_on_when_some_are_gone() {
    within(Duration::from_secs(60), || {
        let mut executors = Vec::new();
        let message = loop {
            match catch_unwind(AssertUnwindSafe(Executor::new)) {
                Ok(executor) => executors.push(executor),
                Err(payload) => break payload,
            }
        };
        assert_eq!(executors.len(), 16_383);
        let expected = "16,383 executors live in this process, and there is no room for more: \
                        drop some";
        assert_eq!(message.downcast_ref(), Some(&expected));
        executors.truncate(16_000);
        let more: Vec<_> = (0..383).map(|_| Executor::new()).collect();
        for executor in executors.iter().chain(&more) {
            let task = executor.spawn(async { 1 });
            assert_eq!(executor.run(task).unwrap(), 1);
        }
    });
}
