//! The loop of a thread that works: poll, look outside, steal, sleep.
//!
//! ```text
//!   ┌──► a share of the injector ──► a turn: slot, queue ─► a turn of its own local tasks ──┐
//!   │                                                                                       │
//!   ├──── something was polled, or is ready ◄───────────────────────────────────────────────┤
//!   ├──── found some: injector, park, others' ◄── search, for SPIN at most ◄── nothing ─────┤
//!   └──── park: timers, sockets, or its own parker ◄──────────────── sleep: a last look ◄───┘
//! ```
//!
//! * **[WO1]** A turn polls at most [`TURN`] tasks. Before each, a share of the injector gets in, behind
//!   those that wait: no queue of its own keeps a worker from what comes from outside [PL5].
//! * **[WO2]** Under load the park is looked at, without waiting, after the turn in which the polls since
//!   the last look reach [`TURN`]; while another has it, at what of it is this worker's own.
//! * **[WO3]** Before a poll, if others wait behind it, and somebody sleeps and nobody searches, one who
//!   sleeps is woken.
//! * **[WO4]** A searcher takes of another's queue what lasts: one in which nobody moved on past those whom
//!   it saw [`LONG`] ago, a slot behind a poll that goes on since then. A worker that was called takes at once.
//! * **[WO5]** Local tasks are polled and dropped by this thread alone.
//!
//! What a thread does that has no place is in `worker/stand_by.rs`.

pub(crate) mod stand_by;

use std::cell::Cell;
use std::fmt;
use std::mem;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use rt_executor::{
    Door, Entered, Home, Lease, LocalHandle, Probe, Running, Stealable, TURN, Work, poll,
};
use rt_task::Task;
use rt_task::unwind::contained;
use rt_waker::{Park, WakeBatch};

use crate::commons::Commons;
use crate::here::{self, Hired};
use crate::idle::{LastLook, Searching};
use crate::monitor;
use crate::place::{Place, Seen};
use crate::ring::Ring;
use crate::shared::{self, Shared};
use crate::station::{AtStation, Spare, Station};

/// How long a worker searches before it sleeps: the price of a wake-up. It is spent once for each time
/// that work ends, never on an idle runtime.
pub const SPIN: Duration = Duration::from_micros(20);

/// How long a worker lets a few tasks from outside become more, before it takes them.
const LINGER: Duration = Duration::from_micros(2);

/// So many from outside are no longer a few.
const MANY: usize = 32;

/// What stands at another's desk for so long lasts, and is worth a second core. Less, and tasks that hand
/// messages to and fro hop between two, and each look at a ring takes its line away from who polls: S6b of
/// `rt-bench` took more than twice as long.
const LONG: Duration = Duration::from_micros(2);

/// Looks between two readings of the clock.
const LOOKS: usize = 16;

/// A thread that works at a [`Place`]: make it on the thread itself, and [`run`](Worker::run) it.
pub struct Worker<P: Park, B: Probe, Q: Stealable = Ring> {
    home: Home<Q::Local, B>,
    bench: Bench<P, B, Q>,
    /// From its making on: whoever ends the team before it runs does not wait for it.
    hired: Hired,
}

/// All of a worker but its local tasks.
struct Bench<P: Park, B: Probe, Q: Stealable> {
    commons: &'static Commons,
    /// Of its desk, or of the last one that it had; zero before the first.
    index: usize,
    station: Rc<Station<Q>>,
    /// Its local tasks.
    lease: Lease,
    shared: Shared<P>,
    ready: WakeBatch,
    probe: B,
    /// Polls since the park was looked at.
    unseen: usize,
    random: Cell<u64>,
    does_spin: bool,
    /// The stamps of the desks, as it read them last in a search.
    seen: Box<[Seen<Q>]>,
    /// Woken for work that it had not seen in its last look.
    is_called: bool,
}

