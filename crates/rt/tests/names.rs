//! Chapter 6, part 12: names that people's hands know from tokio.

use std::collections::BTreeSet;
use std::future::{Ready, poll_fn, ready};
use std::task::Poll;
use std::time::Duration;

use rt::task::coop::{self, Coop, RestoreOnPending};
use rt::task::futures::TaskLocalFuture;
use rt::task::{JoinSet, Unconstrained, join_set, unconstrained};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

rt::task_local! {
    static NUMBER: u32;
}

/// A future that a struct can hold, by its name.
struct Named {
    scoped: TaskLocalFuture<u32, Ready<()>>,
    unlimited: Unconstrained<Ready<u32>>,
    limited: Coop<Ready<u32>>,
}

#[test]
fn futures_can_be_named_and_kept() {
    within(LIMIT, || {
        let named = Named {
            scoped: NUMBER.scope(1, ready(())),
            unlimited: unconstrained(ready(2)),
            limited: coop::cooperative(ready(3)),
        };
        rt::block_on(async {
            named.scoped.await;
            assert_eq!(named.unlimited.await + named.limited.await, 5);
        });
    });
}

#[test]
fn an_operation_without_progress_gives_its_budget_back() {
    within(LIMIT, || {
        let refused = poll_fn(|cx| {
            let mut asked = (0..2 * coop::BUDGET).map(|_| match coop::poll_proceed(cx) {
                Poll::Ready(RestoreOnPending { .. }) => false, // dropped: given back
                Poll::Pending => true,
            });
            Poll::Ready(asked.any(|refused| refused))
        });
        let refused = rt::block_on(async { rt::spawn(refused).await.unwrap() });
        assert!(!refused, "an operation that did nothing was counted");
    });
}

#[test]
fn a_set_is_the_same_type_under_both_of_its_names() {
    let set: join_set::JoinSet<u32> = JoinSet::new();
    assert!(set.is_empty());
}

/// The names of the features in `Cargo.toml`.
fn features() -> BTreeSet<&'static str> {
    let manifest = include_str!("../Cargo.toml");
    let (_, section) = manifest.split_once("\n[features]\n").unwrap();
    let section = section.split("\n[").next().unwrap();
    let lines = section.lines().filter_map(|line| line.split_once(" = "));
    lines.map(|(name, _)| name).filter(|name| !name.starts_with('#')).collect()
}

#[test]
fn every_feature_stands_in_the_table_of_the_chapter() {
    let (_, table) = include_str!("../README.md").split_once("\n## Features\n").unwrap();
    let rows = table.lines().skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    let named: BTreeSet<&str> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    let mut there = features();
    assert!(there.remove("default"));
    assert_eq!(named, there, "left: the table, right: Cargo.toml");
}

#[test]
fn features_of_tokio_for_what_is_always_there_are_there_too() {
    let there = features();
    for name in ["rt", "time", "test-util", "sync", "macros", "full"] {
        assert!(there.contains(name), "`features = [\"{name}\"]` would be refused");
    }
}

#[test]
fn methods_of_an_instant_can_be_called_by_their_path_with_a_reference() {
    use rt::time::Instant;
    let start = Instant::now();
    let later = Instant::checked_add(&start, Duration::from_secs(1)).unwrap();
    assert_eq!(Instant::duration_since(&later, start), Duration::from_secs(1));
    assert_eq!(Instant::checked_duration_since(&start, later), None);
    assert!(Instant::elapsed(&start) < LIMIT);
}
