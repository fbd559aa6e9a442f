//! The polling loop, without the waiting.
//!
//! ```text
//!   inbox ────────┐  once a turn
//!   woken here ───┴► queue ──► Task::poll ──┬─► Completed, Panicked, Cancelled
//!                      ▲                    ├─► Pending: whoever wakes it has it next
//!                      └──── Again ─────────┘
//! ```
//!
//! * **[X1]** A turn polls at most [`TURN`] tasks and looks into the inbox once: so many polls, at
//!   most, are between two looks at the outside.
//! * **[X2]** A task that is queued again by its own poll comes after all that were queued during
//!   that poll.
//! * **[X3]** The end of a core closes spawning, marks every living task, and takes in and drops
//!   until nobody is alive. No future outlives it, and nobody is refused while a task is alive.
//! * **[X6]** The queue is borrowed for one push or one pop, and never while a task is polled: its
//!   poll wakes and spawns, and that pushes.

use std::cell::RefCell;

use rt_task::unwind::contained;
use rt_task::{Polled, Task};
use rt_waker::Parker;

use crate::entered::{Arrival, Arrive, Entered};
use crate::handle::Handle;
use crate::hub::Rented;
use crate::messages;
use crate::probe::Probe;
use crate::queue::RunQueue;
use crate::ready::Ready;
use crate::site::Lease;

/// How many tasks a turn polls at most, before the outside is looked at: other threads, timers and
/// sockets. tokio has 61; a look costs some 30 ns, half a nanosecond a poll.
pub const TURN: usize = 64;

/// A queue, and the way in from other threads.
///
/// It runs what it is told to run, on the thread that [`enter`](Core::enter)s it; how that thread
/// waits is its own affair. An [`Executor`](crate::Executor) is a core and a
/// [`Park`](rt_waker::Park). A core may be sent to another thread: its tasks may move too.
#[derive(Debug)]
pub struct Core<Q: RunQueue, B: Probe> {
    rented: Rented,
    /// Empty while the core is entered: the thread has it then.
    ready: Option<Ready<Q>>,
    probe: B,
}

impl<Q: RunQueue, B: Probe> Core<Q, B> {
    /// A core whose thread is woken by `bell` when something comes in from elsewhere.
    ///
    /// # Panics
    ///
    /// If there are too many executors in the process: 16,383.
    #[track_caller]
    pub fn new(queue: Q, probe: B, bell: std::task::Waker) -> Core<Q, B> {
        let Some(rented) = Rented::new(bell) else { messages::too_many() };
        Core { rented, ready: Some(Ready::new(queue)), probe }
    }

    /// A handle that spawns from any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.rented.lease)
    }

    pub(crate) fn lease(&self) -> Lease {
        self.rented.lease
    }

    /// How many tasks are alive.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.rented.lease.alive()
    }

    /// Whether something is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let is_empty = self.ready.as_ref().is_none_or(Ready::is_empty);
        !(is_empty && self.rented.hub.inbox().is_empty())
    }

    /// Makes the core this thread's own: tasks that are woken here take the short way.
    ///
    /// # Panics
    ///
    /// If a [`Running`] of this core was leaked by [`std::mem::forget`]: it had the tasks.
    #[track_caller]
    pub fn enter(&mut self) -> Running<'_, Q, B> {
        let Some(ready) = self.ready.take() else { messages::forgotten() };
        let entered = Entered::new(self.rented.shard(), RefCell::new(ready));
        Running { core: self, entered: Some(entered) }
    }
}

/// A core that runs on this thread.
#[derive(Debug)]
pub struct Running<'a, Q: RunQueue, B: Probe> {
    core: &'a mut Core<Q, B>,
    /// Empty only while it is dropped.
    entered: Option<Entered<RefCell<Ready<Q>>>>,
}

