//! Waiting for a place, and having one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use rt_task::{Builder, JoinHandle, coop};

use crate::entrance;
use crate::error::{Closed, SpawnError};
use crate::messages;
use crate::owner::Owner;
use crate::places::{Number, Turn};
use crate::state::Right;
use crate::unwind;

/// Waits for a place: a future of a [`Permit`], or of [`Closed`]. See
/// [`Pool::reserve`](crate::Pool::reserve).
///
/// Cancel safe: dropped, it leaves the line, and a place that it was granted and has not seen goes to
/// the next. Who comes first to the line, with the first poll, gets a place first.
///
/// # Panics
///
/// When it is polled again after it was ready.
#[must_use = "futures do nothing unless polled"]
pub struct Reserve {
    owner: Arc<Owner>,
    line: Line,
}

#[derive(Clone, Copy, Debug)]
enum Line {
    New,
    In(Number),
    Left,
}

static_assertions::assert_impl_all!(Reserve: Send, Sync, Unpin);

impl Reserve {
    pub(crate) fn new(owner: Arc<Owner>) -> Reserve {
        Reserve { owner, line: Line::New }
    }

    fn poll_place(&mut self, waker: &Waker) -> Poll<Result<(), Closed>> {
        match self.line {
            Line::New => self.come(waker),
            Line::In(number) => self.ask(number, waker),
            Line::Left => messages::reserved_twice(),
        }
    }

    /// Takes a place, or goes to the end of the line.
    fn come(&mut self, waker: &Waker) -> Poll<Result<(), Closed>> {
        // A clone is user code: not under the lock.
        let waker = waker.clone();
        let mut state = self.owner.shared.state();
        if state.is_closed {
            return Poll::Ready(Err(Closed {}));
        }
        if state.places.try_take() {
            return Poll::Ready(Ok(()));
        }
        self.line = Line::In(state.places.wait(waker));
        Poll::Pending
    }

    fn ask(&self, number: Number, waker: &Waker) -> Poll<Result<(), Closed>> {
        let mut state = self.owner.shared.state();
        match state.places.turn(number, waker) {
            Turn::Granted => return Poll::Ready(Ok(())),
            Turn::Gone => return Poll::Ready(Err(Closed {})),
            Turn::Waiting => return Poll::Pending,
            Turn::Stale => drop(state),
        }
        let renewed = waker.clone();
        let mut state = self.owner.shared.state();
        let before = state.places.renew(number, renewed);
        // The turn may have come meanwhile, with the waker that was there.
        let turn = state.places.turn(number, waker);
        drop(state);
        // A place that was just granted must not be lost with a waker that can not be dropped.
        unwind::contained(|| drop(before));
        match turn {
            Turn::Granted => Poll::Ready(Ok(())),
            Turn::Gone => Poll::Ready(Err(Closed {})),
            Turn::Waiting | Turn::Stale => Poll::Pending,
        }
    }
}

impl Future for Reserve {
    type Output = Result<Permit, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let budget = ready!(coop::poll_proceed(cx));
        let place = ready!(self.poll_place(cx.waker()));
        budget.made_progress();
        self.line = Line::Left;
        Poll::Ready(place.map(|()| Permit { owner: self.owner.clone(), is_used: false }))
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        let Line::In(number) = self.line else { return };
        let (own, next) = self.owner.shared.state().places.cancel(number);
        drop(own);
        unwind::wake(next);
    }
}

impl fmt::Debug for Reserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve").field("line", &self.line).finish_non_exhaustive()
    }
}

/// A place for one job. Dropped unused, it goes to the next who waits.
#[must_use = "dropped, the place goes to somebody else"]
pub struct Permit {
    owner: Arc<Owner>,
    is_used: bool,
}

static_assertions::assert_impl_all!(Permit: Send, Sync);

impl Permit {
    /// Runs `job` on a thread of the pool, with this place.
    ///
    /// # Errors
    ///
    /// As [`Pool::spawn`](crate::Pool::spawn); the place is given back then.
    #[track_caller]
    pub fn spawn<F, R>(self, job: F) -> Result<JoinHandle<R>, SpawnError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_with(Builder::new(), job)
    }

    /// As [`spawn`](Permit::spawn), with a name and the like.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Permit::spawn).
    pub fn spawn_with<F, R>(
        mut self,
        options: Builder<'_>,
        job: F,
    ) -> Result<JoinHandle<R>, SpawnError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.is_used = true;
        entrance::let_in(&self.owner.shared, Right::Reserved, options, job)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.is_used {
            let next = self.owner.shared.state().places.release();
            unwind::wake(next);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}
