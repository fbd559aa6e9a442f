//! The polling loop, without the waiting.
//!
//! ```text
//!   inbox ────┐  once a turn
//!   arrivals ─┴► queue ──► Task::poll ──┬─► Completed, Panicked, Cancelled
//!                  ▲                    ├─► Pending: whoever wakes it has it next
//!                  └──── Again ─────────┘
//! ```
//!
//! * **[X1]** A turn polls at most [`TURN`] tasks and looks into the inbox once: so many polls, at
//!   most, are between two looks at the outside.
//! * **[X2]** A task that is queued again by its own poll comes after all that were queued during
//!   that poll.
//! * **[X3]** The end of a core closes spawning, marks every living task, and takes in and drops
//!   until nobody is alive. No future outlives it, and nobody is refused while a task is alive.

use std::collections::VecDeque;
use std::task::Context;

use rt_task::{Polled, Task};
use rt_waker::{Parker, waker_ref};

use crate::entered::Enter;
use crate::handle::Handle;
use crate::hub::Lease;
use crate::messages;
use crate::probe::Probe;
use crate::queue::RunQueue;

/// How many tasks a turn polls at most, before the outside is looked at: other threads, timers and
/// sockets. tokio has 61; a look costs some 30 ns, half a nanosecond a poll.
pub const TURN: usize = 64;

/// A queue, and the tasks that are on their way to it.
///
/// It runs what it is told to run, on the thread that [`enter`](Core::enter)s it; how that thread
/// waits is its own affair. An [`Executor`](crate::Executor) is a core and a
/// [`Park`](rt_waker::Park). A core may be sent to another thread: its tasks may move too.
#[derive(Debug)]
pub struct Core<Q: RunQueue, B: Probe> {
    lease: Lease,
    queue: Q,
    /// Tasks that the queue had no room for. The oldest goes in as soon as there is room.
    overflow: VecDeque<Task>,
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
        let Some(lease) = Lease::new(bell) else { messages::too_many() };
        Core { lease, queue, overflow: VecDeque::new(), probe }
    }

    /// A handle that spawns from any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.lease)
    }

    pub(crate) fn lease(&self) -> Lease {
        self.lease
    }

    /// How many tasks are alive.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.lease.hub.living().count()
    }

    /// Replaces the waker that [`Core::new`] was given: another thread takes the core over.
    pub fn set_bell(&self, bell: std::task::Waker) {
        self.lease.hub.set_bell(Some(bell));
    }

    /// Makes the core this thread's own: tasks that are woken here take the short way.
    pub fn enter(&mut self) -> Running<'_, Q, B> {
        let enter = Enter::new(self.lease.hub.shard());
        Running { core: self, enter }
    }

    #[inline]
    fn push(&mut self, task: Task) {
        if let Err(task) = self.queue.push(task) {
            self.overflow.push_back(task);
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<Task> {
        let task = self.queue.pop();
        if self.overflow.is_empty() { task } else { self.pop_and_refill(task) }
    }

    /// A place in the queue came free: if new tasks took it, those in the overflow would wait for as
    /// long as any come.
    #[cold]
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

/// A core that runs on this thread.
#[derive(Debug)]
pub struct Running<'a, Q: RunQueue, B: Probe> {
    core: &'a mut Core<Q, B>,
    enter: Enter,
}

static_assertions::assert_not_impl_any!(Running<'static, crate::queue::Fifo, ()>: Send, Sync);

impl<Q: RunQueue, B: Probe> Running<'_, Q, B> {
    /// Polls what is ready, at most [`TURN`] tasks, and says how many it were.
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
        let core = &*self.core;
        !(core.queue.is_empty()
            && core.overflow.is_empty()
            && self.enter.arrivals().is_empty()
            && core.lease.hub.inbox().is_empty())
    }

    /// What is told what the loop does.
    pub fn probe(&mut self) -> &mut B {
        &mut self.core.probe
    }

    /// From the inbox into the queue.
    fn take_in(&mut self) {
        let core = &mut *self.core;
        let inbox = core.lease.hub.inbox();
        if inbox.is_empty() {
            return;
        }
        let mut count = 0;
        inbox.take(|task| {
            core.push(task);
            count += 1;
        });
        core.probe.drained(count);
    }

    #[inline]
    fn take_arrivals(&mut self) {
        while let Some(task) = self.enter.arrivals().pop() {
            self.core.push(task);
        }
    }

    #[inline]
    fn poll_one(&mut self) -> bool {
        self.take_arrivals();
        let Some(task) = self.core.pop() else { return false };
        self.core.probe.polling(&task);
        let id = task.id();
        let polled = task.poll(|task, running| {
            running.poll(&mut Context::from_waker(&waker_ref(task)));
        });
        self.core.probe.polled(id, &polled);
        if let Polled::Again(task) = polled {
            self.take_arrivals();
            self.core.push(task);
        }
        true
    }
}

impl<Q: RunQueue, B: Probe> Drop for Running<'_, Q, B> {
    fn drop(&mut self) {
        self.take_arrivals();
    }
}

impl<Q: RunQueue, B: Probe> Drop for Core<Q, B> {
    /// Drops every future that is alive (`[X3]`). Waits for threads that hold a task at this moment: they
    /// are between its wake and its queue.
    fn drop(&mut self) {
        let parker = Parker::new();
        let lease = self.lease;
        lease.hub.set_bell(Some(parker.waker()));
        let living = lease.hub.living();
        living.close(parker.waker());
        for task in living.tasks() {
            task.abort();
        }
        let mut running = self.enter();
        while living.count() > 0 {
            if running.turn() == 0 {
                parker.wait();
            }
        }
        drop(running);
        lease.end();
    }
}
