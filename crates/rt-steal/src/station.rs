//! What a thread that works has at hand: its place, if it has one, and how it gives that away.
//!
//! A poll that is about to block for long can leave the desk to another thread:
//!
//! ```text
//!   a poll on thread A:  step_aside ──► A's desk is free ──► thread B: queue, slot, who sleeps and steals
//!                        blocks                                 …
//!                        goes on: what it wakes goes to the injector
//!   after the poll:      A runs its local tasks, and waits for a place
//! ```
//!
//! * **[ST1]** Only in a poll of the team's, or of its own local tasks, does a thread step aside: the
//!   loop then holds nothing that belongs to the desk, is not counted as searching or asleep, and looks
//!   for its place after each poll.
//! * **[ST2]** The stamp of a desk is even while nobody polls there. So who steps aside ends the poll for
//!   the desk, and does not end it a second time when it comes back.
//! * **[ST3]** A thread that works has a place, or is counted as present without one.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem;
use std::rc::Rc;

use rt_executor::{Arrival, Arrive, Door, Stealable};
use rt_task::Task;
use rt_task::unwind::contained;

use crate::commons::Commons;
use crate::here;
use crate::messages;
use crate::monitor;
use crate::place::Place;
use crate::presence::Present;

/// Where tasks arrive that are woken on a thread that works.
pub(crate) struct Station<Q: Stealable> {
    pub(crate) commons: &'static Commons,
    pub(crate) place: RefCell<Option<Place<Q>>>,
    /// Counts the thread while it has no place.
    present: Cell<Option<Present>>,
}

thread_local! {
    /// Of the worker that runs on this thread.
    static STATION: RefCell<Here> = const { RefCell::new(None) };
}

type Here = Option<Rc<dyn StepAside>>;

/// A station whose queues may be of any type.
trait StepAside {
    fn step_aside(&self, start: &mut dyn FnMut(Spare) -> bool) -> bool;
}

/// The right to wait for a place of a team: what a fresh thread is given. If it is dropped, or the thread
/// panics before it [works](crate::Worker::spare), the desk waits for who looks next: at the latest the
/// thread that stepped aside, when its poll is over.
pub struct Spare {
    pub(crate) present: Present,
    /// The queue for the local tasks of the thread.
    local: Box<dyn Any + Send>,
}

static_assertions::assert_impl_all!(Spare: Send);

/// The place of the worker on this thread goes to another thread, which takes over all that stands at its
/// desk: to be called in a poll that is about to block. The local tasks of this thread wait for the end of
/// the poll.
///
/// If no thread waits for a place, `start` is called: it starts a thread that makes a
/// [`Worker`](crate::Worker::spare) of the [`Spare`] and runs it, and says whether it could. If it could not,
/// the place is kept.
///
/// Returns whether the place was given away. `false` also if this thread has none, or is in no poll of its
/// worker.
///
/// ```
/// use rt_executor::block_on;
/// use rt_steal::{Ring, Shared, Team, Worker, step_aside};
/// use rt_waker::Parker;
/// use std::sync::mpsc;
/// use std::thread;
///
/// let (team, places) = Team::hire(1)?;
/// let park = Shared::new(Parker::new());
/// team.share(&park);
/// for place in places {
///     let park = park.another();
///     thread::spawn(move || Worker::new(place, park, (), ()).run());
/// }
/// let handle = team.handle();
/// let blocks = team.handle().spawn(async move {
///     let (sender, answer) = mpsc::channel();
///     handle.spawn(async move { sender.send(42).unwrap() }); // for the only worker: this thread
///     let is_left = step_aside(|spare| {
///         thread::spawn(move || Worker::<_, _, Ring>::spare(spare, park, (), ()).run());
///         true
///     });
///     assert!(is_left);
///     answer.recv().unwrap()
/// });
/// assert_eq!(block_on(blocks).unwrap(), 42);
/// team.close();
/// assert!(team.wait(None));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn step_aside(start: impl FnOnce(Spare) -> bool) -> bool {
    let station = STATION.try_with(|station| station.borrow().clone()).ok().flatten();
    let mut start = Some(start);
    let mut start = |spare| start.take().is_some_and(|start| start(spare));
    station.is_some_and(|station| station.step_aside(&mut start))
}

