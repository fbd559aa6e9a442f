//! Chapter 5, parts 3 to 5: the wheel. Every test is a promise to whoever sleeps.

use std::time::Duration;

use rt_testkit::within;
use rt_timer::{Key, Wheel};

/// A wheel that is wrong may turn for ever: no test waits longer than this.
const LIMIT: Duration = Duration::from_secs(10);

/// Ticks of a slot on each level: 1, 64, 4096, …, 2^60.
const LEVELS: [u64; 11] = {
    let mut spans = [1; 11];
    let mut level = 1;
    while level < spans.len() {
        spans[level] = spans[level - 1] * 64;
        level += 1;
    }
    spans
};

/// What fires at `now`, in order.
fn expire<T>(wheel: &mut Wheel<T>, now: u64) -> Vec<T> {
    let mut fired = Vec::new();
    let count = wheel.expire(now, |value| fired.push(value));
    assert_eq!(count, fired.len(), "`expire` counts what it fires");
    fired
}

// 5.3: insert and remove

#[test]
fn what_is_inserted_can_be_taken_out_once() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let keys = [10, 10, 10, 700, 1 << 50].map(|deadline| wheel.insert(deadline, deadline));
        assert_eq!((wheel.len(), wheel.inserted()), (5, 5), "[W6] a timer is counted wrongly");
        for (at, left) in [(1, 4), (0, 3), (4, 2)] {
            let expected = [10, 10, 10, 700, 1 << 50][at];
            assert_eq!(wheel.remove(keys[at]), Some(expected), "[W6] another timer was cancelled");
            assert_eq!(wheel.remove(keys[at]), None, "[W7] a timer was cancelled twice");
            assert_eq!(wheel.len(), left, "[W6] a cancelled timer still waits");
        }
    });
}

#[test]
fn timers_are_taken_out_in_any_order() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        // Crowded slots and lonely ones, on all levels.
        let deadline = |at: u64| (at % 7) << (at % 60);
        let mut keys: Vec<(u64, Key)> =
            (0..1_000).map(|at| (at, wheel.insert(deadline(at), at))).collect();
        for round in 0..1_000 {
            let (at, key) = keys.swap_remove(round * 7_919 % keys.len());
            assert_eq!(wheel.remove(key), Some(at), "[W2] a timer is in another slot than its own");
            assert_eq!(wheel.len(), keys.len());
        }
    });
}

#[test]
fn a_payload_can_be_replaced_while_it_waits() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let key = wheel.insert(9, "old waker");
        *wheel.get_mut(key).expect("[W7] the timer waits") = "new waker";
        assert_eq!(wheel.remove(key), Some("new waker"), "[W7] the waker of before is woken");
    });
}

#[test]
fn a_stale_key_touches_nobody() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let removed = wheel.insert(2, "removed");
        wheel.remove(removed);
        let alive = wheel.insert(3, "in the same memory");
        assert_eq!(wheel.remove(removed), None, "[W7] the drop of a timer cancels another");
        assert_eq!(wheel.get_mut(removed), None, "[W7] a poll of one timer wakes another's task");
        wheel.remove(alive);
        wheel.trim();
        assert_eq!(wheel.remove(alive), None, "[W7] its memory is gone");
        wheel.insert(4, "in memory that was given back in between");
        assert_eq!(wheel.remove(alive), None, "[W7] the drop of a timer cancels another");
        assert_eq!(wheel.len(), 1);
    });
}

#[test]
fn memory_is_used_again() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let mut keys: Vec<Key> = (0..1_000).map(|at| wheel.insert(at, at)).collect();
        let peak = wheel.capacity();
        for round in 0..10_u64 {
            for key in keys.drain(..) {
                wheel.remove(key);
            }
            keys.extend((0..1_000).map(|at| wheel.insert(at * round, at)));
        }
        assert_eq!(wheel.capacity(), peak, "[W6] a warm wheel allocates");
    });
}

// 5.4: the next deadline, and a timer that moves

#[test]
fn the_next_deadline_is_the_earliest_wherever_it_stands() {
    within(LIMIT, || {
        for span in LEVELS {
            let mut wheel = Wheel::new();
            assert_eq!(wheel.next_deadline(), None, "[W3] a driver would wake for nobody");
            // Each earlier than the one before, in its slot or in another.
            for deadline in [15 * span + 9, 15 * span, 4 * span + 1, span + 2, span] {
                wheel.insert(deadline, ());
                wheel.insert(deadline + 7, ());
                assert_eq!(wheel.next_deadline(), Some(deadline), "[W5] a driver would be late");
            }
        }
    });
}

