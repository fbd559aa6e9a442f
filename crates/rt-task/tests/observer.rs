//! The hook: what happens to tasks, in the order in which it happens. One observer a process, so one
//! test a time.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use rt_task::{Builder, End, Id, Kind, Observer, Polled, Priority, Spawned, Task, observe};
use rt_testkit::{ByHand, Timeline, poll, poll_with_waker};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

/// Writes down what it is told, with names for numbers.
#[derive(Default)]
struct Trace {
    timeline: Timeline,
    names: Mutex<Vec<(Id, String)>>,
}

impl Trace {
    fn say(&self, line: String) {
        self.timeline.note(line);
    }

    fn name(&self, id: Id) -> String {
        let names = self.names.lock().expect("no panic");
        let known = names.iter().find(|(known, _)| *known == id);
        known.map_or_else(|| "?".to_owned(), |(_, name)| name.clone())
    }

    fn by(&self, by: Option<Id>) -> String {
        by.map_or_else(String::new, |by| format!(" by {}", self.name(by)))
    }

    fn lines(&self) -> Vec<String> {
        self.timeline.events()
    }
}

impl Observer for Trace {
    fn spawned(&self, task: Spawned<'_>, by: Option<Id>) {
        let name = task.name.unwrap_or("nameless").to_owned();
        self.names.lock().expect("no panic").push((task.id, name.clone()));
        self.say(format!("spawn {name}{}", self.by(by)));
    }

    fn woken(&self, task: Id, by: Option<Id>) {
        self.say(format!("wake {}{}", self.name(task), self.by(by)));
    }

    fn aborted(&self, task: Id, by: Option<Id>) {
        self.say(format!("abort {}{}", self.name(task), self.by(by)));
    }

    fn ended(&self, task: Id, how: End) {
        self.say(format!("end {}: {how:?}", self.name(task)));
    }
}

/// The executor of this test, which tells the trace what it does.
fn run(hand: &ByHand, trace: &Trace) {
    while let Some(task) = hand.pop() {
        let name = task.name().unwrap_or("nameless").to_owned();
        trace.say(format!("poll {name}"));
        let polled = poll_with_waker(task);
        trace.say(match &polled {
            Polled::Completed => format!("  {name} is complete"),
            Polled::Panicked => format!("  {name} has panicked"),
            Polled::Cancelled => format!("  {name} is cancelled"),
            Polled::Pending => format!("  {name} is pending"),
            Polled::Again(_) => format!("  {name} goes again"),
        });
        if let Polled::Again(task) = polled {
            hand.push(task);
        }
    }
}

/// What was given to the hook for ever.
static GIVEN: Mutex<Vec<&'static dyn Observer>> = Mutex::new(Vec::new());

fn for_ever<O: Observer + Default + 'static>() -> &'static O {
    let observer: &'static O = Box::leak(Box::default());
    GIVEN.lock().expect("no panic").push(observer);
    observer
}

fn trace() -> &'static Trace {
    let trace: &'static Trace = for_ever();
    assert!(observe(Some(trace)).is_none(), "an observer was left behind");
    trace
}

