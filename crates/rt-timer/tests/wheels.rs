//! Chapter 5, parts 7 to 9: several wheels and one driver. Who arms where, who looks, and who is rung for.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use rt_testkit::{CountingWaker, within};
use rt_timer::{Clock, Instant, Timer, TimerDriver, Timers, sleep, timeout};
use rt_waker::{Park, Parker, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(10);
const HOUR: Duration = Duration::from_secs(3600);

/// Never waits; its bell counts.
struct Counted {
    bell: Waker,
}

impl Park for Counted {
    fn park(&mut self, _timeout: Option<Duration>, _ready: &mut WakeBatch) {}

    fn waker(&self) -> Waker {
        self.bell.clone()
    }
}

/// A driver of two wheels with a bell that counts.
fn counted(clock: &Clock) -> (TimerDriver<Counted>, Arc<CountingWaker>) {
    let (bell, rings) = CountingWaker::new();
    (TimerDriver::with_wheels(Counted { bell }, clock.clone(), 2), rings)
}

fn poll(timer: &mut Timer, waker: &Waker) -> Poll<()> {
    Pin::new(timer).poll(&mut Context::from_waker(waker))
}

/// A timer that waits on that wheel.
fn armed(timers: &Timers, duration: Duration, waker: &Waker) -> Timer {
    let _entered = timers.enter();
    let mut timer = sleep(duration);
    assert_eq!(poll(&mut timer, waker), Poll::Pending);
    timer
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Whose turn it is, of two threads that meet again and again.
#[derive(Default)]
struct Turn {
    go: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
}

impl Drop for Turn {
    /// The other thread does not wait for a test that has failed.
    fn drop(&mut self) {
        self.go.store(usize::MAX, Ordering::Release);
    }
}

// 5.7: asleep, but not deaf

#[test]
fn the_driver_sleeps_until_the_earliest_deadline_of_all_wheels() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let (driver, _rings) = counted(&clock);
        let wheels = driver.wheels();
        let _timers = [(0, 3), (1, 2), (0, 1), (1, 4)].map(|(index, hours)| {
            let timer = armed(&wheels.timers(index), hours * HOUR, Waker::noop());
            (timer, driver.due())
        });
        let dues = _timers.each_ref().map(|(_, due)| due.unwrap_or_default() / 3600);
        let seconds = [3, 2, 1, 1].map(Duration::from_secs);
        assert_eq!(dues, seconds, "[E1] the driver would sleep past a deadline, or wake in vain");
        clock.advance(HOUR / 2);
        assert_eq!(driver.due(), Some(HOUR / 2), "[E1] half of the time has passed");
    });
}

#[test]
fn a_driver_that_would_sleep_for_ever_is_rung_for_the_first_timer() {
    within(DEADLINE, || {
        let (driver, rings) = counted(&Clock::manual());
        assert_eq!(driver.due(), None, "[V4] nothing waits, and it would wake");
        let _first = armed(&driver.wheels().timers(1), HOUR, Waker::noop());
        assert_eq!(rings.count(), 1, "[E1] the driver sleeps for ever, and a timer waits");
    });
}

#[test]
fn an_earlier_timer_on_another_wheel_rings_once() {
    within(DEADLINE, || {
        let (driver, rings) = counted(&Clock::manual());
        let wheels = driver.wheels();
        let _next = armed(&wheels.timers(0), 2 * HOUR, Waker::noop());
        assert_eq!(driver.due(), Some(2 * HOUR), "[E1] the driver would sleep too long");
        let _earlier = armed(&wheels.timers(1), HOUR, Waker::noop());
        assert_eq!(rings.count(), 1, "[E1] the driver sleeps through a timer of another wheel");
        let _same = armed(&wheels.timers(0), HOUR, Waker::noop());
        assert_eq!(rings.count(), 1, "[E4] it was rung for already");
        assert_eq!(driver.due(), Some(HOUR), "[E1] the driver would sleep too long");
    });
}

#[test]
fn a_timer_that_is_not_the_next_one_rings_nobody() {
    within(DEADLINE, || {
        let (driver, rings) = counted(&Clock::real());
        let wheels = driver.wheels();
        let _next = armed(&wheels.timers(0), HOUR, Waker::noop());
        assert!(driver.due().is_some(), "[E1] the driver sleeps for ever, and a timer waits");
        thread::scope(|scope| {
            for index in 0..2 {
                let timers = wheels.timers(index);
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        drop(armed(&timers, 2 * HOUR, Waker::noop()));
                    }
                });
            }
        });
        assert_eq!(rings.count(), 0, "[E4] the driver was woken for a timer that is not next");
        let armed = [0, 1].map(|index| wheels.timers(index).counts().armed);
        assert_eq!(armed, [10_001, 10_000], "a timer is counted wrongly");
    });
}

