//! Chapter 9: desks that a runtime has left serve the next one, with its ageing. Alone in its process, so that
//! it is the same desk.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rt::runtime::Builder;
use rt::task::Priority::{self, High, Low};
use rt_testkit::within;

/// The order of the polls of five tasks on a worker.
fn order(every: u32) -> Vec<Priority> {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).priority_ageing(every).build().unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = order.clone();
    let spawns = runtime.spawn(async move {
        [Low, Low, High, High, High].map(|class| {
            let seen = seen.clone();
            let task = async move { seen.lock().unwrap().push(class) };
            rt::task::Builder::new().priority(class).spawn(task)
        })
    });
    runtime.block_on(async {
        for task in spawns.await.unwrap() {
            task.await.unwrap();
        }
    });
    drop(runtime);
    Arc::into_inner(order).unwrap().into_inner().unwrap()
}

#[test]
fn a_runtime_at_desks_that_were_used_before_has_its_own_ageing() {
    within(Duration::from_secs(60), || {
        for _ in 0..3 {
            assert_eq!(order(2), [High, Low, High, Low, High]);
            assert_eq!(order(3), [High, High, Low, High, Low]);
            assert_eq!(order(100), [High, High, High, Low, Low]);
        }
    });
}
