//! What a handle of a runtime holds.

use rt_timer::Timers;

use crate::trace::Recorder;

/// Which kind of runtime it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// Tasks run on the thread that calls `block_on`.
    CurrentThread,
    /// Tasks run on threads of the runtime.
    MultiThread,
}

/// The parts of a runtime that may be used from any thread.
#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) spawner: rt_executor::Handle,
    pub(crate) timers: Timers,
    pub(crate) flavor: RuntimeFlavor,
    pub(crate) recorder: Recorder,
}
