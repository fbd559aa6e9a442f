//! One future in a context of tokio's.
//!
//! * **[CP4]** The future is polled in the context and dropped in it: at its end, or when it is given up. Between polls
//!   the thread is in the context that it was in before.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use crate::messages;
use crate::tokio_context::{TokioCompat, TokioContext};

/// The tokio runtime of those who have none: as long as the process.
static SHARED: OnceLock<TokioContext> = OnceLock::new();

pin_project! {
    /// A future that is polled and dropped in a context of tokio's. Made by [`CompatExt`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Compat<F> {
        #[pin]
        future: Option<F>,
        handle: Handle,
    }

    impl<F> PinnedDrop for Compat<F> {
        fn drop(this: Pin<&mut Self>) {
            this.end();
        }
    }
}

/// `.compat()` for futures that need tokio's runtime.
///
/// ```
/// use rt_compat::CompatExt;
/// use std::time::Duration;
///
/// rt_executor::block_on(tokio_sleeps().compat());
///
/// async fn tokio_sleeps() {
///     tokio::time::sleep(Duration::from_millis(1)).await;
/// }
/// ```
pub trait CompatExt: Future + Sized {
    /// What needs the context when it is *made* must be made in it: `async { sleep(time).await }.compat()`, for tokio's
    /// `sleep(time).compat()` panics before there is anything to wrap.
    ///
    /// In the tokio runtime of this thread; where it is in none, in one that all of the process share: it is started
    /// at the first call, has one thread, and stays. A poll costs some 20 ns more.
    ///
    /// # Panics
    ///
    /// If that has to be started and the system gives no thread.
    fn compat(self) -> Compat<Self> {
        let handle = Handle::try_current().unwrap_or_else(|_| shared());
        self.compat_on(handle)
    }

    /// In this tokio runtime.
    fn compat_on(self, handle: Handle) -> Compat<Self> {
        Compat { future: Some(self), handle }
    }
}

impl<F: Future> CompatExt for F {}

#[track_caller]
fn shared() -> Handle {
    let start = || TokioCompat::new().start().unwrap_or_else(|error| messages::no_runtime(&error));
    SHARED.get_or_init(start).handle().clone()
}

impl<F> Compat<F> {
    /// Drops the future, in the context `[CP4]`.
    // COURSE(11.3) stub: leak
    fn end(self: Pin<&mut Self>) {
        let mut this = self.project();
        // At the end of a thread tokio may have none to enter any more, and would panic.
        let is_gone = Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed());
        let _entered = (!is_gone).then(|| this.handle.enter());
        this.future.set(None);
    }
}

impl<F: Future> Future for Compat<F> {
    type Output = F::Output;

    /// Polls in the context, and leaves it; at its end the future is dropped at once `[CP4]`.
    ///
    /// # Panics
    ///
    /// If it is polled again after its end.
    // COURSE(11.3) stub: todo
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.as_mut().project();
        let entered = this.handle.enter();
        let Some(future) = this.future.as_pin_mut() else { messages::polled_again() };
        let polled = future.poll(cx);
        drop(entered);
        if polled.is_ready() {
            self.end();
        }
        polled
    }
}
