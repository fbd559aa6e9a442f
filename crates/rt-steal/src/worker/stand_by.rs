//! What a thread does that works for a team and has no place: because a poll of its own has
//! [stepped aside](crate::step_aside), or because it was started to take the place of another.
//!
//! * **[WO6]** It runs its local tasks and waits for a place; it ends when it has had neither for a while, or
//!   with the team.

use std::time::{Duration, Instant};

use rt_executor::{Probe, Running, Stealable, Work};
use rt_task::sync::{AtomicUsize, Ordering};
use rt_task::unwind::contained;
use rt_waker::Park;

use super::Bench;
use crate::monitor;
use crate::root::Listed;

/// How long a thread without a place and without local tasks waits for a place before it ends: as long as
/// a thread of the pool for what blocks waits for a job.
pub const KEEP_ALIVE: Duration = Duration::from_secs(10);

impl<P: Park, B: Probe, Q: Stealable> Bench<P, B, Q> {
    /// Runs its local tasks, as a thread in a `block_on` does, until it has a place. `false` if it has
    /// nothing to wait for: no place, and no local task for a while, or the end.
    pub(super) fn stand_by(&mut self, local: &mut Running<'_, Q::Local, B>) -> bool {
        let commons = self.commons;
        // It may be the one that looks after the park.
        let root = Listed::new(commons, self.shared.waker());
        let (waker, mut since) = (self.shared.waker(), Instant::now());
        let mut awake = Awake::count(&commons.standing);
        loop {
            let line = match commons.vacancies.take(&waker) {
                Ok(desk) => return self.sit(Some(desk)),
                Err(line) => line,
            };
            let has_tasks = self.lease.alive() > 0;
            let left = KEEP_ALIVE.saturating_sub(since.elapsed());
            if commons.ending.is_said() || (!has_tasks && left.is_zero()) {
                return self.sit(line.leave());
            }
            contained(|| self.probe.parking());
            let timeout = if has_tasks { None } else { Some(left) };
            let timeout = if local.is_ready() { Some(Duration::ZERO) } else { timeout };
            drop(awake);
            root.park(&mut self.shared, timeout, &mut self.ready);
            awake = Awake::count(&commons.standing);
            contained(|| self.probe.parked());
            // Who was called has a desk to take, which must not wait behind its local tasks [VA1].
            let has_place = self.sit(line.leave());
            self.ready.wake_all();
            if has_place {
                return true;
            }
            if Work::turn(local) > 0 {
                since = Instant::now();
            }
        }
    }

    /// Sits down, if there is a desk for it. Whether there is.
    fn sit(&mut self, desk: Option<usize>) -> bool {
        let Some(desk) = desk else { return false };
        self.index = desk;
        self.commons.idle.register(desk, self.shared.waker());
        self.station.sit(desk);
        true
    }
}

/// Evidence that a thread without a desk is awake: what it polls may last, and the monitor looks [MO2].
struct Awake<'a> {
    standing: &'a AtomicUsize,
}

impl<'a> Awake<'a> {
    fn count(standing: &'a AtomicUsize) -> Awake<'a> {
        standing.fetch_add(1, Ordering::Relaxed);
        monitor::stir();
        Awake { standing }
    }
}

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        self.standing.fetch_sub(1, Ordering::Relaxed);
    }
}
