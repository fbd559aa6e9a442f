//! What is counted of a task, and where that stands.

use std::future::{pending, poll_fn};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use rt_task::{Builder, Living, Polled, Task, Watching, is_watched, observe};
use rt_testkit::{ByHand, within};

const DEADLINE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(5);

/// Whether anybody watches is known of the whole process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Polls as an executor does that measures.
fn measure(task: Task) -> (Polled, rt_task::Measured) {
    let mut measured = None;
    let polled = task.poll(|task, running| {
        let stats = task.stats().expect("the task is measured");
        let poll = || running.poll(&mut Context::from_waker(Waker::noop()));
        measured = Some(stats.measure(poll));
    });
    (polled, measured.expect("a task that is not aborted is polled"))
}

#[test]
fn a_task_has_the_name_and_the_numbers_that_it_was_made_with() {
    within(DEADLINE, || {
        for name in [None, Some(""), Some("x"), Some("one that is longer than a word or two")] {
            for is_measured in [false, true] {
                let mut builder = Builder::new().measured(is_measured);
                builder = name.into_iter().fold(builder, |builder, name| builder.name(name));
                let (sent, one) = builder.spawn(pending::<()>(), ByHand::new());
                let (local, other) = builder.spawn_local(pending::<()>(), ByHand::new());
                drop((sent, local));
                for handle in [one, other] {
                    let task = handle.task();
                    assert_eq!(task.name(), name, "a report shows another name: [C5]");
                    let polls = task.stats().map(|stats| stats.polls());
                    assert_eq!(polls, is_measured.then_some(0), "{name:?}: [C5]");
                }
            }
        }
    });
}

#[test]
fn polls_are_counted_with_how_long_they_were() {
    let _alone = alone();
    within(DEADLINE, || {
        let hand = ByHand::new();
        let mut polls = 0;
        let future = poll_fn(move |_| {
            polls += 1;
            thread::sleep(PAUSE);
            if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
        });
        let (task, handle) = Builder::new().measured(true).spawn(future, hand.clone());
        let stats = || handle.task().stats().expect("the task is measured");
        assert_eq!((stats().polls(), stats().busy()), (0, Duration::ZERO), "it was not polled yet");
        assert_eq!(stats().since_last_poll(), None, "it was not polled yet");

        let (polled, first) = measure(task.expect("nothing refuses it"));
        assert!(matches!(polled, Polled::Pending), "the first poll is pending");
        assert!(first.took >= PAUSE && first.delay.is_some(), "a spawn is a wake: {first:?}");
        thread::sleep(PAUSE);
        assert!(stats().since_last_poll() >= Some(PAUSE), "it has waited for longer");
        assert_eq!(stats().in_poll(), None, "no poll goes on");

        handle.task().wake_by_ref();
        let (polled, second) = measure(hand.pop().expect("it was woken"));
        assert!(matches!(polled, Polled::Completed), "the second poll is the last");
        assert_eq!(second.delay, None, "nobody watches: that wake was not counted");
        assert_eq!(stats().polls(), 2, "a poll is lost");
        assert_eq!(stats().busy(), first.took + second.took, "a poll is lost, or counted twice");
        assert!(stats().age() >= stats().busy() + PAUSE, "it was alive all that time");
    });
}

#[test]
fn the_first_wake_before_a_poll_is_what_its_delay_counts_from() {
    let _alone = alone();
    within(DEADLINE, || {
        let _watching = Watching::begin();
        let hand = ByHand::new();
        let (task, handle) = Builder::new().measured(true).spawn(pending::<()>(), hand.clone());
        let _pending = measure(task.expect("nothing refuses it"));
        handle.task().wake_by_ref();
        thread::sleep(PAUSE);
        handle.task().wake_by_ref();
        let (_pending, measured) = measure(hand.pop().expect("it was woken"));
        assert!(measured.delay >= Some(PAUSE), "a later wake hides the first: {measured:?}");
        handle.abort(); // alive, it would hold its own queue
        drop(hand.pop());
    });
}

