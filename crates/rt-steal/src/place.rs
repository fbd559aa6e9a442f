//! The right to work at a desk: a worker is a thread that has one.
//!
//! * **[PL1]** The slot takes the task that was woken last, so that it runs next, on warm caches: but no
//!   more than [`STREAK`] times in a row. Then it goes to the queue, behind those of its class.
//! * **[PL2]** What does not fit into the queue goes to the injector, half of what is full with it.
//! * **[PL3]** Who wakes a task in a poll may compute for long afterwards, and the task stands in the slot. So
//!   a colleague who sleeps is called, and takes it if that poll [lasts](crate::Worker). Once between two
//!   looks of the monitor, which sees to the others: a call costs as much as a thousand polls.
//! * **[PL4]** The slot is a short cut among tasks of one class. While others wait in the queue the task goes
//!   there too, and the queue says who is next: so nobody passes one of a higher class by the slot, and the
//!   bound of the queue is that of the place.
//! * **[PL5]** Of each class that waits outside a share gets in, as large as there is room for that class: one
//!   at least. So no class keeps another outside, and who comes before whom is decided in the queue alone.

use std::fmt;

use rt_executor::{Arrival, Lease, MarkOf, Stealable, Victim};
use rt_task::Task;
use rt_task::sync::Ordering;

use crate::commons::Commons;
use crate::desk::{Desk, Ends};
use crate::presence::Present;
use crate::ring::Ring;
use crate::shared;

/// Polls in a row that tasks out of the slot get: tokio's number. Two tasks that wake each other for
/// ever hold up the queue by three polls at a time.
pub const STREAK: u32 = 3;

/// Tasks of a class that a worker takes out of the injector at once, at most.
const SHARE: usize = 128;

/// The right to work at a desk of a [`Team`](crate::Team). Made by [`Team::hire`](crate::Team::hire); who
/// drops it leaves the team.
pub struct Place<Q: Stealable = Ring> {
    commons: &'static Commons,
    index: usize,
    /// Empty only while it is dropped.
    ends: Option<Ends<Q>>,
    streak: u32,
    /// The monitor's look behind which it called somebody last [PL3].
    called: u32,
    present: Present,
}

impl<Q: Stealable> Place<Q> {
    pub(crate) fn new(index: usize, present: Present) -> Place<Q> {
        let commons = present.commons();
        let ends = Some(commons.desks[index].take_ends());
        Place { commons, index, ends, streak: 0, called: 0, present }
    }

