//! What was polled how long, by where it was spawned.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::time::Duration;

use rt_task::{Measured, Priority};

use crate::histogram::Histogram;
use crate::prometheus::{Exposition, Kind};
use crate::table::{Table, short};

/// The tasks of one class that were spawned at one place and polled by one worker.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlaceSnapshot {
    /// Where they were spawned.
    pub place: &'static Location<'static>,
    /// Their class, as those polls left it.
    pub class: Priority,
    /// The worker; `None` for threads that are none, and where workers are summed up.
    pub worker: Option<usize>,
    /// Some of the names that they had, the first ones.
    pub names: Vec<String>,
    /// How long their polls took.
    pub poll_time: Histogram,
    /// How long after they were woken these polls began, where that is known.
    pub delay: Histogram,
}

impl PlaceSnapshot {
    /// Names that are kept of a place.
    const NAMES: usize = 3;

    /// One of nothing.
    #[must_use]
    pub fn new(
        place: &'static Location<'static>,
        class: Priority,
        worker: Option<usize>,
    ) -> PlaceSnapshot {
        let (poll_time, delay) = (Histogram::new(), Histogram::new());
        PlaceSnapshot { place, class, worker, names: Vec::new(), poll_time, delay }
    }

    /// How many polls.
    #[must_use]
    pub fn polls(&self) -> u64 {
        self.poll_time.count()
    }

    /// Which tasks it is about. A place of the source may have several addresses: they are compared by what they
    /// say.
    fn key(&self) -> Key {
        (self.place, self.class, self.worker)
    }

    /// One more poll, of a task of that name.
    pub(crate) fn record(&mut self, name: Option<&str>, poll: Measured) {
        self.poll_time.record(poll.took);
        if let Some(delay) = poll.delay {
            self.delay.record(delay);
        }
        if let Some(name) = name {
            self.add_name(name);
        }
    }

    fn add_name(&mut self, name: &str) {
        if self.names.len() < PlaceSnapshot::NAMES && !self.names.iter().any(|own| own == name) {
            self.names.push(name.to_owned());
        }
    }

    fn merge(&mut self, other: &PlaceSnapshot) {
        self.poll_time += &other.poll_time;
        self.delay += &other.delay;
        other.names.iter().for_each(|name| self.add_name(name));
    }
}

type Key = (&'static Location<'static>, Priority, Option<usize>);

/// All places of a runtime where tasks were spawned, and how long these were polled, the busiest first.
///
/// Printed with `{}` it is a table; [`to_prometheus`](Places::to_prometheus) is for a scraper.
#[derive(Clone, Debug, Default)]
pub struct Places {
    rows: Vec<PlaceSnapshot>,
}

impl Places {
    /// Sums up what is about the same tasks.
    #[must_use]
    pub fn new(rows: impl IntoIterator<Item = PlaceSnapshot>) -> Places {
        let mut places: Vec<PlaceSnapshot> = Vec::new();
        let mut index: HashMap<Key, usize> = HashMap::new();
        for row in rows {
            match index.entry(row.key()) {
                Entry::Occupied(at) => places[*at.get()].merge(&row),
                Entry::Vacant(none) => {
                    none.insert(places.len());
                    places.push(row);
                }
            }
        }
        places.sort_by_key(|row| Reverse(row.poll_time.sum()));
        Places { rows: places }
    }

    /// Adds a row to those that are about the same tasks. The order stays as it is.
    pub(crate) fn add(&mut self, row: PlaceSnapshot) {
        match self.rows.iter_mut().find(|other| other.key() == row.key()) {
            Some(other) => other.merge(&row),
            None => self.rows.push(row),
        }
    }

    /// The same without the workers: a row for each place and class.
    #[must_use]
    pub fn of_all_workers(&self) -> Places {
        Places::new(self.rows.iter().cloned().map(|row| PlaceSnapshot { worker: None, ..row }))
    }

    /// The first so many.
    #[must_use]
    pub fn busiest(&self, count: usize) -> Places {
        Places { rows: self.rows.iter().take(count).cloned().collect() }
    }

