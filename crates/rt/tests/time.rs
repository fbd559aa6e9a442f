//! Chapter 6, part 6: time, real and stopped.

#![allow(clippy::async_yields_async, reason = "what is made inside is awaited outside")]

use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Context;
use std::thread;

use futures::FutureExt;
use futures::channel::oneshot;
use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt::task::yield_now;
use rt::time::{
    self, Duration, Instant, MissedTickBehavior, Timer, advance, interval, interval_at, pause,
    resume, sleep, sleep_until, timeout, timeout_at,
};
use rt_testkit::{CountingWaker, within};

const LIMIT: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn paused() -> Runtime {
    Builder::new_current_thread().start_paused(true).build().unwrap()
}

/// Runs a body on a runtime whose clock stands.
fn stopped<F: Future<Output = ()>>(body: impl FnOnce() -> F + Send + 'static) {
    within(LIMIT, || paused().block_on(async { body().await }));
}

fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

#[test]
fn a_timer_is_never_early() {
    within(LIMIT, || {
        one_thread().block_on(async {
            for micros in [1, 10, 100, 999, 1000, 1001, 5000] {
                let start = std::time::Instant::now();
                sleep(Duration::from_micros(micros)).await;
                assert!(start.elapsed() >= Duration::from_micros(micros), "{micros} µs were short");
            }
        });
    });
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    stopped(async || {
        let fired = Arc::new(Mutex::new(Vec::new()));
        let tasks: Vec<_> = [5, 1, 4, 1, 3]
            .into_iter()
            .enumerate()
            .map(|(index, seconds)| {
                let fired = fired.clone();
                rt::spawn(async move {
                    sleep(seconds * SECOND).await;
                    fired.lock().unwrap().push((seconds, index));
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*fired.lock().unwrap(), [(1, 1), (1, 3), (3, 4), (4, 2), (5, 0)]);
    });
}

#[test]
fn a_clock_that_stands_goes_on_by_itself_when_all_wait_and_not_before() {
    stopped(async || {
        let start = Instant::now();
        let busy = rt::spawn(async move {
            for _ in 0..1000 {
                yield_now().await;
                assert_eq!(start.elapsed(), Duration::ZERO, "time passed while a task was busy");
            }
        });
        let slept = rt::spawn(sleep(24 * HOUR));
        busy.await.unwrap();
        slept.await.unwrap();
        assert_eq!(start.elapsed(), 24 * HOUR, "the clock missed the deadline of a timer");
    });
}

#[test]
fn the_clock_does_not_go_past_the_next_timer() {
    stopped(async || {
        let start = Instant::now();
        let first = rt::spawn(async move {
            sleep(SECOND).await;
            assert_eq!(start.elapsed(), SECOND);
            sleep(SECOND).await;
            start.elapsed()
        });
        sleep(HOUR).await;
        assert_eq!(first.await.unwrap(), 2 * SECOND);
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn pause_stops_the_clock_and_resume_lets_it_run_again() {
    within(LIMIT, || {
        one_thread().block_on(async {
            pause();
            let start = Instant::now();
            thread::yield_now();
            assert_eq!(start.elapsed(), Duration::ZERO);
            advance(HOUR).await;
            assert_eq!(start.elapsed(), HOUR);
            resume();
            let real = std::time::Instant::now();
            sleep(millis(3)).await;
            assert!(real.elapsed() >= millis(3), "the clock was resumed and still jumps");
            assert!(start.elapsed() >= HOUR + millis(3), "the clock went backwards");
        });
    });
}

#[test]
fn advance_may_be_made_outside_of_the_runtime_that_runs_it() {
    within(LIMIT, || {
        let runtime = Builder::new_current_thread().start_paused(true).build().unwrap();
        let start = runtime.block_on(async { Instant::now() });
        runtime.block_on(advance(HOUR));
        assert_eq!(runtime.block_on(async move { start.elapsed() }), HOUR);
    });
}

#[test]
fn advance_fires_what_is_due_and_nothing_else() {
    stopped(async || {
        let near = rt::spawn(sleep(SECOND));
        let far = rt::spawn(sleep(10 * SECOND));
        yield_now().await;
        advance(millis(999)).await;
        assert!(!near.is_finished(), "a timer was early");
        advance(millis(1)).await;
        yield_now().await;
        assert!(near.is_finished(), "the clock was advanced to a deadline and nobody came");
        advance(8 * SECOND).await;
        assert!(!far.is_finished());
        advance(SECOND).await;
        yield_now().await;
        assert!(far.is_finished());
    });
}

#[test]
fn start_paused_stands_from_the_beginning_also_on_a_local_runtime() {
    within(LIMIT, || {
        let mut builder = Builder::new_current_thread();
        let runtime: LocalRuntime = builder.start_paused(true).build_local().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            sleep(HOUR).await;
            assert_eq!(start.elapsed(), HOUR);
        });
        let again = runtime.block_on(async { Instant::now() });
        assert!(
            runtime.block_on(async { again.elapsed() }).is_zero(),
            "it went on between two calls"
        );
    });
}

#[test]
fn the_clocks_of_two_runtimes_are_their_own() {
    within(LIMIT, || {
        let (stands, runs) = (paused(), one_thread());
        stands.block_on(sleep(HOUR));
        let real = std::time::Instant::now();
        runs.block_on(sleep(millis(2)));
        assert!(real.elapsed() >= millis(2));
        assert!(Instant::now().into_std() < real + HOUR, "a stopped clock was left on the thread");
    });
}

#[test]
fn a_timeout_gives_the_output_or_says_elapsed() {
    stopped(async || {
        assert_eq!(timeout(SECOND, ready(1)).await, Ok(1));
        let start = Instant::now();
        let elapsed = timeout(SECOND, pending::<()>()).await.unwrap_err();
        assert_eq!(start.elapsed(), SECOND);
        assert_eq!(elapsed.to_string(), "deadline has elapsed");
        assert_eq!(std::io::Error::from(elapsed).kind(), std::io::ErrorKind::TimedOut);
        assert!(timeout(2 * SECOND, sleep(SECOND)).await.is_ok());
        assert!(timeout_at(Instant::now() + SECOND, sleep(2 * SECOND)).await.is_err());
    });
}

#[test]
fn a_timeout_of_what_is_ready_wins_over_a_deadline_that_has_passed() {
    stopped(async || {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
        assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
        assert!(timeout_at(Instant::now() - HOUR, pending::<()>()).await.is_err());
    });
}

#[test]
fn a_timeout_holds_against_a_future_that_is_always_woken() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let busy = async {
                loop {
                    yield_now().await;
                }
            };
            timeout(millis(5), busy).await.unwrap_err();
            let spends_all = async {
                loop {
                    rt::task::consume_budget().await;
                }
            };
            timeout(millis(5), spends_all).await.unwrap_err();
        });
    });
}