    /// The number of the desk.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn lease(&self) -> Lease {
        self.present.lease()
    }

    /// An empty queue for the local tasks of who works here.
    pub(crate) fn local(&mut self) -> Q::Local {
        self.ends().queue.local()
    }

    /// Leaves the desk to another; the thread still counts. What stands in the slot goes to the queue, where
    /// others see it, also if nobody comes to the desk for a while [VA2].
    pub(crate) fn leave(mut self) -> Present {
        if let Some(task) = self.ends().slot.take() {
            self.push(task);
        }
        self.give_ends();
        self.present.another()
    }

    fn give_ends(&mut self) {
        if let Some(ends) = self.ends.take() {
            self.desk().give_ends(ends);
        }
    }

    pub(crate) fn commons(&self) -> &'static Commons {
        self.commons
    }

    pub(crate) fn desk(&self) -> &'static Desk {
        &self.commons.desks[self.index]
    }

    #[inline]
    fn ends(&mut self) -> &mut Ends<Q> {
        self.ends.as_mut().unwrap_or_else(|| unreachable!("[CM2] given back by the drop alone"))
    }

    /// A task that was woken or spawned here: it is next [PL1]. Whether a colleague is to be called [PL3].
    #[inline]
    pub(crate) fn arrive(&mut self, task: Task, how: Arrival) -> bool {
        if let Some(before) = self.ends().slot.put(task) {
            self.push(before);
        }
        how == Arrival::Woken && self.commons.idle.is_anybody_needed() && self.may_call()
    }

    fn may_call(&mut self) -> bool {
        let look = self.commons.looks.load(Ordering::Relaxed);
        let is_polling = self.desk().stamp.is_polling();
        // With one processor nobody could see that the poll lasts.
        is_polling && shared::may_spin() && std::mem::replace(&mut self.called, look) != look
    }

    /// Behind all of its class that wait here.
    #[inline]
    pub(crate) fn push(&mut self, task: Task) {
        if let Err(task) = self.ends().queue.push(task) {
            self.overflow(task);
        }
    }

    #[cold]
    fn overflow(&mut self, task: Task) {
        self.desk().counts.overflow();
        let batch = self.ends().queue.overflow(task);
        self.commons.injector.push_batch(batch);
    }

    /// Who is next.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Task> {
        if let Some(task) = self.ends().slot.take() {
            if self.streak < STREAK && !self.ends().queue.has_others(task.priority()) {
                self.streak += 1;
                self.desk().counts.hit_slot();
                return Some(task);
            }
            self.push(task);
        }
        self.streak = 0;
        self.ends().queue.pop()
    }

    /// Whether others could help.
    #[inline]
    pub(crate) fn has_backlog(&mut self) -> bool {
        !self.ends().queue.is_empty()
    }

    #[inline]
    pub(crate) fn is_empty(&mut self) -> bool {
        let ends = self.ends();
        ends.slot.is_empty() && ends.queue.is_empty()
    }

    /// How many tasks stand here.
    pub(crate) fn len(&mut self) -> usize {
        let ends = self.ends();
        ends.queue.len() + usize::from(!ends.slot.is_empty())
    }

    /// Takes a share of what came in from outside. Whether there was any.
    #[inline]
    pub(crate) fn admit(&mut self) -> bool {
        !self.commons.injector.is_empty() && self.admit_some()
    }

    fn admit_some(&mut self) -> bool {
        let mut is_any = false;
        for class in self.commons.injector.waiting().iter() {
            // All, if it can: that is one step under the lock, and the others steal their half. Half of the
            // room, so that what comes in does not push out again what was there; and one at least [PL5], so
            // that a full queue keeps nobody out.
            let share = (self.ends().queue.room(class) / 2).clamp(1, SHARE);
            let mut batch = self.commons.injector.pop_class(class, share);
            is_any |= !batch.is_empty();
            while let Some(task) = batch.pop_front() {
                self.push(task);
            }
        }
        is_any
    }

    /// What can be seen of all desks now.
    pub(crate) fn look_around(&self, seen: &mut [Seen<Q>]) {
        let look = |desk: &Desk| Seen { stamp: desk.stamp.get(), mark: desk.stealer::<Q>().mark() };
        self.commons.desks.iter().zip(seen).for_each(|(desk, seen)| *seen = look(desk));
    }

    /// Takes from another worker what has stood there since it was `seen`: half of what its queue has of a
    /// class, or what stands in its slot behind a poll that still goes on. Says how many it took.
    pub(crate) fn take_what_lasts(&mut self, random: usize, seen: &[Seen<Q>]) -> usize {
        self.try_others(random, |place, index| {
            let desk = &place.commons.desks[index];
            let stolen = place.ends().queue.steal_what_lasts(desk.stealer::<Q>(), seen[index].mark);
            if stolen > 0 {
                return stolen;
            }
            let is_held_up = desk.stamp.is_long(seen[index].stamp);
            let task = is_held_up.then(|| desk.taker.take()).flatten();
            let Some(task) = task else { return 0 };
            place.push(task);
            1
        })
    }

    /// Takes half of what another worker has of a class, whether it lasts or not. Says how many it took.
    pub(crate) fn steal(&mut self, random: usize) -> usize {
        self.try_others(random, |place, index| {
            let desk = &place.commons.desks[index];
            if desk.is_empty() { 0 } else { place.ends().queue.steal(desk.stealer::<Q>()) }
        })
    }

    /// Tries the desks of the others, beginning at any of them, until one gives something.
    fn try_others(
        &mut self,
        random: usize,
        mut take: impl FnMut(&mut Place<Q>, usize) -> usize,
    ) -> usize {
        let (desks, own) = (self.commons.desks.len(), self.index);
        let others = (0..desks).map(|step| random.wrapping_add(step) % desks);
        let mut counts = others.filter(|&index| index != own).map(|index| take(self, index));
        counts.find(|&count| count > 0).unwrap_or(0)
    }
}

/// What a searcher saw of a desk.
pub(crate) struct Seen<Q: Stealable> {
    stamp: u32,
    mark: MarkOf<Q>,
}

impl<Q: Stealable> Default for Seen<Q> {
    fn default() -> Seen<Q> {
        Seen { stamp: 0, mark: MarkOf::<Q>::default() }
    }
}

impl<Q: Stealable> Drop for Place<Q> {
    /// Gives the ends back. Then it is not counted any more.
    fn drop(&mut self) {
        self.give_ends();
    }
}

impl<Q: Stealable> fmt::Debug for Place<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("index", &self.index).finish_non_exhaustive()
    }
}
