//! `rt-task` has one observer a process; whoever of this crate wants to be told has a seat here.

use std::sync::{PoisonError, RwLock};

use rt_task::{End, Id, Observer, Spawned};

/// Who may be told, in the order in which they are.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "a seat is taken where its feature is on")]
pub(crate) enum Seat {
    Traces,
    Spans,
}

type Seats = [Option<&'static dyn Observer>; 2];

static SEATS: RwLock<Seats> = RwLock::new([None; 2]);

/// From now on this one is told, or nobody on that seat.
pub(crate) fn seat(seat: Seat, observer: Option<&'static dyn Observer>) {
    let mut seats = SEATS.write().unwrap_or_else(PoisonError::into_inner);
    seats[seat as usize] = observer;
    rt_task::observe(match *seats {
        [None, None] => None,
        [Some(one), None] | [None, Some(one)] => Some(one),
        [Some(_), Some(_)] => Some(&All),
    });
}

/// Everybody. A panic of one is not heard by those before it.
struct All;

impl All {
    /// Told under no lock: an observer may take its seat, or leave it, meanwhile.
    fn each(&self, tell: impl Fn(&dyn Observer)) {
        let seats = *SEATS.read().unwrap_or_else(PoisonError::into_inner);
        seats.into_iter().flatten().for_each(tell);
    }
}

impl Observer for All {
    fn spawned(&self, task: Spawned<'_>, by: Option<Id>) {
        self.each(|observer| observer.spawned(task, by));
    }

    fn woken(&self, task: Id, by: Option<Id>) {
        self.each(|observer| observer.woken(task, by));
    }

    fn aborted(&self, task: Id, by: Option<Id>) {
        self.each(|observer| observer.aborted(task, by));
    }

    fn waker_made(&self, task: Id) {
        self.each(|observer| observer.waker_made(task));
    }

    fn waker_dropped(&self, task: Id) {
        self.each(|observer| observer.waker_dropped(task));
    }

    fn ended(&self, task: Id, how: End) {
        self.each(|observer| observer.ended(task, how));
    }
}
