//! Chapter 5: the clock, and the one place that does arithmetic with time.

use std::thread;
use std::time::{self, Duration};

use rt_timer::{Clock, ClockGuard, Instant, Key, NEVER, Wheel};
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_impl_all!(Clock: Clone, Send, Sync, Unpin);
assert_impl_all!(Instant: Copy, Ord, Send, Sync, Unpin, From<time::Instant>, Into<time::Instant>);
assert_impl_all!(Wheel<std::task::Waker>: Send, Sync, Unpin);
assert_impl_all!(Key: Copy, Send, Sync);
assert_not_impl_any!(ClockGuard: Send);

const YEAR: Duration = Duration::from_secs(31_557_600);

#[test]
fn a_real_clock_runs_with_the_machine() {
    let clock = Clock::real();
    assert!(!clock.is_paused());
    let before = time::Instant::now();
    let shown = clock.now().into_std();
    assert!(before <= shown && shown <= time::Instant::now());
    assert!(clock.now_tick() <= clock.now_tick());
}

#[test]
fn a_manual_clock_stands_until_it_is_advanced() {
    let clock = Clock::manual();
    assert!(clock.is_paused());
    assert_eq!((clock.now_tick(), clock.now_tick()), (0, 0));
    clock.advance(Duration::from_nanos(1));
    clock.clone().advance(Duration::from_millis(1));
    assert_eq!(clock.now_tick(), 1_000_001, "clones are one clock");
}

#[test]
fn a_tick_is_a_nanosecond_so_nothing_is_rounded() {
    let clock = Clock::manual();
    let start = clock.now();
    for nanos in [0, 1, 999, 1_000_000, 1_500_000_001, u64::MAX - 1] {
        let instant = start + Duration::from_nanos(nanos);
        assert_eq!(clock.tick(instant), nanos, "a deadline would be early or late");
        assert_eq!(clock.instant(nanos), instant, "a driver would wait too long or too short");
    }
}

#[test]
fn an_instant_before_the_clock_is_its_tick_zero() {
    let before = Instant::now() - Duration::from_nanos(1);
    assert_eq!(Clock::real().tick(before), 0);
}

#[test]
fn what_is_584_years_away_never_comes() {
    let clock = Clock::manual();
    let start = clock.now();
    assert_eq!(clock.tick(start + Duration::from_nanos(u64::MAX)), NEVER);
    for years in [600, 1_000, 1_000_000, u32::MAX] {
        assert_eq!(clock.tick(start + YEAR * years), NEVER);
    }
    assert_eq!(clock.tick(start + Duration::MAX), NEVER);
    assert_eq!(clock.instant(NEVER), Instant::far_future());
    assert_eq!(clock.until(NEVER), None);
    assert!(clock.tick(start + YEAR * 584) < NEVER);
}

#[test]
fn until_is_what_is_left_and_zero_when_it_has_passed() {
    let clock = Clock::manual();
    clock.advance(Duration::from_nanos(70));
    assert_eq!(clock.until(100), Some(Duration::from_nanos(30)));
    assert_eq!(clock.until(70), Some(Duration::ZERO));
    assert_eq!(clock.until(3), Some(Duration::ZERO));
    assert_eq!(clock.until(NEVER - 1), Some(Duration::from_nanos(NEVER - 71)));
}

#[test]
fn no_duration_is_too_long_for_an_instant() {
    let now = Instant::now();
    assert_eq!(now.checked_add(Duration::MAX), None);
    let mut last = now + Duration::MAX;
    assert_eq!(last, Instant::far_future());
    last += Duration::MAX;
    assert_eq!(last, last + Duration::from_secs(1), "the last instant stays the last");
    assert!(now + YEAR < last);
    assert_eq!(now.checked_sub(Duration::MAX), None);
    assert_eq!(now - Duration::MAX, now, "there is none so long ago");
    assert!(last - now > YEAR * 1_000);
}

#[test]
fn adding_more_never_gives_an_earlier_instant() {
    let now = Instant::now();
    let mut previous = now;
    for bit in 0..64 {
        for nanos in [0, 999_999_999] {
            let instant = now + Duration::new(1 << bit, nanos);
            assert!(instant >= previous, "2^{bit} s and {nanos} ns");
            previous = instant;
        }
    }
}

