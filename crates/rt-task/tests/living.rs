//! Who is alive: the list that a shutdown and a report read, and that spawns ask.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use rt_task::{Builder, End, Generation, JoinHandle, Living, Task, TaskRef};
use rt_testkit::{ByHand, CountingWaker, Tally, poll, poll_once, poll_with_waker};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

fn open() -> (Living, Generation) {
    let living = Living::new().expect("a list is free");
    let generation = living.open();
    (living, generation)
}

fn endless(living: &Living, generation: Generation, hand: &ByHand) -> (Task, JoinHandle<()>) {
    let (task, handle) =
        Builder::new().listed(living, generation).spawn(pending::<()>(), hand.clone());
    (task.expect("the list is open"), handle)
}

/// As the end of an executor does it.
fn end(living: &Living, hand: &ByHand) {
    living.close(Waker::noop().clone());
    living.tasks().iter().for_each(TaskRef::abort);
    while living.count() > 0 {
        assert!(hand.run() > 0, "neither queued nor done, the shutdown hangs: [S7]");
    }
}

#[test]
fn a_task_is_in_the_list_from_its_spawn_to_its_end() {
    within(|| {
        let (living, generation) = open();
        let hand = ByHand::new();
        assert_eq!(living.count(), 0, "a new list counts tasks: [L1]");
        let (first, one) = endless(&living, generation, &hand);
        let (second, two) = endless(&living, generation, &hand);
        assert_eq!(first.shard(), Some(living.number()), "the task does not know its list: [L1]");
        let ids: Vec<_> = living.tasks().iter().map(TaskRef::id).collect();
        assert_eq!(ids, [two.id(), one.id()], "a report lists other tasks than there are: [L1]");
        let _ = (poll(first), poll(second));
        assert_eq!(living.count(), 2, "an idle task is missing in the report: [L1]");
        one.abort();
        hand.run();
        let ids: Vec<_> = living.tasks().iter().map(TaskRef::id).collect();
        assert_eq!(ids, [two.id()], "the wrong task left the list: [L1]");
        end(&living, &hand);
    });
}

#[test]
fn tasks_may_leave_the_list_in_any_order() {
    within(|| {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let (living, generation) = open();
            let hand = ByHand::new();
            let spawned = [(); 3].map(|()| endless(&living, generation, &hand));
            let (mut tasks, mut ids) = (Vec::new(), Vec::new());
            for (task, handle) in spawned {
                tasks.push(Some(task));
                ids.push(handle.id());
            }
            for leaving in order {
                drop(tasks[leaving].take());
                let listed: Vec<_> = living.tasks().iter().map(TaskRef::id).collect();
                let alive = tasks.iter().flatten().map(|task| task.id()).rev();
                assert_eq!(listed, alive.collect::<Vec<_>>(), "leaving in order {order:?}: [L2]");
            }
            assert_eq!(living.count(), 0, "the list counts tasks that are gone: [L1]");
        }
    });
}

#[test]
fn a_task_outside_of_every_list_is_in_none() {
    within(|| {
        let (task, _handle) = Task::new(async {}, ByHand::new());
        assert_eq!(task.shard(), None, "its end looks for it in somebody's list: [L1]");
    });
}

#[test]
fn a_spawn_after_close_is_refused_and_its_handle_resolves() {
    within(|| {
        let (living, generation) = open();
        living.close(Waker::noop().clone());
        let (tally, hand) = (Tally::new(), ByHand::new());
        let held = tally.witness();
        let (task, mut handle) = Builder::new()
            .listed(&living, generation)
            .spawn(async move { drop(held) }, hand.clone());
        assert!(task.is_none(), "a task was let in after the end: [L4]");
        assert_eq!(tally.dropped(), 1, "the future of a refused spawn leaked: [H5]");
        let Poll::Ready(Err(error)) = poll_once(&mut handle) else { panic!("the joiner hangs") };
        assert!(error.is_cancelled(), "the joiner was told {error:?}");
        let found = (living.count(), hand.ended());
        assert_eq!(found, (0, vec![End::Cancelled]), "listed, or not ended once: [L1]");
    });
}

