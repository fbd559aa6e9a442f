//! Chapter 6, part 10: what a runtime does, event by event. `--nocapture` prints it.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Mutex;
use std::time::Duration;

use futures::channel::oneshot;
use rt::parts::task::{End, Id};
use rt::runtime::{Builder, Runtime};
use rt::task::yield_now;
use rt::trace::{Event, Outcome, Trace, What};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

/// Spawns, wakes and ends are recorded of all tasks of the process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs a program and gives its trace, one line an event, with names in place of numbers.
fn traced<T: Send + 'static>(
    title: &'static str,
    program: impl FnOnce(&Runtime) -> T + Send + 'static,
) -> Vec<String> {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    within(LIMIT, move || {
        let trace = Trace::new(1000);
        let runtime = Builder::new_current_thread().trace(&trace).build().unwrap();
        program(&runtime);
        drop(runtime);
        assert_eq!(trace.dropped(), 0);
        let names: HashMap<Id, String> = trace
            .tasks()
            .into_iter()
            .map(|who| (who.id, who.name.unwrap_or_else(|| "unnamed".into())))
            .collect();
        let lines: Vec<String> = trace.events().iter().map(|event| line(event, &names)).collect();
        println!("{title}\n    {}", lines.join("\n    "));
        lines
    })
}

fn line(event: &Event, names: &HashMap<Id, String>) -> String {
    let name = |id: Id| names.get(&id).map_or("a stranger", String::as_str);
    let what = match event.what {
        What::Spawned => "spawned".into(),
        What::Woken => "woken".into(),
        What::Aborted => "aborted".into(),
        What::Polling => "poll".into(),
        What::Polled(outcome) => format!("→ {outcome:?}").to_lowercase(),
        What::Ended(how) => format!("ended: {how:?}").to_lowercase(),
        What::Parking => "parking".into(),
        What::Parked => "parked".into(),
        What::TimerArmed(_) => "timer armed".into(),
        What::TimersFired(count) => format!("{count} timer fired"),
        other => format!("{other:?}"),
    };
    match (event.task, event.by) {
        (None, _) => what,
        (Some(task), None) => format!("{}: {what}", name(task)),
        (Some(task), Some(by)) => format!("{}: {what} by {}", name(task), name(by)),
    }
}

fn spawn<F>(name: &'static str, future: F) -> rt::task::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    rt::task::Builder::new().name(name).spawn(future)
}

#[test]
fn a_task_that_is_ready_at_once() {
    let lines = traced("ready at once", |runtime| {
        runtime.block_on(async { spawn("a", async {}).await.unwrap() });
    });
    assert_eq!(lines, ["a: spawned", "a: poll", "a: ended: completed", "a: → done"]);
}

