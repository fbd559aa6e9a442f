//! One producer, eight consumers, one collector, and two channels between them: S6 and S6b.

use async_channel::bounded;

use crate::measure::Laps;
use crate::runtime::Runtime;

/// Messages of one repeat.
pub(crate) const MESSAGES: u64 = 100_000;
/// Messages that a channel has room for (S6).
pub(crate) const ROOM: usize = 256;

const CONSUMERS: usize = 8;

/// S6, S6b: every message goes over two channels of that capacity.
pub(crate) async fn fan_out_fan_in<R: Runtime>(mut laps: Laps, capacity: usize) -> Laps {
    for repeats in &mut laps {
        for _ in 0..repeats {
            let (to_consumers, from_producer) = bounded(capacity);
            let (to_collector, from_consumers) = bounded(capacity);
            R::spawn_detached(async move {
                for message in 0..MESSAGES {
                    to_consumers.send(message).await.expect("somebody consumes");
                }
            });
            for _ in 0..CONSUMERS {
                let (from_producer, to_collector) = (from_producer.clone(), to_collector.clone());
                R::spawn_detached(async move {
                    while let Ok(message) = from_producer.recv().await {
                        to_collector.send(message).await.expect("somebody collects");
                    }
                });
            }
            // The collector's channel closes with the last consumer.
            drop((from_producer, to_collector));
            let collector = R::spawn(async move {
                let (mut count, mut sum) = (0, 0);
                while let Ok(message) = from_consumers.recv().await {
                    count += 1;
                    sum += message;
                }
                (count, sum)
            });
            let expected = (MESSAGES, MESSAGES * (MESSAGES - 1) / 2);
            assert_eq!(collector.await, expected, "every message arrives once");
        }
    }
    laps
}