#[test]
fn a_spawn_into_an_earlier_generation_is_refused() {
    within(|| {
        let (living, earlier) = open();
        living.close(Waker::noop().clone());
        let generation = living.open();
        let is_right = living.is_open(generation) && !living.is_open(earlier);
        assert!(is_right, "open for a runtime that is gone: [L4]");
        let hand = ByHand::new();
        let (task, _handle) = Builder::new().listed(&living, earlier).spawn(async {}, hand.clone());
        assert!(task.is_none(), "a dead runtime's handle spawned into the next one: [L4]");
        let (task, _handle) = endless(&living, generation, &hand);
        drop(task);
        assert_eq!(living.count(), 0, "the list counts tasks that are gone: [L1]");
    });
}

#[test]
fn the_end_of_the_last_task_is_told_once_after_close() {
    within(|| {
        let (living, generation) = open();
        let hand = ByHand::new();
        let (waker, wakes) = CountingWaker::new();
        let (first, _one) = endless(&living, generation, &hand);
        let (second, _two) = endless(&living, generation, &hand);
        living.close(waker);
        drop(first);
        assert_eq!(wakes.count(), 0, "a shutdown ends while a task is alive: [L1]");
        drop(second);
        assert_eq!(wakes.count(), 1, "a shutdown is not told of the last end, it hangs: [L1]");
    });
}

#[test]
fn closing_an_empty_list_is_told_at_once() {
    within(|| {
        let (living, generation) = open();
        let (waker, wakes) = CountingWaker::new();
        living.close(waker);
        assert_eq!(wakes.count(), 1, "the end of a runtime without tasks hangs: [L1]");
        assert!(!living.is_open(generation), "a closed list lets tasks in: [L4]");
    });
}

#[test]
fn who_closed_a_list_before_another_one_is_told_at_once() {
    rt_testkit::within(Duration::from_secs(5), || {
        let (living, generation) = open();
        let (living, told) = (Arc::new(living), Tally::new());
        let (task, _handle) = endless(&living, generation, &ByHand::new());
        // Asks the list: a lock that is still held hangs.
        living.close(Waker::from(Arc::new(Asks(living.clone(), told.clone()))));
        assert_eq!(told.dropped(), 0, "a shutdown ends while a task is alive: [L1]");
        let (second, wakes) = CountingWaker::new();
        living.close(second);
        assert_eq!(told.dropped(), 2, "two shut down at once, and the first one hangs: [L1]");
        assert_eq!(wakes.count(), 0, "a shutdown ends while a task is alive: [L1]");
        drop(task);
        let found = (told.dropped(), wakes.count());
        assert_eq!(found, (2, 1), "of two that shut down the second hangs, or one is told twice");
    });
}

/// Asks the list when it is woken.
struct Asks(Arc<Living>, Tally);

impl Wake for Asks {
    fn wake(self: Arc<Self>) {
        (0..=self.0.count()).for_each(|_| drop(self.1.witness()));
    }
}

#[test]
fn who_is_told_of_the_end_may_ask_the_list() {
    rt_testkit::within(Duration::from_secs(5), || {
        let (living, told) = (Arc::new(open().0), Tally::new());
        living.close(Waker::from(Arc::new(Asks(living.clone(), told.clone()))));
        assert_eq!(told.dropped(), 1, "not told, or told while a task is alive: [L1]");
    });
}

#[test]
fn an_empty_list_that_is_open_wakes_nobody() {
    within(|| {
        let (living, generation) = open();
        let (waker, wakes) = CountingWaker::new();
        let (task, _handle) = endless(&living, generation, &ByHand::new());
        living.close(waker);
        drop(task);
        let generation = living.open();
        let (task, _handle) = endless(&living, generation, &ByHand::new());
        drop(task);
        assert_eq!(wakes.count(), 1, "the waker of an earlier end was woken again: [L4]");
    });
}

#[test]
fn two_tasks_that_await_each_other_are_freed_by_the_list() {
    within(|| {
        let (living, generation) = open();
        let (hand, tally) = (ByHand::new(), Tally::new());
        let spawn = || {
            let slot: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
            let (held, other) = (tally.witness(), slot.clone());
            let future = async move {
                let _held = held;
                let other = other.borrow_mut().take().expect("put there below");
                let _ = other.await;
            };
            let builder = Builder::new().listed(&living, generation);
            let (task, handle) = builder.spawn_local(future, hand.clone());
            (task.expect("open"), handle, slot)
        };
        let (one, first, of_one) = spawn();
        let (two, second, of_two) = spawn();
        *of_one.borrow_mut() = Some(second);
        *of_two.borrow_mut() = Some(first);
        let _ = (poll_with_waker(one), poll_with_waker(two));
        assert_eq!(
            (tally.dropped(), living.count()),
            (0, 2),
            "they wait for each other, and live: [L1]"
        );
        end(&living, &hand);
        assert_eq!(tally.dropped(), 2, "two tasks that wait for each other leak at shutdown: [L1]");
        let both = [End::Cancelled, End::Cancelled];
        assert_eq!(hand.ended(), both, "an executor's counters are wrong");
    });
}

