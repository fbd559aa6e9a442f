//! The future of a job: pending once, then the call of a closure.
//!
//! * **[BA1]** The first poll is the pusher's. It runs nothing, and leaves the task idle: from then
//!   on whoever wakes the task, or aborts it, gets the `Task`. A queued `Task` would stand in the
//!   queue as long as every thread is busy, aborted or not.
//! * **[BA2]** The second poll is a pool thread's, and runs the closure to its end.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

/// See the module.
pub(crate) enum Call<F> {
    New(F),
    Waiting(F),
    Made,
}

/// The closure is moved out before it is called, and is never pinned.
impl<F> Unpin for Call<F> {}

impl<F, R> Future for Call<F>
where
    F: FnOnce() -> R,
{
    type Output = R;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let call = self.get_mut();
        match mem::replace(call, Call::Made) {
            Call::New(closure) => {
                *call = Call::Waiting(closure);
                Poll::Pending
            }
            Call::Waiting(closure) => Poll::Ready(closure()),
            Call::Made => unreachable!("[BA2] a job that was called is done"),
        }
    }
}
