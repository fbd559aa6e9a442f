//! Wakers on their way out from under a lock: all of them, in order, none lost.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::Duration;

use rt_testkit::{CountingWaker, within};
use rt_waker::WakeBatch;

const DEADLINE: Duration = Duration::from_secs(10);

type Trace = Arc<Mutex<Vec<u32>>>;

/// Writes its number down, and then does what the test wants.
struct Numbered {
    number: u32,
    trace: Trace,
    then: fn(),
}

impl Wake for Numbered {
    fn wake(self: Arc<Self>) {
        self.trace.lock().expect("nobody panics under it").push(self.number);
        (self.then)();
    }
}

fn numbered(number: u32, trace: &Trace, then: fn()) -> Waker {
    Waker::from(Arc::new(Numbered { number, trace: trace.clone(), then }))
}

fn numbers(trace: &Trace) -> Vec<u32> {
    trace.lock().expect("nobody panics under it").clone()
}

#[test]
fn nobody_is_woken_before_the_end_of_collecting() {
    within(DEADLINE, || {
        let (waker, wakes) = CountingWaker::new();
        let mut batch = WakeBatch::new();
        assert!(batch.is_empty(), "a new batch has somebody in it");
        batch.push(waker.clone());
        batch.push(waker);
        assert_eq!(batch.len(), 2, "a waker was lost, or two became one");
        assert_eq!(wakes.count(), 0, "a waker ran while its caller holds a lock: a deadlock");
        assert_eq!(batch.wake_all(), 2, "the count of who was woken is wrong");
        assert_eq!(wakes.count(), 2, "a wake was lost [WB2]");
    });
}

#[test]
fn they_are_woken_in_the_order_they_came_in() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let mut batch = WakeBatch::new();
        (0..3_000).for_each(|number| batch.push(numbered(number, &trace, || ())));
        assert_eq!(batch.wake_all(), 3_000, "the count of who was woken is wrong");
        let expected: Vec<u32> = (0..3_000).collect();
        assert_eq!(numbers(&trace), expected, "who waited longest was not woken first [WB1]");
    });
}

#[test]
fn a_batch_is_empty_after_waking_and_can_be_used_again() {
    within(DEADLINE, || {
        let (waker, wakes) = CountingWaker::new();
        let mut batch = WakeBatch::new();
        batch.push(waker.clone());
        assert_eq!(batch.wake_all(), 1, "the count of who was woken is wrong");
        assert!(batch.is_empty(), "who was woken is still in");
        assert_eq!(batch.wake_all(), 0, "a task was woken twice for one event");
        batch.push(waker);
        assert_eq!(batch.wake_all(), 1, "a used batch takes nobody in");
        assert_eq!(wakes.count(), 2, "a wake was lost [WB2]");
        assert_eq!(Arc::strong_count(&wakes), 1, "a woken waker is leaked");
    });
}

#[test]
fn a_waker_that_panics_is_skipped() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let mut batch = WakeBatch::new();
        batch.push(numbered(1, &trace, || ()));
        batch.push(numbered(2, &trace, || panic!("wake panics, as the test wants it")));
        batch.push(numbered(3, &trace, || ()));
        let woken = catch_unwind(AssertUnwindSafe(|| batch.wake_all()));
        assert_eq!(woken.ok(), Some(3), "a panicking waker took the executor down [WB1]");
        assert_eq!(
            numbers(&trace),
            [1, 2, 3],
            "who stood behind a panicking waker would hang [WB1]"
        );
    });
}

/// A payload that panics in its drop. What that leaves behind is leaked, so it has no size.
struct Bomb;
struct Ash;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(Ash);
    }
}

#[test]
fn a_panic_whose_payload_panics_in_its_drop_is_skipped_too() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let mut batch = WakeBatch::new();
        batch.push(numbered(1, &trace, || panic_any(Bomb)));
        batch.push(numbered(2, &trace, || ()));
        let woken = catch_unwind(AssertUnwindSafe(|| batch.wake_all()));
        assert_eq!(woken.ok(), Some(2), "a panicking payload took the executor down [WB1]");
        assert_eq!(numbers(&trace), [1, 2], "who stood behind a panicking waker would hang [WB1]");
    });
}

#[test]
fn dropping_a_batch_wakes_who_is_still_in_it() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let mut batch = WakeBatch::new();
        batch.push(numbered(1, &trace, || ()));
        batch.wake_all();
        batch.push(numbered(2, &trace, || ()));
        batch.push(numbered(3, &trace, || ()));
        drop(batch);
        assert_eq!(numbers(&trace), [1, 2, 3], "the wake-ups in a batch were lost with it [WB2]");
    });
}

#[test]
fn a_panic_on_the_way_loses_no_wake() {
    within(DEADLINE, || {
        let trace = Trace::default();
        let inside = trace.clone();
        let result = catch_unwind(move || {
            let mut batch = WakeBatch::new();
            batch.push(numbered(1, &inside, || ()));
            batch.wake_all();
            batch.push(numbered(2, &inside, || panic!("wake panics, as the test wants it")));
            batch.push(numbered(3, &inside, || ()));
            panic!("a collector panics, as the test wants it");
        });
        assert!(result.is_err(), "the panic was swallowed");
        let woken = numbers(&trace);
        assert_eq!(woken, [1, 2, 3], "the panic of one lost the wake-ups of others [WB2]");
    });
}
