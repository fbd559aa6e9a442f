//! The door of an executor of one thread: an inbox, and a bell.
//!
//! ```text
//!   deliver ──► inbox ──► taken by the executor once a turn
//!          └──► bell: wakes its thread, if the inbox was empty
//! ```
//!
//! * **[B3]** Who pushes first into an empty inbox rings the bell, after the push; the executor
//!   looks into the inbox after each park. A late ring reaches the next executor of the hub, which
//!   looks once too often.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use rt_task::sync::lock;
use rt_task::unwind::contained;
use rt_task::{Inbox, Push, Task};

use crate::site::{Door, Lease, Site};

/// Not in models: a hub would take the locks of one execution into the next.
const IS_REUSED: bool = cfg!(not(rt_loom));

/// Hubs that nobody uses [B2], each with its site.
static FREE: Mutex<Vec<(&'static Site, &'static Hub)>> = Mutex::new(Vec::new());

pub(crate) struct Hub {
    inbox: Inbox,
    /// In an `Arc`, because cloning a waker is user code, which runs under no lock.
    bell: rt_task::sync::Mutex<Option<Arc<Waker>>>,
}

/// A hub in use.
#[derive(Debug)]
pub(crate) struct Rented {
    pub(crate) hub: &'static Hub,
    pub(crate) lease: Lease,
}

impl Rented {
    /// Takes a hub that nobody uses. `None` if there are too many.
    pub(crate) fn new(bell: Waker) -> Option<Rented> {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let (site, hub) = match free {
            Some(free) => free,
            None => Hub::leak()?,
        };
        hub.set_bell(Some(bell));
        Some(Rented { hub, lease: site.open() })
    }

    /// The number that all tasks of this executor have.
    pub(crate) fn shard(&self) -> u16 {
        self.lease.site().shard(0)
    }

    /// Gives the hub back. Asks for an empty list of the living [B2].
    pub(crate) fn end(&self) {
        self.hub.set_bell(None);
        self.lease.end();
        if IS_REUSED {
            let free = (self.lease.site(), self.hub);
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(free);
        }
    }
}

impl Hub {
    fn leak() -> Option<(&'static Site, &'static Hub)> {
        Site::new(1, || {
            let bell = rt_task::sync::Mutex::new(None);
            Box::leak(Box::new(Hub { inbox: Inbox::new(), bell }))
        })
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    pub(crate) fn set_bell(&self, bell: Option<Waker>) {
        let bell = bell.map(Arc::new);
        let before = std::mem::replace(&mut *lock(&self.bell), bell);
        // The end of a core goes on, also when a waker that somebody wrote can not be dropped.
        contained(|| drop(before));
    }
}

impl Door for Hub {
    /// Puts the task into the inbox, and rings if nobody has since the executor looked (`[B3]`). The bell
    /// is user code: it runs under no lock.
    // COURSE(4.3) stub: todo
    fn deliver(&self, task: Task) {
        if self.inbox.push(task) == Push::First {
            let bell = lock(&self.bell).clone();
            bell.into_iter().for_each(|bell| bell.wake_by_ref());
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("inbox", &self.inbox).finish_non_exhaustive()
    }
}