#[test]
fn a_task_that_stores_its_own_waker_is_freed_by_the_list() {
    within(|| {
        let (living, generation) = open();
        let (hand, tally) = (ByHand::new(), Tally::new());
        let held = tally.witness();
        let stored = RefCell::new(None);
        let future = std::future::poll_fn(move |cx| {
            let _ = &held;
            stored.replace(Some(cx.waker().clone()));
            Poll::<()>::Pending
        });
        let (task, handle) = Builder::new().listed(&living, generation).spawn(future, hand.clone());
        drop(handle);
        let _ = poll_with_waker(task.expect("open"));
        end(&living, &hand);
        assert_eq!(tally.dropped(), 1, "a task that keeps its own waker leaks at shutdown: [L1]");
    });
}

#[test]
fn a_future_whose_drop_spawns_into_the_closed_list_is_no_obstacle() {
    struct Spawner(Arc<Living>, Generation, ByHand, Tally);
    impl Drop for Spawner {
        fn drop(&mut self) {
            if thread::panicking() {
                return;
            }
            let held = self.3.witness();
            let future = async move { drop(held) };
            let builder = Builder::new().listed(&self.0, self.1);
            let (task, handle) = builder.spawn(future, self.2.clone());
            assert!(task.is_none(), "a drop at shutdown spawned a task: no end of it");
            assert!(handle.is_finished(), "the joiner of a refused spawn hangs");
        }
    }
    within(|| {
        let (living, generation) = open();
        let living = Arc::new(living);
        let (hand, tally) = (ByHand::new(), Tally::new());
        let spawner = Spawner(living.clone(), generation, hand.clone(), tally.clone());
        let future = async move {
            let _spawner = spawner;
            pending::<()>().await;
        };
        let (task, _handle) =
            Builder::new().listed(&living, generation).spawn(future, hand.clone());
        let _ = poll(task.expect("open"));
        end(&living, &hand);
        assert_eq!(tally.dropped(), 1, "what a drop spawned at shutdown leaked: [L4]");
    });
}

#[test]
fn spawns_and_ends_on_many_threads_leave_an_empty_list() {
    within(|| {
        let (living, generation) = open();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let (task, _handle) = endless(&living, generation, &ByHand::new());
                        let is_listed = living.tasks().iter().any(|other| other.id() == task.id());
                        assert!(is_listed, "a living task is missing in the report: [L1]");
                    }
                });
            }
        });
        assert_eq!(living.count(), 0, "the list counts tasks that are gone: [L1]");
        assert!(living.tasks().is_empty(), "a report lists tasks that are gone: [L2]");
    });
}

#[test]
fn a_number_is_used_again_under_another_generation() {
    within(|| {
        let (first, earlier) = open();
        first.close(Waker::noop().clone());
        let number = first.number();
        drop(first);
        // Other tests take and give numbers at the same time: until this one comes back.
        let again = loop {
            let taken: Vec<_> = (0..100).map(|_| Living::new().expect("a list is free")).collect();
            if let Some(living) = taken.into_iter().find(|living| living.number() == number) {
                break living;
            }
        };
        let _ = again.open();
        assert!(!again.is_open(earlier), "a stale handle spawns into the next runtime: [L4]");
        assert!(usize::from(number) <= Living::MAX, "a number that no label has room for: [L1]");
    });
}

#[test]
fn a_list_opens_only_when_it_is_over() {
    within(|| {
        let (living, _generation) = open();
        let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| living.open()));
        let payload = again.expect_err("one list serves two runtimes at once");
        let text = payload.downcast_ref::<&str>().expect("a text");
        assert_eq!(*text, "a list is opened again only when it is over");
        assert_eq!(living.count(), 0, "the list is unusable after a panic");
    });
}