#[test]
fn a_task_that_waits_for_another() {
    let lines = traced("one waits for the other", |runtime| {
        runtime.block_on(async {
            let (sender, receiver) = oneshot::channel();
            let waits = spawn("waits", receiver);
            let sends = spawn("sends", async move { sender.send(()).unwrap() });
            waits.await.unwrap().unwrap();
            sends.await.unwrap();
        });
    });
    let expected = [
        "waits: spawned",
        "sends: spawned",
        "waits: poll",
        "waits: → pending",
        "sends: poll",
        "waits: woken by sends",
        "sends: ended: completed",
        "sends: → done",
        "waits: poll",
        "waits: ended: completed",
        "waits: → done",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_task_that_yields_is_queued_again_behind_the_others() {
    let lines = traced("yields", |runtime| {
        runtime.block_on(async {
            let yields = spawn("yields", yield_now());
            let other = spawn("other", async {});
            yields.await.unwrap();
            other.await.unwrap();
        });
    });
    let expected = [
        "yields: spawned",
        "other: spawned",
        "yields: poll",
        "yields: woken by yields",
        "yields: → again",
        "other: poll",
        "other: ended: completed",
        "other: → done",
        "yields: poll",
        "yields: ended: completed",
        "yields: → done",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_task_that_is_aborted_is_dropped_by_its_executor() {
    let lines = traced("aborted", |runtime| {
        runtime.block_on(async {
            let task = spawn("endless", pending::<()>());
            yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        });
    });
    let expected = [
        "endless: spawned",
        "endless: poll",
        "endless: → pending",
        "endless: aborted",
        "endless: poll",
        "endless: ended: cancelled",
        "endless: → done",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_task_that_panics() {
    let lines = traced("panics", |runtime| {
        let panics = async { std::panic::resume_unwind(Box::new("quietly")) };
        runtime.block_on(async {
            let outcome: Result<(), _> = spawn("panics", panics).await;
            outcome.unwrap_err();
        });
    });
    assert_eq!(
        lines,
        ["panics: spawned", "panics: poll", "panics: ended: panicked", "panics: → done"]
    );
}

#[test]
fn a_thread_that_waits_for_a_timer_parks() {
    let lines = traced("sleeps", |runtime| {
        runtime.block_on(async {
            spawn("sleeps", rt::time::sleep(Duration::from_millis(2))).await.unwrap();
        });
    });
    let expected = [
        "sleeps: spawned",
        "sleeps: poll",
        "sleeps: timer armed",
        "sleeps: → pending",
        "parking",
        "1 timer fired",
        "sleeps: woken",
        "sleeps: poll",
        "sleeps: ended: completed",
        "sleeps: → done",
    ];
    // The thread may wake up without a reason, and it has waited before it wakes anybody.
    let parks = lines.iter().filter(|line| *line == "parking").count();
    assert_eq!(parks, lines.iter().filter(|line| *line == "parked").count());
    let mut seen: Vec<_> = lines.into_iter().filter(|line| line != "parked").collect();
    seen.dedup();
    assert_eq!(seen, expected);
}

#[test]
fn a_runtime_that_ends_cancels_what_is_left() {
    let lines = traced("left over", |runtime| {
        runtime.block_on(async {
            drop(spawn("left", pending::<()>()));
            yield_now().await;
        });
    });
    let expected = [
        "left: spawned",
        "left: poll",
        "left: → pending",
        "left: aborted",
        "left: poll",
        "left: ended: cancelled",
        "left: → done",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_trace_is_bounded_and_says_what_it_lost() {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    within(LIMIT, || {
        let trace = Trace::new(4);
        let runtime = Builder::new_current_thread().trace(&trace).build().unwrap();
        runtime.block_on(async {
            for _ in 0..10 {
                rt::spawn(async {}).await.unwrap();
            }
        });
        assert_eq!(trace.events().len(), 4);
        assert_eq!(trace.dropped(), 36, "four events a task");
        assert_eq!(trace.tasks().len(), 4);
        assert!(matches!(trace.events()[3].what, What::Polled(Outcome::Done)));
        assert!(matches!(trace.events()[2].what, What::Ended(End::Completed)));
        assert!(trace.tasks()[0].place.file().ends_with("trace.rs"), "where it was spawned");
        let empty = Trace::new(0);
        runtime.block_on(async { rt::spawn(async {}).await.unwrap() });
        assert!(empty.events().is_empty(), "a trace without room");
    });
}

#[test]
fn what_nobody_records_is_not_recorded() {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    within(LIMIT, || {
        let trace = Trace::new(100);
        rt::block_on(async { rt::spawn(async {}).await.unwrap() });
        let seen: Vec<What> = trace.events().iter().map(|event| event.what).collect();
        assert_eq!(seen, [What::Spawned, What::Ended(End::Completed)], "a runtime without a trace");
    });
}

#[test]
fn on_workers_a_trace_says_who_polls_who_steals_and_who_waits() {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    within(LIMIT, || {
        let trace = Trace::new(100_000);
        let runtime = Builder::new_multi_thread().worker_threads(2).trace(&trace).build().unwrap();
        // All are spawned on one worker, and the second half of them waits for a thief: a poll of the
        // first half ends when somebody else has polled.
        let task = runtime.spawn(async {
            let polled_by = std::sync::Arc::new(Mutex::new(std::collections::HashSet::new()));
            let tasks: Vec<_> = (0..100)
                .map(|_| {
                    let polled_by = polled_by.clone();
                    rt::spawn(async move {
                        polled_by.lock().unwrap().insert(std::thread::current().id());
                        while polled_by.lock().unwrap().len() < 2 {
                            std::thread::yield_now();
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        runtime.block_on(task).unwrap();
        // With nothing to do both sleep, if not before.
        let has_slept = |worker| {
            let slept = |event: &rt::trace::Event| {
                event.worker == Some(worker) && matches!(event.what, What::Parking)
            };
            trace.events().iter().any(slept)
        };
        while !(has_slept(0) && has_slept(1)) {
            std::thread::yield_now();
        }
        drop(runtime);
        let events = trace.events();
        let workers = |is: fn(&What) -> bool| {
            let mut workers: Vec<_> =
                events.iter().filter(|event| is(&event.what)).map(|event| event.worker).collect();
            workers.sort_unstable();
            workers.dedup();
            workers
        };
        let both = [Some(0), Some(1)];
        assert_eq!(workers(|what| matches!(what, What::Polling)), both);
        assert_eq!(workers(|what| matches!(what, What::Polled(_))), both);
        let spawners = workers(|what| matches!(what, What::Spawned));
        assert!(spawners.iter().any(Option::is_some), "on which worker tasks were spawned");
        let parks = workers(|what| matches!(what, What::Parking));
        assert!(parks.ends_with(&both), "{parks:?}"); // and the root
        let thieves = workers(|what| matches!(what, What::Stolen(1..)));
        assert!(!thieves.is_empty() && !thieves.contains(&None), "{thieves:?}");
    });
}