#[test]
fn a_timer_armed_while_the_driver_falls_asleep_is_seen_or_rung_for() {
    within(DEADLINE, || {
        const ROUNDS: usize = 1_000;
        let clock = Clock::manual();
        let turn = Turn::default();
        let (go, done) = (turn.go.clone(), turn.done.clone());
        let drivers: Vec<_> = (0..ROUNDS).map(|_| counted(&clock)).collect();
        let others: Vec<Timers> =
            drivers.iter().map(|(driver, _)| driver.wheels().timers(1)).collect();
        let worker = thread::spawn(move || {
            let mut kept = Vec::new();
            for (timers, round) in others.iter().zip(1..) {
                while go.load(Ordering::Acquire) < round {
                    thread::yield_now();
                }
                kept.push(armed(timers, HOUR, Waker::noop()));
                done.store(round, Ordering::Release);
            }
        });
        for ((driver, rings), round) in drivers.iter().zip(1..) {
            let _late = armed(&driver.timers(), 2 * HOUR, Waker::noop());
            turn.go.store(round, Ordering::Release);
            // Each round a little later: somewhere the two meet.
            (0..round % 50 * 20).for_each(|_| std::hint::spin_loop());
            let due = driver.due().expect("[E1] a timer waits");
            while turn.done.load(Ordering::Acquire) < round {
                assert!(!worker.is_finished(), "the other thread has panicked");
                thread::yield_now();
            }
            let is_known = due <= HOUR || rings.count() > 0;
            assert!(is_known, "[E1] round {round}: the driver sleeps through a timer");
        }
        worker.join().unwrap();
    });
}

// 5.8: a park that knows its deadline

#[test]
fn a_driver_that_is_awake_is_not_rung() {
    within(DEADLINE, || {
        let (mut driver, rings) = counted(&Clock::real());
        let timers = driver.wheels().timers(1);
        driver.park(None, &mut WakeBatch::new());
        let _timer = armed(&timers, HOUR, Waker::noop());
        driver.park(Some(Duration::ZERO), &mut WakeBatch::new());
        let _earlier = armed(&timers, ms(500), Waker::noop());
        assert_eq!(rings.count(), 0, "[E4] a system call for nobody who sleeps");
    });
}

#[test]
fn an_earlier_timer_on_another_wheel_ends_the_park() {
    within(DEADLINE, || {
        let mut driver = TimerDriver::with_wheels(Parker::new(), Clock::real(), 2);
        let wheels = driver.wheels();
        let (waker, wakes) = CountingWaker::new();
        let _far = armed(&wheels.timers(0), HOUR, &waker);
        let near = thread::spawn({
            let (timers, waker) = (wheels.timers(1), waker.clone());
            move || armed(&timers, ms(5), &waker)
        });
        let mut ready = WakeBatch::new();
        while wakes.count() == 0 {
            driver.park(None, &mut ready); // an hour, unless somebody rings
            ready.wake_all();
        }
        drop(near.join().unwrap());
    });
}

#[test]
fn who_is_due_on_any_wheel_is_found_by_who_parks() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let (mut driver, _rings) = counted(&clock);
        let wheels = driver.wheels();
        let (waker, wakes) = CountingWaker::new();
        let _timers = [0, 1].map(|index| armed(&wheels.timers(index), ms(1), &waker));
        clock.advance(ms(1));
        let mut ready = WakeBatch::new();
        driver.park(Some(Duration::ZERO), &mut ready);
        assert_eq!(ready.wake_all(), 2, "[V4] a wheel is not looked at");
        assert_eq!(wakes.count(), 2, "[TI2] a sleep did not end");
    });
}

// 5.9: cancel and reset

