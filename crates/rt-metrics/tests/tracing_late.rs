//! A subscriber that comes late. Alone in its process: there is one subscriber a process.

mod tracing {
    pub(crate) mod book;
    pub(crate) mod probe;
}

use std::time::Duration;

use rt_executor::{Executor, Fifo};
use rt_task::Builder;
use rt_testkit::within;
use rt_waker::Parker;

use crate::tracing::book::{self, lines};
use crate::tracing::probe::Spans;

#[test]
fn before_there_is_a_subscriber_no_span_is_made_and_afterwards_new_tasks_have_one() {
    within(Duration::from_secs(20), || {
        rt_metrics::tracing::watch();
        rt_metrics::tracing::watch();
        let before = rt_task::observe(None);
        assert!(before.is_none(), "without a subscriber every wake would pay for spans");

        let executor = Executor::with(Parker::new(), Fifo::new(), Spans::default());
        let early = executor.handle().spawn_with(Builder::new().name("early"), async {});
        book::open();
        let late = executor.handle().spawn_with(Builder::new().name("late"), async {});
        executor.run(early).unwrap();
        executor.run(late).unwrap();
        assert!(book::fields("early").is_none(), "nobody wanted its span when it was spawned");
        assert!(lines(&["early"]).is_empty(), "it has no span, so nothing is told of it");
        assert_eq!(
            lines(&["late"]),
            ["span late below none", "enter late", "exit late", "close late"],
            "a subscriber that is set while a runtime runs sees the tasks from then on"
        );
    });
}
