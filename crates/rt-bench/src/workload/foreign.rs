//! A thread that is none of the runtime's wakes a task and waits for its answer: S7 and S7s.

use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use futures_channel::mpsc::{UnboundedSender, unbounded};
use futures_channel::oneshot;

use crate::measure::Laps;
use crate::runtime::Runtime;

/// Long enough for all workers to go to sleep (S7s).
const PAUSE: Duration = Duration::from_millis(1);

/// S7: there and back, again and again; the thread sleeps until it is answered.
pub(crate) async fn there_and_back<R: Runtime>(mut laps: Laps) -> Laps {
    beside_a_thread::<R>(move |mut partner| {
        for round_trips in &mut laps {
            for _ in 0..round_trips {
                partner.wake();
                while !partner.has_answered() {
                    thread::park();
                }
            }
        }
        laps
    })
    .await
}

/// S7s: the runtime is idle, and the thread looks all the time until it is answered.
pub(crate) async fn answer_of_the_idle<R: Runtime>(mut laps: Laps) -> Laps {
    beside_a_thread::<R>(move |mut partner| {
        let mut late = Vec::new();
        for round_trips in &mut laps {
            late.clear();
            for _ in 0..round_trips {
                thread::sleep(PAUSE);
                let start = Instant::now();
                partner.wake();
                while !partner.has_answered() {
                    hint::spin_loop();
                }
                late.push(start.elapsed());
            }
            assert_eq!(late.len() as u64, round_trips, "every wake is answered");
        }
        laps.set_lateness(late);
        laps
    })
    .await
}

/// The task, as the thread sees it.
struct Partner {
    to_task: UnboundedSender<u64>,
    answer: Arc<AtomicU64>,
    asked: u64,
}

impl Partner {
    fn wake(&mut self) {
        self.asked += 1;
        self.to_task.unbounded_send(self.asked).expect("the task waits for the next number");
    }

    fn has_answered(&self) -> bool {
        // ORDER(rt-bench answer): receives what the task did before it answered.
        self.answer.load(Ordering::Acquire) == self.asked
    }
}

/// Runs that on a thread of its own, beside a task that answers each number with the same number and an
/// unpark.
async fn beside_a_thread<R: Runtime>(drive: impl FnOnce(Partner) -> Laps + Send + 'static) -> Laps {
    // It wakes the task under no lock: else a task that runs at once would find the lock taken.
    let (to_task, mut from_thread) = unbounded();
    let answer = Arc::new(AtomicU64::new(0));
    let (done, laps) = oneshot::channel();
    let partner = Partner { to_task, answer: answer.clone(), asked: 0 };
    let thread = thread::spawn(move || {
        assert!(done.send(drive(partner)).is_ok(), "the root waits for the laps");
    });
    let sleeper: Thread = thread.thread().clone();
    let task = R::spawn(async move {
        let mut answered = 0;
        // Until the thread lets go of its end.
        while let Ok(number) = from_thread.recv().await {
            answered += 1;
            assert_eq!(number, answered, "no wake is lost, none comes twice");
            // ORDER(rt-bench answer): publishes what the task did before it.
            answer.store(answered, Ordering::Release);
            sleeper.unpark();
        }
    });
    let laps = laps.await.expect("the thread says what it measured");
    task.await;
    laps
}
