//! What stands at the place where one worker works: its queue, its slot, its stamp.
//!
//! * **[DK1]** A desk is made for queues of one type and forgets it, so that whoever only looks on need not
//!   know: the monitor, the owner's side, who spawns. Workers come with the type, and it is the same at all
//!   desks of a commons.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rt_executor::{Stealable, Victim};

use crate::counts::DeskCounts;
use crate::slot::{Slot, Taker};
use crate::stamp::Stamp;

/// What others see of a worker.
pub(crate) struct Desk {
    stealer: Box<dyn Shown>,
    pub(crate) taker: Taker,
    /// Whether a poll goes on here.
    pub(crate) stamp: Stamp,
    pub(crate) counts: DeskCounts,
    /// The owner's [`Ends`], while nobody works here [CM2].
    ends: Mutex<Option<Box<dyn Any + Send>>>,
}

/// The owner's ends of what stands at a desk.
pub(crate) struct Ends<Q> {
    pub(crate) queue: Q,
    pub(crate) slot: Slot,
}

/// A victim whose type is forgotten.
trait Shown: Any + Send + Sync {
    fn is_empty(&self) -> bool;
    fn len(&self) -> usize;
}

impl<V: Victim> Shown for V {
    fn is_empty(&self) -> bool {
        Victim::is_empty(self)
    }

    fn len(&self) -> usize {
        Victim::len(self)
    }
}

impl Desk {
    pub(crate) fn new<Q: Stealable>(queue: Q) -> Desk {
        let ends = Ends { queue, slot: Slot::new() };
        let (stealer, taker) = (Box::new(ends.queue.stealer()), ends.slot.taker());
        let (stamp, counts) = (Stamp::new(), DeskCounts::new());
        Desk { stealer, taker, stamp, counts, ends: Mutex::new(Some(Box::new(ends))) }
    }

    /// The thieves' end of its queue.
    #[inline]
    pub(crate) fn stealer<Q: Stealable>(&self) -> &Q::Stealer {
        let stealer: &dyn Any = &*self.stealer;
        stealer.downcast_ref().unwrap_or_else(|| unreachable!("[DK1] another type of queue"))
    }

    /// Whether there is nothing to steal here.
    pub(crate) fn is_empty(&self) -> bool {
        self.stealer.is_empty()
    }

    /// How many tasks stand here.
    pub(crate) fn len(&self) -> usize {
        self.stealer.len() + usize::from(!self.taker.is_empty())
    }

    pub(crate) fn take_ends<Q: Stealable>(&self) -> Ends<Q> {
        let ends = self.ends().take();
        let ends = ends.unwrap_or_else(|| unreachable!("[CM2] one thread works at a desk"));
        *ends.downcast().unwrap_or_else(|_| unreachable!("[DK1] another type of queue"))
    }

    pub(crate) fn give_ends<Q: Stealable>(&self, ends: Ends<Q>) {
        *self.ends() = Some(Box::new(ends));
    }

    /// The next team works here, with a queue that is set as this one is.
    pub(crate) fn renew<Q: Stealable>(&self, fresh: Q) {
        let mut ends = self.take_ends::<Q>();
        ends.queue.renew(fresh);
        self.give_ends(ends);
    }

    /// Whether somebody works here.
    pub(crate) fn is_taken(&self) -> bool {
        self.ends().is_none()
    }

    fn ends(&self) -> MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
