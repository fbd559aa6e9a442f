//! Timers that fire, and those that never do: T1 to T3y.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::measure::Laps;
use crate::runtime::Runtime;

/// Tasks that sleep once each (T1).
pub(crate) const SLEEPERS: u64 = 100_000;
/// Timers that wait beside (T2b).
const WAITING: u64 = 1_000;
/// The timer that never fires.
const LONG: Duration = Duration::from_secs(10);
/// The timers beside are due before it, so that it is not the next one, and after the end of the row.
const BESIDE: Duration = Duration::from_secs(8);
/// Long enough for the runtime to go to sleep.
const SHORT: Duration = Duration::from_millis(5);

/// T1: many tasks, each one sleep of 1 to 100 ms.
pub(crate) async fn sleeps<R: Runtime>(mut laps: Laps) -> Laps {
    let mut late = Vec::new();
    for crowds in &mut laps {
        late.clear();
        for _ in 0..crowds {
            let handles: Vec<_> = (0..SLEEPERS)
                // 37 and 100 have no common factor: neighbours sleep differently, and every length is as frequent.
                .map(|index| R::spawn(sleep_once::<R>(Duration::from_millis(1 + index * 37 % 100))))
                .collect();
            for handle in handles {
                late.push(handle.await);
            }
        }
        assert_eq!(late.len() as u64, crowds * SLEEPERS, "every sleeper wakes");
    }
    laps.set_lateness(late);
    laps
}

/// How late the sleep was.
async fn sleep_once<R: Runtime>(duration: Duration) -> Duration {
    let start = Instant::now();
    R::sleep(duration).await;
    start.elapsed().checked_sub(duration).expect("no sleep ends early")
}

/// T2: create a long timer, poll it once, drop it.
pub(crate) async fn create_poll_drop<R: Runtime>(mut laps: Laps) -> Laps {
    for timers in &mut laps {
        assert_eq!(come_and_go::<R>(timers).await, timers, "none fires");
    }
    laps
}

/// T2p: two tasks at once do that.
pub(crate) async fn create_poll_drop_by_two<R: Runtime>(mut laps: Laps) -> Laps {
    for timers in &mut laps {
        let tasks = [(); 2].map(|()| R::spawn(come_and_go::<R>(timers)));
        for task in tasks {
            assert_eq!(task.await, timers, "none fires");
        }
    }
    laps
}

/// So many long timers, one after the other: how many were pending.
async fn come_and_go<R: Runtime>(timers: u64) -> u64 {
    let mut pending = 0;
    for _ in 0..timers {
        let first = poll_fn(|cx| Poll::Ready(pin!(R::sleep(LONG)).poll(cx).is_pending()));
        pending += u64::from(first.await);
    }
    pending
}

/// T2b: as T2, beside timers that wait, and that the runtime has seen when it last slept.
pub(crate) async fn create_poll_drop_beside_waiting<R: Runtime>(laps: Laps) -> Laps {
    let waiting = (0..WAITING).map(|index| BESIDE + Duration::from_millis(index));
    let mut waiting: Vec<_> = waiting.map(|due| Box::pin(R::sleep(due))).collect();
    let mut all_wait = |cx: &mut Context<'_>| {
        Poll::Ready(waiting.iter_mut().all(|timer| timer.as_mut().poll(cx).is_pending()))
    };
    assert!(poll_fn(&mut all_wait).await, "the timers beside wait");
    R::sleep(SHORT).await;
    let laps = create_poll_drop::<R>(laps).await;
    assert!(poll_fn(&mut all_wait).await, "the timers beside still wait");
    laps
}

/// T3: a timeout of what is ready at once.
pub(crate) async fn timeout_of_ready<R: Runtime>(mut laps: Laps) -> Laps {
    for timeouts in &mut laps {
        let mut sum = 0;
        for number in 0..timeouts {
            sum += R::timeout(LONG, Pending { times: black_box(0), number })
                .await
                .expect("ready at once");
        }
        assert_eq!(sum, (0..timeouts).sum::<u64>(), "every timeout gives its future's output");
    }
    laps
}

/// T3y: a timeout of what is pending once.
pub(crate) async fn timeout_of_pending_once<R: Runtime>(mut laps: Laps) -> Laps {
    for timeouts in &mut laps {
        let mut sum = 0;
        for number in 0..timeouts {
            sum += R::timeout(LONG, Pending { times: black_box(1), number })
                .await
                .expect("ready soon");
        }
        assert_eq!(sum, (0..timeouts).sum::<u64>(), "every timeout gives its future's output");
    }
    laps
}

/// The plainest future that is pending so many times: no runtime's own `yield_now`, which may do more.
///
/// The compiler must not know how many, or it leaves out the timer of what is ready at once.
struct Pending {
    times: u32,
    number: u64,
}

impl Future for Pending {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        if self.times == 0 {
            return Poll::Ready(self.number);
        }
        self.times -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
