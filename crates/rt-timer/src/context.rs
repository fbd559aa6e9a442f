//! Which timers this thread uses.

use std::cell::{Cell, RefCell};

use rt_task::sync::{plain_thread_local, thread_local_with_drop};

use crate::axle::Mount;
use crate::background;
use crate::clock::ClockGuard;
use crate::timers::Timers;

thread_local_with_drop! {
    static CURRENT: RefCell<Option<Timers>> = RefCell::new(None)
}

plain_thread_local! {
    /// The wheel of `CURRENT`, for whoever arms: it counts nothing, and has nothing to drop.
    static WHEEL: Cell<Option<Mount>> = Cell::new(None)
}

/// Timers that are first polled on this thread go to the driver that was entered, until this is
/// dropped. See [`Timers::enter`].
#[derive(Debug)]
#[must_use = "the driver is left when the guard is dropped"]
pub struct TimersGuard {
    outer: Option<Timers>,
    _clock: ClockGuard,
}

impl Timers {
    /// Makes this the driver of timers that are first polled on this thread, and its clock the one
    /// that [`Instant::now`](crate::Instant::now) reads, until the guard is dropped. Guards nest;
    /// drop them in the reverse order.
    ///
    /// Enter a driver only while somebody parks with it: nobody else looks at its timers.
    pub fn enter(&self) -> TimersGuard {
        let outer = CURRENT.try_with(|current| current.replace(Some(self.clone()))).ok().flatten();
        WHEEL.with(|wheel| wheel.set(Some(self.mount())));
        TimersGuard { outer, _clock: self.clock().enter() }
    }

    /// The driver that this thread has entered.
    #[must_use]
    pub fn entered() -> Option<Timers> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }
}

impl Mount {
    /// The wheel that serves all threads that have entered none.
    pub(crate) fn outside() -> Mount {
        background::timers().mount()
    }

    /// The wheel that this thread has entered, else the one that serves all other threads.
    #[inline]
    pub(crate) fn here() -> Mount {
        WHEEL.with(Cell::get).unwrap_or_else(Mount::outside)
    }
}

impl Drop for TimersGuard {
    fn drop(&mut self) {
        let outer = self.outer.take();
        WHEEL.with(|wheel| wheel.set(outer.as_ref().map(Timers::mount)));
        let _left = CURRENT.try_with(|current| current.replace(outer));
    }
}
