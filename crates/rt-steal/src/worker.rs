//! The loop of a thread that works: poll, look outside, steal, sleep.
//!
//! ```text
//!   ┌──► a share of the injector ──► a turn: slot, ring ──► a turn of its own local tasks ──┐
//!   │                                                                                       │
//!   ├──── something was polled, or is ready ◄───────────────────────────────────────────────┤
//!   ├──── found some: injector, others' rings ◄── search, for SPIN at most ◄── nothing ─────┤
//!   └──── park: timers, sockets, or its own parker ◄──────────────── sleep: a last look ◄───┘
//! ```
//!
//! * **[WO1]** A turn polls at most [`TURN`] tasks. Before each, a share of the injector gets in, behind
//!   those that wait: no queue of its own keeps a worker from what comes from outside.
//! * **[WO2]** Under load the park is looked at, without waiting, after the turn in which the polls since
//!   the last look reach [`TURN`].
//! * **[WO3]** Before a poll, if others wait behind it, and somebody sleeps and nobody searches, one who
//!   sleeps is woken.
//! * **[WO4]** Local tasks are polled and dropped by this thread alone.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rt_executor::{Arrive, Door, Entered, Fifo, Home, LocalHandle, Probe, Running, TURN, poll};
use rt_task::Task;
use rt_task::unwind::contained;
use rt_waker::{Park, WakeBatch};

use crate::commons::Commons;
use crate::here;
use crate::idle::{LastLook, Searching};
use crate::monitor;
use crate::place::Place;
use crate::shared::Shared;

/// How long a worker searches before it sleeps: the price of a wake-up. It is spent once for each time
/// that work ends, never on an idle runtime.
pub const SPIN: Duration = Duration::from_micros(20);

/// Looks between two readings of the clock.
const LOOKS: usize = 16;

/// A thread that works at a [`Place`]: make it on the thread itself, and [`run`](Worker::run) it.
pub struct Worker<P: Park, B: Probe> {
    home: Home<Fifo, B>,
    bench: Bench<P, B>,
}

/// All of a worker but its local tasks.
struct Bench<P: Park, B: Probe> {
    commons: &'static Commons,
    index: usize,
    station: Rc<Station>,
    shared: Shared<P>,
    ready: WakeBatch,
    probe: B,
    /// Polls since the park was looked at.
    unseen: usize,
    random: Cell<u64>,
    does_spin: bool,
}

/// Where tasks arrive that are woken on this thread.
struct Station {
    commons: &'static Commons,
    place: RefCell<Option<Place>>,
}

/// What the thread has entered.
struct Arrivals {
    station: Rc<Station>,
}

impl Arrive for Arrivals {
    #[inline]
    fn arrive(&self, task: Task) {
        match &mut *self.station.place.borrow_mut() {
            Some(place) => place.arrive(task),
            None => self.station.commons.deliver(task),
        }
    }
}

impl<P: Park, B: Probe> Worker<P, B> {
    /// A worker at `place`, which waits at `park`. `probe` is told what it does with the tasks of the
    /// team, `local` what it does with its own.
    #[must_use]
    pub fn new(place: Place, park: Shared<P>, probe: B, local: B) -> Worker<P, B> {
        let (commons, index) = (place.commons(), place.index());
        commons.idle.register(index, park.waker());
        let home = Home::new(Fifo::new(), local, park.waker());
        commons.add_home(home.lease());
        let station = Rc::new(Station { commons, place: RefCell::new(Some(place)) });
        // Seeds differ, so that searchers begin at different victims.
        let random = Cell::new(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(index as u64 + 1));
        let does_spin = std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
        let ready = WakeBatch::new();
        let bench = Bench {
            commons,
            index,
            station,
            shared: park,
            ready,
            probe,
            unseen: 0,
            random,
            does_spin,
        };
        Worker { home, bench }
    }

    /// Spawns tasks that stay on this thread.
    #[must_use]
    pub fn local_handle(&self) -> LocalHandle {
        self.home.local_handle()
    }

    /// Works until the team is closed and no task is alive. The local tasks that are left are dropped
    /// then, and the place is given back.
    pub fn run(self) {
        let Worker { mut home, mut bench } = self;
        // Also when it unwinds, which it should not: the others wait for its place.
        let _leaving = Leaving { station: bench.station.clone() };
        let _seated = here::sit(bench.commons.address(), bench.index);
        let mut local = home.enter();
        let arrivals = Arrivals { station: bench.station.clone() };
        let entered = Entered::new(bench.commons.shard(bench.index), arrivals);
        bench.work(&mut local);
        drop(entered.leave());
        drop(local);
        drop(home);
    }
}

/// Gives the place back, last of all.
struct Leaving {
    station: Rc<Station>,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let place = self.station.place.take();
        drop(place);
    }
}

