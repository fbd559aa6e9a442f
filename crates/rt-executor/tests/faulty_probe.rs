//! A probe that polls nobody keeps no executor from its end.

use std::future::pending;
use std::time::Duration;

use rt_executor::{Executor, Fifo, Probe};
use rt_task::{Running, TaskRef};
use rt_testkit::within;
use rt_waker::Parker;

/// It forgets to end the poll.
struct Forgets;

impl Probe for Forgets {
    fn poll(&mut self, _: &TaskRef, _: Running<'_>) {}
}

#[test]
fn who_is_aborted_is_dropped_also_if_the_probe_polls_nobody() {
    within(Duration::from_secs(20), || {
        let executor = Executor::with(Parker::new(), Fifo::new(), Forgets);
        let handle = executor.spawn(pending::<()>());
        drop(executor);
        assert!(handle.is_finished(), "the end of an executor waits for a task that nobody drops");
    });
}