static_assertions::assert_not_impl_any!(Running<'static, crate::queue::Fifo, ()>: Send, Sync);

impl<Q: RunQueue, B: Probe> Running<'_, Q, B> {
    /// Polls what is ready, at most [`TURN`] tasks, and says how many it were. What came from elsewhere is
    /// taken in once, before the first poll (`[X1]`).
    // COURSE(4.4) stub: todo
    pub fn turn(&mut self) -> usize {
        self.take_in();
        for polled in 0..TURN {
            if !self.poll_one() {
                return polled;
            }
        }
        TURN
    }

    /// Whether something is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !(self.ready().borrow().is_empty() && self.core.rented.hub.inbox().is_empty())
    }

    /// Tells the probe that a turn is over. Its panic ends here.
    #[inline]
    pub(crate) fn tell_of_turn(&mut self) {
        let waiting = self.ready().borrow().len();
        contained(|| self.core.probe.turned(waiting));
    }

    /// What is told what the loop does.
    pub fn probe(&mut self) -> &mut B {
        &mut self.core.probe
    }

    #[inline]
    fn ready(&self) -> &RefCell<Ready<Q>> {
        self.entered.as_ref().unwrap_or_else(|| unreachable!("[X1] left by the drop alone"))
    }

    /// From the inbox into the queue, in order; the probe is told how many, if any. Its panic ends here.
    // COURSE(4.4) stub: todo
    fn take_in(&mut self) {
        let inbox = self.core.rented.hub.inbox();
        if inbox.is_empty() {
            return;
        }
        let mut count = 0;
        inbox.take(|task| {
            self.ready().borrow_mut().push(task);
            count += 1;
        });
        contained(|| self.core.probe.drained(count));
    }

    /// Polls the task that comes next, and queues it again if it was woken meanwhile. `false` if none was
    /// ready. The queue is not borrowed during the poll [X6].
    #[inline]
    // COURSE(4.4) stub: todo
    fn poll_one(&mut self) -> bool {
        let popped = self.ready().borrow_mut().pop();
        let Some(task) = popped else { return false };
        if let Some(again) = poll(task, &mut self.core.probe) {
            self.ready().borrow_mut().push(again);
        }
        true
    }
}

/// Has the probe [poll](Probe::poll) a task, and tells it what came of it. What comes back was woken meanwhile: it is
/// to be queued again, behind what was queued during the poll (`[X2]`). A panic of the probe ends here.
#[inline]
// COURSE(4.4) stub: todo
pub fn poll<B: Probe>(task: Task, probe: &mut B) -> Option<Task> {
    let polled = task.poll(|task, running| {
        contained(|| probe.poll(task, running));
    });
    contained(|| probe.polled(&polled));
    match polled {
        Polled::Again(task) => Some(task),
        _ => None,
    }
}

impl<Q: RunQueue> Arrive for RefCell<Ready<Q>> {
    #[inline]
    fn arrive(&self, task: Task, _how: Arrival) {
        self.borrow_mut().push(task);
    }
}

impl<Q: RunQueue, B: Probe> Drop for Running<'_, Q, B> {
    fn drop(&mut self) {
        self.core.ready = self.entered.take().map(|entered| entered.leave().into_inner());
    }
}

impl<Q: RunQueue, B: Probe> Drop for Core<Q, B> {
    /// Drops every future that is alive (`[X3]`). Waits for threads that hold a task at this moment: they
    /// are between its wake and its queue. If a [`Running`] was forgotten, its tasks are leaked with it.
    // COURSE(4.9) stub: leak
    fn drop(&mut self) {
        if self.ready.is_none() {
            return messages::leaked();
        }
        let parker = Parker::new();
        let lease = self.rented.lease;
        self.rented.hub.set_bell(Some(parker.waker()));
        lease.close(&parker.waker());
        for task in lease.tasks() {
            task.abort();
        }
        let mut running = self.enter();
        while lease.alive() > 0 {
            if running.turn() == 0 {
                parker.wait();
            }
        }
        drop(running);
        self.rented.end();
    }
}