#[test]
fn each_thread_arms_on_the_wheel_that_it_entered() {
    within(DEADLINE, || {
        let (driver, _rings) = counted(&Clock::manual());
        let wheels = driver.wheels();
        let timers = [wheels.timers(0), wheels.timers(1)];
        let kept: Vec<Timer> = thread::scope(|scope| {
            let workers: Vec<_> = timers
                .iter()
                .zip([1, 2])
                .map(|(timers, count)| {
                    scope.spawn(move || (0..count).map(|_| armed(timers, HOUR, Waker::noop())))
                })
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        let waiting = timers.each_ref().map(Timers::waiting);
        assert_eq!(waiting, [1, 2], "[E6] a timer is in the wheel of another thread");
        drop(kept); // on this thread, from both
        assert_eq!(wheels.waiting(), 0, "[TI3] a dropped timer still waits");
    });
}

#[test]
fn cancelled_timers_do_not_shorten_the_next_sleep() {
    within(DEADLINE, || {
        let (driver, _rings) = counted(&Clock::manual());
        let wheels = driver.wheels();
        let early =
            [0, 1].map(|index| armed(&wheels.timers(index), ms(index as u64 + 1), Waker::noop()));
        let late = [1, 0].map(|index| armed(&wheels.timers(index), HOUR, Waker::noop()));
        assert_eq!(driver.due(), Some(ms(1)));
        drop(early);
        assert_eq!(driver.due(), Some(HOUR), "[TI3] an idle runtime would wake for nobody");
        drop(late);
        assert_eq!(driver.due(), None, "[TI3] nobody waits any more");
    });
}

#[test]
fn a_driver_that_sleeps_for_a_cancelled_timer_can_be_told() {
    within(DEADLINE, || {
        let (driver, rings) = counted(&Clock::manual());
        let wheels = driver.wheels();
        assert!(!wheels.correct_sleep(), "it is awake");
        let _late = armed(&wheels.timers(0), HOUR, Waker::noop());
        let early = armed(&wheels.timers(1), ms(1), Waker::noop());
        assert_eq!(driver.due(), Some(ms(1)));
        assert!(!wheels.correct_sleep(), "it sleeps for a timer that waits");
        drop(early);
        assert_eq!(rings.count(), 0, "a timer that is dropped wakes nobody");
        assert!(wheels.correct_sleep(), "[TI3] a driver would wake for nobody");
        assert_eq!(rings.count(), 1, "[E1] it was not told");
        assert_eq!(driver.due(), Some(HOUR), "[E1] the driver would sleep too long");
        assert!(!wheels.correct_sleep(), "it is told twice");
    });
}

#[test]
fn a_look_without_the_lock_says_whether_it_is_worth_one() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let (driver, _rings) = counted(&clock);
        let (mine, other) = (driver.wheels().timers(0), driver.wheels().timers(1));
        assert!(!mine.is_overdue(Instant::far_future()), "an empty wheel is never overdue");
        let timer = armed(&mine, ms(5), Waker::noop());
        let deadline = timer.deadline();
        assert!(!mine.is_overdue(deadline - Duration::from_nanos(1)));
        assert!(mine.is_overdue(deadline), "[E5] a timer is due, and nobody would look");
        assert!(!other.is_overdue(deadline));
        drop(timer);
        clock.advance(ms(5));
        assert_eq!(mine.expire_due(&mut WakeBatch::new()), 0, "[TI3] a dropped timer fires");
        assert!(!mine.is_overdue(deadline), "who has looked knows that it was cancelled");
    });
}

#[test]
fn a_timer_is_dropped_and_reset_on_another_thread_than_it_was_armed_on() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let (mut driver, _rings) = counted(&clock);
        let wheels = driver.wheels();
        let (waker, wakes) = CountingWaker::new();
        let dropped = armed(&wheels.timers(1), ms(1), &waker);
        let mut moved = armed(&wheels.timers(1), ms(1), &waker);
        let moved = thread::spawn(move || {
            drop(dropped);
            moved.reset(moved.deadline() + ms(9));
            moved
        });
        let mut moved = moved.join().unwrap();
        assert_eq!(wheels.timers(1).waiting(), 1, "[TI3] a dropped timer still waits");
        clock.advance(ms(9));
        assert_eq!(wheels.expire_all(&mut WakeBatch::new()), 0, "[TI4] at a deadline of before");
        clock.advance(ms(1));
        let mut ready = WakeBatch::new();
        driver.park(None, &mut ready);
        ready.wake_all();
        assert_eq!(wakes.count(), 1, "[TI4] a sleep did not end");
        assert_eq!(poll(&mut moved, &waker), Poll::Ready(()));
    });
}

