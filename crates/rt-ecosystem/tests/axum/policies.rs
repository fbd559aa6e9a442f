//! What tower's layers are told by their user, and services that are not as easy as they might be.

use std::convert::Infallible;
use std::future::{Future, Ready, pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use tower::Service;
use tower::hedge;
use tower::retry::Policy;
use tower::retry::backoff::{Backoff, ExponentialBackoffMaker, MakeBackoff};
use tower::retry::budget::{Budget, TpsBudget};
use tower::util::rng::HasherRng;

const PAUSE: Duration = Duration::from_millis(1);

/// What a retry waits for.
pub(crate) trait Pause: Future<Output = ()> + Sized {
    fn begin() -> Self;
}

impl Pause for Ready<()> {
    fn begin() -> Ready<()> {
        ready(())
    }
}

pub(crate) type TheirPause = tokio::time::Sleep;

impl Pause for TheirPause {
    fn begin() -> TheirPause {
        let maker = ExponentialBackoffMaker::new(PAUSE, PAUSE * 4, 0.0, HasherRng::default());
        maker.expect("it grows").make_backoff().next_backoff()
    }
}

pub(crate) type OurPause = Pin<Box<rt::time::Sleep>>;

impl Pause for OurPause {
    fn begin() -> OurPause {
        Box::pin(rt::time::sleep(PAUSE))
    }
}

/// Tries again after a pause, as long as its budget lasts.
pub(crate) struct Again<P> {
    budget: Arc<TpsBudget>,
    pause: fn() -> P,
}

impl<P: Pause> Again<P> {
    pub(crate) fn new() -> Again<P> {
        Again { budget: Arc::new(TpsBudget::default()), pause: P::begin }
    }
}

impl<P> Clone for Again<P> {
    fn clone(&self) -> Again<P> {
        Again { budget: self.budget.clone(), pause: self.pause }
    }
}

impl<P: Pause> Policy<&'static str, &'static str, BoxError> for Again<P> {
    type Future = P;

    fn retry(
        &mut self,
        _: &mut &'static str,
        result: &mut Result<&'static str, BoxError>,
    ) -> Option<P> {
        if result.is_ok() {
            self.budget.deposit();
            return None;
        }
        self.budget.withdraw().then(self.pause)
    }

    fn clone_request(&mut self, request: &&'static str) -> Option<&'static str> {
        Some(request)
    }
}

/// Every request may be sent twice.
#[derive(Clone)]
pub(crate) struct Hedges;

impl hedge::Policy<&'static str> for Hedges {
    fn clone_request(&self, request: &&'static str) -> Option<&'static str> {
        Some(request)
    }

    fn can_retry(&self, _: &&'static str) -> bool {
        true
    }
}

/// A service that is ready only when it is asked for the second time.
pub(crate) struct NotYet<S> {
    inner: S,
    was_asked: bool,
}

impl<S> NotYet<S> {
    pub(crate) fn over(inner: S) -> NotYet<S> {
        NotYet { inner, was_asked: false }
    }
}

impl<S: Service<R>, R> Service<R> for NotYet<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if !self.was_asked {
            self.was_asked = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.inner.call(request)
    }
}

/// A request that is never answered.
pub(crate) async fn never(_: &'static str) -> Result<&'static str, BoxError> {
    match pending::<Infallible>().await {}
}