impl Spare {
    /// What was made at the desk that was left: it knows of what type it is.
    #[track_caller]
    pub(crate) fn split<Q: Stealable>(self) -> (Present, Q::Local) {
        let Ok(local) = self.local.downcast() else { messages::other_queue() };
        (self.present, *local)
    }
}

impl<Q: Stealable> Station<Q> {
    pub(crate) fn with_place(place: Place<Q>) -> Rc<Station<Q>> {
        let commons = place.commons();
        let place = RefCell::new(Some(place));
        Rc::new(Station { commons, place, present: Cell::new(None) })
    }

    pub(crate) fn without_place(present: Present) -> Rc<Station<Q>> {
        let commons = present.commons();
        let present = Cell::new(Some(present));
        Rc::new(Station { commons, place: RefCell::new(None), present })
    }

    /// Makes it the one of this thread. The one before comes back.
    pub(crate) fn enter(self: &Rc<Self>) -> Entered {
        let station: Here = Some(self.clone());
        Entered { before: STATION.try_with(|here| here.replace(station)).ok().flatten() }
    }

    pub(crate) fn has_place(&self) -> bool {
        self.place.borrow().is_some()
    }

    /// Makes a place of a free desk.
    pub(crate) fn sit(&self, desk: usize) {
        let present = self.present.take();
        let present = present.unwrap_or_else(|| unreachable!("[ST3] who has no place is counted"));
        here::set_desk(Some(desk));
        *self.place.borrow_mut() = Some(Place::new(desk, present));
    }
}

impl<Q: Stealable> StepAside for Station<Q> {
    fn step_aside(&self, start: &mut dyn FnMut(Spare) -> bool) -> bool {
        let in_a_poll = |place: &mut Place<Q>| place.desk().stamp.is_polling();
        let Some(mut place) = self.place.borrow_mut().take_if(in_a_poll) else { return false }; // [ST1]
        let (desk, commons) = (place.index(), self.commons);
        commons.desks[desk].stamp.tick(); // [ST2]
        let local = Box::new(place.local());
        let present = place.leave();
        let spare = Spare { present: present.another(), local };
        self.present.set(Some(present));
        here::set_desk(None);
        if !commons.desks[desk].is_empty() {
            commons.idle.notify(); // whoever is to come here may never come [VA2]
        }
        let Err(offer) = commons.vacancies.offer(desk) else { return true };
        if contained(|| start(spare)) == Some(true) {
            return true;
        }
        let is_mine_again = commons.vacancies.take_back(offer); // [VA1]
        if is_mine_again {
            self.sit(desk);
            commons.desks[desk].stamp.tick();
            monitor::stir(); // it did not count as awake meanwhile [MO2]
        }
        !is_mine_again
    }
}

/// What the thread has entered.
pub(crate) struct AtStation<Q: Stealable>(pub(crate) Rc<Station<Q>>);

impl<Q: Stealable> Arrive for AtStation<Q> {
    #[inline]
    fn arrive(&self, task: Task, how: Arrival) {
        let commons = self.0.commons;
        let is_call = match &mut *self.0.place.borrow_mut() {
            Some(place) => place.arrive(task, how),
            None => return commons.deliver(task),
        };
        if is_call {
            commons.idle.notify_unfenced(); // the place is free: this rings the bell of a park
        }
    }
}

impl<Q: Stealable> Drop for Station<Q> {
    /// The place is given back, and then nobody waits for this thread any more.
    fn drop(&mut self) {
        drop(self.place.take());
        drop(self.present.take());
    }
}

/// Undoes [`Station::enter`].
pub(crate) struct Entered {
    before: Here,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = mem::take(&mut self.before);
        drop(STATION.try_with(|here| here.replace(before)));
    }
}

impl fmt::Debug for Spare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spare").finish_non_exhaustive()
    }
}
