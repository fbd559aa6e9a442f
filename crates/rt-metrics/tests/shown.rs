//! How numbers are shown: as tables, and as text for Prometheus.

use std::panic::Location;
use std::time::Duration;

use openmetrics_parser::prometheus::parse_prometheus;
use openmetrics_parser::{PrometheusType, PrometheusValue};
use rt_metrics::{Histogram, PlaceSnapshot, Places, Snapshot};
use rt_task::Priority;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::new(2);
    snapshot.elapsed = Duration::from_millis(2500);
    snapshot.tasks.spawned = 120;
    snapshot.tasks.completed = 100;
    snapshot.tasks.cancelled = 12;
    snapshot.tasks.panicked = 3;
    snapshot.tasks.alive = 5;
    snapshot.injector_depth = 4;
    snapshot.remote_schedules = 77;
    snapshot.blocking.threads = 2;
    snapshot.blocking.queued = 1;
    snapshot.blocking.oldest_queued = Duration::from_micros(1500);
    snapshot.timers.armed = 9;
    snapshot.timers.fired = 6;
    snapshot.timers.waiting = 3;
    snapshot.sockets.registered = 8;
    for (index, worker) in snapshot.workers.iter_mut().enumerate() {
        worker.polls = 1000 + index as u64;
        worker.completed = 50;
        worker.busy = Duration::from_millis(500 * (index as u64 + 1));
        worker.queue_depth = index;
        worker.steals = 6;
    }
    snapshot.elsewhere.polls = 11;
    snapshot
}

#[test]
fn a_snapshot_is_a_table() {
    within(LIMIT, || {
        let expected = "\
in 2.50 s
tasks         spawned     120  completed     100  cancelled  12  panicked  3  alive   5  refused    0
from outside  came         77  wait            4
blocking      threads       2  idle            0  done        0  running   0  queued  1  cancelled  0
timers        armed         9  fired           6  cancelled   0  waiting   3
sockets       registered    8  deregistered    0  ready       0
the oldest job has been queued for 1.50 ms

worker    busy  polls  spawned  done  requeued  yields  slot  steals  stolen  overflows  parks  noops  waiting  drained
0       20.0 %   1000        0    50         0       0     0       6       0          0      0      0        0        0
1       40.0 %   1001        0    50         0       0     0       6       0          0      0      0        1        0
none         –     11        0     0         0       0     0       0       0          0      0      0        0        0
all     30.0 %   2012        0   100         0       0     0      12       0          0      0      0        1        0";
        let shown = snapshot().to_string();
        assert_eq!(shown, expected, "\n{shown}");
    });
}

#[test]
fn a_difference_subtracts_what_is_counted_and_keeps_what_there_is() {
    within(LIMIT, || {
        let earlier = snapshot();
        let mut later = snapshot();
        later.elapsed += Duration::from_secs(1);
        later.tasks.spawned += 7;
        later.tasks.completed += 8;
        later.tasks.alive = 4;
        later.workers[1].polls += 5;
        later.workers[1].busy += Duration::from_millis(250);
        later.workers[1].queue_depth = 30;
        later.timers.fired += 2;
        later.timers.waiting = 1;
        later.blocking.done += 3;
        later.blocking.threads = 1;
        let since = later.since(&earlier);
        assert_eq!(since.elapsed, Duration::from_secs(1));
        assert_eq!((since.tasks.spawned, since.tasks.completed, since.tasks.alive), (7, 8, 4));
        let worker = &since.workers[1];
        assert_eq!((worker.polls, worker.steals, worker.queue_depth), (5, 0, 30));
        assert_eq!(worker.busy, Duration::from_millis(250));
        assert_eq!((since.timers.fired, since.timers.armed, since.timers.waiting), (2, 0, 1));
        assert_eq!((since.blocking.done, since.blocking.threads), (3, 1));
        assert_eq!(later.clone() - earlier.clone(), since, "`-` is another difference");
        assert_eq!(&later - &earlier, since);
        let backwards = earlier.since(&later);
        assert_eq!(backwards.tasks.spawned, 0, "in the wrong order, it comes round");
    });
}

type Labels = Vec<(String, String)>;

