//! What stands at the desks of a team, and what went through their slots: for who counts it.
//!
//! * **[LO1]** What is counted at a desk is written by whoever has its [`Place`](crate::Place) alone, so by
//!   one thread at a time [CM2]: a load, an addition and a store, no more.

use std::fmt;

use rt_task::sync::{AtomicU64, Ordering};

use crate::commons::Commons;

/// Numbers of a desk since its commons was made [LO1].
pub(crate) struct DeskCounts {
    slot_hits: AtomicU64,
    overflows: AtomicU64,
}

impl DeskCounts {
    pub(crate) fn new() -> DeskCounts {
        DeskCounts { slot_hits: AtomicU64::new(0), overflows: AtomicU64::new(0) }
    }

    /// A task out of the slot was next.
    #[inline]
    pub(crate) fn hit_slot(&self) {
        add_one(&self.slot_hits);
    }

    /// The ring was full.
    #[cold]
    pub(crate) fn overflow(&self) {
        add_one(&self.overflows);
    }

    fn get(&self) -> [u64; 2] {
        [&self.slot_hits, &self.overflows].map(|count| count.load(Ordering::Relaxed))
    }
}

#[inline]
fn add_one(count: &AtomicU64) {
    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// Reads the [`Load`] of a team, from any thread: see [`Team::loads`](crate::Team::loads).
#[derive(Clone)]
pub struct Loads {
    commons: &'static Commons,
    /// What was counted for the teams before.
    before: Load,
}

/// What stands at the desks of a team, and in its injector.
///
/// ```
/// use rt_steal::Team;
///
/// let (team, _places) = Team::hire(2)?;
/// let loads = team.loads();
/// drop(team.handle().spawn(async {}));
/// let load = loads.read();
/// assert_eq!((load.injector, load.delivered, load.desks.len()), (1, 1, 2));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Load {
    /// Tasks in the injector.
    pub injector: usize,
    /// Tasks that came through the door: spawned or woken by threads that do not work here.
    pub delivered: u64,
    /// Each desk.
    pub desks: Vec<DeskLoad>,
}

/// What stands at one desk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeskLoad {
    /// Tasks in its ring and in its slot. Local tasks of who works there are not among them.
    pub depth: usize,
    /// How often the task in the slot was the next one.
    pub slot_hits: u64,
    /// How often its ring was full, and half of it went to the injector.
    pub overflows: u64,
}

impl Loads {
    /// Of the team that has just been hired: nobody works there yet.
    pub(crate) fn of(commons: &'static Commons) -> Loads {
        let mut loads = Loads { commons, before: Load::default() };
        loads.before = loads.look();
        loads
    }

    /// The load at this moment. Only while the team is not over: later it is another one's.
    #[must_use]
    pub fn read(&self) -> Load {
        let mut load = self.look();
        load.delivered -= self.before.delivered;
        for (desk, before) in load.desks.iter_mut().zip(&self.before.desks) {
            desk.slot_hits -= before.slot_hits;
            desk.overflows -= before.overflows;
        }
        load
    }

    fn look(&self) -> Load {
        let Commons { injector, desks, .. } = self.commons;
        let desks = desks.iter().map(|desk| {
            let [slot_hits, overflows] = desk.counts.get();
            let depth = desk.len();
            DeskLoad { depth, slot_hits, overflows }
        });
        Load { injector: injector.len(), delivered: injector.pushed(), desks: desks.collect() }
    }
}

impl fmt::Debug for Loads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loads").field(&self.look()).finish()
    }
}
