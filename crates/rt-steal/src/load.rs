//! What stands at the desks of a team, and what went through their slots: for who counts it.

use std::fmt;

use crate::commons::Commons;

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
