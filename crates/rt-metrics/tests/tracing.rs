//! Tasks as spans, read by a subscriber of our own. That of `tokio-console` reads the same: `rt-ecosystem`.

mod tracing {
    pub(crate) mod book;
    pub(crate) mod probe;
}

use std::future::{pending, poll_fn};
use std::panic::Location;
use std::task::Poll;
use std::time::Duration;

use rt_executor::{Executor, Fifo, yield_now};
use rt_metrics::trace::{Trace, What};
use rt_task::{Builder, Id};
use rt_testkit::{ByHand, within};
use rt_waker::Parker;

use crate::tracing::book::{self, lines};
use crate::tracing::probe::Spans;

const DEADLINE: Duration = Duration::from_secs(20);

fn executor() -> Executor<Parker, Fifo, Spans> {
    book::open();
    rt_metrics::tracing::watch();
    Executor::with(Parker::new(), Fifo::new(), Spans::default())
}

fn named(name: &str) -> Builder<'_> {
    Builder::new().name(name)
}

#[test]
fn a_task_is_a_span_that_is_entered_once_a_poll_and_closed_at_its_end() {
    within(DEADLINE, || {
        let executor = executor();
        let task = executor.handle().spawn_with(named("twice"), yield_now());
        executor.run(task).unwrap();
        assert_eq!(
            lines(&["twice"]),
            [
                "span twice below none",
                "enter twice",
                "waker.wake_by_ref twice in twice",
                "exit twice",
                "enter twice",
                "exit twice",
                "close twice",
            ],
            "a subscriber was told something else than what happened"
        );
    });
}

#[test]
fn a_span_says_what_tokios_spans_say() {
    within(DEADLINE, || {
        let executor = executor();
        let bytes = [1_u8; 100];
        let work = async move {
            yield_now().await;
            bytes.len()
        };
        let size = size_of_val(&work).to_string();
        let (builder, here) = (named("described"), Location::caller());
        let task = executor.handle().spawn_with(builder.place(here), work);
        let fields = book::fields("described").expect("a spawned task has a span");
        let expected = [
            ("kind", "task"),
            ("level", "TRACE"),
            ("loc.col", &here.column().to_string()),
            ("loc.file", &format!("{:?}", here.file())),
            ("loc.line", &here.line().to_string()),
            ("size.bytes", &size),
            ("span", "runtime.spawn"),
            ("target", "tokio::task"),
            ("task.id", &task.id().to_string()),
            ("task.name", "described"),
        ];
        let said = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        assert_eq!(said.collect::<Vec<_>>(), expected, "the console reads these");
        executor.run(task).unwrap();
    });
}

#[test]
fn local_tasks_and_jobs_that_block_say_so() {
    within(DEADLINE, || {
        let executor = executor();
        let local = executor.handle().spawn_with(named("local"), async {});
        let (job, _joiner) = named("blocking").blocking().spawn(async {}, ByHand::new());
        let (home, _joiner) = named("home").spawn_local(async {}, ByHand::new());
        let said = |name, field| book::fields(name).expect("a span")[field].clone();
        assert_eq!(said("blocking", "kind"), "blocking");
        assert_eq!(said("blocking", "target"), "tokio::task::blocking");
        assert_eq!(said("home", "kind"), "local");
        assert_eq!(said("home", "target"), "tokio::task");
        drop((job, home));
        executor.run(local).unwrap();
        assert_eq!(lines(&["home"]), ["span home below none", "close home"]);
    });
}

#[test]
fn the_spans_of_a_future_are_below_that_of_its_task_and_a_spawned_task_is_not() {
    within(DEADLINE, || {
        let executor = executor();
        let task = executor.handle().spawn_with(named("outer"), async {
            let span = ::tracing::info_span!("users");
            let _entered = span.enter();
            let (task, _handle) = named("inner").spawn(async {}, ByHand::new());
            drop(task);
        });
        executor.run(task).unwrap();
        assert_eq!(
            lines(&["outer", "users", "inner"]),
            [
                "span outer below none",
                "enter outer",
                "span users below outer",
                "enter users",
                "span inner below none",
                "close inner",
                "exit users",
                "close users",
                "exit outer",
                "close outer",
            ]
        );
    });
}

