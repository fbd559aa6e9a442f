//! The counts of `rt-soak`, reduced: `RT_FULL` multiplies them by ten.

use std::time::Duration;

use rt_soak::accounts;
use rt_soak::races::{self, Kind};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(900);

fn times() -> usize {
    if std::env::var_os("RT_FULL").is_some() { 10 } else { 1 }
}

#[test]
fn every_task_comes_to_one_end_and_every_future_is_dropped_once() {
    within(LIMIT, || {
        let tasks = 100_000 * times();
        let accounts = accounts::of_tasks(tasks, 10_000).unwrap();
        println!("{accounts:?}");
        assert!(accounts.are_balanced(), "{accounts:?}");
        assert_eq!(accounts.spawned, tasks as u64);
        assert!(accounts.completed > 0 && accounts.cancelled > 0 && accounts.panicked > 0);
    });
}

#[test]
fn a_wake_that_races_with_the_end_does_no_harm() {
    within(LIMIT, || {
        for kind in [Kind::CurrentThread, Kind::MultiThread] {
            let races = races::until(50_000 * times() as u64, kind, 4_096).unwrap();
            println!("{kind:?}: {races:?}");
            assert_eq!(races.wrong, 0, "{kind:?}: {races:?}");
        }
    });
}
