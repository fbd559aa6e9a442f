//! Which executors run on this thread: how a thread knows its own tasks.
//!
//! A task that is woken on the thread that will run it goes to a queue that only this thread
//! touches. Its shard number is compared with those of the executors entered here, the innermost
//! first; for everybody else it takes the inbox of its hub.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use rt_task::Task;

/// What came in on this thread since the executor looked last.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    tasks: RefCell<VecDeque<Task>>,
}

impl Arrivals {
    #[inline]
    pub(crate) fn pop(&self) -> Option<Task> {
        self.tasks.borrow_mut().pop_front()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.borrow().is_empty()
    }

    #[inline]
    fn push(&self, task: Task) {
        self.tasks.borrow_mut().push_back(task);
    }
}

struct Entry {
    shard: u16,
    arrivals: Rc<Arrivals>,
}

rt_task::sync::thread_local_with_drop! {
    static ENTERED: RefCell<Vec<Entry>> = RefCell::new(Vec::new())
}

/// Evidence that an executor runs on this thread.
#[derive(Debug)]
pub(crate) struct Enter {
    shard: u16,
    arrivals: Rc<Arrivals>,
}

impl Enter {
    /// While it lives, tasks of this shard that are scheduled on this thread arrive in
    /// [`arrivals`](Enter::arrivals). In a thread that ends, where thread-locals are gone, they
    /// take the inbox.
    pub(crate) fn new(shard: u16) -> Enter {
        let arrivals = Rc::new(Arrivals::default());
        let entry = Entry { shard, arrivals: arrivals.clone() };
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(entry));
        Enter { shard, arrivals }
    }

    #[inline]
    pub(crate) fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        let _ = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            let index = entered.iter().rposition(|entry| entry.shard == self.shard);
            index.map(|index| entered.remove(index))
        });
    }
}

/// Gives a task to the executor of its shard, if that runs on this thread.
///
/// # Errors
///
/// The task, if it does not.
#[inline]
pub(crate) fn arrive(shard: u16, task: Task) -> Result<(), Task> {
    let mut task = Some(task);
    let _ = ENTERED.try_with(|entered| {
        let entered = entered.borrow();
        let entry = entered.iter().rev().find(|entry| entry.shard == shard);
        if let Some(entry) = entry {
            task.take().into_iter().for_each(|task| entry.arrivals.push(task));
        }
    });
    task.map_or(Ok(()), Err)
}