#[test]
fn zero_and_past_deadlines_are_ready_at_once() {
    stopped(async || {
        let start = Instant::now();
        sleep(Duration::ZERO).await;
        sleep_until(start).await;
        sleep_until(start - HOUR).await;
        assert_eq!(start.elapsed(), Duration::ZERO, "a deadline that had passed was waited for");
        assert!(Timer::at(start).is_elapsed());
    });
}

#[test]
fn a_deadline_that_passed_during_a_long_poll_is_ready_at_the_first_poll() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let deadline = Instant::now() + Duration::from_micros(100);
            while Instant::now() < deadline {
                std::hint::spin_loop();
            }
            let polled = sleep_until(deadline).now_or_never();
            assert!(polled.is_some(), "\"not at all if it has passed\", and it waited");
        });
    });
}

#[test]
fn the_longest_duration_is_accepted_everywhere() {
    stopped(async || {
        let start = Instant::now();
        let forever = [sleep(Duration::MAX), sleep_until(start + Duration::MAX), Timer::never()];
        for mut timer in forever {
            assert!((&mut timer).now_or_never().is_none());
            assert!(!timer.is_elapsed());
            timer.reset(Instant::now() + Duration::MAX);
            assert!((&mut timer).now_or_never().is_none());
        }
        assert_eq!(timeout(Duration::MAX, ready(1)).await, Ok(1));
        assert!(timeout(Duration::MAX, pending::<()>()).now_or_never().is_none());
        for behavior in
            [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip]
        {
            let mut long = interval(Duration::MAX);
            long.set_missed_tick_behavior(behavior);
            assert_eq!(long.tick().await, start);
            assert!(long.tick().now_or_never().is_none(), "{behavior:?}: for ever is over");
            long.reset();
            long.reset_after(Duration::MAX);
            assert!(long.tick().now_or_never().is_none());
            let mut late = interval_at(start - HOUR, Duration::MAX);
            late.set_missed_tick_behavior(behavior);
            late.tick().await;
            assert!(late.tick().now_or_never().is_none());
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "something waited");
        sleep(Duration::from_secs(100 * 365 * 86_400)).await;
    });
}

