//! How often which duration: a histogram with buckets that grow with their values.
//!
//! ```text
//!   value     0 … 15        16 … 31         32 … 63                2^e … 2^(e+1) - 1
//!   buckets   one each      8 of width 2    8 of width 4     …     8 of width 2^(e-3)
//! ```
//!
//! * **[HI1]** Each value has one bucket, and that is no wider than an eighth of its smallest value: so its middle is no
//!   farther than a sixteenth from any value in it. That is the [`ERROR`](Histogram::ERROR) of a quantile, whatever the
//!   values are. Gil Tene's HdrHistogram (2012) counts so.
//! * **[HI2]** A quantile is the middle of a bucket: of the first one up to which so large a part of all values
//!   lies. It is never more than the largest value that came.
//!
//! It is plain data, without a clock and without a lock.

use std::fmt;
use std::iter::zip;
use std::ops::AddAssign;
use std::time::Duration;

/// Buckets for each power of two: a power of two itself.
const PARTS: u64 = 1 << PARTS_BITS;
const PARTS_BITS: u32 = 3;

/// Durations in nanoseconds, or other numbers, by their size.
///
/// ```
/// use rt_metrics::Histogram;
/// use std::time::Duration;
///
/// let mut polls = Histogram::new();
/// for micros in 1..=1000 {
///     polls.record(Duration::from_micros(micros));
/// }
/// assert_eq!(polls.count(), 1000);
/// assert_eq!(polls.max(), Duration::from_millis(1));
/// let p99 = polls.quantile(0.99).as_micros() as f64;
/// assert!((p99 - 990.0).abs() <= 990.0 * Histogram::ERROR);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// As many as the largest value asks for.
    buckets: Vec<u64>,
    count: u64,
    sum: u64,
    max: u64,
}

impl Histogram {
    /// How far a quantile may be from the value that stands there, as a part of that.
    pub const ERROR: f64 = 1.0 / (2 * PARTS) as f64;

    /// One of nothing. Allocates with the first value.
    #[must_use]
    pub const fn new() -> Histogram {
        Histogram { buckets: Vec::new(), count: 0, sum: 0, max: 0 }
    }

    /// Counts a duration, in nanoseconds: the longest that is told apart is 584 years.
    pub fn record(&mut self, duration: Duration) {
        self.record_value(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts a number.
    #[inline]
    pub fn record_value(&mut self, value: u64) {
        let bucket = bucket_of(value);
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.sum = self.sum.saturating_add(value);
        self.max = self.max.max(value);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum)
    }

    /// The longest, exactly. Of a difference: the longest of the later one, also if it came before.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// What they are on average; zero for none.
    #[must_use]
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.sum.checked_div(self.count).unwrap_or(0))
    }

    /// The duration that so large a part of all is no longer than: 0.5 for the median, 1.0 for the longest.
    /// Off by [`ERROR`](Histogram::ERROR) of it at most; zero if nothing was counted.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Duration {
        Duration::from_nanos(self.quantile_value(part))
    }

    /// The same of numbers.
    #[must_use]
    // COURSE(10.1) stub: todo
    pub fn quantile_value(&self, part: f64) -> u64 {
        let rank = rank_of(part, self.count);
        let mut seen = 0;
        for (bucket, &count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank && count > 0 {
                return middle_of(bucket).min(self.max);
            }
        }
        0
    }

    /// What was counted since `earlier`, a copy of this one from before. Quantiles, count and sum are those of what came
    /// in between; [`max`](Histogram::max) is that of the later one.
    #[must_use]
    pub fn since(&self, earlier: &Histogram) -> Histogram {
        let mut later = self.clone();
        for (bucket, before) in zip(&mut later.buckets, &earlier.buckets) {
            *bucket = bucket.saturating_sub(*before);
        }
        later.count = self.count.saturating_sub(earlier.count);
        later.sum = self.sum.saturating_sub(earlier.sum);
        later
    }

    /// The buckets that are not empty, in order: the smallest and the largest value that each takes, and how many
    /// it took.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        let filled = self.buckets.iter().enumerate().filter(|&(_, &count)| count > 0);
        filled.map(|(bucket, &count)| (lowest_of(bucket), highest_of(bucket), count))
    }
}

impl AddAssign<&Histogram> for Histogram {
    /// Counts in addition what the other one has counted.
    fn add_assign(&mut self, other: &Histogram) {
        if other.buckets.len() > self.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (bucket, more) in zip(&mut self.buckets, &other.buckets) {
            *bucket += more;
        }
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }
}

/// The bucket that takes a value: for small ones the value itself; else the power of two below it says in
/// which group, and the [`PARTS_BITS`] behind the highest bit say where in that [HI1].
#[inline]
// COURSE(10.1) stub: todo
fn bucket_of(value: u64) -> usize {
    let Some(exponent) = value.checked_ilog2().filter(|&exponent| exponent >= PARTS_BITS) else {
        return value as usize;
    };
    let shift = exponent - PARTS_BITS;
    // The highest bit is there, so this is from PARTS to 2 * PARTS - 1.
    let head = value >> shift;
    (u64::from(shift) * PARTS + head) as usize
}

/// The smallest value that a bucket takes.
// COURSE(10.1) stub: todo
fn lowest_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * PARTS {
        return bucket;
    }
    let shift = bucket / PARTS - 1;
    (PARTS + bucket % PARTS) << shift
}

/// The largest value that a bucket takes.
fn highest_of(bucket: usize) -> u64 {
    let width = if bucket < 2 * PARTS as usize { 1 } else { 1 << (bucket as u64 / PARTS - 1) };
    lowest_of(bucket) + (width - 1)
}

fn middle_of(bucket: usize) -> u64 {
    let (lowest, highest) = (lowest_of(bucket), highest_of(bucket));
    lowest + (highest - lowest) / 2
}

/// Which of `count` values, in order, stands at this part: from 1 to `count` [HI2].
// COURSE(10.1) stub: todo
fn rank_of(part: f64, count: u64) -> u64 {
    let rank = (part.clamp(0.0, 1.0) * count as f64).ceil() as u64;
    rank.clamp(1, count.max(1))
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count)
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .finish()
    }
}
