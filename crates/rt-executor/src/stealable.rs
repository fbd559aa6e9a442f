//! The socket for queues that others may steal from.

use rt_task::{Priority, Task, TaskList};

use crate::queue::RunQueue;

/// A worker's queue that has a second end, for thieves.
///
/// The queue itself belongs to one thread at a time; its [`Victim`] goes to all the others. `rt_steal::Ring` is
/// one, and `rt_priority::Lanes` makes one of three. What a method says of classes is nothing to a queue that
/// knows none: there is one order for all.
pub trait Stealable: RunQueue + Send {
    /// The thieves' end.
    type Stealer: Victim;

    /// The queue of a worker's local tasks, which nobody steals: by the same rule as this one.
    type Local: RunQueue + Send;

    /// The thieves' end of this queue.
    fn stealer(&self) -> Self::Stealer;

    /// An empty queue for local tasks.
    fn local(&self) -> Self::Local;

    /// Begins again with the settings of one that was just made: an empty queue of a runtime that is over
    /// serves the next one, and those who steal keep their end of it.
    fn renew(&mut self, fresh: Self)
    where
        Self: Sized;

    /// How many more tasks of this class have room.
    fn room(&self, class: Priority) -> usize;

    /// Whether tasks of another class than this one are in. If none are, a worker may let the task run next
    /// that it has just woken; else it must push that one, and ask who is next.
    fn has_others(&self, than: Priority) -> bool {
        let _ = than;
        false
    }

    /// Moves tasks of another queue into this one, those of one class, the most urgent that has some: the
    /// oldest first, about half of them. Says how many. Zero if there is nothing to take, or no room for it.
    fn steal(&mut self, from: &Self::Stealer) -> usize;

    /// As [`steal`](Stealable::steal), if something [lasts](Victim::lasts): of a class where it does.
    fn steal_what_lasts(&mut self, from: &Self::Stealer, mark: MarkOf<Self>) -> usize {
        if from.lasts(mark) { self.steal(from) } else { 0 }
    }

    /// For a task that [`RunQueue::push`] handed back. Takes about half of the queue that is full
    /// out, the oldest, with the task behind them: a batch for the injector. Empty if a thief made
    /// room meanwhile; then the task is in the queue.
    fn overflow(&mut self, task: Task) -> TaskList;
}

/// What the thieves of a queue make to see later what has [lasted](Victim::lasts).
pub type MarkOf<Q> = <<Q as Stealable>::Stealer as Victim>::Mark;

/// The thieves' end of a [`Stealable`] queue.
pub trait Victim: Clone + Send + Sync + 'static {
    /// A place in the queue at one moment.
    type Mark: Copy + Default + Send + 'static;

    /// Whether there was nothing to steal at that moment: for the last look before sleep, and for
    /// the monitor. What it must see is said at `rt_steal::Idle`, `[ID3]`.
    fn is_empty(&self) -> bool;

    /// How many tasks there were to steal at that moment.
    fn len(&self) -> usize;

    /// A mark behind the newest task.
    fn mark(&self) -> Self::Mark;

    /// Whether one of those is still in who were in when the mark was made.
    fn lasts(&self, mark: Self::Mark) -> bool;
}
