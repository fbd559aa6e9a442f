//! One future, driven by the thread that waits for it.
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::{pin::pin, sync::Arc, thread};
struct Signal(AtomicBool, thread::Thread); // [Y1] may it poll, and whom to unpark
impl Wake for Signal {
    // COURSE(1.1) stub: todo
    fn wake(self: Arc<Self>) {
        self.0.swap(true, Ordering::Release); // ORDER(signal): releases what the waker wrote
        self.1.unpark();
    }
}
/// Polls `fut` now, and again when it was woken; in between the thread sleeps. Calls nest.
// COURSE(1.1) stub: todo
pub fn block_on<F: Future>(fut: F) -> F::Output {
    let mut fut = pin!(fut);
    let signal = Arc::new(Signal(AtomicBool::new(true), thread::current()));
    let waker = Waker::from(signal.clone());
    loop {
        // ORDER(signal): acquires it
        if !signal.0.swap(false, Ordering::Acquire) {
            thread::park();
        } else if let Poll::Ready(out) = fut.as_mut().poll(&mut Context::from_waker(&waker)) {
            return out;
        }
    }
}
