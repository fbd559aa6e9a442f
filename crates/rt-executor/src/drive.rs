//! Root, tasks, waiting: the loop around them all.
//!
//! ```text
//!   ┌──► root woken? poll it ──► a turn of the tasks ──┬─ something is ready ──┐
//!   │                                                  └─ nothing: park ──────►│ wake who is ready
//!   └──────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! * **[X4]** Between two polls of a root that was woken there is one turn.
//! * **[X5]** Under load the park is looked at, without waiting, after the turn in which the polls
//!   since the last look reach [`TURN`], the root's counted: after at most `2 × TURN` of them.
//! * **[X7]** A thread waits only if nothing is ready, and looks after the last code of others that
//!   ran: what is woken on its own thread rings no bell. Whom the park found ready is woken before
//!   the thread waits again.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rt_task::coop;
use rt_task::unwind::contained;
use rt_waker::{Park, WakeBatch};

use crate::core::{Running, TURN};
use crate::probe::Probe;
use crate::queue::RunQueue;
use crate::root::Root;

/// What a thread does between two looks at its root.
pub trait Work {
    /// Polls what is ready, a bounded number of tasks, and says how many.
    fn turn(&mut self) -> usize;
    /// Whether something is ready.
    fn is_ready(&self) -> bool;
    /// The thread is about to wait.
    fn parking(&mut self) {}
    /// The thread has waited.
    fn parked(&mut self) {}
}

impl<Q: RunQueue, B: Probe> Work for Running<'_, Q, B> {
    fn turn(&mut self) -> usize {
        let polled = Running::turn(self);
        self.tell_of_turn();
        polled
    }

    fn is_ready(&self) -> bool {
        Running::is_ready(self)
    }

    fn parking(&mut self) {
        contained(|| self.probe().parking());
    }

    fn parked(&mut self) {
        contained(|| self.probe().parked());
    }
}

/// A future that is no task, with a flag and a waker of its own.
///
/// It stays on the thread that made it: woken there, it rings no bell.
#[derive(Debug)]
pub struct RootFuture<'a, F> {
    future: Pin<&'a mut F>,
    flag: Arc<Root>,
    waker: Waker,
    not_send: PhantomData<*mut ()>,
}

static_assertions::assert_not_impl_any!(RootFuture<'static, ()>: Send, Sync);

impl<'a, F: Future> RootFuture<'a, F> {
    /// A root of this thread, which `bell` wakes when it waits.
    pub fn new(future: Pin<&'a mut F>, bell: Waker) -> RootFuture<'a, F> {
        let flag = Root::new(bell);
        let waker = Waker::from(flag.clone());
        RootFuture { future, flag, waker, not_send: PhantomData }
    }

    /// Polls it if it was woken, with a budget; otherwise it is pending. A wake during the poll has it
    /// polled again [O1].
    #[inline]
    // COURSE(4.7) stub: todo
    fn poll(&mut self) -> Poll<F::Output> {
        if !self.flag.take() {
            return Poll::Pending;
        }
        let mut cx = Context::from_waker(&self.waker);
        coop::with_budget(|| self.future.as_mut().poll(&mut cx))
    }
}

/// Polls the root when it is woken and does the work otherwise, until the root is ready; or until
/// `over`, which is asked after each wait, says why it is over.
///
/// Waits only if neither the root was woken nor the work is ready, also after the hook
/// [`parking`](Work::parking) (`[X7]`); under load it looks at the park without waiting (`[X5]`). What the park
/// found ready is woken when the park is over.
// COURSE(4.7) stub: todo
pub fn drive<F: Future, P: Park, E>(
    root: &mut RootFuture<'_, F>,
    work: &mut impl Work,
    park: &mut P,
    ready: &mut WakeBatch,
    over: impl Fn() -> Option<E>,
) -> Result<F::Output, E> {
    let mut unseen = 0;
    loop {
        if let Poll::Ready(output) = root.poll() {
            return Ok(output);
        }
        unseen += 1 + work.turn();
        if !root.flag.is_woken() && !work.is_ready() {
            work.parking();
            // A hook may have spawned or woken there: on its own thread that rings no bell.
            let is_ready = root.flag.is_woken() || work.is_ready();
            park.park(is_ready.then_some(Duration::ZERO), ready);
            work.parked();
        } else if unseen < TURN {
            continue;
        } else {
            park.park(Some(Duration::ZERO), ready);
        }
        unseen = 0;
        ready.wake_all();
        if let Some(why) = over() {
            return Err(why);
        }
    }
}
