//! The workers of one runtime, from its side: hire them, spawn, close, wait until they have left.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use rt_executor::{Handle, Lease, Stealable};
use rt_task::TaskRef;
use rt_waker::Park;

use crate::commons::Commons;
use crate::here;
use crate::load::Loads;
use crate::place::Place;
use crate::presence::Present;
use crate::ring::Ring;
use crate::root::Root;
use crate::shared::Shared;
use crate::watchdog::Watchdog;

/// The owner's side of a commons of workers.
pub struct Team {
    present: Present,
    closer: Closer,
    loads: Loads,
}

/// Closes a team like [`Team::close`], for who does not own it: a hook, a handle on another thread. It does not
/// keep the team, and may outlive it.
#[derive(Clone)]
pub struct Closer {
    commons: &'static Commons,
    lease: Lease,
    is_closed: Arc<AtomicBool>,
}

impl Team {
    /// A team, and a place for each worker: threads that the caller starts make a
    /// [`Worker`](crate::Worker) of each.
    ///
    /// # Errors
    ///
    /// If the process has too many executors, or the monitor's thread can not be created.
    pub fn hire(workers: usize) -> io::Result<(Team, Vec<Place>)> {
        Team::hire_with(workers, Ring::new)
    }

    /// As [`hire`](Team::hire), with a queue of another kind for each worker. Desks are used again by later teams:
    /// their queues are [set](Stealable::renew) then as those are that `queue` makes.
    ///
    /// ```
    /// use rt_steal::{Place, Ring, Team};
    /// let (team, places): (Team, Vec<Place<Ring>>) = Team::hire_with(2, Ring::new)?;
    /// assert_eq!(places.len(), 2);
    /// # drop((team, places));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`hire`](Team::hire).
    pub fn hire_with<Q: Stealable>(
        workers: usize,
        mut queue: impl FnMut() -> Q,
    ) -> io::Result<(Team, Vec<Place<Q>>)> {
        let too_many = || io::Error::other("too many executors live in this process: drop some");
        let queues: Vec<Q> = (0..workers).map(|_| queue()).collect();
        let commons = Commons::hire(queues).ok_or_else(too_many)?;
        if let Err(error) = commons.watch() {
            commons.release();
            return Err(error);
        }
        let lease = commons.open();
        // The owner counts as present: the desks are not used again before it has closed them.
        let present = Present::new(commons, lease);
        let places = (0..workers).map(|index| Place::new(index, present.another())).collect();
        let closer = Closer { commons, lease, is_closed: Arc::default() };
        Ok((Team { present, closer, loads: Loads::of(commons) }, places))
    }

