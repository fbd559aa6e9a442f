//! Where a task of an executor finds its way back, from any thread.
//!
//! ```text
//!             on the executor's thread
//!   wake ──┬──────────────────────────────────────────────► queue ──► poll
//!          └──► HUBS[shard of the task] ──► inbox, bell ──────┘ once a turn
//!               elsewhere
//! ```
//!
//! * **[B1]** A hub is never freed, so a task needs no count on it. It serves one executor after
//!   another, each under a generation of its own.
//! * **[B2]** A hub is used again only when its list of the living is empty: no task of an earlier
//!   generation can be queued any more.
//! * **[B3]** Who pushes first into an empty inbox rings the bell, after the push; the executor
//!   looks into the inbox after each park. A late ring reaches the next executor of the hub, which
//!   looks once too often.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Waker;

use rt_task::sync::lock;
use rt_task::unwind::contained;
use rt_task::{Generation, Inbox, Living, Push, Schedule, Task};

use crate::entered;

/// As many as there are lists of the living.
const HUBS_MAX: usize = Living::MAX + 1;

/// Not in models: a hub would take the locks of one execution into the next.
const IS_REUSED: bool = cfg!(not(rt_loom));

static HUBS: [OnceLock<&'static Hub>; HUBS_MAX] = [const { OnceLock::new() }; HUBS_MAX];
static FREE: Mutex<Vec<&'static Hub>> = Mutex::new(Vec::new());

#[derive(Debug)]
pub(crate) struct Hub {
    living: Living,
    inbox: Inbox,
    /// In an `Arc`, because cloning a waker is user code, which runs under no lock.
    bell: rt_task::sync::Mutex<Option<Arc<Waker>>>,
}

/// A hub in one generation: what a handle holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) hub: &'static Hub,
    pub(crate) generation: Generation,
}

/// The scheduler of every task of an executor: no size, because the task's shard says which hub.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToHub;

impl Schedule for ToHub {
    #[inline]
    fn schedule(self, task: Task) -> Result<(), Task> {
        let Some(shard) = task.shard() else { return Err(task) };
        let Err(task) = entered::arrive(shard, task) else { return Ok(()) };
        let Some(hub) = HUBS[usize::from(shard)].get() else { return Err(task) };
        hub.deliver(task);
        Ok(())
    }
}

impl Lease {
    /// Takes a hub that nobody uses. `None` if there are too many.
    pub(crate) fn new(bell: Waker) -> Option<Lease> {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let hub = match free {
            Some(hub) => hub,
            None => Hub::leak(Living::new()?),
        };
        hub.set_bell(Some(bell));
        Some(Lease { hub, generation: hub.living.open() })
    }

    /// Gives the hub back. Asks for an empty list of the living [B2].
    pub(crate) fn end(self) {
        self.hub.set_bell(None);
        if IS_REUSED {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self.hub);
        }
    }
}

impl Hub {
    fn leak(living: Living) -> &'static Hub {
        let number = usize::from(living.number());
        let bell = rt_task::sync::Mutex::new(None);
        let hub: &'static Hub = Box::leak(Box::new(Hub { living, inbox: Inbox::new(), bell }));
        HUBS[number].get_or_init(|| hub)
    }

    pub(crate) fn living(&self) -> &Living {
        &self.living
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    pub(crate) fn shard(&self) -> u16 {
        self.living.number()
    }

    /// From another thread, or when the executor does not run.
    fn deliver(&self, task: Task) {
        if self.inbox.push(task) == Push::First {
            let bell = lock(&self.bell).clone();
            bell.into_iter().for_each(|bell| bell.wake_by_ref());
        }
    }

    pub(crate) fn set_bell(&self, bell: Option<Waker>) {
        let bell = bell.map(Arc::new);
        let before = std::mem::replace(&mut *lock(&self.bell), bell);
        // The end of a core goes on, also when a waker that somebody wrote can not be dropped.
        contained(|| drop(before));
    }
}
