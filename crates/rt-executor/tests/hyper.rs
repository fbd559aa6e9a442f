//! hyper's `Executor`: any future on a handle, and those that stay on a thread on a local one.

#![cfg(feature = "hyper")]

use std::cell::Cell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use hyper::rt::Executor as Executes;
use rt_executor::Executor;
use rt_testkit::{Tally, within};

const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn a_handle_takes_any_future_that_is_send_from_any_thread() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (handle, (sender, receiver)) = (executor.handle(), oneshot::channel());
        let thread = thread::spawn(move || {
            handle.execute(async { "an output that nobody asks for" });
            handle.execute(async { sender.send(6).unwrap() });
        });
        assert_eq!(executor.run(receiver), Ok(6));
        thread.join().unwrap();
    });
}

#[test]
fn a_local_handle_takes_what_is_not_send() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let done = Rc::new(Cell::new(false));
        let does = done.clone();
        executor.local_handle().execute(async move { does.set(true) });
        executor.run_ready();
        assert!(done.get());
    });
}

#[test]
fn after_the_end_a_future_is_dropped() {
    within(DEADLINE, || {
        let (executor, tally) = (Executor::new(), Tally::new());
        let (handle, witness) = (executor.handle(), tally.witness());
        drop(executor);
        handle.execute(async move { drop(witness) });
        assert_eq!(tally.dropped(), 1);
    });
}
