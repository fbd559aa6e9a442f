//! What is read of a runtime, and what happened between two looks.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::time::Duration;

use rt::metrics::{PlaceSnapshot, Places, Snapshot};
use rt::runtime::{Handle, TaskInfo, Tasks};

/// Everything, at one moment.
pub(crate) struct Look {
    pub(crate) snapshot: Snapshot,
    /// Without the workers: a row for each place and class.
    pub(crate) places: Places,
    pub(crate) tasks: Tasks,
}

impl Look {
    pub(crate) fn at(handle: &Handle) -> Look {
        let metrics = handle.metrics();
        let (snapshot, places) = (metrics.snapshot(), metrics.places().of_all_workers());
        Look { snapshot, places, tasks: handle.tasks() }
    }
}

/// The last looks. What a rate is about is the time from the first of them to the last, a second: in a quarter of
/// one, too little happens for a number that can be read.
pub(crate) struct Looks {
    looks: VecDeque<Look>,
}

impl Looks {
    const KEPT: usize = 5;

    pub(crate) fn begin(look: Look) -> Looks {
        Looks { looks: VecDeque::from([look]) }
    }

    pub(crate) fn add(&mut self, look: Look) {
        if self.looks.len() == Looks::KEPT {
            self.looks.pop_front();
        }
        self.looks.push_back(look);
    }

    pub(crate) fn sample(&self) -> Sample<'_> {
        let (now, before) = (&self.looks[self.looks.len() - 1], &self.looks[0]);
        let lately = now.snapshot.since(&before.snapshot);
        Sample { now, before, lately, places: now.places.since(&before.places) }
    }
}

/// What there is now, and what was done lately.
pub(crate) struct Sample<'a> {
    pub(crate) now: &'a Look,
    before: &'a Look,
    pub(crate) lately: Snapshot,
    /// The busiest first.
    pub(crate) places: Places,
}

impl Sample<'_> {
    /// So many, a second.
    pub(crate) fn rate(&self, count: u64) -> f64 {
        let seconds = self.lately.elapsed.as_secs_f64();
        if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
    }

    /// Of one processor, from 0 to 1.
    pub(crate) fn share(&self, busy: Duration) -> f64 {
        let share = busy.as_secs_f64() / self.lately.elapsed.as_secs_f64().max(0.001);
        share.min(1.0)
    }

    /// How long a task was polled lately.
    pub(crate) fn busy_lately(&self, task: &TaskInfo) -> Duration {
        let earlier = &self.before.tasks;
        let at = earlier.binary_search_by_key(&task.id, |earlier| earlier.id);
        let earlier = at.ok().and_then(|at| earlier[at].busy).unwrap_or_default();
        task.busy.unwrap_or_default().saturating_sub(earlier)
    }
}

/// The places with the longest polls, since the beginning.
pub(crate) fn slowest(places: &Places, count: usize) -> Vec<&PlaceSnapshot> {
    let mut rows: Vec<&PlaceSnapshot> = places.iter().collect();
    rows.sort_by_key(|row| Reverse(row.poll_time.max()));
    rows.truncate(count);
    rows
}