/// Each sample of a family: its labels, and its number.
fn samples(text: &str, name: &str) -> (PrometheusType, Vec<(Labels, f64)>) {
    let exposition = parse_prometheus(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    let family = &exposition.families[name];
    let kind = family.family_type.clone();
    let samples = family.iter_samples().map(|sample| {
        let labels = sample.get_labelset().unwrap();
        let labels = labels.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let value = match &sample.value {
            PrometheusValue::Counter(counter) => counter.value.as_f64(),
            PrometheusValue::Gauge(gauge) => gauge.as_f64(),
            other => panic!("no number: {other:?}"),
        };
        (labels, value)
    });
    let samples = samples.collect();
    (kind, samples)
}

#[test]
fn prometheus_reads_every_number_with_its_type_and_its_labels() {
    within(LIMIT, || {
        let text = snapshot().to_prometheus();
        let single = |name, expected| {
            let (kind, found) = samples(&text, name);
            assert_eq!(found, [(vec![], expected)], "{name}");
            kind
        };
        assert_eq!(single("rt_tasks_spawned_total", 120.0), PrometheusType::Counter);
        assert_eq!(single("rt_tasks_alive", 5.0), PrometheusType::Gauge);
        assert_eq!(single("rt_blocking_oldest_queued_seconds", 0.0015), PrometheusType::Gauge);
        assert_eq!(single("rt_timers_armed_total", 9.0), PrometheusType::Counter);
        assert_eq!(single("rt_sockets_registered_total", 8.0), PrometheusType::Counter);

        let by_worker = |values: [f64; 3]| {
            let workers = ["0", "1", "none"].map(|name| vec![("worker".into(), name.into())]);
            std::iter::zip(workers, values).collect::<Vec<_>>()
        };
        let (kind, polls) = samples(&text, "rt_worker_polls_total");
        assert_eq!((kind, polls), (PrometheusType::Counter, by_worker([1000.0, 1001.0, 11.0])));
        let (_, busy) = samples(&text, "rt_worker_busy_seconds_total");
        assert_eq!(busy, by_worker([0.5, 1.0, 0.0]));
        let (kind, depth) = samples(&text, "rt_worker_queue_depth");
        assert_eq!((kind, depth), (PrometheusType::Gauge, by_worker([0.0, 1.0, 0.0])));

        let exposition = parse_prometheus(&text).unwrap();
        for (name, family) in &exposition.families {
            assert!(!family.help.is_empty(), "{name} does not say what it is");
            let is_total = name.ends_with("_total");
            assert_eq!(is_total, family.family_type == PrometheusType::Counter, "{name}");
        }
        assert!(exposition.families.len() > 40, "{} families", exposition.families.len());
    });
}

#[track_caller]
fn place(worker: usize, class: Priority, polls: u64, micros: u64) -> PlaceSnapshot {
    let mut row = PlaceSnapshot::new(Location::caller(), class, Some(worker));
    (0..polls).for_each(|_| row.poll_time.record(Duration::from_micros(micros)));
    row
}

#[test]
fn places_are_a_table_with_the_busiest_first() {
    within(LIMIT, || {
        let quick = place(0, Priority::High, 10, 2);
        let mut slow = place(1, Priority::Normal, 4, 100);
        slow.names = vec!["one".into(), "two".into()];
        slow.delay.record(Duration::from_millis(3));
        let (fast, late) = (quick.place.to_string(), slow.place.to_string());
        let width = fast.len().max(late.len());
        let places = Places::new([quick, slow]);
        let expected = format!(
            "\
{:width$}  class   names     worker  polls     busy      p50      p99      max  delay p99
{late:width$}  normal  one, two       1      4   400 µs   100 µs   100 µs   100 µs    3.00 ms
{fast:width$}  high                   0     10  20.0 µs  1.98 µs  1.98 µs  2.00 µs          –",
            "place"
        );
        let shown = places.to_string();
        assert_eq!(shown, expected, "\n{shown}");
    });
}

#[test]
fn a_name_of_several_lines_or_of_a_page_breaks_no_table() {
    within(LIMIT, || {
        let mut odd = place(0, Priority::High, 1, 1);
        odd.names = vec!["two\nlines \u{1b}[31m".into(), "x".repeat(5_000)];
        let shown = Places::new([odd]).to_string();
        assert_eq!(shown.lines().count(), 2, "{shown}");
        assert!(!shown.contains('\u{1b}'), "a name commands the terminal");
        assert!(shown.lines().all(|line| line.len() < 500) && shown.contains('…'), "{shown}");
    });
}

#[test]
fn places_of_several_workers_are_summed_up_where_nobody_asks_for_workers() {
    within(LIMIT, || {
        let rows = [0, 1].map(|worker| place(worker, Priority::Normal, 5, 10));
        let other = place(0, Priority::Low, 1, 1);
        let places = Places::new(rows.into_iter().chain([other]));
        assert_eq!(places.len(), 3);
        let all = places.of_all_workers();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].polls(), all[0].worker), (10, None));
        assert_eq!(places.busiest(1).len(), 1);
        let since = places.since(&places);
        assert!(since.is_empty(), "nothing came since: {since}");
        let earlier = Places::new([place(0, Priority::High, 1, 1)]);
        assert_eq!(places.since(&earlier).len(), 3, "what is new is left out");
    });
}

#[test]
fn prometheus_reads_the_places_as_summaries_also_with_odd_names_of_files() {
    within(LIMIT, || {
        let places = Places::new([place(0, Priority::Low, 100, 50)]);
        let text = places.to_prometheus();
        let exposition = parse_prometheus(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        let family = &exposition.families["rt_poll_seconds"];
        assert_eq!(family.family_type, PrometheusType::Summary);
        let sample = family.iter_samples().next().unwrap();
        let labels = sample.get_labelset().unwrap();
        assert_eq!(labels.get_label_value("place"), Some(&*places[0].place.to_string()));
        assert_eq!(labels.get_label_value("class"), Some("low"));
        let PrometheusValue::Summary(summary) = &sample.value else { panic!("{text}") };
        assert_eq!(summary.count, Some(100));
        assert!((summary.sum.as_ref().unwrap().as_f64() - 0.005).abs() < 1e-9, "{text}");
        let median = summary.quantiles.iter().find(|quantile| quantile.quantile == 0.5).unwrap();
        let error = (median.value.as_f64() - 50e-6).abs();
        assert!(error <= 50e-6 * Histogram::ERROR, "{text}");
    });
}