#[test]
fn the_next_deadline_is_exact_after_the_earliest_was_removed() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let deadlines = [90_000, 90_001, 90_001, 91_000, 1 << 40];
        let keys = deadlines.map(|deadline| wheel.insert(deadline, ()));
        for (at, key) in keys.into_iter().enumerate() {
            assert_eq!(
                wheel.next_deadline(),
                Some(deadlines[at]),
                "[W5] a driver would wake in vain"
            );
            wheel.remove(key);
        }
        assert_eq!(wheel.next_deadline(), None, "[W3] a driver would wake for nobody");
    });
}

#[test]
fn the_next_deadline_is_never_too_late_in_a_crowded_slot() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let soon = wheel.insert(4_097, 0);
        for _ in 0..1_000 {
            wheel.insert(8_000, 1);
        }
        let last = wheel.insert(7_000, 2);
        wheel.remove(soon);
        let bound = wheel.next_deadline().expect("a thousand wait");
        assert!(bound <= 7_000, "[W5] a driver would sleep past a deadline");
        wheel.reset(last, 4_096);
        assert_eq!(wheel.next_deadline(), Some(4_096), "[W5] a driver would sleep past a deadline");
    });
}

#[test]
fn reset_moves_a_timer_and_keeps_its_key_and_its_payload() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let key = wheel.insert(100, "timer");
        let other = wheel.insert(150, "other");
        for (deadline, next) in [(1 << 44, 150), (200, 150), (149, 149), (0, 0), (700, 150)] {
            assert!(wheel.reset(key, deadline), "[W7] a timer is lost on its way to {deadline}");
            assert_eq!(wheel.next_deadline(), Some(next), "[W2] on its way to {deadline}");
            assert_eq!(wheel.get_mut(key), Some(&mut "timer"), "[W7] its waker is another's");
        }
        assert_eq!((wheel.len(), wheel.inserted()), (2, 2), "a reset is no insertion");
        assert_eq!(wheel.remove(key), Some("timer"));
        assert!(!wheel.reset(key, 300), "[W7] a reset of a timer that is gone moves another");
        assert_eq!(wheel.remove(other), Some("other"));
    });
}

// 5.5: expire and cascade

#[test]
fn a_new_wheel_has_nothing_to_wait_for() {
    within(LIMIT, || {
        let mut wheel = Wheel::<()>::new();
        assert!(wheel.is_empty());
        assert_eq!(wheel.next_deadline(), None, "[W3] a driver would wake for nobody");
        assert_eq!(wheel.pop_expired(u64::MAX), None, "[W3] a timer fires that nobody made");
    });
}

#[test]
fn a_timer_fires_on_its_tick_and_not_before() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        wheel.insert(1_000, "timer");
        assert_eq!(expire(&mut wheel, 999), [""; 0], "[W2] a sleep would end early");
        assert_eq!(expire(&mut wheel, 1_000), ["timer"], "[W2] a sleep would end late");
        assert_eq!(expire(&mut wheel, u64::MAX), [""; 0], "[W6] a sleep would end twice");
    });
}

#[test]
fn the_order_is_that_of_the_deadlines() {
    within(LIMIT, || {
        let deadlines = [70, 5, 4_096, 64, 63, 1 << 43, 65, 0, 4_095, u64::MAX];
        let mut wheel = Wheel::new();
        for deadline in deadlines {
            wheel.insert(deadline, deadline);
        }
        let mut sorted = deadlines;
        sorted.sort_unstable();
        assert_eq!(expire(&mut wheel, u64::MAX), sorted, "[W3] a later sleep would end first");
    });
}

#[test]
fn equal_deadlines_fire_in_the_order_of_insertion_wherever_the_wheel_stood_then() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        wheel.insert(5_000, 1); // from far away: level 2
        wheel.expire(4_200, drop);
        wheel.insert(5_000, 2); // level 1
        wheel.expire(4_995, drop);
        wheel.insert(5_000, 3); // level 0
        assert_eq!(expire(&mut wheel, 5_000), [1, 2, 3], "[W4] who came first is woken later");
    });
}

