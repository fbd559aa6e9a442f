//! What is ready on one thread: the queue, and what it had no room for.
//!
//! * **[RQ1]** A task that the queue had no room for waits for nobody who came after it: it takes the
//!   first place that comes free.

use std::collections::VecDeque;

use rt_task::Task;

use crate::queue::RunQueue;

/// A queue without a bound around any queue.
#[derive(Debug)]
pub(crate) struct Ready<Q> {
    queue: Q,
    /// Tasks that the queue had no room for. The oldest goes in as soon as there is room.
    overflow: VecDeque<Task>,
}

impl<Q: RunQueue> Ready<Q> {
    pub(crate) fn new(queue: Q) -> Ready<Q> {
        Ready { queue, overflow: VecDeque::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, task: Task) {
        if let Err(task) = self.queue.push(task) {
            self.overflow.push_back(task);
        }
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Task> {
        let task = self.queue.pop();
        if self.overflow.is_empty() { task } else { self.pop_and_refill(task) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.overflow.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len() + self.overflow.len()
    }

    /// A place in the queue came free: if new tasks took it, those in the overflow would wait for as
    /// long as any come (`[RQ1]`). Fills the queue from the overflow, the oldest first, as far as there is
    /// room, and returns `popped`, or the oldest of the overflow if the queue had none.
    #[cold]
    // COURSE(4.6) stub: todo
    fn pop_and_refill(&mut self, popped: Option<Task>) -> Option<Task> {
        let popped = popped.or_else(|| self.overflow.pop_front());
        while let Some(task) = self.overflow.pop_front() {
            if let Err(task) = self.queue.push(task) {
                self.overflow.push_front(task);
                break;
            }
        }
        popped
    }
}
