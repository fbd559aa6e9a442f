//! Linux: `prctl(PR_SET_TIMERSLACK)`, a nanosecond.

use std::num::NonZeroU64;

/// Has the system end each wait of this thread at its time. If it does not, timers are a little later.
pub(crate) fn wait_precisely() {
    let _is_set = rustix::thread::set_current_timer_slack(NonZeroU64::new(1));
}