impl<P: Park, B: Probe, Q: Stealable> Worker<P, B, Q> {
    /// A worker at `place`, which waits at `park`. `probe` is told what it does with the tasks of the
    /// team, `local` what it does with its own.
    #[must_use]
    pub fn new(mut place: Place<Q>, park: Shared<P>, probe: B, local: B) -> Worker<P, B, Q> {
        let (index, queue) = (place.index(), place.local());
        place.commons().idle.register(index, park.waker());
        Worker::at(Station::with_place(place), index, park, probe, (queue, local))
    }

    /// A worker that has no place yet: it takes the next one that somebody [leaves](crate::step_aside).
    ///
    /// # Panics
    ///
    /// If the queues of that team are not of the type `Q`.
    #[must_use]
    #[track_caller]
    pub fn spare(spare: Spare, park: Shared<P>, probe: B, local: B) -> Worker<P, B, Q> {
        let (present, queue) = spare.split::<Q>();
        Worker::at(Station::without_place(present), 0, park, probe, (queue, local))
    }

    fn at(
        station: Rc<Station<Q>>,
        index: usize,
        park: Shared<P>,
        probe: B,
        (queue, local): (Q::Local, B),
    ) -> Worker<P, B, Q> {
        let commons = station.commons;
        let home = Home::new(queue, local, park.waker());
        let lease = home.lease();
        commons.add_home(lease);
        // Seeds differ, so that searchers begin at different victims.
        let random = Cell::new(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(index as u64 + 1));
        let ready = WakeBatch::new();
        let seen = commons.desks.iter().map(|_| Seen::default()).collect();
        let bench = Bench {
            commons,
            index,
            station,
            lease,
            shared: park,
            ready,
            probe,
            unseen: 0,
            random,
            does_spin: shared::may_spin(),
            seen,
            is_called: false,
        };
        Worker { home, bench, hired: here::work_for(commons.address()) }
    }

    /// Spawns tasks that stay on this thread.
    #[must_use]
    pub fn local_handle(&self) -> LocalHandle {
        self.home.local_handle()
    }

    /// Works until the team is closed and no task is alive, or until it has had no place and no local
    /// task for [`KEEP_ALIVE`](crate::KEEP_ALIVE). The local tasks that are left are dropped then, and the
    /// place is given back.
    pub fn run(self) {
        // Dropped last, also when it unwinds, which it should not: the others wait for its place.
        let station = self.bench.station.clone();
        let Worker { mut home, mut bench, hired: _hired } = self;
        let commons = bench.commons;
        let _here = station.enter();
        let mut local = home.enter();
        let mut entered = Entered::new(commons.shard(bench.index), AtStation(station.clone()));
        loop {
            if bench.station.has_place() {
                here::set_desk(Some(bench.index));
                // Tasks that are spawned at this desk take the short way here.
                entered = Entered::new(commons.shard(bench.index), entered.leave());
                bench.tell_of_place(Some(bench.index), &mut local);
                bench.work(&mut local);
            }
            if bench.station.has_place() {
                break;
            }
            bench.tell_of_place(None, &mut local);
            if !bench.stand_by(&mut local) {
                break;
            }
        }
        drop(entered.leave());
        drop(local);
        drop(home);
    }
}

impl<P: Park, B: Probe, Q: Stealable> Bench<P, B, Q> {
    /// Tells both probes at which desk it works.
    fn tell_of_place(&mut self, desk: Option<usize>, local: &mut Running<'_, Q::Local, B>) {
        contained(|| self.probe.placed(desk));
        contained(|| local.probe().placed(desk));
    }

    /// The loop of who has a place: until it is over, or the place is gone.
    fn work(&mut self, local: &mut Running<'_, Q::Local, B>) {
        let commons = self.commons;
        let mut searching = None;
        monitor::stir();
        loop {
            self.admit();
            let mut polled = 0;
            if self.is_ready() || local.is_ready() {
                // Before any poll: who counts as searching and polls would keep all others asleep.
                self.stop_searching(searching.take());
                polled = self.turn() + self.local_turn(local);
            }
            if !self.station.has_place() || self.is_over() {
                return;
            }
            self.look_outside(polled);
            if self.is_ready() || local.is_ready() {
                continue;
            }
            if polled > 0 {
                self.linger(); // nothing else is to be done
                continue;
            }
            searching = searching.or_else(|| commons.idle.search());
            if searching.is_some() && self.search(local) {
                if !self.ready.is_empty() {
                    // Wakers are code of users, and what they wake here is found.
                    self.stop_searching(searching.take());
                    self.ready.wake_all();
                }
                continue;
            }
            searching = self.sleep(searching, local);
        }
    }

