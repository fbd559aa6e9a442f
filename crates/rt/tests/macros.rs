//! Chapter 6, part 7: the macros.
#![cfg(feature = "macros")]

use std::rc::Rc;

use rt::runtime::RuntimeFlavor;
use rt::time::{Duration, Instant, sleep};

#[rt::main]
async fn add(left: u32, right: u32) -> u32 {
    rt::spawn(async move { left + right }).await.unwrap()
}

#[rt::main(flavor = "current_thread")]
async fn fails() -> Result<u32, Box<dyn std::error::Error>> {
    let number: u32 = "no number".parse()?;
    Ok(number)
}

#[rt::main(flavor = "local")]
async fn local() -> usize {
    let shared = Rc::new(1);
    rt::spawn_local(async move { Rc::strong_count(&shared) }).await.unwrap()
}

#[test]
fn main_turns_an_async_function_into_one_that_blocks() {
    assert_eq!(add(40, 2), 42);
}

#[test]
fn main_gives_errors_to_the_caller() {
    assert_eq!(fails().unwrap_err().to_string(), "invalid digit found in string");
}

#[test]
fn main_knows_the_local_flavor() {
    assert_eq!(local(), 1);
}

#[rt::test]
async fn a_test_runs_on_a_runtime() {
    assert_eq!(rt::spawn(async { 1 }).await.unwrap(), 1);
}

#[rt::test]
async fn a_test_may_give_a_result() -> std::io::Result<()> {
    rt::spawn(async {}).await?;
    Ok(())
}

#[rt::test(start_paused = true)]
async fn a_test_may_start_with_a_clock_that_stands() {
    let start = Instant::now();
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(start.elapsed(), Duration::from_secs(3600));
}

#[rt::test(flavor = "current_thread")]
#[should_panic(expected = "as it should")]
async fn a_test_may_be_expected_to_panic() {
    panic!("as it should");
}

#[rt::test(start_paused = true)]
async fn join_waits_for_all_at_the_same_time() {
    let start = Instant::now();
    let seconds = Duration::from_secs;
    let (one, two, ()) =
        rt::join!(async { 1 }, async { sleep(seconds(2)).await }, sleep(seconds(3)));
    assert_eq!((one, two), (1, ()));
    assert_eq!(start.elapsed(), seconds(3), "they waited one after another");
}

#[rt::test]
async fn try_join_stops_at_the_first_error() {
    let never = std::future::pending::<Result<(), &str>>();
    let joined = rt::try_join!(never, async { Err::<(), _>("first") });
    assert_eq!(joined, Err("first"));
    assert_eq!(rt::try_join!(async { Ok::<_, ()>(1) }, async { Ok(2) }), Ok((1, 2)));
}

#[rt::test(start_paused = true)]
async fn select_takes_the_first_that_is_ready() {
    let first = rt::select! {
        () = sleep(Duration::from_secs(2)) => "slow",
        () = sleep(Duration::from_secs(1)) => "fast",
    };
    assert_eq!(first, "fast");
    let biased = rt::select! {
        biased;
        one = async { 1 } => one,
        two = async { 2 } => two,
    };
    assert_eq!(biased, 1);
}

#[rt::test(start_paused = true)]
async fn a_pinned_timer_goes_on_from_one_select_to_the_next() {
    let start = Instant::now();
    let deadline = sleep(Duration::from_secs(5));
    rt::pin!(deadline);
    let mut ticks = 0;
    let mut interval = rt::time::interval(Duration::from_secs(2));
    loop {
        rt::select! {
            () = &mut deadline => break,
            _ = interval.tick() => ticks += 1,
        }
    }
    assert_eq!((ticks, start.elapsed()), (3, Duration::from_secs(5)), "ticks at 0, 2 and 4 s");
}

#[rt::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_on_a_multi_threaded_runtime() {
    assert_eq!(rt::runtime::Handle::current().runtime_flavor(), RuntimeFlavor::MultiThread);
    let here = std::thread::current().id();
    let there = rt::spawn(async { std::thread::current().id() }).await.unwrap();
    assert_ne!(here, there);
}
