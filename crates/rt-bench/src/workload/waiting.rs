//! How long a task waits for a thread: W1 to W3. What makes another row fast by keeping a second core
//! asleep shows here.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_channel::oneshot;

use crate::measure::Laps;
use crate::runtime::Runtime;

/// The work of each of two tasks (W1).
const SHORT: Duration = Duration::from_millis(5);
/// What a task computes after it has woken another (W2).
const LONG: Duration = Duration::from_millis(100);
/// What a task computes in one poll while another one's timer becomes due (W3).
const WHOLE: Duration = Duration::from_secs(1);
/// When that is, beside [`PAUSE`]: long after the poll has begun, and long before it ends.
const DUE: Duration = Duration::from_millis(100);

/// Long enough for a worker to go to sleep.
const PAUSE: Duration = Duration::from_millis(1);

/// W1: two tasks of work, spawned back to back by one task when nobody else has any: until both run.
pub(crate) async fn until_both_run<R: Runtime>(mut laps: Laps) -> Laps {
    let mut late = Vec::new();
    for pairs in &mut laps {
        late.clear();
        for _ in 0..pairs {
            R::sleep(PAUSE).await;
            let spawned = Instant::now();
            let tasks = [(); 2].map(|()| {
                R::spawn(async move {
                    let waited = spawned.elapsed();
                    compute(SHORT);
                    waited
                })
            });
            let mut last = Duration::ZERO;
            for task in tasks {
                last = last.max(task.await);
            }
            late.push(last);
        }
        assert_eq!(late.len() as u64, pairs, "every pair runs");
    }
    laps.set_lateness(late);
    laps
}

/// W2: a task is woken by one that then computes: until it runs.
pub(crate) async fn until_the_woken_runs<R: Runtime>(mut laps: Laps) -> Laps {
    let mut late = Vec::new();
    for wakes in &mut laps {
        late.clear();
        for _ in 0..wakes {
            let (to_sleeper, message) = oneshot::channel();
            let is_waiting = Arc::new(AtomicBool::new(false));
            let sleeper = R::spawn(wait(message, is_waiting.clone()));
            while !is_waiting.load(Ordering::Relaxed) {
                R::yield_now().await;
            }
            // Once more: the poll in which it said so ends.
            R::yield_now().await;
            to_sleeper.send(Instant::now()).expect("the sleeper waits");
            compute(LONG);
            late.push(sleeper.await);
        }
        assert_eq!(late.len() as u64, wakes, "every sleeper wakes");
    }
    laps.set_lateness(late);
    laps
}

/// W3: a task's timer becomes due while another task computes, which was itself woken by a timer: so whoever
/// waited for the timers is the one that computes.
pub(crate) async fn until_the_timer_is_served<R: Runtime>(mut laps: Laps) -> Laps {
    let mut late = Vec::new();
    for timers in &mut laps {
        late.clear();
        for _ in 0..timers {
            let sleeper = R::spawn(async {
                let start = Instant::now();
                R::sleep(DUE).await;
                start.elapsed().checked_sub(DUE).expect("no sleep ends early")
            });
            R::sleep(PAUSE).await;
            compute(WHOLE);
            late.push(sleeper.await);
        }
        assert_eq!(late.len() as u64, timers, "every timer is served");
    }
    laps.set_lateness(late);
    laps
}

/// How long after it was sent the message is received.
async fn wait(message: oneshot::Receiver<Instant>, is_waiting: Arc<AtomicBool>) -> Duration {
    let mut message = pin!(message);
    let received = poll_fn(|cx| {
        let polled = message.as_mut().poll(cx);
        // Its waker is in place, so now a wake is one.
        is_waiting.store(true, Ordering::Relaxed);
        match polled {
            Poll::Ready(sent) => Poll::Ready(sent.expect("a message is sent").elapsed()),
            Poll::Pending => Poll::Pending,
        }
    });
    received.await
}

pub(crate) fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}
