//! A thread that waits for something of its own in a `block_on`, and could look after the park meanwhile.
//!
//! A worker that waits at the park runs what becomes ready there. Anybody else hands it on, and that is one
//! wake-up more for each timer and each socket: a timer beside a poll of a second was served in 120 µs by
//! way of a root, and in 75 µs by a worker. But if all workers are busy, somebody must look.
//!
//! Where there are sockets, not before the monitor says so: workers that only have much to do look themselves,
//! every few polls, and a root beside them would be woken for each message, on a core that they need. (For
//! timers alone it may wait there at once: it is woken for the next one only.)
//!
//! * **[RT1]** A root waits at the park only if nobody has it and no worker sleeps, for a [`TICK`] at a time,
//!   and where there are sockets only if it is called. Else it leaves the park to one who sleeps, and calls
//!   him if nobody has it.
//! * **[RT2]** The monitor knows it: if nobody has had the park for a tick and no worker sleeps, it calls the
//!   roots.

use std::fmt;
use std::task::Waker;
use std::time::Duration;

use rt_waker::{Park, WakeBatch};

use crate::commons::Commons;
use crate::monitor::TICK;
use crate::shared::Shared;

/// The park of a thread that is no worker. See [`Team::root`](crate::Team::root).
pub struct Root<P: Park> {
    park: Shared<P>,
    listed: Listed,
}

/// Evidence that the monitor knows a thread [RT2].
pub(crate) struct Listed {
    commons: &'static Commons,
    number: u64,
}

impl<P: Park> Root<P> {
    pub(crate) fn new(commons: &'static Commons, park: Shared<P>) -> Root<P> {
        let listed = Listed::new(commons, park.waker());
        Root { park, listed }
    }
}

impl<P: Park> Park for Root<P> {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        self.listed.park(&mut self.park, timeout, ready);
    }

    fn due(&self) -> Option<Duration> {
        self.park.due()
    }

    fn waker(&self) -> Waker {
        self.park.waker()
    }
}

impl Listed {
    pub(crate) fn new(commons: &'static Commons, waker: Waker) -> Listed {
        Listed { commons, number: commons.add_root(waker) }
    }

    /// Waits where a root does [RT1].
    pub(crate) fn park<P: Park>(
        &self,
        park: &mut Shared<P>,
        timeout: Option<Duration>,
        ready: &mut WakeBatch,
    ) {
        let idle = &self.commons.idle;
        if timeout == Some(Duration::ZERO) {
            park.park(timeout, ready);
        } else if park.is_free() && idle.sleeping() == 0 && self.may_drive(park) {
            park.park(Some(timeout.map_or(TICK, |timeout| timeout.min(TICK))), ready);
        } else {
            if park.is_free() {
                // Who searches takes it next, or who is woken; if both find other work, the monitor calls [RT2].
                idle.notify();
            }
            park.wait_aside(timeout, ready);
        }
    }
}

impl Listed {
    /// Whether a root may wait at this park [RT1]. Uses the call up, if there is one.
    fn may_drive<P: Park>(&self, park: &Shared<P>) -> bool {
        self.commons.take_root_call() || !park.is_fed_from_outside()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.commons.remove_root(self.number);
    }
}

impl<P: Park> fmt::Debug for Root<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").field("park", &self.park).finish_non_exhaustive()
    }
}
