//! Which reactor this thread uses.

use std::cell::RefCell;
use std::io;
use std::marker::PhantomData;

use rt_task::sync::thread_local_with_drop;

use crate::background;
use crate::reactor::Handle;

thread_local_with_drop! {
    static CURRENT: RefCell<Option<Handle>> = RefCell::new(None)
}

/// Sockets that wait on this thread for the first time wait with the reactor that was entered, until
/// this is dropped. See [`Handle::enter`].
#[derive(Debug)]
#[must_use = "the reactor is left when the guard is dropped"]
pub struct HandleGuard {
    outer: Option<Handle>,
    not_send: PhantomData<*mut ()>,
}

impl Handle {
    /// Makes this the reactor of sockets that wait for the first time on this thread, until the guard is
    /// dropped. Guards nest; drop them in the reverse order.
    ///
    /// Enter a reactor only while somebody parks with it: nobody else looks at its sockets.
    pub fn enter(&self) -> HandleGuard {
        let outer = CURRENT.try_with(|current| current.replace(Some(self.clone()))).ok().flatten();
        HandleGuard { outer, not_send: PhantomData }
    }

    /// The reactor that this thread has entered.
    #[must_use]
    pub fn entered() -> Option<Handle> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// The reactor that this thread has entered, else the one that serves all other threads.
    ///
    /// # Errors
    ///
    /// If its thread can not be created.
    pub(crate) fn here() -> io::Result<Handle> {
        Handle::entered().map_or_else(background::handle, Ok)
    }
}

impl Drop for HandleGuard {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let left = CURRENT.try_with(|current| current.replace(outer));
        drop(left); // outside of the borrow
    }
}