#[test]
fn a_reset_to_an_earlier_deadline_rings() {
    within(DEADLINE, || {
        let (driver, rings) = counted(&Clock::manual());
        let mut timer = armed(&driver.wheels().timers(1), HOUR, Waker::noop());
        assert_eq!(driver.due(), Some(HOUR));
        timer.reset(timer.deadline() + ms(5));
        assert_eq!(rings.count(), 0, "[E4] the driver was woken for a later deadline");
        timer.reset(timer.deadline() - ms(6));
        assert_eq!(rings.count(), 1, "[E1] the driver sleeps past a deadline that was moved");
        assert_eq!(driver.due(), Some(HOUR - ms(1)), "[TI4] a reset is forgotten");
    });
}

#[test]
fn the_counts_say_what_became_of_all_that_were_armed() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let (driver, _rings) = counted(&clock);
        let timers = driver.wheels().timers(1);
        let mut kept = [1, 2, 3].map(|after| armed(&timers, ms(after), Waker::noop()));
        drop(armed(&timers, ms(1), Waker::noop()));
        kept[2].reset(kept[2].deadline() + ms(7));
        clock.advance(ms(2));
        timers.expire_due(&mut WakeBatch::new());
        let counts = timers.counts();
        let counts = (counts.armed, counts.fired, counts.cancelled);
        assert_eq!(counts, (4, 2, 1), "[TI3] a dropped timer counts as waiting, or fires");
        assert_eq!(driver.timers().counts(), Default::default(), "the other wheel has its own");
        drop(driver);
        let counts = timers.counts();
        assert_eq!((counts.armed, counts.fired, counts.cancelled), (4, 2, 2), "after the end");
    });
}

#[test]
fn timers_of_a_dead_driver_touch_none_of_the_next_in_the_same_memory() {
    within(DEADLINE, || {
        let (waker, wakes) = CountingWaker::new();
        let mut dead = Vec::new();
        for _ in 0..100 {
            let clock = Clock::manual();
            let (driver, _rings) = counted(&clock); // where the one before it was
            let wheels = driver.wheels();
            let mut mine = armed(&wheels.timers(1), ms(1), Waker::noop());
            for timer in dead.drain(..).take(50) {
                let mut timer: Timer = timer;
                timer.reset(Instant::now() + HOUR);
                drop(timer);
            }
            assert_eq!(wheels.waiting(), 1, "[E6] a timer of the dead cancels a living one");
            clock.advance(ms(1));
            let fired = wheels.expire_all(&mut WakeBatch::new());
            assert_eq!(fired, 1, "[E6] a timer of the dead moves a living one");
            assert_eq!(poll(&mut mine, Waker::noop()), Poll::Ready(()));
            dead.extend((0..2).map(|index| armed(&wheels.timers(index), HOUR, &waker)));
            // Nobody names the driver's wheels any more: the next one has them.
        }
        assert_eq!(wakes.count(), 200, "[E3] who waits for a driver that ended waits for ever");
    });
}

// The whole of it

#[test]
fn a_busy_owner_is_helped_by_another() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let (driver, _rings) = counted(&clock);
        let wheels = driver.wheels();
        let (waker, wakes) = CountingWaker::new();
        let timer = armed(&wheels.timers(1), ms(5), &waker);
        let busy = Arc::new(Barrier::new(2));
        let owner = thread::spawn({
            let (timers, busy) = (wheels.timers(1), busy.clone());
            move || {
                let _entered = timers.enter();
                busy.wait(); // a poll that does not end
                timer
            }
        });
        clock.advance(ms(14));
        assert_eq!(wheels.overdue(ms(10)), None, "nine milliseconds late");
        clock.advance(ms(1));
        assert_eq!(wheels.overdue(ms(10)), Some(1), "ten milliseconds late, and nobody sees it");
        let mut ready = WakeBatch::new();
        assert_eq!(wheels.timers(0).expire_due(&mut ready), 0, "the other wheel has nobody");
        assert_eq!(wheels.timers(1).expire_due(&mut ready), 1);
        ready.wake_all();
        assert_eq!(wakes.count(), 1);
        assert_eq!(wheels.overdue(Duration::ZERO), None);
        busy.wait();
        let mut timer = owner.join().unwrap();
        assert_eq!(poll(&mut timer, &waker), Poll::Ready(()));
    });
}

