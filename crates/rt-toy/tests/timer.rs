//! Step 1.4: a thread that knows the time, and wakes the newest waker.
use rt_testkit::{CountingWaker, within};
use rt_toy::{Executor, block_on, sleep};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3_600);

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_timer_is_never_early() {
    within(DEADLINE, || {
        for micros in [1, 10, 100, 1_000, 10_000, 30_000] {
            let duration = Duration::from_micros(micros);
            let start = Instant::now();
            block_on(sleep(duration));
            let slept = start.elapsed();
            assert!(slept >= duration, "asked to sleep {duration:?}, slept {slept:?}");
        }
    });
}

#[test]
fn a_timer_is_polled_when_it_is_started_and_when_its_time_has_come() {
    within(DEADLINE, || {
        let mut timer = sleep(millis(30));
        let mut polls = 0;
        block_on(poll_fn(|cx| {
            polls += 1;
            Pin::new(&mut timer).poll(cx)
        }));
        assert_eq!(polls, 2, "woken before the time had come: somebody polls the clock");
    });
}

#[test]
fn a_timer_counts_from_its_creation_not_from_its_first_poll() {
    within(DEADLINE, || {
        let timer = sleep(millis(1));
        block_on(sleep(millis(10)));
        let mut timer = timer;
        let poll = Pin::new(&mut timer).poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_ready(), "the time before the first poll did not count");
        let poll =
            Pin::new(&mut sleep(Duration::ZERO)).poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_ready(), "a sleep of zero had to wait");
    });
}

#[test]
fn the_newest_waker_wins() {
    within(DEADLINE, || {
        let (older, older_wakes) = CountingWaker::new();
        let mut timer = sleep(millis(30));
        assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(&older)).is_pending());
        // The future moves to another task, which has another waker: it hangs if that is ignored.
        block_on(&mut timer);
        block_on(sleep(millis(10))); // were the older one still registered, it would fire by now
        assert_eq!(older_wakes.count(), 0, "the task that the timer had left was woken");
    });
}

#[test]
fn polling_again_keeps_one_waker_and_lets_go_of_the_older() {
    within(DEADLINE, || {
        let mut timer = sleep(HOUR);
        let (first, first_wakes) = CountingWaker::new();
        let (second, second_wakes) = CountingWaker::new();
        for waker in [&first, &second, &second, &second] {
            assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(waker)).is_pending());
        }
        drop((first, second));
        assert_eq!(Arc::strong_count(&first_wakes), 1, "an older waker is kept: a leak");
        assert_eq!(Arc::strong_count(&second_wakes), 2, "the newest waker is kept, once");
        drop(timer);
        assert_eq!(Arc::strong_count(&second_wakes), 1, "a dropped timer kept its waker: a leak");
    });
}

#[test]
fn a_dropped_timer_does_not_fire() {
    within(DEADLINE, || {
        let (waker, wakes) = CountingWaker::new();
        let mut timer = sleep(millis(500));
        assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(&waker)).is_pending());
        drop((timer, waker));
        assert_eq!(Arc::strong_count(&wakes), 1, "a dropped timer waits for its time: a leak");
        block_on(sleep(millis(510)));
        assert_eq!(wakes.count(), 0, "a timer fired after it was dropped");
    });
}

#[test]
fn an_earlier_timer_fires_though_a_later_one_was_first() {
    within(DEADLINE, || {
        let mut later = sleep(HOUR);
        assert!(Pin::new(&mut later).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        for _ in 0..3 {
            std::thread::sleep(millis(10)); // time in which the clock's thread falls asleep
            block_on(sleep(millis(2))); // hangs if it sleeps on for its hour
        }
    });
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    within(DEADLINE, || {
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut executor = Executor::new();
        let handles: Vec<_> = [50, 10, 40, 20, 30]
            .into_iter()
            .map(|count| {
                let (order, timer) = (order.clone(), sleep(millis(count)));
                executor.spawn(async move {
                    timer.await;
                    order.lock().unwrap().push(count);
                })
            })
            .collect();
        executor.run(async move {
            for handle in handles {
                handle.await.expect("no task panics");
            }
        });
        assert_eq!(*order.lock().unwrap(), [10, 20, 30, 40, 50], "a later timer fired first");
    });
}

#[test]
fn ten_thousand_timers_all_fire() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        let handles: Vec<_> = (0..10_000)
            .map(|number| {
                executor.spawn(async move {
                    let duration = millis(number % 50);
                    let start = Instant::now();
                    sleep(duration).await;
                    start.elapsed() >= duration
                })
            })
            .collect();
        let in_time = executor.run(async move {
            let mut in_time = 0;
            for handle in handles {
                in_time += usize::from(handle.await.expect("no task panics"));
            }
            in_time
        });
        assert_eq!(in_time, 10_000, "some timers fired early");
    });
}

#[test]
fn the_longest_sleep_overflows_nothing_and_delays_nobody() {
    within(DEADLINE, || {
        for duration in [Duration::MAX, Duration::MAX / 2, Duration::from_secs(u64::MAX)] {
            let mut timer = sleep(duration);
            let (waker, wakes) = CountingWaker::new();
            assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(&waker)).is_pending());
            block_on(sleep(millis(2)));
            assert_eq!(wakes.count(), 0, "an endless sleep ended");
        }
    });
}

/// Uses timers wherever it can, and then panics.
struct Nuisance(mpsc::Sender<&'static str>);

impl Nuisance {
    fn poll_and_drop_a_timer() {
        let poll = Pin::new(&mut sleep(HOUR)).poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(poll, Poll::Pending);
    }
}

impl Wake for Nuisance {
    fn wake(self: Arc<Self>) {
        Self::poll_and_drop_a_timer();
        let _ = self.0.send("woken");
        panic!("on purpose: a waker that panics");
    }
}

impl Drop for Nuisance {
    fn drop(&mut self) {
        Self::poll_and_drop_a_timer();
        let _ = self.0.send("dropped");
    }
}

#[test]
fn wakers_may_use_timers_and_panic_without_stopping_the_clock() {
    within(DEADLINE, || {
        let (send, events) = mpsc::channel();
        let poll = |timer: &mut rt_toy::Timer| {
            let waker = Waker::from(Arc::new(Nuisance(send.clone())));
            assert!(Pin::new(timer).poll(&mut Context::from_waker(&waker)).is_pending());
        };
        let mut timer = sleep(HOUR);
        poll(&mut timer);
        poll(&mut timer); // drops the older waker
        assert_eq!(events.recv(), Ok("dropped"), "a lock was held while a waker was dropped");
        drop(timer);
        assert_eq!(events.recv(), Ok("dropped"), "a lock was held while a waker was dropped");
        let mut timer = sleep(millis(5));
        poll(&mut timer);
        assert_eq!(events.recv(), Ok("woken"), "a lock was held while a waker was called");
        block_on(sleep(millis(5))); // hangs if the thread of the timers died of the panic
    });
}
