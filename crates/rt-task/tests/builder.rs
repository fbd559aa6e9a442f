//! What a task is told at its birth: name, class, place, number.

use std::collections::HashSet;
use std::future::pending;
use std::panic::Location;
use std::thread;
use std::time::Duration;

use rt_task::{Builder, Id, Priority, Task, TaskRef};
use rt_testkit::{ByHand, poll};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

#[test]
fn a_name_is_kept_with_the_task() {
    within(|| {
        let text = String::from("für Elise");
        let (task, handle) = Builder::new().name(&text).spawn(async {}, ByHand::new());
        drop(text);
        let task = task.expect("nothing refuses it");
        assert_eq!(task.name(), Some("für Elise"), "a report shows another name: [C5]");
        let reference: TaskRef = handle.task().clone();
        drop((task, handle));
        assert_eq!(reference.name(), Some("für Elise"), "the name is gone with the future: [C5]");
        let text = format!("{reference:?}");
        assert!(text.contains("für Elise"), "debugging output lacks the name: {text}");
    });
}

#[test]
fn a_task_without_a_name_has_none() {
    within(|| {
        let (task, _handle) = Task::new(async {}, ByHand::new());
        assert_eq!(task.name(), None, "a report shows a name that nobody gave: [C5]");
    });
}

#[test]
fn the_place_of_a_task_is_where_it_was_spawned() {
    within(|| {
        let (line, (task, _a)) = (line!(), Task::new(async {}, ByHand::new()));
        let place = (task.place().file(), task.place().line());
        assert_eq!(place, (file!(), line), "a report shows another place: [H1]");
        let (line, builder) = (line!(), Builder::new());
        let (task, _b) = builder.spawn_local(async {}, ByHand::new());
        let place = task.expect("not refused").place();
        assert_eq!(place.line(), line, "a report shows another place: [H1]");
        let elsewhere = Location::caller();
        let (task, _c) = Builder::default().place(elsewhere).spawn(async {}, ByHand::new());
        let place = task.expect("not refused").place();
        assert!(std::ptr::eq(place, elsewhere), "a report shows another place: [H1]");
    });
}

#[test]
fn the_class_of_a_task_can_be_given_and_changed() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle) = Task::new(pending::<()>(), hand.clone());
        assert_eq!(task.priority(), Priority::Normal);
        for class in Priority::ALL {
            let (task, _handle) = Builder::new().priority(class).spawn(async {}, hand.clone());
            assert_eq!(task.expect("not refused").priority(), class);
            handle.task().set_priority(class);
            assert_eq!(task_of(&handle).priority(), class, "a change of the class is lost");
        }
        handle.set_priority(Priority::High);
        assert_eq!(task_of(&handle).priority(), Priority::High, "the handle changes nothing");
        let aborts = handle.abort_handle();
        aborts.set_priority(Priority::Low);
        assert_eq!(aborts.priority(), Priority::Low, "the abort handle changes nothing");
        assert_eq!(handle.priority(), Priority::Low, "the handle shows another class");
        let _ = poll(task);
        handle.task().wake_by_ref();
        assert_eq!(task_of(&handle).priority(), Priority::Low, "a poll forgets the class");
        handle.abort();
        hand.run();
        assert_eq!(task_of(&handle).priority(), Priority::Low, "the end forgets the class");
    });
}

fn task_of<T>(handle: &rt_task::JoinHandle<T>) -> &TaskRef {
    handle.task()
}

#[test]
fn no_two_tasks_have_one_number() {
    within(|| {
        const EACH: usize = 10_000;
        let threads: Vec<_> = (0..4)
            .map(|_| thread::spawn(|| (0..EACH).map(|_| Id::next()).collect::<Vec<_>>()))
            .collect();
        let ids: HashSet<Id> =
            threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect();
        assert_eq!(ids.len(), 4 * EACH, "two tasks share a number: a log can not tell them apart");
        assert!(ids.iter().all(|id| id.get() > 0 && id.get() < 1 << 48));
    });
}

#[test]
fn a_task_describes_itself() {
    within(|| {
        let (task, handle) = Task::new(async {}, ByHand::new());
        let id = task.id();
        assert_eq!(format!("{id} {id:?}"), format!("{0} Id({0})", id.get()));
        let text = format!("{task:?} {handle:?}");
        assert!(text.contains("QUEUED") && text.contains("builder.rs"), "{text}");
        let _ = poll(task);
        assert!(format!("{handle:?}").contains("DONE"), "{handle:?}");
    });
}