#[test]
fn around_every_level_boundary_no_tick_is_lost_or_gained() {
    within(LIMIT, || {
        for span in LEVELS {
            for start in [0, span - 1, span, span + 1, span.wrapping_mul(63), u64::MAX - 130] {
                for away in [1, 63, 64, 65, span - 1, span, span + 1, span.saturating_mul(64)] {
                    let deadline = start.saturating_add(away);
                    let mut wheel = Wheel::new();
                    wheel.expire(start, drop);
                    wheel.insert(deadline, "timer");
                    let at = format!("from tick {start} to {deadline}");
                    assert_eq!(wheel.next_deadline(), Some(deadline), "[W5] {at}");
                    if deadline > start {
                        assert_eq!(wheel.pop_expired(deadline - 1), None, "[W2] {at}: early");
                        assert_eq!(wheel.next_deadline(), Some(deadline), "[W5] {at}: before");
                    }
                    assert_eq!(wheel.pop_expired(deadline), Some("timer"), "[W2] {at}: late");
                    assert!(wheel.is_empty());
                }
            }
        }
    });
}

#[test]
fn a_timer_that_is_approached_tick_by_tick_fires_on_its_tick() {
    within(LIMIT, || {
        let deadline = 64 * 64 * 3 + 64 * 2 + 1;
        let mut wheel = Wheel::new();
        wheel.insert(deadline, ());
        for now in 0..deadline {
            assert_eq!(wheel.pop_expired(now), None, "[W2] early by {}", deadline - now);
            assert_eq!(wheel.next_deadline(), Some(deadline), "[W5] a driver would be late");
        }
        assert_eq!(wheel.pop_expired(deadline), Some(()), "[W2] a sleep would end late");
    });
}

#[test]
fn the_last_tick_of_all_is_a_deadline_like_any_other() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        wheel.insert(u64::MAX, "last");
        wheel.insert(u64::MAX - 1, "last but one");
        assert_eq!(expire(&mut wheel, u64::MAX - 2), [""; 0], "[W2] early");
        assert_eq!(expire(&mut wheel, u64::MAX - 1), ["last but one"], "[W2] late");
        assert_eq!(expire(&mut wheel, u64::MAX), ["last"], "[W2] late");
        wheel.insert(u64::MAX, "after the end");
        assert_eq!(expire(&mut wheel, u64::MAX), ["after the end"], "[W1] lost");
    });
}

#[test]
fn a_deadline_in_the_past_is_due_at_once_behind_what_is_due_already() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        wheel.expire(500, drop);
        wheel.insert(500, "now");
        wheel.insert(3, "long ago");
        wheel.insert(501, "next");
        assert_eq!(wheel.next_deadline(), Some(500), "[W1] the wheel goes back in time");
        assert_eq!(expire(&mut wheel, 500), ["now", "long ago"], "[W1] a past deadline");
    });
}

#[test]
fn a_clock_that_stands_or_goes_back_neither_fires_early_nor_breaks_the_wheel() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        wheel.insert(150, "timer");
        for now in [100, 100, 7, 0, 149] {
            assert_eq!(expire(&mut wheel, now), [""; 0], "[W2] early at {now}");
        }
        wheel.insert(120, "past");
        assert_eq!(expire(&mut wheel, 20), ["past"], "[W1] the wheel has seen tick 149");
        assert_eq!(wheel.elapsed(), 149, "[W1] the wheel goes back in time");
        assert_eq!(expire(&mut wheel, 150), ["timer"], "[W2] late");
    });
}

#[test]
fn a_removed_timer_never_fires() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let keys = [10, 10, 10, 700, 1 << 50].map(|deadline| wheel.insert(deadline, deadline));
        for key in [keys[1], keys[0], keys[4]] {
            assert!(wheel.remove(key).is_some());
        }
        assert_eq!(expire(&mut wheel, u64::MAX), [10, 700], "[W6] a cancelled timer fires");
    });
}

#[test]
fn the_key_of_a_timer_that_has_fired_touches_nobody() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let fired = wheel.insert(1, "fired");
        wheel.expire(1, drop);
        wheel.insert(3, "in the same memory");
        assert_eq!(wheel.remove(fired), None, "[W7] the drop of a timer cancels another");
        assert_eq!(wheel.get_mut(fired), None, "[W7] a poll of one timer wakes another's task");
        assert!(!wheel.reset(fired, 9_000), "[W7] a reset of one timer moves another");
        assert_eq!(expire(&mut wheel, 3), ["in the same memory"]);
    });
}