#[test]
fn a_clock_may_be_advanced_by_the_longest_duration() {
    stopped(async || {
        let task = rt::spawn(sleep(HOUR));
        yield_now().await;
        advance(Duration::MAX).await;
        yield_now().await;
        assert!(task.is_finished());
        assert!(
            sleep(SECOND).now_or_never().is_none(),
            "at the end of time all waits are for ever"
        );
    });
}

#[test]
fn a_timer_that_is_reset_to_never_does_not_fire() {
    stopped(async || {
        let mut timer = sleep(SECOND);
        assert!((&mut timer).now_or_never().is_none());
        timer.reset(Instant::now() + Duration::MAX);
        let start = Instant::now();
        sleep(HOUR).await;
        assert_eq!(start.elapsed(), HOUR);
        assert!((&mut timer).now_or_never().is_none(), "never came after an hour");
    });
}

#[test]
fn a_clock_that_stands_does_not_jump_to_the_end_of_time_for_a_timer_reset_to_never() {
    within(LIMIT, || {
        let runtime = paused();
        let start = runtime.block_on(async { Instant::now() });
        let (waits, is_waiting) = mpsc::channel();
        let (sender, receiver) = oneshot::channel();
        let other = thread::spawn(move || {
            is_waiting.recv().unwrap();
            sleep_without_a_runtime(millis(20));
            sender.send(()).unwrap();
        });
        runtime.block_on(async move {
            let mut timer = sleep(SECOND);
            assert!((&mut timer).now_or_never().is_none());
            timer.reset(Instant::now() + Duration::MAX);
            waits.send(()).unwrap();
            let fired = futures::future::select(timer, receiver).await;
            assert!(matches!(fired, futures::future::Either::Right(_)), "never came");
            assert_eq!(start.elapsed(), Duration::ZERO, "the clock jumped");
        });
        other.join().unwrap();
    });
}

fn sleep_without_a_runtime(duration: Duration) {
    rt::parts::executor::block_on(sleep(duration));
}

#[test]
fn reset_moves_the_deadline_of_who_waits_already() {
    stopped(async || {
        let start = Instant::now();
        for (from, to) in [(10, 2), (2, 10)] {
            let begin = start.elapsed();
            let mut timer = sleep(from * SECOND);
            let mut is_reset = false;
            poll_fn(|cx| {
                let polled = Pin::new(&mut timer).poll(cx);
                if !is_reset {
                    is_reset = true;
                    timer.reset(Instant::now() + to * SECOND);
                }
                polled
            })
            .await;
            assert_eq!(start.elapsed() - begin, to * SECOND);
        }
    });
}

#[test]
fn reset_of_a_timer_that_fired_makes_it_wait_again() {
    stopped(async || {
        let mut timer = sleep(SECOND);
        (&mut timer).await;
        assert!(timer.is_elapsed());
        assert!((&mut timer).now_or_never().is_some(), "a timer that fired stays ready");
        timer.reset(Instant::now() + SECOND);
        assert!(!timer.is_elapsed());
        let start = Instant::now();
        timer.await;
        assert_eq!(start.elapsed(), SECOND);
    });
}

#[test]
fn reset_of_a_timer_that_never_comes_reaches_who_waits_already() {
    stopped(async || {
        let mut timer = Timer::never();
        let mut is_reset = false;
        let waits = poll_fn(|cx| {
            let polled = Pin::new(&mut timer).poll(cx);
            if !is_reset {
                is_reset = true;
                timer.reset(Instant::now() + SECOND);
            }
            polled
        });
        let start = Instant::now();
        let _ = timeout(HOUR, waits).await;
        let message = "the timer was reset, and who waited for it was not woken";
        assert_eq!(start.elapsed(), SECOND, "{message}");
    });
}