    /// A handle that spawns from any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.closer.lease)
    }

    /// How many tasks are alive, local ones not counted.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.closer.lease.alive()
    }

    /// References to all that are alive.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskRef> {
        self.closer.lease.tasks()
    }

    /// Whether this thread is one of its workers, with a place or without.
    #[must_use]
    pub fn is_here(&self) -> bool {
        here::is_hired(self.closer.commons.address())
    }

    /// Tells the monitor of the park that the workers share: if nobody looks at it because all are in
    /// long polls, somebody is woken who can.
    pub fn share<P: Park + Send + 'static>(&self, park: &Shared<P>) {
        self.closer.commons.set_free_flag(park.free_flag());
    }

    /// What stands at its desks, for who counts it: from any thread, while the team is not over.
    #[must_use]
    pub fn loads(&self) -> Loads {
        self.loads.clone()
    }

    /// Has this watchdog told of polls that last, at any of the desks. Local tasks are not among them: a thread
    /// that has some says so by a [`Watch`](crate::Watch).
    ///
    /// ```
    /// # use rt_steal::{Shared, Team, Watchdog, Worker};
    /// # use rt_waker::Parker;
    /// # use std::{sync::mpsc, thread, time::Duration};
    /// let (team, places) = Team::hire(1)?;
    /// # let park = Shared::new(Parker::new());
    /// let (sender, stalls) = mpsc::channel();
    /// let threshold = Duration::from_millis(20);
    /// team.watch_stalls(Watchdog::new(threshold, move |stalled| {
    ///     let _ = sender.send((stalled.task, stalled.since.elapsed()));
    /// }));
    /// # for place in places {
    /// #     let park = park.another();
    /// #     thread::spawn(move || Worker::new(place, park, (), ()).run());
    /// # }
    /// let task = team.handle().spawn(async { thread::sleep(Duration::from_millis(200)) });
    /// let (stalled, elapsed) = stalls.recv().unwrap();
    /// assert!(stalled == task.id() && elapsed >= threshold);
    /// # team.close();
    /// # assert!(team.wait(None));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn watch_stalls(&self, dog: Arc<Watchdog>) {
        self.closer.commons.set_watchdog(Some(dog));
    }

    /// Where a thread waits in a `block_on`: at the park that the workers share while they are all busy, and
    /// at a parker of its own else.
    #[must_use]
    pub fn root<P: Park>(&self, park: Shared<P>) -> Root<P> {
        Root::new(self.closer.commons, park)
    }

    /// For how long a task has been in a poll that goes on at one of the desks, as far as the monitor has
    /// seen: up to a [`TICK`](crate::TICK) too little, and zero if it has not looked since. `None` if it is in
    /// none, is a local one, or has [stepped aside](crate::step_aside).
    #[must_use]
    pub fn age_of(&self, task: &TaskRef) -> Option<Duration> {
        self.closer.commons.desks.iter().find_map(|desk| desk.stamp.age_of(task.id()))
    }

    /// Lets no task in from now on, and cancels all that are alive, local ones too: says which. The workers
    /// leave when none is. A second call, or one behind a [closer](Team::closer)'s, only says which are alive
    /// still.
    pub fn close(&self) -> Vec<TaskRef> {
        // The owner is present: these desks are nobody else's yet, and so are the local tasks there.
        self.closer.close_once().unwrap_or_else(|| self.closer.tasks())
    }

    /// What closes it when the team is not at hand.
    #[must_use]
    pub fn closer(&self) -> Closer {
        self.closer.clone()
    }

    /// Waits until all workers have left. `false` if that took longer than `timeout`; `None` is for ever.
    /// A worker does not wait for itself.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        self.present.wait(usize::from(self.is_here()), timeout)
    }
}

impl Closer {
    /// As [`Team::close`], but a second call leaves local ones out.
    pub fn close(&self) -> Vec<TaskRef> {
        // Others may work at these desks by now: only the lists know whose they are.
        self.close_once().unwrap_or_else(|| self.lease.tasks())
    }

    /// `None` if it is closed already.
    fn close_once(&self) -> Option<Vec<TaskRef>> {
        if self.is_closed.swap(true, Ordering::Relaxed) {
            return None;
        }
        let commons = self.commons;
        let emptied = Waker::from(Arc::new(Emptied { commons, lease: self.lease }));
        let (close, wake_all) = (|| self.lease.close(&emptied), || commons.wake_all());
        Some(commons.ending.close(close, || self.tasks(), wake_all))
    }

    /// All that are alive, local ones too. Only while the team is not over: the local tasks are those of its
    /// desks.
    fn tasks(&self) -> Vec<TaskRef> {
        let mut tasks = self.lease.tasks();
        tasks.extend(self.commons.local_tasks());
        tasks
    }
}

impl Drop for Team {
    /// Closes it, and waits for nobody.
    fn drop(&mut self) {
        self.close();
    }
}

/// Wakes the workers when the lists of the living have become empty.
struct Emptied {
    commons: &'static Commons,
    lease: Lease,
}

impl Wake for Emptied {
    fn wake(self: Arc<Self>) {
        let Emptied { commons, lease } = &*self;
        commons.ending.emptied(|| lease.alive() == 0, || commons.idle.wake_all());
    }
}

impl fmt::Debug for Closer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closer").field("is_closed", &self.is_closed).finish_non_exhaustive()
    }
}

impl fmt::Debug for Team {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Team")
            .field("commons", &self.closer.commons)
            .field("alive", &self.alive())
            .finish()
    }
}
