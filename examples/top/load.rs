//! The program that is looked at: something for every pane.

use std::future::pending;

use async_channel::{Receiver, Sender, bounded};
use rt::task::Priority;
use rt::time::{Duration, MissedTickBehavior, interval, sleep};

use super::background::{self, named, work};

/// Until then, or for ever.
pub(crate) async fn run(limit: Option<Duration>) {
    pipeline();
    background::start();
    match limit {
        Some(limit) => sleep(limit).await,
        None => pending().await,
    }
}

/// From a camera to a disk, through a channel each, with what is urgent before the rest.
fn pipeline() {
    let (to_scale, frames) = bounded(8);
    let (to_store, scaled) = bounded(8);
    drop(named("camera").priority(Priority::High).spawn(camera(to_scale)));
    for number in 0..3 {
        let name = format!("scale {number}");
        drop(named(&name).spawn(scale(frames.clone(), to_store.clone())));
    }
    drop(named("store").spawn(store(scaled)));
}

async fn camera(frames: Sender<u64>) {
    let mut ticks = interval(Duration::from_millis(2));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    for frame in 0.. {
        ticks.tick().await;
        if frames.send(frame).await.is_err() {
            return; // nobody looks any more
        }
    }
}

async fn scale(frames: Receiver<u64>, scaled: Sender<u64>) {
    while let Ok(frame) = frames.recv().await {
        work(200 + frame % 7 * 40);
        if scaled.send(frame).await.is_err() {
            return;
        }
    }
}

async fn store(scaled: Receiver<u64>) {
    while scaled.recv().await.is_ok() {
        work(30);
    }
}
