//! Timers outside any runtime: one thread for the whole process, started by the first of them.

use std::sync::OnceLock;
use std::thread;

use rt_waker::{Park, Parker, WakeBatch};

use crate::clock::Clock;
use crate::driver::TimerDriver;
use crate::messages;
use crate::timers::Timers;

static TIMERS: OnceLock<Timers> = OnceLock::new();

/// The timers of the background thread. It lives as long as the process and sleeps until the next
/// deadline, for ever if there is none.
pub(crate) fn timers() -> &'static Timers {
    TIMERS.get_or_init(start)
}

fn start() -> Timers {
    let mut driver = TimerDriver::new(Parker::new(), Clock::real());
    let timers = driver.timers();
    let thread = thread::Builder::new().name("rt-timer".into()).spawn(move || {
        let mut ready = WakeBatch::new();
        loop {
            driver.park(None, &mut ready);
            ready.wake_all();
        }
    });
    match thread {
        Ok(_detached) => timers,
        Err(error) => messages::no_thread(&error),
    }
}
