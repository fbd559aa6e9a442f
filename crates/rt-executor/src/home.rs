//! The tasks that stay on their thread.

use std::fmt;
use std::marker::PhantomData;
use std::task::Waker;

use crate::core::{Core, Running};
use crate::handle::{Handle, LocalHandle};
use crate::probe::Probe;
use crate::queue::RunQueue;
use crate::site::Lease;

/// A [`Core`] that never leaves its thread, and therefore takes futures that are not `Send`.
///
/// Its end is the end of its tasks: all futures are dropped on this thread.
pub struct Home<Q: RunQueue, B: Probe> {
    core: Core<Q, B>,
    not_send: PhantomData<*mut ()>,
}

static_assertions::assert_not_impl_any!(Home<crate::Fifo, ()>: Send, Sync);
static_assertions::assert_impl_all!(Core<crate::Fifo, ()>: Send, Sync);

impl<Q: RunQueue, B: Probe> Home<Q, B> {
    /// As [`Core::new`].
    #[track_caller]
    pub fn new(queue: Q, probe: B, bell: Waker) -> Home<Q, B> {
        Home { core: Core::new(queue, probe, bell), not_send: PhantomData }
    }

    /// A handle that spawns futures that may move, from any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.core.handle()
    }

    /// A handle that spawns futures of any kind, on this thread.
    #[must_use]
    pub fn local_handle(&self) -> LocalHandle {
        LocalHandle::new(self.core.lease())
    }

    /// Its tasks, for who counts them from elsewhere.
    #[must_use]
    pub fn lease(&self) -> Lease {
        self.core.lease()
    }

    /// How many tasks are alive.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.core.alive()
    }

    /// As [`Core::is_ready`].
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.core.is_ready()
    }

    /// As [`Core::enter`].
    #[track_caller]
    pub fn enter(&mut self) -> Running<'_, Q, B> {
        self.core.enter()
    }
}

impl<Q: RunQueue, B: Probe> fmt::Debug for Home<Q, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("alive", &self.alive()).finish()
    }
}
