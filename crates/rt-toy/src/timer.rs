//! Time: one thread sleeps until the next deadline, and wakes whoever waits for it.
use crate::executor::{NEXT, survive};
use std::sync::{LazyLock, Mutex, atomic::Ordering};
use std::task::{Context, Poll, Waker};
use std::{collections::BTreeMap, pin::Pin, thread, time::Duration, time::Instant};
const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
static WAITING: Mutex<BTreeMap<(Instant, u64), Waker>> = Mutex::new(BTreeMap::new());
static THREAD: LazyLock<thread::Thread> = LazyLock::new(|| thread::spawn(expire).thread().clone());
/// Wakes who is due, without a lock; sleeps until the next is, or until somebody unparks it.
// COURSE(1.4) stub: todo
fn expire() {
    loop {
        let mut waiting = WAITING.lock().expect("[Y6]");
        let left = waiting.keys().next().map_or(CENTURY, |key| key.0 - Instant::now());
        let due = if left.is_zero() { waiting.pop_first() } else { None };
        drop(waiting); // [Y6] before the wake
        match due {
            Some((_, waker)) => drop(survive(|| waker.wake())),
            None => thread::park_timeout(left),
        }
    }
}

/// Ready when its time has come, not before. The number tells it from others of that time.
pub struct Timer(Instant, u64);
impl Future for Timer {
    type Output = ();
    // COURSE(1.4) stub: todo
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 <= Instant::now() {
            return Poll::Ready(());
        }
        let newest = cx.waker().clone();
        let _older = WAITING.lock().expect("[Y6]").insert((self.0, self.1), newest); // [Y8]
        THREAD.unpark();
        Poll::Pending
    }
}
impl Drop for Timer {
    // COURSE(1.4) stub: leak
    fn drop(&mut self) {
        let _waker = WAITING.lock().expect("[Y6]").remove(&(self.0, self.1));
    }
}

/// A timer that starts now. Whatever is longer than a century takes a century.
pub fn sleep(duration: Duration) -> Timer {
    Timer(Instant::now() + duration.min(CENTURY), NEXT.fetch_add(1, Ordering::Relaxed))
}
