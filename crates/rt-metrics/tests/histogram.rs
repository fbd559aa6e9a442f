//! The histogram beside a sorted vector, which knows everything.

use std::time::Duration;

use proptest::prelude::*;
use rt_metrics::Histogram;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn of(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::new();
    values.iter().for_each(|&value| histogram.record_value(value));
    histogram
}

/// Values of all sizes: as many small ones as large ones.
fn value() -> impl Strategy<Value = u64> {
    (0_u32..64, any::<u64>()).prop_map(|(shift, value)| value >> shift)
}

fn values() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(value(), 1..200)
}

/// Which of them stands there, in order.
fn exact(sorted: &[u64], part: f64) -> u64 {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

fn assert_close(found: u64, exact: u64, what: &str) {
    let distance = found.abs_diff(exact) as f64;
    assert!(
        distance <= exact as f64 * Histogram::ERROR,
        "{what} is said to be {found}, and is {exact}: off by {:.1} %",
        100.0 * distance / exact as f64
    );
}

proptest! {
    #[test]
    fn a_quantile_is_as_close_to_the_value_as_it_is_said(
        mut values in values(),
        part in 0.0_f64..=1.0,
    ) {
        let histogram = of(&values);
        values.sort_unstable();
        for part in [part, 0.0, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let found = histogram.quantile_value(part);
            assert_close(found, exact(&values, part), &format!("the quantile {part}"));
        }
    }

    #[test]
    fn count_and_maximum_are_exact_and_the_sum_is_too_until_it_is_full(values in values()) {
        let histogram = of(&values);
        prop_assert_eq!(histogram.count(), values.len() as u64);
        prop_assert_eq!(histogram.max(), Duration::from_nanos(*values.iter().max().unwrap()));
        let sum = values.iter().fold(0, |sum: u64, &value| sum.saturating_add(value));
        prop_assert_eq!(histogram.sum(), Duration::from_nanos(sum));
        prop_assert_eq!(histogram.mean(), Duration::from_nanos(sum / values.len() as u64));
    }

    #[test]
    fn two_that_are_merged_are_the_one_of_all_values(one in values(), two in values()) {
        let mut merged = of(&one);
        merged += &of(&two);
        prop_assert_eq!(merged, of(&[one, two].concat()));
    }

    #[test]
    fn a_difference_is_what_came_since(before in values(), after in values()) {
        let earlier = of(&before);
        let later = of(&[&before[..], &after[..]].concat());
        let difference = later.since(&earlier);
        let alone = of(&after);
        prop_assert_eq!(difference.count(), alone.count());
        let (found, expected): (Vec<_>, Vec<_>) =
            (difference.buckets().collect(), alone.buckets().collect());
        prop_assert_eq!(found, expected, "other values than those that came");
    }

    #[test]
    fn buckets_lie_side_by_side_and_hold_what_was_counted(values in values()) {
        let histogram = of(&values);
        let (mut end, mut counted) = (0, 0);
        for (lowest, highest, count) in histogram.buckets() {
            prop_assert!(lowest <= highest && (counted == 0 || lowest > end), "they overlap");
            let inside = values.iter().filter(|value| (lowest..=highest).contains(value)).count();
            prop_assert_eq!(count, inside as u64, "from {} to {}", lowest, highest);
            (end, counted) = (highest, counted + count);
        }
        prop_assert_eq!(counted, histogram.count());
    }
}

#[test]
fn every_small_value_and_every_border_has_its_bucket() {
    within(LIMIT, || {
        for exponent in 0..64 {
            for value in [(1_u64 << exponent) - 1, 1 << exponent, (1 << exponent) + 1, u64::MAX] {
                let (lowest, highest, _) = of(&[value]).buckets().next().unwrap();
                assert!((lowest..=highest).contains(&value), "{value} is in {lowest}..={highest}");
                assert!(highest - lowest <= lowest / 8, "the bucket of {value} is too wide");
                if value < 16 {
                    assert_eq!(lowest, highest, "a small value is not exact");
                }
            }
        }
    });
}

#[test]
fn no_quantile_is_longer_than_the_longest() {
    within(LIMIT, || {
        for value in 0..5000 {
            let longest = of(&[0, value]).quantile_value(1.0);
            assert!(longest <= value, "the longest is said to be {longest}, and is {value}");
        }
    });
}

#[test]
fn one_of_nothing_says_zero_and_allocates_nothing_for_it() {
    within(LIMIT, || {
        let empty = Histogram::new();
        assert_eq!((empty.count(), empty.buckets().count()), (0, 0));
        let all = [empty.quantile(0.5), empty.max(), empty.mean(), empty.sum()];
        assert_eq!(all, [Duration::ZERO; 4]);
    });
}

#[test]
fn a_duration_beyond_all_bounds_is_the_longest_that_is_told_apart() {
    within(LIMIT, || {
        let mut histogram = Histogram::new();
        histogram.record(Duration::MAX);
        histogram.record(Duration::MAX);
        assert_eq!(histogram.max(), Duration::from_nanos(u64::MAX));
        assert_eq!(histogram.sum(), Duration::from_nanos(u64::MAX), "the sum has come round");
    });
}
