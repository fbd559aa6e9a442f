//! A join handle whose task must not fail.

use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Turns a handle of `Result<T, E>` into one of `T`.
pub(crate) struct Joined<H>(pub(crate) H);

impl<H, T, E> Future for Joined<H>
where
    H: Future<Output = Result<T, E>> + Unpin,
    E: Display,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|joined| match joined {
            Ok(output) => output,
            Err(error) => panic!("a task of this row failed, so its figure means nothing: {error}"),
        })
    }
}
