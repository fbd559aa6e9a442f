//! Our timers for hyper: its deadlines and its clock.

use std::pin::Pin;
use std::time::{self, Duration};

use ::hyper::rt::Sleep;

use crate::clock::Instant;
use crate::timer::Timer;

impl Sleep for Timer {}

/// hyper's `Timer`: what its servers and clients ask for time.
///
/// Its timers are [`Timer`]s, and so is the clock theirs: one that was paused stands for hyper, too. A reset
/// moves the timer that is there, and allocates nothing.
///
/// ```
/// use hyper::rt::Timer;
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// rt_executor::block_on(rt_timer::HyperTimer::new().sleep(Duration::from_millis(3)));
/// assert!(start.elapsed() >= Duration::from_millis(3));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct HyperTimer {
    _private: (),
}

impl HyperTimer {
    /// There is nothing to set.
    #[must_use]
    pub fn new() -> HyperTimer {
        HyperTimer::default()
    }
}

impl ::hyper::rt::Timer for HyperTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Timer::after(duration))
    }

    fn sleep_until(&self, deadline: time::Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Timer::at(deadline.into()))
    }

    fn now(&self) -> time::Instant {
        Instant::now().into()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: time::Instant) {
        match sleep.as_mut().downcast_mut_pin::<Timer>() {
            Some(timer) => timer.get_mut().reset(deadline.into()),
            None => *sleep = self.sleep_until(deadline), // somebody else's
        }
    }
}
