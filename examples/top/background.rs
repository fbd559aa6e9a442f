//! What goes on beside the pipeline: timers, sockets, what blocks, what comes and goes, and what is done wrong.

use std::hint::black_box;
use std::io;
use std::thread;

use rt::net::UdpSocket;
use rt::task::{Builder, JoinHandle, Priority, spawn_blocking, yield_now};
use rt::time::{Duration, Instant, interval, sleep, timeout};

/// All of it.
pub(crate) fn start() {
    for number in 0..2 {
        let name = format!("index {number}");
        drop(named(&name).priority(Priority::Low).spawn(index()));
    }
    drop(named("heartbeat").priority(Priority::High).spawn(heartbeat()));
    drop(named("report").spawn(report()));
    drop(named("backup").priority(Priority::Low).spawn(backup()));
    drop(named("flaky").spawn(flaky()));
    drop(named("ping").spawn(async { drop(ping().await) }));
    for number in 0..24 {
        let name = format!("visitor {number}");
        drop(named(&name).spawn(visitor(number)));
    }
}

pub(crate) fn named(name: &str) -> Builder<'_> {
    Builder::new().name(name)
}

/// Computes for so long.
pub(crate) fn work(micros: u64) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(micros) {
        black_box(start);
    }
}

async fn index() {
    loop {
        for _ in 0..4 {
            work(150);
            yield_now().await;
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
    loop {
        sleep(Duration::from_secs(4)).await;
        let child = named("child of flaky").spawn(async { panic!("this task does so on purpose") });
        drop(child.await);
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

/// Two sockets: one asks, the other one waits for that and answers.
async fn ping() -> io::Result<()> {
    let (here, there) =
        (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    here.connect(there.local_addr()?).await?;
    drop(named("pong").spawn(pong(there)));
    let mut answer = [0; 4];
    loop {
        sleep(Duration::from_millis(20)).await;
        here.send(b"ping").await?;
        // A datagram may be lost, even here.
        drop(timeout(Duration::from_millis(100), here.recv(&mut answer)).await);
    }
}

async fn pong(socket: UdpSocket) -> io::Result<()> {
    let mut question = [0; 4];
    loop {
        let (_, from) = socket.recv_from(&mut question).await?;
        socket.send_to(b"pong", from).await?;
    }
}
