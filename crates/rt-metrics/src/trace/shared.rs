//! What the handles of a trace and the threads share: the rings.
//!
//! * **[TR4]** Events are put in order when somebody reads, by their time; of one thread they stay in the order in
//!   which they happened.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::trace::event::{Event, Thread};
use crate::trace::names::Names;
use crate::trace::ring::Ring;

/// How many rings of threads that have ended are kept: a pool of threads that come and go would
/// fill the memory otherwise.
const ENDED: usize = 64;

pub(crate) struct Shared {
    pub(crate) capacity: usize,
    pub(crate) names: Names,
    rings: Mutex<Rings>,
    /// For threads that end: what was theirs is gone.
    late: OnceLock<Arc<Ring>>,
}

#[derive(Default)]
struct Rings {
    next: usize,
    /// In the order of their numbers.
    all: Vec<Arc<Ring>>,
    /// Events of rings that were dropped.
    dropped: u64,
}

impl Shared {
    pub(crate) fn new(capacity: usize) -> Shared {
        let (names, rings) = (Names::new(capacity), Mutex::default());
        Shared { capacity, names, rings, late: OnceLock::new() }
    }

    /// A ring for a thread. It has ended when it has dropped this.
    pub(crate) fn ring(&self, name: Option<String>) -> Arc<Ring> {
        let mut rings = self.rings();
        let ring = Arc::new(Ring::new(rings.next, name, self.capacity));
        rings.next += 1;
        rings.drop_the_oldest();
        rings.all.push(ring.clone());
        ring
    }

    /// The ring of all threads whose thread-locals are destroyed at this moment.
    pub(crate) fn late_ring(&self) -> &Ring {
        self.late.get_or_init(|| self.ring(Some("threads that end".to_owned())))
    }

    /// All events, by time, and the threads on which they happened. What one thread did stays in its order,
    /// also if the clock did not move [TR4].
    // COURSE(10.4) stub: todo
    pub(crate) fn read(&self) -> (Vec<Event>, Vec<Thread>) {
        let rings = self.rings().all.clone();
        let mut events = Vec::new();
        let threads = rings.iter().map(|ring| ring.read(&mut events)).collect();
        events.sort_by_key(|event| event.at);
        (events, threads)
    }

    pub(crate) fn dropped(&self) -> u64 {
        let rings = self.rings();
        rings.dropped + rings.all.iter().map(|ring| ring.dropped()).sum::<u64>()
    }

    /// How many events are there.
    pub(crate) fn len(&self) -> usize {
        self.rings().all.iter().map(|ring| ring.len()).sum()
    }

    /// Gives the memory of the events back.
    pub(crate) fn clear(&self) {
        self.rings().all.iter().for_each(|ring| ring.clear());
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rings {
    /// Of the threads that have ended, the one that was seen first, if there are too many.
    fn drop_the_oldest(&mut self) {
        let mut ended =
            self.all.iter().enumerate().filter(|(_, ring)| Arc::strong_count(ring) == 1);
        let Some((oldest, _)) = ended.next() else { return };
        if ended.count() + 1 >= ENDED {
            let oldest = self.all.remove(oldest);
            self.dropped += oldest.dropped() + oldest.len() as u64;
        }
    }
}
