//! Letting the others run.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Goes to the end of the queue: all tasks that are ready run before the caller goes on.
///
/// Cancel safe.
///
/// ```
/// # use std::{cell::RefCell, rc::Rc};
/// let trace = Rc::new(RefCell::new(String::new()));
/// let executor = rt_executor::Executor::new();
/// for name in ["a", "b"] {
///     let trace = trace.clone();
///     executor.spawn(async move {
///         trace.borrow_mut().push_str(name);
///         rt_executor::yield_now().await;
///         trace.borrow_mut().push_str(name);
///     });
/// }
/// while executor.run_ready() > 0 {}
/// assert_eq!(*trace.borrow(), "abab");
/// ```
#[must_use = "futures do nothing unless polled"]
pub fn yield_now() -> YieldNow {
    YieldNow { has_yielded: false }
}

/// See [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct YieldNow {
    has_yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    /// `Pending` once, and woken already; then ready.
    #[inline]
    // COURSE(4.6) stub: todo
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_yielded {
            return Poll::Ready(());
        }
        self.has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
