//! Chapter 5, part 10: a future with a deadline.

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::io;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use rt_executor::block_on;
use rt_testkit::within;
use rt_timer::{Clock, Instant, TimerDriver, Timers, timeout, timeout_at};
use rt_waker::Parker;

const DEADLINE: Duration = Duration::from_secs(10);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Runs `body` under a clock that stands, and goes on by itself when everything waits.
fn paused<F: Future<Output = ()>>(body: impl FnOnce(Timers) -> F + Send + 'static) {
    within(DEADLINE, move || {
        let clock = Clock::real();
        clock.pause();
        let driver = TimerDriver::new(Parker::new(), clock);
        let timers = driver.timers();
        let executor = rt_executor::Executor::with(driver, rt_executor::Fifo::new(), ());
        let _entered = timers.enter();
        executor.run(body(timers.clone()));
    });
}

#[test]
fn a_future_that_is_in_time_gives_its_output() {
    paused(|_| async {
        assert_eq!(timeout(ms(10), ready(5)).await, Ok(5), "[TO1] an answer is lost");
        let slow = async {
            rt_timer::sleep(ms(9)).await;
            6
        };
        assert_eq!(timeout(ms(10), slow).await, Ok(6), "[TO1] an answer in time is lost");
    });
}

#[test]
fn a_future_that_is_late_gives_elapsed_after_exactly_the_time() {
    paused(|_| async {
        let start = Instant::now();
        assert!(timeout(ms(10), pending::<()>()).await.is_err(), "[TO2] who is late wins");
        assert_eq!(start.elapsed(), ms(10), "[TO3] the clock stands but for the timers");
    });
}

#[test]
fn a_ready_future_wins_over_a_deadline_that_has_passed() {
    paused(|_| async {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1), "[TO1] an answer is lost");
        let late = timeout_at(Instant::now() - ms(5), ready(2));
        assert_eq!(late.await, Ok(2), "[TO1] an answer is lost");
    });
}

#[test]
fn the_time_counts_from_the_call_and_not_from_the_first_poll() {
    paused(|timers| async move {
        let start = Instant::now();
        let late = timeout(ms(10), pending::<()>());
        timers.advance(ms(8));
        assert!(late.await.is_err());
        assert_eq!(start.elapsed(), ms(10), "[TO3] two milliseconds were left at the first poll");
    });
}

#[test]
fn the_future_is_not_polled_again_when_the_time_is_up() {
    paused(|_| async {
        let polls = Rc::new(Cell::new(0));
        let counted = poll_fn({
            let polls = polls.clone();
            move |_| {
                polls.set(polls.get() + 1);
                Poll::<()>::Pending
            }
        });
        assert!(timeout(ms(1), counted).await.is_err());
        assert_eq!(polls.get(), 2, "[TO1] at the start, and when the timer wakes the task");
    });
}

#[test]
fn the_longest_duration_is_for_ever() {
    paused(|_| async {
        let sleeper = timeout(Duration::MAX, rt_timer::sleep(Duration::from_secs(1 << 30)));
        assert_eq!(sleeper.await, Ok(()), "[TO3] for ever is over");
    });
}

#[test]
fn a_future_that_uses_up_the_budget_is_timed_out_all_the_same() {
    within(DEADLINE, || {
        let greedy = async {
            loop {
                rt_task::coop::consume_budget().await;
            }
        };
        let executor = rt_executor::Executor::new();
        let late: Result<(), _> = executor.run(async { timeout(ms(2), greedy).await });
        assert!(late.is_err(), "[TO2] a busy future starves its own deadline");
    });
}

#[test]
fn elapsed_becomes_an_io_error_of_the_kind_timed_out() {
    within(DEADLINE, || {
        let elapsed = block_on(timeout(Duration::ZERO, pending::<()>())).unwrap_err();
        assert_eq!(elapsed.to_string(), "deadline has elapsed");
        let kind = io::Error::from(elapsed).kind();
        assert_eq!(kind, io::ErrorKind::TimedOut, "a caller takes it for another failure");
    });
}

#[test]
fn it_works_outside_of_any_runtime() {
    within(DEADLINE, || {
        let late = block_on(timeout(ms(2), pending::<()>()));
        assert!(late.is_err(), "[TO2] who is late wins");
    });
}

#[test]
fn a_timeout_that_is_first_polled_in_a_later_poll_counts_from_its_call() {
    within(DEADLINE, || {
        let driver = TimerDriver::new(Parker::new(), Clock::real());
        let timers = driver.timers();
        let executor = rt_executor::Executor::with(driver, rt_executor::Fifo::new(), ());
        let _entered = timers.enter();
        executor.run(async {
            let start = std::time::Instant::now();
            let late = timeout(ms(40), pending::<()>());
            rt_timer::sleep(ms(30)).await; // other polls, in which the timeout is not polled
            assert!(late.await.is_err());
            let waited = start.elapsed();
            assert!(waited >= ms(40), "[TO3] it was early: {waited:?}");
            assert!(waited < ms(70), "[TO3] it counted from its first poll: {waited:?}");
        });
    });
}

#[test]
fn a_timeout_that_another_thread_polls_first_is_not_early() {
    within(DEADLINE, || {
        let executor = rt_executor::Executor::new();
        let waited = executor.run(async {
            let start = std::time::Instant::now();
            let late = timeout(ms(10), pending::<()>());
            // While this poll goes on, and never asked again here.
            std::thread::spawn(move || block_on(late)).join().unwrap().unwrap_err();
            drop(timeout(ms(10), pending::<()>()));
            start.elapsed()
        });
        assert!(waited >= ms(10), "[TO3] it was early: {waited:?}");
    });
}