impl<P: Park, B: Probe> Bench<P, B> {
    fn work(&mut self, local: &mut Running<'_, Fifo, B>) {
        let commons = self.commons;
        let mut searching = None;
        self.is_active();
        loop {
            self.admit();
            let mut polled = 0;
            if self.is_ready() || local.is_ready() {
                // Before any poll: who counts as searching and polls would keep all others asleep.
                self.found(searching.take());
                polled = self.turn() + self.local_turn(local);
            }
            if self.is_over() {
                return;
            }
            self.look_outside(polled);
            if polled > 0 || self.is_ready() || local.is_ready() {
                continue;
            }
            searching = searching.or_else(|| commons.idle.search());
            if searching.is_some() && self.search(local) {
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
    fn local_turn(&self, local: &mut Running<'_, Fifo, B>) -> usize {
        let desk = &self.commons.desks[self.index];
        desk.begin(None);
        let polled = local.turn();
        desk.tick();
        polled
    }

    /// Tells the monitor.
    fn is_active(&self) {
        let desk = &self.commons.desks[self.index];
        desk.tick();
        desk.tick();
        monitor::stir();
    }

    /// Lets some in who came from outside [WO1].
    fn admit(&self) {
        if let Some(place) = &mut *self.station.place.borrow_mut() {
            place.admit();
        }
    }

    #[inline]
    fn next(&self) -> Option<Task> {
        let mut place = self.station.place.borrow_mut();
        let place = place.as_mut()?;
        let task = place.next()?;
        if place.has_backlog() {
            self.commons.idle.notify_unfenced(); // [WO3]
        }
        Some(task)
    }

    #[inline]
    fn poll(&mut self, task: Task) {
        let desk = &self.commons.desks[self.index];
        desk.begin(Some(task.id()));
        let again = poll(task, &mut self.probe);
        desk.tick();
        if let Some(task) = again {
            match &mut *self.station.place.borrow_mut() {
                Some(place) => place.push(task),
                None => self.commons.deliver(task),
            }
        }
    }

    /// Whether there is something in its own queues.
    fn is_ready(&self) -> bool {
        let mut place = self.station.place.borrow_mut();
        place.as_mut().is_some_and(|place| !place.is_empty())
    }

    fn is_over(&self) -> bool {
        self.commons.is_ending() && self.is_team_gone()
    }

    #[cold]
    fn is_team_gone(&self) -> bool {
        let place = self.station.place.borrow();
        place.as_ref().is_none_or(|place| place.lease().alive() == 0)
    }

    /// Work was found, and whoever counted as searching does not any more.
    #[inline]
    fn found(&self, searching: Option<Searching<'_>>) {
        if let Some(searching) = searching {
            searching.finish(|| self.commons.has_work());
        }
    }

    /// Timers and sockets, after so many polls [WO2].
    #[inline]
    fn look_outside(&mut self, polled: usize) {
        self.unseen += polled;
        if self.unseen >= TURN {
            self.unseen = 0;
            self.shared.park(Some(Duration::ZERO), &mut self.ready);
            self.ready.wake_all();
        }
    }

    /// Looks at the injector and at others' rings until there is something, or the time is up.
    fn search(&mut self, local: &Running<'_, Fifo, B>) -> bool {
        let start = Instant::now();
        loop {
            for _ in 0..LOOKS {
                if self.take_some() || local.is_ready() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if !self.does_spin || start.elapsed() >= SPIN {
                return false;
            }
        }
    }

    fn take_some(&self) -> bool {
        let mut place = self.station.place.borrow_mut();
        place.as_mut().is_some_and(|place| place.admit() || place.steal(self.random()))
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
        local: &mut Running<'_, Fifo, B>,
    ) -> Option<Searching<'a>>
    where
        Self: 'a,
    {
        let commons = self.commons;
        // Before the last look: a hook may spawn or wake, which rings no bell on its own thread.
        contained(|| self.probe.parking());
        let look = || match commons.has_work() {
            // Nobody else runs what is its own.
            _ if self.is_ready() || local.is_ready() || self.is_over() => LastLook::Stay,
            true => LastLook::Work,
            false => LastLook::Nothing,
        };
        let sleeping = commons.idle.sleep(self.index, searching, look);
        self.shared.park(None, &mut self.ready);
        contained(|| self.probe.parked());
        self.unseen = 0;
        self.is_active();
        let mut searching = sleeping.wake();
        if !self.ready.is_empty() {
            // Wakers are code of users, and what they wake here is found.
            self.found(searching.take());
            self.ready.wake_all();
        }
        searching
    }
}

impl<P: Park, B: Probe> fmt::Debug for Worker<P, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("index", &self.bench.index).finish_non_exhaustive()
    }
}
