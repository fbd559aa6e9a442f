//! One future, one thread, no tasks.
//!
//! * **[BK1]** Each level of `block_on` that runs on a thread has a parker of its own: no level takes
//!   the wake-up of another.
//! * **[BK2]** A future is polled when it was woken, and its thread sleeps in between. A wake that
//!   comes during the poll ends the sleep before it begins.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rt_task::coop;
use rt_waker::Parker;

/// A parker of this thread that no `block_on` uses at the moment, with its waker.
type Spare = RefCell<Option<(Parker, Waker)>>;

rt_task::sync::thread_local_with_drop! {
    static SPARE: Spare = RefCell::new(None)
}

/// Polls `future` to its end on this thread, which sleeps in between.
///
/// On any thread, and nested: each level has a parker of its own, so that no level takes another's
/// wake-up. Each poll has a budget, as that of a task has. Runs no tasks; see
/// [`Executor::run`](crate::Executor::run).
///
/// ```
/// let nested = rt_executor::block_on(async { rt_executor::block_on(async { 7 }) });
/// assert_eq!(nested, 7);
/// ```
///
/// # Panics
///
/// If `future` panics.
// COURSE(4.1) stub: todo
pub fn block_on<F: Future>(future: F) -> F::Output {
    let spare = SPARE.try_with(|spare| spare.borrow_mut().take()).ok().flatten();
    let (parker, waker) = spare.unwrap_or_else(|| {
        let parker = Parker::new();
        let waker = parker.waker();
        (parker, waker)
    });
    // Called inside of a poll, it may make that a long one.
    rt_task::settle_marks();
    let mut future = pin!(future);
    let mut cx = Context::from_waker(&waker);
    let output = loop {
        match coop::with_budget(|| future.as_mut().poll(&mut cx)) {
            Poll::Ready(output) => break output,
            Poll::Pending => parker.wait(),
        }
    };
    let _ = SPARE.try_with(|spare| *spare.borrow_mut() = Some((parker, waker)));
    output
}