#[test]
fn a_difference_of_instants_is_never_negative() {
    let early = Instant::now();
    let late = early + Duration::from_secs(2);
    assert_eq!(late.duration_since(early), Duration::from_secs(2));
    assert_eq!(late - early, Duration::from_secs(2));
    assert_eq!(early.duration_since(late), Duration::ZERO);
    assert_eq!(early.saturating_duration_since(late), Duration::ZERO);
    assert_eq!(early - late, Duration::ZERO);
    assert_eq!(early.checked_duration_since(late), None);
    assert_eq!((late + YEAR).elapsed(), Duration::ZERO);
}

#[test]
fn pause_stops_a_running_clock_and_resume_goes_on_from_there() {
    let clock = Clock::real();
    clock.pause();
    let paused = clock.now();
    assert_eq!(clock.now(), paused);
    clock.pause();
    assert_eq!(clock.now(), paused, "the second pause is none");

    clock.advance(YEAR);
    clock.resume();
    assert!(!clock.is_paused());
    let resumed = clock.now();
    assert!(resumed >= paused + YEAR, "what was advanced is kept");
    assert!(resumed < paused + YEAR * 2);
    clock.resume();
    assert!(clock.now() >= resumed, "the second resume is none");
    clock.pause();
    assert!(clock.now() >= resumed, "a pause does not turn the clock back");
}

#[test]
fn a_resumed_clock_runs() {
    let clock = Clock::manual();
    clock.resume();
    rt_testkit::within(Duration::from_secs(10), move || {
        while clock.now_tick() == 0 {
            thread::yield_now();
        }
    });
}

#[test]
fn advance_by_any_duration_ends_at_the_last_instant() {
    let clock = Clock::manual();
    clock.advance(Duration::MAX);
    clock.advance(Duration::MAX);
    assert_eq!(clock.now_tick(), NEVER);
    clock.resume();
    assert_eq!(clock.now_tick(), NEVER, "a clock that runs past the end stays there");
}

#[test]
fn advance_to_never_turns_the_clock_back() {
    let clock = Clock::manual();
    clock.advance_to(clock.instant(500));
    clock.advance_to(clock.instant(100));
    assert_eq!(clock.now_tick(), 500);
}

#[test]
#[should_panic(expected = "`advance` on a clock that runs: call `pause` first")]
fn advancing_a_clock_that_runs_says_what_to_do() {
    Clock::real().advance(Duration::from_secs(1));
}

#[test]
fn a_clock_survives_a_misuse() {
    let clock = Clock::real();
    let misused = clock.clone();
    let outcome = thread::spawn(move || misused.advance_to(Instant::now())).join();
    assert!(outcome.is_err());
    clock.pause();
    assert!(clock.is_paused());
}

#[test]
fn instant_now_follows_the_clock_that_this_thread_has_entered() {
    assert!(Clock::current().is_none());
    let outer = Clock::manual();
    let inner = Clock::manual();
    let outer_guard = outer.enter();
    outer.advance(YEAR);
    assert_eq!(Instant::now(), outer.now());
    {
        let _inner_guard = inner.enter();
        inner.advance(YEAR * 3);
        assert_eq!(Instant::now(), inner.now());
        assert_eq!((inner.now() - YEAR).elapsed(), YEAR);
    }
    assert_eq!(Instant::now(), outer.now(), "guards nest");
    let elsewhere = thread::spawn(Instant::now).join().expect("reading a clock does not panic");
    assert!(elsewhere < outer.now(), "another thread has not entered it");
    drop(outer_guard);
    assert!(Instant::now() < outer.now());
}

#[test]
fn instants_are_std_instants_in_another_coat() {
    let std_now = time::Instant::now();
    let now = Instant::from(std_now);
    assert_eq!(time::Instant::from(now), std_now);
    assert_eq!((Instant::from_std(std_now), now.into_std()), (now, std_now));
    assert_eq!(format!("{now:?}"), format!("{std_now:?}"));
}
