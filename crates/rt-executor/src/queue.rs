//! Where tasks wait that are ready.

use std::collections::VecDeque;

use rt_task::Task;

/// An executor's queue: what order tasks are polled in.
///
/// Used by one thread at a time, and never while user code runs. It drops no task: what it can not
/// take it hands back.
pub trait RunQueue: 'static {
    /// Puts a task in.
    ///
    /// # Errors
    ///
    /// The task, if there is no room.
    fn push(&mut self, task: Task) -> Result<(), Task>;

    /// Takes the task out that comes next.
    fn pop(&mut self) -> Option<Task>;

    /// Whether nothing waits.
    fn is_empty(&self) -> bool;

    /// How many tasks wait. A queue that does not count says one if there are any.
    fn len(&self) -> usize {
        usize::from(!self.is_empty())
    }
}

/// First in, first out, without a bound.
///
/// ```
/// use rt_executor::{Fifo, RunQueue};
/// # use rt_testkit::ByHand;
/// let mut queue = Fifo::new();
/// let (first, _a) = rt_task::Task::new(async {}, ByHand::new());
/// let (second, _b) = rt_task::Task::new(async {}, ByHand::new());
/// let id = first.id();
/// queue.push(first).unwrap();
/// queue.push(second).unwrap();
/// assert_eq!(queue.pop().unwrap().id(), id);
/// ```
#[derive(Debug, Default)]
pub struct Fifo {
    tasks: VecDeque<Task>,
}

impl Fifo {
    /// What an empty queue keeps of its room, in tasks; a burst's room beyond goes back.
    const KEPT: usize = 1024;

    /// An empty one. Allocates with the first task.
    #[must_use]
    pub const fn new() -> Fifo {
        Fifo { tasks: VecDeque::new() }
    }
}

impl RunQueue for Fifo {
    /// Puts a task behind all others. There is always room.
    #[inline]
    // COURSE(4.4) stub: todo
    fn push(&mut self, task: Task) -> Result<(), Task> {
        self.tasks.push_back(task);
        Ok(())
    }

    /// Takes the oldest task out. Who finds none gives back the room that a burst took.
    #[inline]
    // COURSE(4.4) stub: todo
    fn pop(&mut self) -> Option<Task> {
        let task = self.tasks.pop_front();
        if task.is_none() && self.tasks.capacity() > Fifo::KEPT {
            self.tasks.shrink_to(Fifo::KEPT);
        }
        task
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    #[inline]
    fn len(&self) -> usize {
        self.tasks.len()
    }
}