#[test]
fn a_wake_is_told_where_it_happens() {
    within(DEADLINE, || {
        let executor = executor();
        let asleep = executor.handle().spawn_with(named("asleep"), pending::<()>());
        let sleeper = asleep.task().clone();
        let waker =
            executor.handle().spawn_with(named("waker"), async move { sleeper.wake_by_ref() });
        executor.run(waker).unwrap();
        asleep.task().wake_by_ref();
        asleep.abort();
        executor.run(asleep).unwrap_err();
        let wakes: Vec<String> =
            lines(&["asleep"]).into_iter().filter(|line| line.starts_with("waker.")).collect();
        assert_eq!(
            wakes,
            ["waker.wake_by_ref asleep in waker", "waker.wake_by_ref asleep in none"],
            "it was woken by a task, and by the main thread"
        );
        assert_eq!(lines(&["asleep"]).last().map(String::as_str), Some("close asleep"));
    });
}

#[test]
fn a_task_that_is_polled_in_the_poll_of_another_is_entered_and_left_inside_of_it() {
    within(DEADLINE, || {
        let executor = executor();
        let task = executor.handle().spawn_with(named("around"), async {
            yield_now().await;
            let inside = crate::executor();
            let task = inside.handle().spawn_with(named("within"), yield_now());
            inside.run(task).unwrap();
        });
        executor.run(task).unwrap();
        let moves: Vec<String> = lines(&["around", "within"])
            .into_iter()
            .filter(|line| !line.starts_with("waker."))
            .collect();
        assert_eq!(
            moves,
            [
                "span around below none",
                "enter around",
                "exit around",
                "enter around",
                "span within below none",
                "enter within",
                "exit within",
                "enter within",
                "exit within",
                "close within",
                "exit around",
                "close around",
            ]
        );
    });
}

#[test]
fn a_poll_whose_end_nobody_tells_is_left_with_the_one_around_it() {
    within(DEADLINE, || {
        let _told = executor();
        let hand = ByHand::new();
        let task = |name| named(name).spawn(pending::<()>(), hand.clone()).0.expect("in no list");
        let (around, forgotten) = (task("covering"), task("forgotten"));
        rt_metrics::tracing::polling(&around);
        rt_metrics::tracing::polling(&forgotten);
        rt_metrics::tracing::polled(around.id());
        rt_metrics::tracing::polled(forgotten.id());
        drop((around, forgotten));
        assert_eq!(
            lines(&["covering", "forgotten"])[2..],
            [
                "enter covering",
                "enter forgotten",
                "exit forgotten",
                "exit covering",
                "close covering",
                "close forgotten",
            ],
            "spans that are never left would be the parents of everything on this thread"
        );
    });
}

#[test]
fn a_task_that_panics_and_one_that_is_dropped_with_its_executor_are_closed() {
    within(DEADLINE, || {
        let executor = executor();
        let panics = executor
            .handle()
            .spawn_with(named("panics"), poll_fn(|_| -> Poll<()> { panic!("so it is meant") }));
        executor.run(panics).unwrap_err();
        drop(executor.handle().spawn_with(named("left"), pending::<()>()));
        drop(executor);
        let after = |name| lines(&[name]).split_off(1);
        assert_eq!(after("panics"), ["enter panics", "exit panics", "close panics"]);
        assert_eq!(after("left").last().map(String::as_str), Some("close left"));
    });
}

#[test]
fn a_trace_and_a_subscriber_are_told_side_by_side() {
    within(DEADLINE, || {
        let executor = executor();
        let trace = Trace::new(100);
        let both = executor.handle().spawn_with(named("both"), yield_now());
        let id = both.id();
        executor.run(both).unwrap();
        let seen = |trace: &Trace, what| {
            trace.events().iter().any(|event| event.task == Some(id) && event.what == what)
        };
        assert!(seen(&trace, What::Spawned) && seen(&trace, What::Woken), "the trace was not told");
        assert!(lines(&["both"]).len() > 5, "the subscriber was not told");
        drop(trace);
        let alone = executor.handle().spawn_with(named("alone"), async {});
        executor.run(alone).unwrap();
        assert_eq!(lines(&["alone"]).len(), 4, "the end of the trace ended the spans");
    });
}

#[test]
fn a_poll_that_does_not_end_is_warned_of() {
    within(DEADLINE, || {
        let _told = executor();
        let id = Id::next();
        let elapsed = Duration::from_millis(123);
        assert!(rt_metrics::tracing::stalled(Some("sum"), id, Location::caller(), elapsed));
        let warning = lines(&["rt::stall"]).concat();
        assert!(warning.contains(r#""elapsed_ms": "123""#), "for how long? {warning}");
        assert!(warning.contains(r#""task.name": "\"sum\"""#), "who? {warning}");
        assert!(warning.contains("tests/tracing.rs"), "from where? {warning}");
    });
}
