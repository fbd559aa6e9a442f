//! One `block_on`: the local tasks of its thread, and the context in which they run and end.

use rt_executor::{Fifo, Home};

use crate::context::{self, Entered};
use crate::inner::Inner;
use crate::trace::Recorder;

/// Local tasks belong to the thread, and end with its `block_on`. They are dropped first, while the
/// runtime is still the thread's.
pub(super) struct Session {
    pub(super) home: Home<Fifo, Recorder>,
    _entered: Entered,
}

impl Session {
    /// Enters the runtime, with local tasks whose thread is woken by `bell`.
    pub(super) fn new(runtime: &Inner, bell: std::task::Waker) -> Session {
        let home = Home::new(Fifo::new(), runtime.recorder.clone(), bell);
        runtime.govern(&home.local_handle());
        let entered = context::enter(runtime.clone(), Some(home.local_handle()));
        Session { home, _entered: entered }
    }
}