    /// Polls tasks of the team, at most [`TURN`], and says how many.
    fn turn(&mut self) -> usize {
        let mut polled = 0;
        while polled < TURN {
            let Some(task) = self.next() else { break };
            self.poll(task);
            polled += 1;
        }
        polled
    }

    /// Polls its own local tasks. For the monitor that is one poll: what stands in the slot waits for all
    /// of it.
    fn local_turn(&self, local: &mut Running<'_, Q::Local, B>) -> usize {
        if !self.station.has_place() {
            return 0;
        }
        let stamp = &self.commons.desks[self.index].stamp;
        stamp.begin(None);
        let polled = Work::turn(local); // tells the probe that a turn is over
        if self.station.has_place() {
            stamp.tick();
        }
        polled
    }

    /// Lets some in who came from outside [WO1].
    fn admit(&self) {
        if let Some(place) = &mut *self.station.place.borrow_mut() {
            place.admit();
        }
    }

    /// Where a few tasks came from outside while it polled, more come at once. Who takes them one by one
    /// takes the lines of the injector away from whoever pushes, once for each: S2 of `rt-bench` took
    /// twice as long.
    fn linger(&self) {
        if !self.does_spin || !(1..MANY).contains(&self.commons.injector.len()) {
            return;
        }
        let start = Instant::now();
        while start.elapsed() < LINGER {
            std::hint::spin_loop();
        }
    }

    #[inline]
    fn next(&self) -> Option<Task> {
        let mut place = self.station.place.borrow_mut();
        let own = place.as_mut()?;
        let (task, has_backlog) = (own.next()?, own.has_backlog());
        drop(place);
        if has_backlog {
            self.commons.idle.notify_unfenced(); // [WO3]
        }
        Some(task)
    }

    #[inline]
    fn poll(&mut self, task: Task) {
        let stamp = &self.commons.desks[self.index].stamp;
        stamp.begin(Some(task.id()));
        let again = poll(task, &mut self.probe);
        let mut place = self.station.place.borrow_mut();
        if place.is_some() {
            stamp.tick(); // else it stepped aside in this poll [ST2]
        }
        let Some(task) = again else { return };
        if let Some(place) = &mut *place {
            return place.push(task);
        }
        drop(place);
        self.commons.deliver(task);
    }

    /// Whether there is something in its own queues.
    fn is_ready(&self) -> bool {
        let mut place = self.station.place.borrow_mut();
        place.as_mut().is_some_and(|place| !place.is_empty())
    }

    fn is_over(&self) -> bool {
        self.commons.ending.is_over(|| self.is_nobody_alive())
    }

    #[cold]
    fn is_nobody_alive(&self) -> bool {
        let place = self.station.place.borrow();
        place.as_ref().is_none_or(|place| place.lease().alive() == 0)
    }

    /// Work was found: who counted as searching does so no more.
    #[inline]
    fn stop_searching(&self, searching: Option<Searching<'_>>) {
        if let Some(searching) = searching {
            searching.finish(|| self.has_more());
        }
    }

    /// Whether there is work beside the task that it polls next.
    fn has_more(&self) -> bool {
        let mut place = self.station.place.borrow_mut();
        let own = place.as_mut().map_or(0, Place::len);
        drop(place);
        own > 1 || self.commons.has_work_beside(self.index)
    }

    /// Timers and sockets, after so many polls [WO2].
    #[inline]
    fn look_outside(&mut self, polled: usize) {
        self.unseen += polled;
        if self.unseen >= TURN && self.look_at_park() {
            self.ready.wake_all();
        }
    }

    /// Looks at timers and sockets, without waiting. Whether somebody is ready now, to be woken.
    fn look_at_park(&mut self) -> bool {
        self.unseen = 0;
        self.shared.park(Some(Duration::ZERO), &mut self.ready);
        !self.ready.is_empty()
    }

