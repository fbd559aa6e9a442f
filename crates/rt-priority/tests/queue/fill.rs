//! Tasks for the queues of these tests, and what comes out of such a queue.
#![allow(dead_code, reason = "each file of tests uses some of it")]

use std::future::pending;
use std::iter;
use std::time::Duration;

use rt_executor::RunQueue;
use rt_task::{Builder, Id, JoinHandle, Priority, Task};
use rt_testkit::ByHand;

pub(crate) fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

pub(crate) fn task(class: Priority) -> (Task, JoinHandle<()>) {
    let (task, handle) = Builder::new().priority(class).spawn(pending::<()>(), ByHand::new());
    (task.expect("nobody refuses it"), handle)
}

/// Pushes one of each, and says who they are.
pub(crate) fn push_each<Q: RunQueue>(queue: &mut Q, classes: &[Priority]) -> Vec<Id> {
    let push = |&class: &Priority| {
        let (task, _handle) = task(class);
        let id = task.id();
        queue.push(task).expect("there is room");
        id
    };
    classes.iter().map(push).collect()
}

/// All that is in, in order.
pub(crate) fn popped<Q: RunQueue>(queue: &mut Q) -> Vec<Id> {
    iter::from_fn(|| queue.pop()).map(|task| task.id()).collect()
}

/// The classes of all that is in, in order.
pub(crate) fn classes<Q: RunQueue>(queue: &mut Q) -> Vec<Priority> {
    iter::from_fn(|| queue.pop()).map(|task| task.priority()).collect()
}
