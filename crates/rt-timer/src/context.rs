//! Which timers this thread uses.

use std::cell::RefCell;

use crate::background;
use crate::clock::ClockGuard;
use crate::timers::Timers;

thread_local! {
    static CURRENT: RefCell<Option<Timers>> = const { RefCell::new(None) };
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
        TimersGuard { outer, _clock: self.clock().enter() }
    }

    /// The driver that this thread has entered.
    #[must_use]
    pub fn entered() -> Option<Timers> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// The driver that serves all threads that have entered none.
    pub(crate) fn outside() -> Timers {
        background::timers()
    }

    /// The driver that this thread has entered, else the one that serves all other threads.
    pub(crate) fn here() -> Timers {
        Timers::entered().unwrap_or_else(Timers::outside)
    }
}

impl Drop for TimersGuard {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let _left = CURRENT.try_with(|current| current.replace(outer));
    }
}