#[test]
fn a_list_counts_what_became_of_its_tasks() {
    within(|| {
        let (living, generation) = open();
        let hand = ByHand::new();
        let spawn = |future: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
            let (task, handle) =
                Builder::new().listed(&living, generation).spawn(future, hand.clone());
            (task.expect("the list is open"), handle)
        };
        let see = || {
            let tally = living.tally_of(generation);
            let ends = (tally.completed, tally.cancelled, tally.panicked);
            (tally.spawned, ends, tally.alive)
        };
        assert_eq!(see(), (0, (0, 0, 0), 0), "a new list has counted something: [L1]");
        let (completes, _one) = spawn(Box::pin(async {}));
        let (panics, _two) = spawn(Box::pin(async { std::panic::resume_unwind(Box::new("oh")) }));
        let (aborted, three) = spawn(Box::pin(pending()));
        let (dropped, _four) = spawn(Box::pin(pending()));
        let (waits, _five) = spawn(Box::pin(pending()));
        assert_eq!(see(), (5, (0, 0, 0), 5), "a spawn was not counted");
        let _completed = poll(completes);
        assert_eq!(see(), (5, (1, 0, 0), 4), "an output is no completion");
        let _panicked = poll(panics);
        assert_eq!(see(), (5, (1, 0, 1), 3), "a panic is no panic");
        three.abort();
        assert_eq!(see(), (5, (1, 0, 1), 3), "a task has ended before its future was dropped");
        let _cancelled = poll(aborted);
        drop(dropped);
        assert_eq!(see(), (5, (1, 2, 1), 1), "an abort and a drop are no cancellations");
        drop(waits);
        assert_eq!(see(), (5, (1, 3, 1), 0), "the last one was not counted");
    });
}

#[test]
fn a_spawn_that_is_refused_counts_as_refused_and_as_nothing_else() {
    within(|| {
        let (living, generation) = open();
        let hand = ByHand::new();
        let (waits, _handle) = endless(&living, generation, &hand);
        living.close(Waker::noop().clone());
        for refused in 1..=2 {
            let (task, _handle) =
                Builder::new().listed(&living, generation).spawn(async {}, hand.clone());
            assert!(task.is_none());
            let tally = living.tally_of(generation);
            let seen = (tally.spawned, tally.ended(), tally.alive, tally.refused);
            assert_eq!(seen, (1, 0, 1, refused), "a refused spawn upsets the sum");
        }
        drop(waits);
    });
}

#[test]
fn a_list_that_is_opened_again_counts_from_zero_and_only_its_own() {
    within(|| {
        let (living, first) = open();
        let hand = ByHand::new();
        drop(endless(&living, first, &hand));
        end(&living, &hand);
        assert_eq!(living.tally_of(first).cancelled, 1, "the last look at a list that is over");
        let second = living.open();
        assert_eq!(living.tally_of(second), Default::default(), "it counts another one's tasks");
        assert_eq!(
            living.tally_of(first),
            Default::default(),
            "who asks too late is told of others"
        );
        let (task, _handle) = Builder::new().listed(&living, first).spawn(async {}, hand.clone());
        assert!(task.is_none());
        assert_eq!(living.tally_of(second).refused, 0, "somebody else's spawn was refused here");
        end(&living, &hand);
    });
}

#[test]
fn the_sum_holds_at_each_look_while_tasks_come_and_go_on_other_threads() {
    within(|| {
        let (living, generation) = open();
        let living = Arc::new(living);
        let threads = [0, 1].map(|number| {
            let living = living.clone();
            thread::spawn(move || {
                let hand = ByHand::new();
                for round in 0..2000 {
                    let (task, handle) = endless(&living, generation, &hand);
                    if round % 3 == number {
                        handle.abort();
                    }
                    let _polled = poll(task);
                    handle.abort();
                    hand.run();
                }
            })
        });
        let mut looks = 0;
        while looks < 1000 || threads.iter().any(|thread| !thread.is_finished()) {
            let tally = living.tally_of(generation);
            let sum = tally.completed + tally.cancelled + tally.panicked + tally.alive;
            assert_eq!(
                tally.spawned, sum,
                "the numbers of one look do not fit together: {tally:?}"
            );
            looks += 1;
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(living.tally_of(generation).cancelled, 4000);
    });
}
