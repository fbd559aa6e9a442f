//! The answer of a job on another thread: one value, one waker, one lock.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rt_task::sync::{Mutex, lock};

enum State<T> {
    Waiting(Option<Waker>),
    Sent(T),
    /// The sender is gone, or the answer was received.
    Over,
}

pub(crate) struct Sender<T> {
    state: Arc<Mutex<State<T>>>,
}

pub(crate) struct Receiver<T> {
    state: Arc<Mutex<State<T>>>,
}

pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let state = Arc::new(Mutex::new(State::Waiting(None)));
    (Sender { state: state.clone() }, Receiver { state })
}

impl<T> Sender<T> {
    pub(crate) fn send(self, value: T) {
        self.change(State::Sent(value));
    }

    fn change(&self, next: State<T>) {
        let mut state = lock(&self.state);
        if let State::Waiting(waker) = &mut *state {
            let waker = waker.take();
            *state = next;
            drop(state);
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.change(State::Over);
    }
}

impl<T> Future for Receiver<T> {
    /// `None` if the sender is gone without an answer.
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let new = cx.waker().clone();
        let mut state = lock(&self.state);
        if let State::Waiting(waker) = &mut *state {
            let old = waker.replace(new);
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        match std::mem::replace(&mut *state, State::Over) {
            State::Sent(value) => Poll::Ready(Some(value)),
            State::Over | State::Waiting(_) => Poll::Ready(None),
        }
    }
}
