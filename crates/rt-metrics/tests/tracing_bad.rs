//! A subscriber that panics, and uses tasks itself. Alone in its process: there is one subscriber a process.

#[path = "tracing/probe.rs"]
mod probe;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rt_executor::{Executor, Fifo, yield_now};
use rt_task::Builder;
use rt_testkit::{ByHand, within};
use rt_waker::Parker;
use tracing::span::{Attributes, Record};
use tracing::{Event, Metadata, Subscriber, span};

use crate::probe::Spans;

static CALLS: AtomicU64 = AtomicU64::new(0);

/// Panics whenever it is called, after it has spawned and woken tasks of its own.
struct Bad;

impl Bad {
    fn use_tasks(&self) -> u64 {
        let call = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        // Two: it must not be told of the second either, after it was not told of the first.
        for _ in 0..2 {
            let (task, handle) =
                Builder::new().name("of the subscriber").spawn(async {}, ByHand::new());
            handle.task().wake_by_ref();
            drop(task);
        }
        call
    }

    fn fail(&self) {
        let call = self.use_tasks();
        std::panic::panic_any(format!("call {call} of a bad subscriber"));
    }
}

impl Subscriber for Bad {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> span::Id {
        span::Id::from_u64(self.use_tasks())
    }

    fn record(&self, _: &span::Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        self.fail();
    }

    fn enter(&self, _: &span::Id) {
        self.fail();
    }

    fn exit(&self, _: &span::Id) {
        self.fail();
    }

    fn try_close(&self, _: span::Id) -> bool {
        self.fail();
        true
    }
}

#[test]
fn a_subscriber_that_panics_and_spawns_harms_no_task() {
    within(Duration::from_secs(20), || {
        tracing::subscriber::set_global_default(Bad).expect("the first one");
        rt_metrics::tracing::watch();
        let executor = Executor::with(Parker::new(), Fifo::new(), Spans::default());
        let task = executor.spawn(async {
            for _ in 0..3 {
                yield_now().await;
            }
            "done"
        });
        assert_eq!(executor.run(task).unwrap(), "done", "a subscriber decided about a task");
        // The span, an attempt at each of four polls, three wakes, the end: of the task, and of none of the
        // subscriber's own.
        assert_eq!(CALLS.load(Ordering::Relaxed), 9, "it is told of what it does itself");
    });
}
