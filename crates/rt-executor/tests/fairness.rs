//! Who waits for whom, in polls.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use rt_executor::{Executor, Fifo, TURN, spawn, yield_now};
use rt_task::coop;
use rt_testkit::within;
use rt_waker::{Park, Parker, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(10);

/// Writes down how many polls were made between two looks.
struct Looks {
    parker: Parker,
    polls: Rc<Cell<usize>>,
    gaps: Rc<RefCell<Vec<usize>>>,
}

impl Park for Looks {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        self.gaps.borrow_mut().push(self.polls.take());
        self.parker.park(timeout, ready);
    }

    fn waker(&self) -> Waker {
        self.parker.waker()
    }
}

#[derive(Default)]
struct Counts {
    polls: Rc<Cell<usize>>,
    gaps: Rc<RefCell<Vec<usize>>>,
}

impl Counts {
    fn executor(&self) -> Executor<Looks> {
        let (polls, gaps) = (self.polls.clone(), self.gaps.clone());
        Executor::with(Looks { parker: Parker::new(), polls, gaps }, Fifo::new(), ())
    }

    fn counted<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let polls = self.polls.clone();
        async move {
            let mut future = pin!(future);
            poll_fn(|cx| {
                polls.set(polls.get() + 1);
                future.as_mut().poll(cx)
            })
            .await
        }
    }
}

async fn yield_times(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

async fn yield_for_ever() {
    loop {
        yield_now().await;
    }
}

#[test]
fn under_load_timers_and_sockets_are_looked_at_after_each_turn() {
    within(DEADLINE, || {
        let counts = Counts::default();
        let executor = counts.executor();
        for _ in 0..1000 {
            drop(executor.spawn(counts.counted(yield_for_ever())));
        }
        let mut looks = 0;
        executor.run(poll_fn(|cx| {
            looks += 1;
            cx.waker().wake_by_ref();
            if looks > 100 { Poll::Ready(()) } else { Poll::Pending }
        }));
        assert_eq!(
            *counts.gaps.borrow(),
            [TURN; 100],
            "polls between two looks at timers and sockets [X5]"
        );
    });
}

#[test]
fn a_few_busy_tasks_delay_a_look_no_longer_than_many() {
    within(DEADLINE, || {
        for tasks in [1, 2, 3, 63, 64, 65, 200] {
            let counts = Counts::default();
            let executor = counts.executor();
            for _ in 0..tasks {
                drop(executor.spawn(counts.counted(yield_for_ever())));
            }
            executor.run(counts.counted(yield_times(100)));
            let gaps = counts.gaps.borrow();
            assert!(gaps.len() >= 99, "{tasks} tasks starve timers and sockets [X5]: {gaps:?}");
            let all = gaps.iter().all(|&gap| gap == TURN + 1);
            assert!(all, "polls between two looks, {tasks} tasks and a root [X5]: {gaps:?}");
        }
    });
}

#[test]
fn a_root_that_is_always_ready_delays_a_look_by_as_many_polls() {
    within(DEADLINE, || {
        let counts = Counts::default();
        counts.executor().run(counts.counted(yield_times(10 * TURN)));
        let gaps = counts.gaps.take();
        assert_eq!(
            gaps, [TURN; 10],
            "polls of a root between two looks at timers and sockets [X5]"
        );
    });
}

#[test]
fn the_longest_time_between_two_looks_is_twice_a_turn() {
    within(DEADLINE, || {
        let counts = Counts::default();
        let executor = counts.executor();
        for _ in 0..TURN - 2 {
            drop(executor.spawn(counts.counted(async {})));
        }
        // One poll short of a look; then a turn as long as it may be.
        executor.run(counts.counted(async {
            yield_now().await;
            for _ in 0..TURN {
                drop(spawn(counts.counted(async {})));
            }
            yield_times(2).await;
        }));
        let longest = counts.gaps.borrow().iter().max().copied();
        let gaps = counts.gaps.borrow();
        assert_eq!(longest, Some(2 * TURN), "polls between two looks [X5]: {gaps:?}");
    });
}

#[test]
fn between_two_polls_of_a_woken_root_there_is_one_turn() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let polls = Rc::new(Cell::new(0));
        for _ in 0..1000 {
            let polls = polls.clone();
            drop(executor.spawn(async move {
                loop {
                    polls.set(polls.get() + 1);
                    yield_now().await;
                }
            }));
        }
        let mut gaps = Vec::new();
        executor.run(async {
            for _ in 0..50 {
                polls.set(0);
                yield_now().await;
                gaps.push(polls.get());
            }
        });
        assert_eq!(gaps, [TURN; 50], "polls of tasks between two of a root that was woken [X4]");
    });
}

