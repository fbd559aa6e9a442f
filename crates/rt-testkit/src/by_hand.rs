//! A scheduler without an executor: the test is the executor.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use rt_task::{End, Polled, Schedule, Task, TaskRef};

/// Collects the tasks that were woken; the test takes and polls them.
///
/// ```
/// use rt_testkit::{ByHand, poll};
///
/// let hand = ByHand::new();
/// let (task, handle) = rt_task::Task::new(std::future::pending::<()>(), hand.clone());
/// assert!(matches!(poll(task), rt_task::Polled::Pending));
/// handle.task().wake_by_ref();
/// assert_eq!(hand.scheduled(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ByHand {
    desk: Arc<Mutex<Desk>>,
}

#[derive(Debug, Default)]
struct Desk {
    queue: VecDeque<Task>,
    ended: Vec<End>,
    is_refusing: bool,
}

impl ByHand {
    /// An empty queue.
    #[must_use]
    pub fn new() -> ByHand {
        ByHand::default()
    }

    /// The task that was scheduled first.
    pub fn pop(&self) -> Option<Task> {
        self.with(|desk| desk.queue.pop_front())
    }

    /// Queues a task, as a wake does.
    pub fn push(&self, task: Task) {
        self.with(|desk| desk.queue.push_back(task));
    }

    /// Polls what is scheduled, in order, with a waker of its own each, until nothing is, and says
    /// how many polls it were.
    pub fn run(&self) -> usize {
        let mut polls = 0;
        while let Some(task) = self.pop() {
            polls += 1;
            if let Polled::Again(task) = poll_with_waker(task) {
                self.push(task);
            }
        }
        polls
    }

    /// How many are scheduled.
    #[must_use]
    pub fn scheduled(&self) -> usize {
        self.with(|desk| desk.queue.len())
    }

    /// How the tasks ended, in order.
    #[must_use]
    pub fn ended(&self) -> Vec<End> {
        self.with(|desk| desk.ended.clone())
    }

    /// From now on every task is handed back.
    pub fn refuse(&self) {
        self.with(|desk| desk.is_refusing = true);
    }

    fn with<R>(&self, change: impl FnOnce(&mut Desk) -> R) -> R {
        change(&mut self.desk.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

impl Schedule for ByHand {
    fn schedule(self, task: Task) -> Result<(), Task> {
        self.with(|desk| {
            if desk.is_refusing {
                return Err(task);
            }
            desk.queue.push_back(task);
            Ok(())
        })
    }

    fn ended(self, _task: &TaskRef, how: End) {
        self.with(|desk| desk.ended.push(how));
    }
}

/// Polls a task with a waker that does nothing.
pub fn poll(task: Task) -> Polled {
    task.poll(|_, running| running.poll(&mut Context::from_waker(Waker::noop())))
}

/// Polls a task with a waker that wakes it.
pub fn poll_with_waker(task: Task) -> Polled {
    task.poll(|task, running| running.poll(&mut Context::from_waker(&waker_of(task))))
}

/// A waker that wakes a task: the simple one, with an allocation of its own.
#[must_use]
pub fn waker_of(task: &TaskRef) -> Waker {
    Waker::from(Arc::new(WakeTask(task.clone())))
}

/// Polls a future once, with a waker that does nothing.
pub fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Pending once, and woken already.
pub fn woken_at_once() -> impl Future<Output = ()> {
    let mut is_first = true;
    poll_fn(move |cx| {
        if !std::mem::take(&mut is_first) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}

struct WakeTask(TaskRef);

impl Wake for WakeTask {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_by_ref();
    }
}
