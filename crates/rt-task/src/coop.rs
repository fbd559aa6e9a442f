//! The budget of a poll: how a task that always finds something ready lets others run.
//!
//! Scheduling here is cooperative: a poll ends when the future says so. A loop that always finds
//! something ready would never say so. Therefore each poll of a task begins with a budget of
//! [`BUDGET`] operations; a leaf future that succeeds spends one, and when none is left it wakes its
//! task and returns `Pending` although it could go on.
//!
//! That binds those who ask: our own leaf futures, such as timers and join handles, and what is
//! wrapped in [`cooperative`]. A leaf of another library does not know this budget. Channels are the
//! case to remember: a task that reads one which is never empty reads on for ever, unless it says
//! `cooperative(receiver.recv()).await`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::current::{self, UNLIMITED};

/// Operations that a task may do in one poll. tokio's number, and of no visible cost: a task that
/// uses it up pays one trip through the queue for 128 operations.
pub const BUDGET: u32 = 128;

/// One operation's worth of budget: given back when dropped, unless there was progress.
#[must_use = "given back when dropped"]
#[derive(Debug)]
pub struct Proceed {
    before: Option<u32>,
}

impl Proceed {
    /// The operation did something: the budget is spent.
    pub fn made_progress(mut self) {
        self.before = None;
    }
}

impl Drop for Proceed {
    fn drop(&mut self) {
        // Elsewhere than in its poll it has nothing to give back to: outside there is no limit.
        // And in a later poll it gives back no more than it took.
        if let Some(before) = self.before.filter(|&before| current::budget() == before - 1) {
            current::set_budget(before);
        }
    }
}

/// Asks for one operation. `Pending`: the budget is used up, and the task was woken to go on later.
///
/// For the `poll` of a leaf future, before it looks whether it is ready. Outside a task there is no
/// limit.
///
/// ```
/// use std::future::poll_fn;
/// use std::task::{Poll, ready};
/// use rt_task::coop;
///
/// async fn always_ready() {
///     poll_fn(|cx| {
///         let budget = ready!(coop::poll_proceed(cx));
///         budget.made_progress();
///         Poll::Ready(())
///     })
///     .await
/// }
/// ```
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<Proceed> {
    match current::budget() {
        UNLIMITED => Poll::Ready(Proceed { before: None }),
        0 => {
            current::count_yield();
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        before => {
            current::set_budget(before - 1);
            Poll::Ready(Proceed { before: Some(before) })
        }
    }
}

/// Whether the current task may go on without letting others run.
#[must_use]
pub fn has_budget_remaining() -> bool {
    current::budget() > 0
}

/// How many polls on this thread ended because their budget was used up. For who counts what a thread does:
/// the difference between two calls.
///
/// ```
/// use rt_task::coop;
/// use std::pin::pin;
/// use std::task::{Context, Waker};
///
/// let before = coop::yields_here();
/// let mut cx = Context::from_waker(Waker::noop());
/// let endless = pin!(async { loop { coop::consume_budget().await } });
/// assert!(coop::with_budget(|| endless.poll(&mut cx)).is_pending()); // after coop::BUDGET rounds
/// assert_eq!(coop::yields_here() - before, 1);
/// ```
#[must_use]
pub fn yields_here() -> u64 {
    current::yields()
}

/// Spends one operation, and lets others run if that was the last. For a loop whose steps are no
/// leaf futures.
pub async fn consume_budget() {
    std::future::poll_fn(|cx| {
        ready!(poll_proceed(cx)).made_progress();
        Poll::Ready(())
    })
    .await;
}

/// Runs `body` with a fresh budget. For whoever polls a future that is no task.
pub fn with_budget<R>(body: impl FnOnce() -> R) -> R {
    let _entered = current::enter(current::task(), BUDGET);
    body()
}

/// Runs `body` without a limit, and the rest of the poll with what was left before. For a poll that blocks.
pub fn without_budget<R>(body: impl FnOnce() -> R) -> R {
    let _entered = current::enter(current::task(), UNLIMITED);
    body()
}

/// Makes every `Ready` of `future` spend the budget: for a leaf of a library that does not know it, as
/// channels are.
pub fn cooperative<F: Future>(future: F) -> Coop<F> {
    Coop { future }
}

/// Lets `future` run without a limit.
///
/// What it starves is yours to answer for.
pub fn unconstrained<F: Future>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

pin_project_lite::pin_project! {
    /// See [`cooperative`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Coop<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Coop<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let budget = ready!(poll_proceed(cx));
        let output = ready!(self.project().future.poll(cx));
        budget.made_progress();
        Poll::Ready(output)
    }
}

pin_project_lite::pin_project! {
    /// See [`unconstrained`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _entered = current::enter(current::task(), UNLIMITED);
        self.project().future.poll(cx)
    }
}