#[test]
fn a_timer_that_was_reset_fires_at_its_new_deadline_alone() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let key = wheel.insert(100, "timer");
        wheel.insert(50, "other");
        assert!(wheel.reset(key, 1 << 44), "later");
        assert_eq!(expire(&mut wheel, 100), ["other"], "[W2] it fires at the deadline of before");
        assert!(wheel.reset(key, 200), "earlier");
        assert!(wheel.reset(key, 30), "into the past");
        assert_eq!(expire(&mut wheel, 100), ["timer"], "[W1] a deadline that has passed is lost");
        assert!(!wheel.reset(key, 300), "[W7] it has fired");
    });
}

#[test]
fn a_reset_timer_stands_behind_those_that_have_its_deadline_already() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let first = wheel.insert(100, 1);
        wheel.insert(100, 2);
        wheel.reset(first, 100);
        assert_eq!(expire(&mut wheel, 100), [2, 1], "[W4] who came first");
    });
}

#[test]
fn what_is_removed_reset_or_added_while_the_due_ones_are_taken_out_counts_at_once() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        wheel.insert(10, "first");
        let removed = wheel.insert(20, "removed on the very tick that fires it");
        let moved = wheel.insert(30, "moved");
        wheel.insert(40, "last");

        assert_eq!(wheel.pop_expired(100), Some("first"), "[W3] not the earliest");
        wheel.remove(removed);
        wheel.reset(moved, 101);
        wheel.insert(35, "added");
        wheel.insert(5, "past");
        assert_eq!(expire(&mut wheel, 100), ["past", "added", "last"], "[W3] out of order");
        assert_eq!(expire(&mut wheel, 101), ["moved"], "[W2] a reset is lost");
    });
}

#[test]
fn a_panic_in_what_is_fired_leaves_the_rest_waiting() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        for deadline in [1, 2, 3] {
            wheel.insert(deadline, deadline);
        }
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wheel.expire(3, |fired| assert_ne!(fired, 2, "a waker that panics"));
        }));
        assert!(outcome.is_err(), "the panic of a waker is swallowed");
        assert_eq!(expire(&mut wheel, 3), [3], "[W6] one panic loses all other timers");
    });
}

#[test]
fn in_a_crowded_slot_one_wake_up_in_vain_at_most_follows_each_removal() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let soon = wheel.insert(4_097, 0);
        for _ in 0..1_000 {
            wheel.insert(8_000, 1);
        }
        wheel.remove(soon);
        let bound = wheel.next_deadline().expect("a thousand wait");
        assert!(bound <= 8_000, "[W5] a driver would sleep past a deadline");
        if bound < 8_000 {
            assert_eq!(wheel.expire(bound, drop), 0, "[W2] a sleep would end early");
            assert_eq!(wheel.next_deadline(), Some(8_000), "[W5] twice in vain");
        }
        assert_eq!(wheel.expire(8_000, drop), 1_000, "[W6] a timer is lost");
    });
}

#[test]
fn a_long_idle_gap_costs_no_more_than_a_short_one() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        for deadline in (0..64).map(|bit| 1_u64 << bit) {
            wheel.insert(deadline, deadline);
        }
        // Linear in ticks, this would take centuries.
        assert_eq!(wheel.expire(u64::MAX, drop), 64, "[W2] a timer is lost");
    });
}

#[test]
fn memory_is_given_back_and_no_timer_with_it() {
    within(LIMIT, || {
        let mut wheel = Wheel::new();
        let mut keys: Vec<Key> = (0..1_000).map(|at| wheel.insert(at, at)).collect();
        let peak = wheel.capacity();
        for key in keys.split_off(10) {
            wheel.remove(key);
        }
        wheel.trim();
        assert!(wheel.capacity() < peak, "the peak is kept for ever");
        assert_eq!(wheel.len(), 10);
        for at in 0..100 {
            wheel.insert(1_000_000 + at, 0);
        }
        assert_eq!(wheel.expire(u64::MAX, drop), 110, "[W6] a timer was lost with the memory");
        wheel.trim();
        assert_eq!(wheel.capacity(), 0);
    });
}