#[test]
fn the_life_of_two_tasks_in_order() {
    let _alone = alone();
    within(|| {
        let trace = trace();
        let hand = ByHand::new();
        let spawn = hand.clone();
        let parent = async move {
            let mut is_first = true;
            let child = poll_fn(move |cx| {
                if std::mem::take(&mut is_first) {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready("output")
            });
            let (task, handle) = Builder::new().name("child").spawn(child, spawn.clone());
            spawn.push(task.expect("not refused"));
            handle.await.expect("the child completes")
        };
        let (task, handle) = Builder::new().name("parent").spawn(parent, hand.clone());
        hand.push(task.expect("not refused"));
        run(&hand, trace);
        drop(handle);
        observe(None);
        let expected = [
            "spawn parent",
            "poll parent",
            "spawn child by parent",
            "  parent is pending",
            "poll child",
            "wake child by child",
            "  child goes again",
            "poll child",
            "end child: Completed",
            "wake parent",
            "  child is complete",
            "poll parent",
            "end parent: Completed",
            "  parent is complete",
        ];
        assert_eq!(trace.lines(), expected, "the life of a task is not what the chapter shows");
    });
}

#[test]
fn the_end_of_a_task_is_told_once() {
    let _alone = alone();
    within(|| {
        let trace = trace();
        let hand = ByHand::new();
        let (task, handle) = Builder::new().name("only").spawn(async {}, hand.clone());
        hand.push(task.expect("not refused"));
        run(&hand, trace);
        observe(None);
        let expected = ["spawn only", "poll only", "end only: Completed", "  only is complete"];
        assert_eq!(trace.lines(), expected, "in a trace the task never ends, or twice: [S3]");
        assert!(handle.is_finished(), "its joiner hangs: [S3]");
    });
}

#[test]
fn an_abort_is_told_with_who_asked_for_it() {
    let _alone = alone();
    within(|| {
        let trace = trace();
        let hand = ByHand::new();
        let victim = std::future::pending::<()>();
        let (task, handle) = Builder::new().name("victim").spawn(victim, hand.clone());
        let _ = poll(task.expect("not refused"));
        let aborter = handle.abort_handle();
        let (task, _killer) =
            Builder::new().name("killer").spawn(async move { aborter.abort() }, hand.clone());
        hand.push(task.expect("not refused"));
        run(&hand, trace);
        observe(None);
        let expected = [
            "spawn victim",
            "spawn killer",
            "poll killer",
            "abort victim by killer",
            "end killer: Completed",
            "  killer is complete",
            "poll victim",
            "end victim: Cancelled",
            "  victim is cancelled",
        ];
        assert_eq!(trace.lines(), expected, "a trace does not show who aborted whom: [S7]");
    });
}

#[test]
fn a_spawn_is_told_with_all_that_is_known() {
    #[derive(Default)]
    struct Register(Mutex<Vec<String>>);
    impl Observer for Register {
        fn spawned(&self, task: Spawned<'_>, _: Option<Id>) {
            let file = task.place.file().rsplit(['/', '\\']).next().unwrap_or_default();
            let line = format!("{:?} {:?} {file}", task.name, task.priority);
            self.0.lock().expect("no panic").push(line);
        }
    }
    let _alone = alone();
    within(|| {
        let register: &'static Register = for_ever();
        observe(Some(register));
        let builder = Builder::new().name("boiler").priority(Priority::High);
        drop(builder.spawn(async {}, ByHand::new()));
        drop(Task::new_local(async {}, ByHand::new()));
        observe(None);
        let lines = register.0.lock().expect("no panic").clone();
        let expected = ["Some(\"boiler\") High observer.rs", "None Normal observer.rs"];
        assert_eq!(lines, expected, "the hook is told something else than was spawned");
    });
}

#[test]
fn an_observer_that_panics_harms_nobody() {
    struct Faulty;
    impl Observer for Faulty {
        fn spawned(&self, _: Spawned<'_>, _: Option<Id>) {
            std::panic::resume_unwind(Box::new("spawned"));
        }
        fn woken(&self, _: Id, _: Option<Id>) {
            std::panic::resume_unwind(Box::new("woken"));
        }
        fn ended(&self, _: Id, _: End) {
            std::panic::resume_unwind(Box::new("ended"));
        }
    }
    let _alone = alone();
    within(|| {
        observe(Some(&Faulty));
        let tally = rt_testkit::Tally::new();
        let held = tally.witness();
        let hand = ByHand::new();
        let mut polls = 0;
        let future = poll_fn(move |_| {
            let _ = &held;
            polls += 1;
            if polls == 2 { Poll::Ready(polls) } else { Poll::Pending }
        });
        let (task, mut handle) = Task::new(future, hand.clone());
        let _ = poll(task);
        handle.task().wake_by_ref();
        assert_eq!(hand.run(), 1, "a faulty hook swallowed a wake: the task hangs");
        observe(None);
        assert_eq!(tally.dropped(), 1, "the future was dropped twice, or never");
        let joined = rt_testkit::poll_once(&mut handle);
        assert!(matches!(joined, Poll::Ready(Ok(2))), "the output is lost: {joined:?}");
    });
}

#[test]
fn without_an_observer_nothing_is_told() {
    let _alone = alone();
    within(|| {
        let trace = trace();
        observe(None);
        drop(Task::new(async {}, ByHand::new()));
        assert!(trace.lines().is_empty(), "a hook that was taken out is still called");
    });
}

#[test]
fn a_task_that_was_joined_is_not_aborted_by_the_handle_that_joined_it() {
    let _alone = alone();
    within(|| {
        let trace = trace();
        let (task, handle) = Task::new(async {}, ByHand::new());
        let _ = poll(task);
        let mut handle = handle.abort_on_drop();
        assert!(rt_testkit::poll_once(&mut handle).is_ready());
        drop(handle);
        observe(None);
        let lines = trace.lines();
        assert!(lines.iter().all(|line| !line.contains("abort")), "{lines:?}");
    });
}

/// What each task was spawned as.
#[derive(Default)]
struct Sorts(Mutex<Vec<(Id, Kind, usize)>>);

impl Observer for Sorts {
    fn spawned(&self, task: Spawned<'_>, _: Option<Id>) {
        self.0.lock().expect("no panic").push((task.id, task.kind, task.size));
    }
}

#[test]
fn it_is_told_of_which_sort_a_task_is_and_how_large() {
    let _alone = alone();
    within(|| {
        let sorts: &'static Sorts = for_ever();
        observe(Some(sorts));
        let hand = ByHand::new();
        let bytes = [0_u8; 300];
        let (plain, _) = Builder::new().spawn(async move { bytes.len() }, hand.clone());
        let (local, _) = Builder::new().spawn_local(async {}, hand.clone());
        let (job, _) = Builder::new().blocking().spawn(async {}, hand);
        observe(None);
        let ids = [plain, local, job].map(|task| task.expect("in no list").id());
        let told = sorts.0.lock().expect("no panic");
        let kind = |id| told.iter().find(|(told, ..)| *told == id).map(|(_, kind, _)| *kind);
        assert_eq!(ids.map(kind), [Kind::Task, Kind::Local, Kind::Blocking].map(Some));
        let size = told.iter().find(|(told, ..)| *told == ids[0]).map(|(.., size)| *size);
        assert!((300..400).contains(&size.unwrap_or(0)), "a future of 300 bytes: {size:?}");
    });
}
