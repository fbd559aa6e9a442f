//! How long polls took, by where their tasks were spawned.

use std::thread;
use std::time::Duration;

use rt::metrics::Histogram;
use rt::runtime::Builder;
use rt::task::yield_now;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn nothing_is_measured_unless_it_is_asked_for() {
    within(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { rt::spawn(async {}).await.unwrap() });
        assert!(!runtime.metrics().poll_time_histogram_enabled());
        assert!(runtime.metrics().places().is_empty());
        assert!(!runtime.metrics().to_prometheus().contains("rt_poll_seconds"));
    });
}

#[test]
fn the_places_that_are_busiest_come_first_with_the_names_of_their_tasks() {
    within(LIMIT, || {
        let mut builders = [Builder::new_current_thread(), Builder::new_multi_thread()];
        for builder in &mut builders {
            let builder = builder.worker_threads(1).enable_metrics_poll_time_histogram();
            let runtime = builder.build().unwrap();
            let slow = line!() + 2;
            runtime.block_on(async {
                let task = rt::spawn(async { thread::sleep(Duration::from_millis(20)) });
                task.await.unwrap();
                let named = rt::task::Builder::new().name("quick").spawn(yield_now());
                named.await.unwrap();
            });
            let metrics = runtime.metrics();
            drop(runtime); // a poll is counted when it is over, which its joiner may not wait for
            let places = metrics.places();
            assert_eq!(places.len(), 2, "{places}");
            let [first, second] = [&places[0], &places[1]];
            assert_eq!((first.place.file(), first.place.line()), (file!(), slow), "{places}");
            assert_eq!((first.polls(), second.polls()), (1, 2));
            assert!(first.poll_time.max() >= Duration::from_millis(20));
            let median = first.poll_time.quantile(0.5).as_secs_f64();
            assert!(median >= 0.02 * (1.0 - Histogram::ERROR), "{places}");
            assert_eq!((&*second.names, second.worker), (&["quick".to_owned()][..], Some(0)));
            assert!(places.to_string().contains("quick"), "{places}");
            let text = metrics.to_prometheus();
            assert!(text.contains("rt_poll_seconds_count{place="), "{text}");
        }
    });
}

#[test]
fn what_threads_measured_that_have_gone_stays() {
    within(LIMIT, || {
        let runtime =
            Builder::new_multi_thread().worker_threads(2).poll_histograms(true).build().unwrap();
        let metrics = runtime.metrics();
        for _ in 0..10 {
            runtime.block_on(async { rt::spawn_local(async {}).await.unwrap() });
            runtime.block_on(async { rt::spawn(async {}).await.unwrap() });
        }
        drop(runtime);
        let after = metrics.places();
        let polls =
            |places: &rt::metrics::Places| places.iter().map(|row| row.polls()).sum::<u64>();
        assert_eq!(polls(&after), 20, "what was measured is lost: {after}");
        let all = after.of_all_workers();
        assert_eq!(all.len(), 2, "{all}");
        assert!(all.iter().all(|row| row.polls() == 10 && row.worker.is_none()), "{all}");
    });
}
