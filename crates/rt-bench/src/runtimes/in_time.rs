//! A timeout's answer, as every row wants it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project_lite::pin_project! {
    /// Turns a timeout of `Result<T, E>` into one of `Option<T>`, and nothing else: an `async`
    /// block around it would move timeout and future into a state machine of its own first, which
    /// some forty instructions of the row would be about.
    pub(crate) struct InTime<F> {
        #[pin]
        timeout: F,
    }
}

impl<F> InTime<F> {
    pub(crate) fn new(timeout: F) -> InTime<F> {
        InTime { timeout }
    }
}

impl<F, T, E> Future for InTime<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.project().timeout.poll(cx).map(Result::ok)
    }
}