#[test]
fn the_newest_waker_is_woken() {
    stopped(async || {
        let (older, newer) = (CountingWaker::new(), CountingWaker::new());
        let mut timer = sleep(SECOND);
        for (waker, _) in [&older, &newer] {
            assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(waker)).is_pending());
        }
        advance(SECOND).await;
        assert_eq!((older.1.count(), newer.1.count()), (0, 1));
    });
}

#[test]
fn a_timer_that_is_dropped_wakes_nobody_and_does_not_move_the_clock() {
    stopped(async || {
        let (waker, wakes) = CountingWaker::new();
        let mut timer = sleep(SECOND);
        assert!(Pin::new(&mut timer).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(timer);
        let start = Instant::now();
        sleep(HOUR).await;
        assert_eq!(start.elapsed(), HOUR);
        assert_eq!(wakes.count(), 0);
    });
}

#[test]
fn a_timer_made_in_one_runtime_is_polled_in_another_or_in_none() {
    within(LIMIT, || {
        let (first, second) = (one_thread(), one_thread());
        let start = std::time::Instant::now();
        let timer = first.block_on(async { sleep(millis(3)) });
        second.block_on(timer);
        assert!(start.elapsed() >= millis(3));
        let timer = first.block_on(async { sleep(millis(3)) });
        rt::parts::executor::block_on(timer);
        let timer = sleep(millis(3));
        first.block_on(timer);
        assert!(start.elapsed() >= millis(9));
    });
}

#[test]
fn a_timer_armed_on_a_runtime_that_somebody_drives_may_be_awaited_elsewhere() {
    within(LIMIT, || {
        let runtime = Arc::new(one_thread());
        let (sender, receiver) = mpsc::channel();
        let (end, may_end) = oneshot::channel::<()>();
        let driver = thread::spawn({
            let runtime = runtime.clone();
            move || {
                runtime.block_on(async {
                    let mut timer = sleep(millis(3));
                    assert!((&mut timer).now_or_never().is_none());
                    sender.send(timer).unwrap();
                    may_end.await.unwrap();
                });
            }
        });
        one_thread().block_on(receiver.recv().unwrap());
        end.send(()).unwrap();
        driver.join().unwrap();
    });
}

#[test]
fn an_interval_ticks_at_once_and_then_every_period() {
    stopped(async || {
        let start = Instant::now();
        let mut interval = interval(SECOND);
        for number in 0..5 {
            assert_eq!(interval.tick().await, start + number * SECOND);
            assert_eq!(start.elapsed(), number * SECOND);
        }
        interval.reset();
        assert_eq!(interval.tick().await - start, 5 * SECOND);
        interval.reset_immediately();
        assert_eq!(interval.tick().await - start, 5 * SECOND);
        interval.reset_after(10 * SECOND);
        assert_eq!(interval.tick().await - start, 15 * SECOND);
        assert_eq!(interval.period(), SECOND);
    });
}

/// When an interval of one second ticks after somebody was busy from 1.0 to 4.5 seconds.
async fn ticks_after_a_delay(behavior: MissedTickBehavior) -> Vec<f64> {
    let start = Instant::now();
    let mut interval = interval(SECOND);
    interval.set_missed_tick_behavior(behavior);
    interval.tick().await;
    interval.tick().await;
    advance(millis(3500)).await;
    let mut ticks = Vec::new();
    for _ in 0..5 {
        interval.tick().await;
        ticks.push(start.elapsed().as_secs_f64());
    }
    ticks
}

#[test]
fn missed_ticks_come_in_a_burst_after_a_delay_or_not_at_all() {
    stopped(async || {
        let burst = ticks_after_a_delay(MissedTickBehavior::Burst).await;
        assert_eq!(burst, [4.5, 4.5, 4.5, 5.0, 6.0], "burst: catches up, then is on time");
        let delay = ticks_after_a_delay(MissedTickBehavior::Delay).await;
        assert_eq!(delay, [4.5, 5.5, 6.5, 7.5, 8.5], "delay: a period from the late tick on");
        let skip = ticks_after_a_delay(MissedTickBehavior::Skip).await;
        assert_eq!(skip, [4.5, 5.0, 6.0, 7.0, 8.0], "skip: at multiples of the period");
    });
}

#[test]
fn a_tick_that_nobody_waited_for_is_not_lost() {
    stopped(async || {
        let mut interval = interval(SECOND);
        interval.tick().await;
        assert!(timeout(millis(500), interval.tick()).await.is_err());
        let start = Instant::now();
        interval.tick().await;
        assert_eq!(start.elapsed(), millis(500), "a cancelled wait moved the interval");
    });
}

#[test]
fn ten_thousand_timers_all_fire_and_none_is_early() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let tasks: Vec<_> = (0..10_000_u64)
                .map(|number| {
                    let duration = Duration::from_micros(number * 7919 % 20_000);
                    let start = std::time::Instant::now();
                    rt::spawn(async move {
                        sleep(duration).await;
                        start.elapsed() >= duration
                    })
                })
                .collect();
            for task in tasks {
                assert!(task.await.unwrap(), "a timer was early");
            }
        });
    });
}

