//! A service that stops when it is told to: at Ctrl-C it takes no new work, finishes what it has begun, and ends.
//!
//! ```text
//! cargo run -p rt --features signal --example ctrl_c
//! working: Ctrl-C stops it, else two seconds do
//! ^Cstopping: 4 jobs go on
//! stopped: 44 jobs begun, 44 done
//! ```

use std::pin::pin;

use futures::future::{Either, select};
use rt::signal::unix::{SignalKind, signal};
use rt::task::JoinSet;
use rt::time::{Duration, interval, sleep, timeout};

/// How long it works if nobody stops it.
const PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn main() -> std::io::Result<()> {
    rt::block_on(async {
        let mut interrupts = signal(SignalKind::interrupt())?; // from here on
        println!("working: Ctrl-C stops it, else two seconds do");
        let mut stop = pin!(timeout(PATIENCE, interrupts.recv()));
        let (mut jobs, mut ticks) = (JoinSet::new(), interval(Duration::from_millis(10)));
        let (mut begun, mut done) = (0, 0);
        while let Either::Left(_) = select(pin!(ticks.tick()), stop.as_mut()).await {
            jobs.spawn(sleep(Duration::from_millis(35)));
            begun += 1;
            while jobs.try_join_next().is_some() {
                done += 1;
            }
        }
        println!("stopping: {} jobs go on", jobs.len());
        while jobs.join_next().await.is_some() {
            done += 1;
        }
        println!("stopped: {begun} jobs begun, {done} done");
        assert_eq!(begun, done, "a job was cut off");
        Ok(())
    })
}
