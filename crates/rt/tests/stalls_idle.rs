//! Who is watched for stalls and has nothing to do uses no processor: the monitor sleeps with him. Alone in its
//! file: the monitor is the process's.
#![cfg(target_os = "linux")]

use std::fs;
use std::time::Duration;

use rt::runtime::Builder;
use rt::time::sleep;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

/// How often the thread of this name has gone to sleep.
fn waits_of(name: &str) -> u64 {
    let threads = fs::read_dir("/proc/self/task").unwrap().flatten();
    let status = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("status")).ok();
    let is_it = |status: &String| status.lines().any(|line| line == format!("Name:\t{name}"));
    let count = |status: String| {
        let mut words =
            status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        words.take().and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    threads.filter_map(status).filter(is_it).map(count).sum()
}

#[test]
fn the_monitor_sleeps_while_a_watched_current_thread_runtime_waits() {
    within(LIMIT, || {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.on_stall(|_| {}).build().unwrap();
        let ticks = runtime.block_on(async {
            sleep(Duration::from_millis(100)).await; // until the monitor has seen that nobody polls
            let before = waits_of("rt-monitor");
            sleep(Duration::from_millis(400)).await;
            waits_of("rt-monitor") - before
        });
        // It ticks 50 times in 400 ms.
        assert!(
            ticks < 10,
            "an idle runtime uses a processor: the monitor has looked {ticks} times"
        );
    });
}
