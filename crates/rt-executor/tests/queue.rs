//! The order in which tasks are polled is the queue's affair, and no queue starves anybody.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use rt_executor::{Executor, Fifo, RunQueue, yield_now};
use rt_task::Task;
use rt_testkit::{ByHand, within};
use rt_waker::Parker;

const DEADLINE: Duration = Duration::from_secs(10);

/// The youngest first.
#[derive(Default)]
struct Stack(Vec<Task>);

impl RunQueue for Stack {
    fn push(&mut self, task: Task) -> Result<(), Task> {
        self.0.push(task);
        Ok(())
    }

    fn pop(&mut self) -> Option<Task> {
        self.0.pop()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// First in, first out, with room for so many.
struct Bounded(usize, VecDeque<Task>);

impl RunQueue for Bounded {
    fn push(&mut self, task: Task) -> Result<(), Task> {
        if self.1.len() == self.0 {
            return Err(task);
        }
        self.1.push_back(task);
        Ok(())
    }

    fn pop(&mut self) -> Option<Task> {
        self.1.pop_front()
    }

    fn is_empty(&self) -> bool {
        self.1.is_empty()
    }
}

fn bounded(room: usize) -> Executor<Parker, Bounded> {
    Executor::with(Parker::new(), Bounded(room, VecDeque::new()), ())
}

/// Spawns `count` tasks that write down their number, and runs them.
fn order<Q: RunQueue>(executor: &Executor<Parker, Q>, count: usize) -> Vec<usize> {
    let order = Rc::new(RefCell::new(Vec::new()));
    for number in 0..count {
        let order = order.clone();
        let _detached = executor.spawn(async move { order.borrow_mut().push(number) });
    }
    while executor.run_ready() > 0 {}
    order.take()
}

#[test]
fn fifo_hands_tasks_out_in_the_order_they_came() {
    within(DEADLINE, || {
        let mut queue = Fifo::new();
        assert!(queue.is_empty(), "a new queue has a task");
        assert!(queue.pop().is_none(), "an empty queue has no task");
        let tasks: Vec<_> = (0..5_000).map(|_| Task::new(async {}, ByHand::new()).0).collect();
        let ids: Vec<_> = tasks.iter().map(|task| task.id()).collect();
        for task in tasks {
            assert!(queue.push(task).is_ok(), "it has no bound");
            assert!(!queue.is_empty(), "the executor sleeps on a ready task");
        }
        let popped: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|task| task.id()).collect();
        assert_eq!(popped, ids, "who waited longest does not come first");
        assert!(queue.is_empty(), "an idle executor does not sleep");
    });
}

#[test]
fn tasks_run_in_the_order_of_their_spawn() {
    within(DEADLINE, || {
        let order = order(&Executor::new(), 5);
        assert_eq!(order, [0, 1, 2, 3, 4], "who waited longest was not polled first");
    });
}

#[test]
fn a_queue_of_ones_own_decides_the_order() {
    within(DEADLINE, || {
        let executor = Executor::with(Parker::new(), Stack::default(), ());
        assert_eq!(order(&executor, 5), [4, 3, 2, 1, 0], "a queue is not asked for the order");
    });
}

#[test]
fn what_a_queue_has_no_room_for_comes_in_order_all_the_same() {
    within(DEADLINE, || {
        for room in [0, 1, 2, 5] {
            let order = order(&bounded(room), 7);
            assert_eq!(
                order,
                [0, 1, 2, 3, 4, 5, 6],
                "room for {room}: who came later came first [RQ1]"
            );
        }
    });
}

#[test]
fn what_a_queue_has_no_room_for_does_not_wait_behind_tasks_that_yield() {
    within(DEADLINE, || {
        for room in [0, 1, 2, 5] {
            let executor = bounded(room);
            let polls: Vec<Rc<Cell<u32>>> = (0..8).map(|_| Rc::default()).collect();
            for count in polls.clone() {
                let _detached = executor.spawn(async move {
                    loop {
                        count.set(count.get() + 1);
                        yield_now().await;
                    }
                });
            }
            for _ in 0..10 {
                executor.run_ready();
            }
            let polls: Vec<u32> = polls.iter().map(|count| count.get()).collect();
            let (least, most) = (polls.iter().min().unwrap(), polls.iter().max().unwrap());
            assert!(
                most - least <= 1,
                "room for {room}: polls of eight equal tasks [RQ1]: {polls:?}"
            );
            assert!(*least > 0, "room for {room}: a task was never polled [RQ1]: {polls:?}");
        }
    });
}

#[test]
fn tasks_without_room_are_dropped_with_the_executor() {
    within(DEADLINE, || {
        let token = Rc::new(());
        let executor = bounded(1);
        for _ in 0..5 {
            let token = token.clone();
            let _detached = executor.spawn(async move {
                yield_now().await;
                std::future::pending::<()>().await;
                drop(token);
            });
        }
        executor.run_ready();
        assert_eq!(executor.alive(), 5, "a task without room in the queue was lost [RQ1]");
        drop(executor);
        assert_eq!(Rc::strong_count(&token), 1, "a future outlived its executor [X3]");
    });
}