    /// What came since `earlier`. Places where nothing did are left out.
    ///
    /// Counts, sums and quantiles are those of the polls in between. The [maximum](Histogram::max), also in the table,
    /// is that of the later look: the longest since the runtime was made. The longest in between is `quantile(1.0)`, as
    /// exact as a [quantile](Histogram::ERROR) is.
    #[must_use]
    pub fn since(&self, earlier: &Places) -> Places {
        let mut rows = self.rows.clone();
        let earlier: HashMap<Key, &PlaceSnapshot> =
            earlier.rows.iter().map(|row| (row.key(), row)).collect();
        for row in &mut rows {
            if let Some(before) = earlier.get(&row.key()) {
                row.poll_time = row.poll_time.since(&before.poll_time);
                row.delay = row.delay.since(&before.delay);
            }
        }
        rows.retain(|row| row.polls() > 0);
        Places::new(rows)
    }

    /// The rows as two summaries for Prometheus, `rt_poll_seconds` and `rt_poll_delay_seconds`, with the labels
    /// `place`, `class` and `worker`.
    ///
    /// Quantiles are of all polls since the runtime was made, and not of the last minutes. They can not be added or
    /// averaged across workers; `_sum` and `_count` can be added, and their rates give the mean of any time. For
    /// quantiles of all workers, print [`of_all_workers`](Places::of_all_workers); for those of the polls between two
    /// looks, print [`since`](Places::since), whose `_sum` and `_count` are no counters. Two runtimes of one process
    /// have the same series where they have the same places: give each an endpoint of its own, or add a label yourself.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut out = Exposition::default();
        self.write(&mut out, "rt_poll_seconds", "Time of polls.", |row| &row.poll_time);
        let help = "Time from a wake to its poll.";
        self.write(&mut out, "rt_poll_delay_seconds", help, |row| &row.delay);
        out.into_text()
    }

    fn write(
        &self,
        out: &mut Exposition,
        name: &str,
        help: &str,
        histogram: fn(&PlaceSnapshot) -> &Histogram,
    ) {
        out.family(name, Kind::Summary, help);
        for row in &self.rows {
            let histogram = histogram(row);
            let (place, worker) = (row.place.to_string(), worker_name(row.worker));
            let labels =
                [("place", &*place), ("class", class_name(row.class)), ("worker", &worker)];
            for (text, part) in QUANTILES {
                let labels = [&labels[..], &[("quantile", text)]].concat();
                out.sample(name, &labels, &histogram.quantile(part).as_secs_f64());
            }
            out.sample(&format!("{name}_sum"), &labels, &histogram.sum().as_secs_f64());
            out.sample(&format!("{name}_count"), &labels, &histogram.count());
        }
    }
}

const QUANTILES: [(&str, f64); 4] = [("0.5", 0.5), ("0.9", 0.9), ("0.99", 0.99), ("1", 1.0)];

fn class_name(class: Priority) -> &'static str {
    match class {
        Priority::High => "high",
        Priority::Normal => "normal",
        Priority::Low => "low",
    }
}

fn worker_name(worker: Option<usize>) -> String {
    worker.map_or_else(|| "none".to_owned(), |worker| worker.to_string())
}

impl Deref for Places {
    type Target = [PlaceSnapshot];

    fn deref(&self) -> &[PlaceSnapshot] {
        &self.rows
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(&[0, 1, 2], &TITLES);
        for row in &self.rows {
            let names = match row.names.len() {
                PlaceSnapshot::NAMES => format!("{}, …", row.names.join(", ")),
                _ => row.names.join(", "),
            };
            let part = |histogram: &Histogram, part| short(histogram.quantile(part));
            table.line([
                row.place.to_string(),
                class_name(row.class).to_owned(),
                names,
                row.worker.map_or_else(|| "–".to_owned(), |worker| worker.to_string()),
                row.polls().to_string(),
                short(row.poll_time.sum()),
                part(&row.poll_time, 0.5),
                part(&row.poll_time, 0.99),
                short(row.poll_time.max()),
                delay_cell(&row.delay),
            ]);
        }
        table.fmt(f)
    }
}

const TITLES: [&str; 10] =
    ["place", "class", "names", "worker", "polls", "busy", "p50", "p99", "max", "delay p99"];

/// Nothing where no delay is known, which is not the same as none.
fn delay_cell(delay: &Histogram) -> String {
    match delay.count() {
        0 => "–".to_owned(),
        _ => short(delay.quantile(0.99).max(Duration::from_nanos(1))),
    }
}
