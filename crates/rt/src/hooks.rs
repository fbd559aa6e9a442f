//! What a program is told of the threads of a runtime.

use std::fmt;
use std::sync::Arc;

use rt_task::unwind::contained;

use crate::panic::PanicPolicy;

type Hook = Option<Arc<dyn Fn() + Send + Sync>>;

/// Functions of the user's. A panic in one of them ends there, after its message.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) on_start: Hook,
    pub(crate) on_stop: Hook,
    pub(crate) on_park: Hook,
    pub(crate) on_unpark: Hook,
    pub(crate) on_task_panic: PanicPolicy,
}

/// Calls a hook, if there is one.
#[inline]
pub(crate) fn call(hook: &Hook) {
    if let Some(hook) = hook {
        contained(|| hook());
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("on_start", &self.on_start.is_some())
            .field("on_stop", &self.on_stop.is_some())
            .field("on_park", &self.on_park.is_some())
            .field("on_unpark", &self.on_unpark.is_some())
            .field("on_task_panic", &self.on_task_panic)
            .finish()
    }
}