#[test]
fn an_earlier_timer_armed_by_another_thread_wakes_a_sleeping_driver() {
    within(LIMIT, || {
        let runtime = Arc::new(one_thread());
        let handle = runtime.handle().clone();
        let (end, may_end) = oneshot::channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let other = thread::spawn({
            let is_over = is_over.clone();
            move || {
                let quick = handle.spawn(sleep(millis(1)));
                rt::parts::executor::block_on(quick).unwrap();
                is_over.store(true, Ordering::SeqCst);
                end.send(()).unwrap();
            }
        });
        runtime.block_on(async {
            let _ = timeout(HOUR, may_end).await; // sleeps until then, for all it knows
        });
        assert!(is_over.load(Ordering::SeqCst));
        other.join().unwrap();
    });
}

#[test]
fn timers_work_in_a_select_that_drops_the_loser() {
    stopped(async || {
        for _ in 0..1000 {
            let short = pin!(sleep(SECOND));
            let long = pin!(sleep(2 * SECOND));
            futures::future::select(short, long).await;
        }
        let start = Instant::now();
        time::sleep(SECOND).await;
        assert_eq!(start.elapsed(), SECOND);
    });
}

#[test]
fn a_clock_that_another_thread_stops_stops_for_the_one_that_drives() {
    within(LIMIT, || {
        let runtime = Arc::new(one_thread());
        let driving = runtime.clone();
        let (drives, is_driving) = std::sync::mpsc::channel();
        let other = thread::spawn(move || {
            driving.block_on(async {
                drives.send(()).unwrap();
                sleep(HOUR).await;
            });
        });
        is_driving.recv().unwrap();
        // Asleep until then by the machine's clock, it must hear that the clock stands, and skip.
        runtime.block_on(async {
            time::pause();
            sleep(2 * HOUR).await;
        });
        other.join().unwrap();
    });
}

#[test]
fn a_clock_that_another_thread_stops_and_resumes_takes_nobody_down() {
    within(LIMIT, || {
        let runtime = Arc::new(one_thread());
        let is_over = Arc::new(AtomicBool::new(false));
        let (sleeping, over) = (runtime.clone(), is_over.clone());
        let other = thread::spawn(move || {
            sleeping.block_on(async {
                while !over.load(Ordering::SeqCst) {
                    sleep(Duration::from_micros(20)).await;
                }
            });
        });
        runtime.block_on(async {
            for _ in 0..2_000 {
                time::pause();
                thread::yield_now();
                time::resume();
                rt::task::yield_now().await;
            }
        });
        is_over.store(true, Ordering::SeqCst);
        assert!(other.join().is_ok(), "the thread that drives was taken down");
    });
}

#[test]
fn a_thread_that_ends_may_still_block() {
    struct AtExit;
    impl Drop for AtExit {
        fn drop(&mut self) {
            assert_eq!(one_thread().block_on(async { 7 }), 7);
        }
    }
    thread_local! {
        static AT_EXIT: AtExit = const { AtExit };
    }
    within(LIMIT, || {
        let ends = thread::spawn(|| {
            AT_EXIT.with(|_| ());
            one_thread().block_on(sleep(millis(1)));
        });
        assert!(ends.join().is_ok());
    });
}
