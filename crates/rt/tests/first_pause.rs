//! Alone in its process: nobody has stopped a clock before.

use std::future::pending;
use std::time::Duration;

use rt::runtime::{Builder, Runtime};
use rt::time::{self, Instant, timeout};
use rt_testkit::within;

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn a_timeout_counts_from_its_call_also_when_its_poll_is_the_first_to_stop_the_clock() {
    within(Duration::from_secs(60), || {
        for _ in 0..2 {
            one_thread().block_on(async {
                let start = Instant::now();
                let late = timeout(Duration::from_secs(10), pending::<()>());
                time::pause();
                time::advance(Duration::from_secs(20)).await;
                assert!(late.await.is_err());
                let took = start.elapsed();
                assert!(took < Duration::from_secs(21), "it ended after {took:?}, not after 20 s");
            });
        }
    });
}
