//! hyper's `Timer` and `Sleep`.

#![cfg(feature = "hyper")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::task::noop_waker_ref;
use hyper::rt::{Sleep, Timer};
use rt_executor::block_on;
use rt_testkit::within;
use rt_timer::{Clock, HyperTimer};

const DEADLINE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn poll(sleep: &mut Pin<Box<dyn Sleep>>) -> Poll<()> {
    sleep.as_mut().poll(&mut Context::from_waker(noop_waker_ref()))
}

fn address(sleep: &Pin<Box<dyn Sleep>>) -> *const () {
    std::ptr::from_ref(&**sleep).cast()
}

#[test]
fn a_sleep_is_not_early_by_either_way() {
    within(DEADLINE, || {
        let (timer, start) = (HyperTimer::new(), Instant::now());
        block_on(timer.sleep(Duration::from_millis(3)));
        assert!(start.elapsed() >= Duration::from_millis(3));
        block_on(timer.sleep_until(start + Duration::from_millis(6)));
        assert!(start.elapsed() >= Duration::from_millis(6));
    });
}

#[test]
fn a_reset_moves_the_timer_that_is_there_to_a_later_and_an_earlier_time() {
    within(DEADLINE, || {
        let timer = HyperTimer::new();
        let mut sleep = timer.sleep(HOUR);
        let before = address(&sleep);
        assert!(poll(&mut sleep).is_pending());
        timer.reset(&mut sleep, timer.now() + 2 * HOUR);
        assert!(poll(&mut sleep).is_pending());
        timer.reset(&mut sleep, timer.now() + Duration::from_millis(1));
        block_on(sleep.as_mut());
        timer.reset(&mut sleep, timer.now() + HOUR);
        assert!(poll(&mut sleep).is_pending(), "one that has fired waits again");
        assert_eq!(address(&sleep), before, "a reset allocates");
    });
}

/// hyper may be given a sleep of another timer's.
#[test]
fn a_reset_of_somebody_elses_sleep_makes_one_of_ours() {
    struct Never;
    impl Future for Never {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Pending
        }
    }
    impl Sleep for Never {}
    within(DEADLINE, || {
        let timer = HyperTimer::new();
        let mut sleep: Pin<Box<dyn Sleep>> = Box::pin(Never);
        timer.reset(&mut sleep, timer.now());
        block_on(sleep);
    });
}

#[test]
fn a_clock_that_stands_stands_for_hyper_too() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let _entered = clock.enter();
        let timer = HyperTimer::new();
        let start = timer.now();
        clock.advance(HOUR);
        assert_eq!(timer.now() - start, HOUR);
    });
}
