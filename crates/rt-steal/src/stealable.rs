//! The socket for queues that others may steal from.

use rt_executor::RunQueue;
use rt_task::{Task, TaskList};

/// A worker's queue that has a second end, for thieves.
///
/// The queue itself belongs to one thread; its [`Victim`] goes to all the others.
pub trait Stealable: RunQueue {
    /// The thieves' end.
    type Stealer: Victim;

    /// The thieves' end of this queue.
    fn stealer(&self) -> Self::Stealer;

    /// Moves tasks of another queue into this one, the oldest first, about half of them, and says
    /// how many. Zero if there is nothing to take, or no room for it.
    fn steal(&mut self, from: &Self::Stealer) -> usize;

    /// For a task that [`RunQueue::push`] handed back. Takes about half of the queue that is full
    /// out, the oldest, with the task behind them: a batch for the injector. Empty if a thief made
    /// room meanwhile; then the task is in the queue.
    fn overflow(&mut self, task: Task) -> TaskList;
}

/// The thieves' end of a [`Stealable`] queue.
pub trait Victim: Clone + Send + Sync + 'static {
    /// Whether there was nothing to steal at that moment: for the last look before sleep, and for
    /// the monitor. What it must see is said at [`Idle`](crate::Idle), `[ID3]`.
    fn is_empty(&self) -> bool;
}