#[test]
fn a_wake_during_a_poll_counts_for_the_next_one() {
    let _alone = alone();
    within(DEADLINE, || {
        let _watching = Watching::begin();
        let (task, handle) = Builder::new().measured(true).spawn(pending::<()>(), ByHand::new());
        let wakes = |task: Task| {
            let mut delay = None;
            let polled = task.poll(|task, running| {
                let measured = task.stats().expect("it is measured").measure(|| {
                    task.wake_by_ref();
                    running.poll(&mut Context::from_waker(Waker::noop()));
                });
                delay = measured.delay;
            });
            (polled, delay)
        };
        let (Polled::Again(task), _) = wakes(task.expect("nothing refuses it")) else {
            panic!("the wake is lost, the task hangs: [S7]");
        };
        let (_again, delay) = wakes(task);
        assert!(delay.is_some(), "a task that wakes itself seems to wait for nobody");
        drop(handle);
    });
}

#[test]
fn watchers_come_and_go_and_the_observer_is_one_of_them() {
    struct Silent;
    impl rt_task::Observer for Silent {}
    let _alone = alone();
    within(DEADLINE, || {
        assert!(!is_watched(), "every wake pays for a watcher that is not there");
        let (one, two) = (Watching::begin(), Watching::begin());
        drop(one);
        assert!(is_watched(), "one of two is left");
        observe(Some(&Silent));
        drop(two);
        assert!(is_watched(), "the observer is told nothing any more");
        observe(None);
        assert!(!is_watched(), "every wake pays for a watcher that is gone");
    });
}

#[test]
fn a_task_is_found_by_its_number_while_it_is_alive() {
    within(DEADLINE, || {
        let living = Living::new().expect("a list is free");
        let generation = living.open();
        let spawn = || Builder::new().listed(&living, generation).spawn(async {}, ByHand::new());
        let tasks: Vec<_> = (0..5).map(|_| spawn()).collect();
        for (_, handle) in &tasks {
            let found = living.find(generation, handle.id()).map(|task| task.id());
            assert_eq!(found, Some(handle.id()), "a report does not find a task that is alive");
        }
        let (task, handle) = &tasks[2];
        assert!(task.is_some(), "nothing refuses it");
        let id = handle.id();
        let stranger = rt_task::Id::next();
        assert!(living.find(generation, stranger).is_none(), "another one was found");
        drop(tasks); // cancels all
        assert!(living.find(generation, id).is_none(), "a task that is done is found");
        living.close(Waker::noop().clone());
        let next = living.open();
        assert!(living.find(generation, id).is_none() && next != generation);
    });
}

#[test]
fn a_local_task_says_which_thread_it_belongs_to() {
    within(DEADLINE, || {
        let (sent, _one) = Task::new(async {}, ByHand::new());
        let (local, _other) = Task::new_local(async {}, ByHand::new());
        assert_eq!(sent.home(), None, "it may run anywhere");
        assert_eq!(local.home(), Some(rt_task::ThreadNumber::current()));
    });
}

#[test]
fn a_wake_that_was_answered_already_is_not_taken_for_one_that_waits() {
    let _alone = alone();
    static SLOW: Mutex<Option<Task>> = Mutex::new(None);
    /// Between what a wake does and what it tells lies time: here the task is polled in between.
    struct Slow;
    impl rt_task::Observer for Slow {
        fn woken(&self, _: rt_task::Id, _: Option<rt_task::Id>) {
            let task = SLOW.lock().unwrap().take();
            task.into_iter().for_each(|task| drop(measure(task)));
        }
    }
    within(DEADLINE, || {
        let hand = ByHand::new();
        let (task, handle) = Builder::new().measured(true).spawn(pending::<()>(), hand.clone());
        *SLOW.lock().unwrap() = task;
        observe(Some(&Slow));
        handle.task().wake_by_ref();
        observe(None);
        let waits = handle.task().stats().unwrap().since_wake();
        assert_eq!(waits, None, "a task that sleeps is reported as one that waits to be polled");
        handle.task().abort();
        assert_eq!(hand.run(), 1, "who is aborted is dropped");
    });
}
