//! What a handle of a runtime holds.
//!
//! * **[N4]** The pool does not keep alive what it stands in: its threads look their context up when
//!   they begin.

use std::ops::Deref;
use std::sync::{Arc, Weak};

use rt_blocking::{Config, Pool};
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
    parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub(crate) spawner: rt_executor::Handle,
    pub(crate) timers: Timers,
    pub(crate) flavor: RuntimeFlavor,
    pub(crate) recorder: Recorder,
    /// For what blocks. The runtime closes it at its end.
    pub(crate) pool: Pool,
}

/// What a thread of the pool does around its life.
pub(crate) type Around = fn(Inner, &mut dyn FnMut());

impl Inner {
    pub(crate) fn new(
        (spawner, timers): (rt_executor::Handle, Timers),
        flavor: RuntimeFlavor,
        recorder: Recorder,
        (pool, around): (Config, Around),
    ) -> Inner {
        let parts = Arc::new_cyclic(|parts: &Weak<Parts>| {
            let context = parts.clone();
            let pool = pool.around(move |life| match context.upgrade() {
                Some(parts) => around(Inner { parts }, life),
                None => life(),
            });
            Parts { spawner, timers, flavor, recorder, pool: pool.build() }
        });
        Inner { parts }
    }
}

impl Deref for Inner {
    type Target = Parts;

    #[inline]
    fn deref(&self) -> &Parts {
        &self.parts
    }
}
