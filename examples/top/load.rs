//! The program that is looked at: something for every pane.

use std::hint::black_box;
use std::io;
use std::panic::Location;
use std::thread;

use async_channel::{Receiver, Sender, bounded};
use rt::net::UdpSocket;
use rt::task::{Builder, JoinHandle, Priority, spawn_blocking};
use rt::time::{Duration, Instant, MissedTickBehavior, interval, sleep, timeout};

/// Until then, or for ever.
pub(crate) async fn run(limit: Option<Duration>) {
    pipeline();
    background();
    for number in 0..24 {
        let name = format!("visitor {number}");
        drop(named(&name).spawn(visitor(number)));
    }
    match limit {
        Some(limit) => sleep(limit).await,
        None => std::future::pending().await,
    }
}

fn named(name: &str) -> Builder<'_> {
    Builder::new().name(name)
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

/// What goes on beside it.
fn background() {
    for number in 0..2 {
        let name = format!("index {number}");
        drop(named(&name).priority(Priority::Low).spawn(index()));
    }
    drop(named("heartbeat").priority(Priority::High).spawn(heartbeat()));
    drop(named("report").spawn(report()));
    drop(named("backup").priority(Priority::Low).spawn(backup()));
    drop(named("flaky").spawn(flaky()));
    drop(named("ping").spawn(async { drop(ping().await) }));
}

/// Computes for so long.
fn work(micros: u64) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(micros) {
        black_box(start);
    }
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

async fn index() {
    loop {
        for _ in 0..4 {
            work(150);
            rt::task::yield_now().await;
        }
        sleep(Duration::from_millis(4)).await;
    }
}

async fn heartbeat() {
    let mut ticks = interval(Duration::from_millis(10));
    loop {
        ticks.tick().await;
        work(10);
    }
}

/// What nobody should do: a poll that computes for 30 to 150 ms.
async fn report() {
    for number in 0.. {
        sleep(Duration::from_millis(400)).await;
        work(1_000 * (30 + number * 40 % 121));
        sleep(Duration::from_secs(2)).await;
    }
}

async fn backup() {
    loop {
        sleep(Duration::from_millis(150)).await;
        let jobs: Vec<JoinHandle<()>> =
            (0..2).map(|_| spawn_blocking(|| thread::sleep(Duration::from_millis(200)))).collect();
        for job in jobs {
            drop(job.await);
        }
    }
}

/// Its children panic, each after some seconds.
async fn flaky() {
    let here = Location::caller();
    loop {
        sleep(Duration::from_secs(4)).await;
        let child = named("child of flaky").spawn(async move { panic!("on purpose, in {here}") });
        drop(child.await.map(|()| ()));
    }
}

/// Somebody who comes, waits and goes, and is followed by the next. The fifth part is sent away.
async fn visitor(number: u64) {
    for visit in number.. {
        let stay = Duration::from_millis(100 + visit * 337 % 1900);
        let guest = named("guest").spawn(async move {
            work(50);
            sleep(stay).await;
        });
        if visit % 5 == 0 {
            sleep(stay / 2).await;
            guest.abort();
        }
        drop(guest.await);
    }
}

/// A socket that answers itself.
async fn ping() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect(socket.local_addr()?).await?;
    let mut answer = [0; 4];
    for number in 0u32.. {
        socket.send(&number.to_be_bytes()).await?;
        let answered = timeout(Duration::from_millis(100), socket.recv(&mut answer)).await;
        drop(answered);
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