#[test]
fn a_step_polls_one_turn_and_no_more() {
    within(DEADLINE, || {
        let executor = Executor::new();
        drop(executor.spawn(yield_for_ever()));
        for _ in 0..10 {
            assert_eq!(
                executor.run_ready(),
                TURN,
                "a task that yields keeps the caller for ever [X1]"
            );
        }
    });
}

#[test]
fn what_comes_from_another_thread_waits_for_one_turn() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let polls = Rc::new(Cell::new(0));
        let (busy, handle) = (polls.clone(), executor.handle());
        drop(executor.spawn(async move {
            loop {
                busy.set(busy.get() + 1);
                yield_now().await;
            }
        }));
        executor.run(yield_now());
        let at_spawn = polls.get();
        let foreign = thread::spawn(move || handle.spawn(async {})).join().unwrap();
        executor.run(foreign).unwrap();
        let waited = polls.get() - at_spawn;
        assert!(waited <= TURN, "a task spawned by another thread waited for {waited} polls [X1]");
    });
}

#[test]
fn who_yields_runs_again_after_all_its_peers() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let trace = Rc::new(RefCell::new(String::new()));
        for name in ["a", "b", "c", "d"] {
            let trace = trace.clone();
            drop(executor.spawn(async move {
                for _ in 0..3 {
                    trace.borrow_mut().push_str(name);
                    yield_now().await;
                }
            }));
        }
        while executor.run_ready() > 0 {}
        assert_eq!(*trace.borrow(), "abcdabcdabcd", "who yields does not let the others run [X2]");
    });
}

#[test]
fn who_wakes_and_spawns_and_then_yields_runs_after_those() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let trace = Rc::new(RefCell::new(Vec::new()));
        let slot: Rc<RefCell<Option<Waker>>> = Rc::default();
        let local = executor.local_handle();
        drop(executor.spawn({
            let (trace, slot) = (trace.clone(), slot.clone());
            async move {
                let mut is_first = true;
                poll_fn(|cx| {
                    *slot.borrow_mut() = Some(cx.waker().clone());
                    if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
                })
                .await;
                trace.borrow_mut().push("woken");
            }
        }));
        drop(executor.spawn({
            let trace = trace.clone();
            async move {
                // It yields first and wakes then: what counts is that both come in one poll.
                let mut yields = pin!(yield_now());
                let mut is_first = true;
                poll_fn(|cx| {
                    let polled = yields.as_mut().poll(cx);
                    if std::mem::take(&mut is_first) {
                        slot.take().expect("polled before").wake();
                        let trace = trace.clone();
                        drop(local.spawn(async move { trace.borrow_mut().push("spawned") }));
                    }
                    polled
                })
                .await;
                trace.borrow_mut().push("yielded");
            }
        }));
        while executor.run_ready() > 0 {}
        let order = trace.take();
        assert_eq!(order, ["woken", "spawned", "yielded"], "who yields does not come last [X2]");
    });
}

#[test]
fn a_task_that_always_finds_something_ready_lets_others_run_when_its_budget_is_spent() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let operations = Rc::new(Cell::new(0));
        drop(executor.spawn({
            let operations = operations.clone();
            async move {
                loop {
                    coop::consume_budget().await;
                    operations.set(operations.get() + 1);
                }
            }
        }));
        let peer = executor.spawn(async move { operations.get() });
        let done = executor.run(peer).unwrap();
        assert_eq!(done, coop::BUDGET, "operations of the greedy task before its peer ran");
    });
}

#[test]
fn a_root_that_always_finds_something_ready_lets_tasks_run_too() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let has_run = Rc::new(Cell::new(false));
        let flag = has_run.clone();
        drop(executor.spawn(async move { flag.set(true) }));
        let operations = executor.run(async {
            let mut operations = 0;
            while !has_run.get() {
                coop::consume_budget().await;
                operations += 1;
            }
            operations
        });
        assert_eq!(operations, coop::BUDGET + 1, "operations of the root before its peer ran");
    });
}

#[test]
fn waiting_tasks_cost_a_look_nothing() {
    within(DEADLINE, || {
        let counts = Counts::default();
        let executor = counts.executor();
        for _ in 0..1000 {
            drop(executor.spawn(counts.counted(pending::<()>())));
        }
        while executor.run_ready() > 0 {}
        counts.polls.set(0);
        executor.run(yield_times(3));
        assert_eq!(counts.polls.get(), 0, "polls of tasks that nobody woke");
    });
}