#[test]
fn a_driver_may_end_while_others_arm_its_timers() {
    within(DEADLINE, || {
        for _ in 0..20 {
            let mut driver = TimerDriver::with_wheels(Parker::new(), Clock::real(), 2);
            let wheels = driver.wheels();
            let workers: Vec<_> = (0..2)
                .map(|index| {
                    let timers = wheels.timers(index);
                    thread::spawn(move || {
                        let _entered = timers.enter();
                        for _ in 0..40 {
                            rt_executor::block_on(sleep(Duration::from_micros(100)));
                        }
                    })
                })
                .collect();
            let mut ready = WakeBatch::new();
            let end = std::time::Instant::now() + ms(2);
            while std::time::Instant::now() < end {
                driver.park(Some(ms(1)), &mut ready);
                ready.wake_all();
            }
            drop(driver);
            // The background serves them from here on.
            workers.into_iter().for_each(|worker| worker.join().unwrap());
        }
    });
}

/// Marsaglia's xorshift.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Sleeps, timeouts that fire and that do not, and resets, none of which may be early.
async fn rounds(mut seed: u64) {
    for _ in 0..300 {
        let duration = Duration::from_micros(random(&mut seed) % 300);
        let start = Instant::now();
        match random(&mut seed) % 4 {
            0 => sleep(duration).await,
            1 => timeout(HOUR, sleep(duration)).await.expect("an hour is enough"),
            2 => drop(timeout(duration, sleep(HOUR)).await.expect_err("an hour is too much")),
            _ => {
                let mut timer = sleep(HOUR);
                let mut waits = timeout(Duration::from_micros(50), &mut timer);
                assert!(Pin::new(&mut waits).await.is_err());
                timer.reset(start + duration);
                timer.await;
            }
        }
        assert!(start.elapsed() >= duration, "a timer fired early");
    }
}

#[test]
fn under_load_every_timer_fires_and_none_is_early() {
    within(Duration::from_secs(60), || {
        let mut driver = TimerDriver::with_wheels(Parker::new(), Clock::real(), 3);
        let wheels = driver.wheels();
        let done = Arc::new(AtomicBool::new(false));
        let bell = driver.waker();
        let parked = thread::spawn({
            let done = done.clone();
            move || {
                let mut ready = WakeBatch::new();
                while !done.load(Ordering::Acquire) {
                    driver.park(None, &mut ready);
                    ready.wake_all();
                }
            }
        });
        thread::scope(|scope| {
            for index in 0..3_u64 {
                let wheels = wheels.clone();
                scope.spawn(move || {
                    let _entered = wheels.timers(index as usize).enter();
                    rt_executor::block_on(rounds(index + 1));
                    let mut ready = WakeBatch::new();
                    wheels.expire_all(&mut ready); // looks at the others' too
                    ready.wake_all();
                });
            }
        });
        assert_eq!(wheels.waiting(), 0);
        done.store(true, Ordering::Release);
        bell.wake();
        parked.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "give it one wheel or more")]
fn a_driver_of_no_wheels_is_refused() {
    drop(TimerDriver::with_wheels(Parker::new(), Clock::real(), 0));
}

#[test]
#[should_panic(expected = "there is no wheel 2, the driver has 2")]
fn a_wheel_that_is_not_there_is_refused() {
    drop(TimerDriver::with_wheels(Parker::new(), Clock::real(), 2).wheels().timers(2));
}

#[test]
fn the_counts_of_all_wheels_are_summed_also_when_the_driver_is_gone() {
    within(DEADLINE, || {
        let clock = Clock::manual();
        let (driver, _rings) = counted(&clock);
        let wheels = driver.wheels().clone();
        let (waker, _wakes) = CountingWaker::new();
        let see = || {
            let counts = wheels.counts();
            (counts.armed, counts.fired, counts.cancelled)
        };
        let _fires = armed(&wheels.timers(0), ms(1), &waker);
        let dropped = armed(&wheels.timers(1), HOUR, &waker);
        let _left = armed(&wheels.timers(1), HOUR, &waker);
        assert_eq!(see(), (3, 0, 0));
        clock.advance(ms(2));
        let mut ready = WakeBatch::new();
        assert_eq!(wheels.expire_all(&mut ready), 1);
        drop(dropped);
        assert_eq!(see(), (3, 1, 1));
        drop(driver);
        assert_eq!(see(), (3, 1, 2), "a timer that was left waits for ever");
    });
}
