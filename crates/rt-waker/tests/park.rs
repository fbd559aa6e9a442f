//! The socket: a `Park` of the user's around another, as timers and sockets are.

use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use rt_testkit::{CountingWaker, within};
use rt_waker::{Park, Parker, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(10);

type Trace = Arc<Mutex<Vec<String>>>;

fn note(trace: &Trace, line: String) {
    println!("{line}");
    trace.lock().expect("nobody panics under it").push(line);
}

/// Innermost: waits by moving a clock that the test holds, and writes down how long it was asked to.
struct Innermost {
    parker: Parker,
    clock: Arc<Mutex<Duration>>,
    trace: Trace,
}

impl Park for Innermost {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        note(&self.trace, format!("inner waits {timeout:?}"));
        if let Some(timeout) = timeout
            && !self.parker.try_take()
        {
            *self.clock.lock().expect("nobody panics under it") += timeout;
            return;
        }
        self.parker.park(timeout.map(|_| Duration::ZERO), ready);
    }

    fn waker(&self) -> Waker {
        Park::waker(&self.parker)
    }
}

/// A user's: wakes one waker when its time has come.
struct Alarm<P> {
    inner: P,
    clock: Arc<Mutex<Duration>>,
    at: Option<(Duration, Waker)>,
}

impl<P: Park> Alarm<P> {
    fn left(&self) -> Option<Duration> {
        let now = *self.clock.lock().expect("nobody panics under it");
        self.at.as_ref().map(|(at, _)| at.saturating_sub(now))
    }
}

impl<P: Park> Park for Alarm<P> {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        let shortest = match (timeout, self.left()) {
            (Some(timeout), Some(left)) => Some(timeout.min(left)),
            (one, other) => one.or(other),
        };
        self.inner.park(shortest, ready);
        if self.left() == Some(Duration::ZERO)
            && let Some((_, waker)) = self.at.take()
        {
            ready.push(waker);
        }
    }

    fn due(&self) -> Option<Duration> {
        self.left().into_iter().chain(self.inner.due()).min()
    }

    fn waker(&self) -> Waker {
        self.inner.waker()
    }
}

fn alarm(at: Duration, waker: Waker) -> (Alarm<Innermost>, Trace) {
    let clock = Arc::new(Mutex::new(Duration::ZERO));
    let trace = Trace::default();
    let inner = Innermost { parker: Parker::new(), clock: clock.clone(), trace: trace.clone() };
    (Alarm { inner, clock, at: Some((at, waker)) }, trace)
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn the_inner_park_waits_no_longer_than_the_outer_one_may() {
    within(DEADLINE, || {
        let (waker, wakes) = CountingWaker::new();
        let (mut park, trace) = alarm(seconds(7), waker);
        let mut ready = WakeBatch::new();
        assert_eq!(park.due(), Some(seconds(7)), "an embedder would call too late");
        park.park(Some(seconds(2)), &mut ready);
        assert_eq!(park.due(), Some(seconds(5)), "an embedder would call too late");
        assert!(ready.is_empty(), "an alarm was early");
        park.park(None, &mut ready);
        assert_eq!(ready.len(), 1, "the alarm did not ring");
        assert_eq!(wakes.count(), 0, "a park woke somebody itself, maybe under a lock");
        assert_eq!(ready.wake_all(), 1);
        assert_eq!(wakes.count(), 1, "the one that waits for the alarm would hang");
        assert_eq!(park.due(), None, "the alarm rings for ever");
        let expected = ["inner waits Some(2s)", "inner waits Some(5s)"];
        assert_eq!(*trace.lock().expect("nobody panics under it"), expected, "who waits how long");
    });
}

#[test]
fn the_waker_of_the_outer_park_reaches_the_inner_one() {
    within(DEADLINE, || {
        let (waker, wakes) = CountingWaker::new();
        let (mut park, _trace) = alarm(seconds(7), waker);
        let mut ready = WakeBatch::new();
        park.waker().wake();
        park.park(None, &mut ready);
        assert_eq!(park.due(), Some(seconds(7)), "it slept although it had been woken");
        assert!(ready.is_empty() && wakes.count() == 0, "an alarm was early");
    });
}

#[test]
fn a_park_behind_a_pointer_is_one_too() {
    within(DEADLINE, || {
        let mut parks: Vec<Box<dyn Park + Send>> = vec![Box::new(Parker::new())];
        let (waker, _wakes) = CountingWaker::new();
        parks.push(Box::new(alarm(Duration::ZERO, waker).0));
        let mut ready = WakeBatch::new();
        for park in &mut parks {
            let other = park.waker();
            thread::spawn(move || other.wake()).join().expect("wake does not panic");
            park.park(None, &mut ready); // hangs if the wake from another thread was lost
        }
        assert_eq!(ready.wake_all(), 1, "the alarm that was due did not ring");
    });
}

/// What need not say when it is due has nothing of its own to do.
#[test]
fn a_park_is_never_due_unless_it_says_so() {
    struct Minimal;
    impl Park for Minimal {
        fn park(&mut self, _timeout: Option<Duration>, _ready: &mut WakeBatch) {}
        fn waker(&self) -> Waker {
            Waker::noop().clone()
        }
    }
    within(DEADLINE, || {
        assert_eq!(Minimal.due(), None, "an embedder would call a park that has nothing to do");
    });
}
