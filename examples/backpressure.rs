//! A fast producer and a slow consumer. With a channel that has room for four, the producer is made
//! to wait, and memory stays small. With one that has room for everything, nobody waits and the
//! work piles up.
//!
//! Run it with `cargo run --example backpressure`. It prints
//!
//! ```text
//! room for 4     at most  4 in the channel; the producer was done after 46 of 50 were consumed
//!                ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
//! no limit       at most 50 in the channel; the producer was done after  0 of 50 were consumed
//!                ███████▇▇▇▇▇▇▆▆▆▆▆▆▅▅▅▅▅▅▄▄▄▄▄▄▄▃▃▃▃▃▃▂▂▂▂▂▂▁▁▁▁▁▁
//! ```
//!
//! (how full the channel was, each time that an item was taken out).

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_channel::{Receiver, Sender, bounded, unbounded};
use rt::time::{Duration, sleep};

const ITEMS: usize = 50;
const ROOM: usize = 4;

/// What was seen of one run.
struct Seen {
    /// How many were in the channel, each time that one was taken out.
    levels: Vec<usize>,
    /// How many were consumed when the producer was done.
    consumed_by_then: usize,
}

async fn produce(sender: Sender<usize>, consumed: Arc<AtomicUsize>) -> usize {
    for item in 0..ITEMS {
        // Here it waits as long as there is no room: that is all there is to back-pressure.
        if sender.send(item).await.is_err() {
            break; // nobody consumes any more
        }
    }
    consumed.load(Ordering::Relaxed)
}

async fn consume(receiver: Receiver<usize>, consumed: Arc<AtomicUsize>) -> Vec<usize> {
    let mut levels = Vec::new();
    loop {
        let level = receiver.len();
        let Ok(item) = receiver.recv().await else { return levels };
        assert_eq!(item, consumed.fetch_add(1, Ordering::Relaxed), "in order, none is lost");
        levels.push(level);
        sleep(Duration::from_millis(1)).await;
    }
}

async fn run((sender, receiver): (Sender<usize>, Receiver<usize>)) -> Seen {
    let consumed = Arc::new(AtomicUsize::new(0));
    let producer = rt::spawn(produce(sender, consumed.clone()));
    let consumer = rt::spawn(consume(receiver, consumed));
    let consumed_by_then = producer.await.expect("it does not panic");
    let levels = consumer.await.expect("it does not panic");
    Seen { levels, consumed_by_then }
}

/// The clock stands and jumps: the run is the same on every machine.
#[rt::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let few = run(bounded(ROOM)).await;
    report(&format!("room for {ROOM}"), &few);
    assert_eq!(few.levels.len(), ITEMS);
    assert_eq!(most(&few), ROOM, "the channel never holds more than it has room for");
    assert!(few.consumed_by_then >= ITEMS - ROOM - 2, "the producer kept the consumer's pace");

    let all = run(unbounded()).await;
    report("no limit", &all);
    assert_eq!(all.levels.len(), ITEMS);
    assert_eq!(all.consumed_by_then, 0, "nothing made the producer wait");
    assert!(most(&all) > 10 * ROOM, "everything piled up");
}

fn most(seen: &Seen) -> usize {
    seen.levels.iter().copied().max().unwrap_or(0)
}

fn report(what: &str, seen: &Seen) {
    println!(
        "{what:<15}at most {:>2} in the channel; the producer was done after {:>2} of {ITEMS} were \
         consumed",
        most(seen),
        seen.consumed_by_then
    );
    const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let picture = seen.levels.iter().map(|level| LEVELS[(level * 8).div_ceil(ITEMS)]);
    println!("{:<15}{}", "", picture.collect::<String>());
}
