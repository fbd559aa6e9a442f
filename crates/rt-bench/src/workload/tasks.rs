//! Spawning, yielding and talking: S1 to S5.

use futures_channel::oneshot;

use crate::measure::Laps;
use crate::runtime::Runtime;

/// Tasks of a burst (S2).
pub(crate) const BURST: u64 = 10_000;
/// Tasks that yield, and how often each (S3).
pub(crate) const YIELDERS: u64 = 200;
pub(crate) const YIELDS: u64 = 1_000;
/// Pairs that exchange two messages (S4).
pub(crate) const PAIRS: u64 = 1_000;
/// Tasks of a chain (S5).
pub(crate) const CHAIN: u64 = 1_000;

/// S1: spawn an empty task and await it.
pub(crate) async fn spawn_and_await<R: Runtime>(mut laps: Laps) -> Laps {
    for tasks in &mut laps {
        for _ in 0..tasks {
            R::spawn(async {}).await;
        }
    }
    laps
}

/// S2: spawn many empty tasks, keep the handles, await all.
pub(crate) async fn spawn_all_await_all<R: Runtime>(mut laps: Laps) -> Laps {
    for bursts in &mut laps {
        for _ in 0..bursts {
            let handles: Vec<_> = (0..BURST).map(|_| R::spawn(async {})).collect();
            let mut ended = 0;
            for handle in handles {
                handle.await;
                ended += 1;
            }
            assert_eq!(ended, BURST, "every task of the burst ends");
        }
    }
    laps
}

/// S3: tasks that do nothing but yield.
pub(crate) async fn yields<R: Runtime>(mut laps: Laps) -> Laps {
    for crowds in &mut laps {
        for _ in 0..crowds {
            let sum = join_sum::<R>((0..YIELDERS).map(|_| {
                R::spawn(async {
                    let mut yielded = 0;
                    for _ in 0..YIELDS {
                        R::yield_now().await;
                        yielded += 1;
                    }
                    yielded
                })
            }));
            assert_eq!(sum.await, YIELDERS * YIELDS, "every yield comes back");
        }
    }
    laps
}

/// S4: tasks that each spawn a partner, send it a number and get it back plus one.
pub(crate) async fn ping_pong<R: Runtime>(mut laps: Laps) -> Laps {
    for crowds in &mut laps {
        for _ in 0..crowds {
            let sum = join_sum::<R>((0..PAIRS).map(|number| R::spawn(ping::<R>(number))));
            assert_eq!(sum.await, PAIRS * (PAIRS + 1) / 2, "every ping gets its pong");
        }
    }
    laps
}

async fn ping<R: Runtime>(number: u64) -> u64 {
    let (to_partner, ping) = oneshot::channel();
    let (to_me, pong) = oneshot::channel();
    R::spawn_detached(async move {
        let number: u64 = ping.await.expect("the partner's ping");
        to_me.send(number + 1).expect("the partner waits for its pong");
    });
    to_partner.send(number).expect("the partner waits for its ping");
    pong.await.expect("the partner's pong")
}

/// S5: a task spawns the next one, and so on; the last one tells the root.
pub(crate) async fn chain<R: Runtime>(mut laps: Laps) -> Laps {
    for chains in &mut laps {
        for _ in 0..chains {
            let (last, root) = oneshot::channel();
            link::<R>(1, last);
            assert_eq!(root.await, Ok(CHAIN), "the last link tells the root");
        }
    }
    laps
}

fn link<R: Runtime>(depth: u64, last: oneshot::Sender<u64>) {
    R::spawn_detached(async move {
        if depth == CHAIN {
            last.send(depth).expect("the root waits for the last link");
        } else {
            link::<R>(depth + 1, last);
        }
    });
}

/// Spawns all before it awaits the first.
async fn join_sum<R: Runtime>(tasks: impl Iterator<Item = R::JoinHandle<u64>>) -> u64 {
    let handles: Vec<_> = tasks.collect();
    let mut sum = 0;
    for handle in handles {
        sum += handle.await;
    }
    sum
}