    /// Looks at the injector, at timers and sockets, and at what stands at others' desks, until there is
    /// something or the time is up. Of others' it takes only what lasts, unless it was called.
    fn search(&mut self, local: &Running<'_, Q::Local, B>) -> bool {
        if (mem::take(&mut self.is_called) || !self.does_spin) && self.take_some() {
            return true;
        }
        let (start, mut seen_at) = (Instant::now(), Duration::ZERO);
        self.look_around();
        // Who answers over a socket is faster than the end of a search.
        if self.look_at_park() {
            return true;
        }
        loop {
            for _ in 0..LOOKS {
                if self.admit_some() || local.is_ready() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if !self.does_spin {
                return false;
            }
            let spent = start.elapsed();
            if spent - seen_at >= LONG {
                if self.take_what_lasts() {
                    return true;
                }
                self.look_around();
                seen_at = spent;
                if spent < SPIN && self.look_at_park() {
                    return true;
                }
                if self.shared.is_fed_from_outside() {
                    thread::yield_now(); // else it spins where its peer could write
                }
            }
            if spent >= SPIN {
                return false;
            }
        }
    }

    fn look_around(&mut self) {
        if let Some(place) = &*self.station.place.borrow() {
            place.look_around(&mut self.seen);
        }
    }

    fn take_what_lasts(&mut self) -> bool {
        let mut place = self.station.place.borrow_mut();
        let random = self.random();
        let stolen = place.as_mut().map_or(0, |place| place.take_what_lasts(random, &self.seen));
        drop(place);
        self.note_stolen(stolen)
    }

    fn note_stolen(&mut self, stolen: usize) -> bool {
        if stolen > 0 {
            contained(|| self.probe.stolen(stolen));
        }
        stolen > 0
    }

    fn admit_some(&mut self) -> bool {
        self.station.place.borrow_mut().as_mut().is_some_and(Place::admit)
    }

    fn take_some(&mut self) -> bool {
        let mut place = self.station.place.borrow_mut();
        let Some(own) = &mut *place else { return false };
        if own.admit() {
            return true;
        }
        let stolen = own.steal(self.random());
        drop(place);
        self.note_stolen(stolen)
    }

    /// Where a search begins. Marsaglia, "Xorshift RNGs" (2003).
    fn random(&self) -> usize {
        let mut random = self.random.get();
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        self.random.set(random);
        random as usize
    }

    /// Parks, unless a last look finds something. Whoever wakes it may have counted it as searching.
    fn sleep<'a>(
        &mut self,
        searching: Option<Searching<'a>>,
        local: &mut Running<'_, Q::Local, B>,
    ) -> Option<Searching<'a>>
    where
        Self: 'a,
    {
        let commons = self.commons;
        // Before the last look: a hook may spawn or wake, which rings no bell on its own thread.
        contained(|| self.probe.parking());
        let mut saw_work = false;
        let look = || {
            saw_work = commons.has_work();
            // Nobody else runs what is its own.
            if self.is_ready() || local.is_ready() || self.is_over() {
                LastLook::Stay
            } else if saw_work {
                LastLook::Work
            } else {
                LastLook::Nothing
            }
        };
        let sleeping = commons.idle.sleep(self.index, searching, look);
        self.shared.park(None, &mut self.ready);
        contained(|| self.probe.parked());
        self.unseen = 0;
        let mut searching = sleeping.wake();
        self.is_called = searching.is_some() && !saw_work;
        monitor::stir(); // it is counted as awake now [MO2]
        if !self.ready.is_empty() {
            // Wakers are code of users, and what they wake here is found.
            self.stop_searching(searching.take());
            self.ready.wake_all();
        }
        searching
    }
}

impl<P: Park, B: Probe, Q: Stealable> Drop for Bench<P, B, Q> {
    fn drop(&mut self) {
        self.commons.remove_home(self.lease);
    }
}

impl<P: Park, B: Probe, Q: Stealable> fmt::Debug for Worker<P, B, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("index", &self.bench.index).finish_non_exhaustive()
    }
}
