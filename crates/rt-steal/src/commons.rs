//! What the workers of one runtime share: the injector, who is idle, and a desk for each.
//!
//! ```text
//!   from elsewhere ──► door ──► injector ──┐                      ┌── desk 0: queue, slot, stamp
//!                                          ├─► a worker at a desk │
//!   woken on a worker ─► its slot, queue ──┘       steals from ───┴── desk 1, 2, …
//! ```
//!
//! * **[CM1]** A commons is made with its site, and never freed, so that a task needs no count on it. It
//!   serves one runtime after another, each under a generation of its own, and is free for the next one only
//!   when nobody works at a desk and no task is alive.
//! * **[CM2]** At a desk works at most one thread: the one that has its [`Place`](crate::Place), and in
//!   it the owner's ends of the queue and of the slot.

use std::any::TypeId;
use std::fmt;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use rt_executor::{Door, Lease, Site, Stealable};
use rt_task::sync::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use rt_task::unwind::contained;
use rt_task::{Task, TaskRef};

use crate::desk::Desk;
use crate::ending::Ending;
use crate::here;
use crate::idle::Idle;
use crate::injector::Injector;
use crate::monitor::{self, Watched};
use crate::vacancies::Vacancies;
use crate::watchdog::Watchdog;

/// Lists of the living for threads that are no workers. They are used in turn, so that who spawns seldom
/// meets who ends a task at the lock of one list.
const OUTSIDE: usize = 8;

/// So many spawns of a thread in a row go to the same one.
const IN_A_ROW: usize = 32;

/// Commons that nobody uses [CM1].
static FREE: Mutex<Vec<&'static Commons>> = Mutex::new(Vec::new());

/// See the module.
pub(crate) struct Commons {
    pub(crate) injector: Injector,
    pub(crate) idle: Idle,
    pub(crate) desks: Box<[Desk]>,
    /// The type of the queues at the desks [DK1].
    queue: TypeId,
    site: OnceLock<&'static Site>,
    pub(crate) ending: Ending,
    is_watched: Mutex<bool>,
    /// How often the monitor has looked: a clock that costs a load.
    pub(crate) looks: AtomicU32,
    /// Says whether nobody waits at the park of timers and sockets.
    park_is_free: Mutex<Option<Arc<AtomicBool>>>,
    /// Whether it was so when the monitor looked last.
    park_was_free: AtomicBool,
    /// Threads that wait in a `block_on`: they could look, if all workers are busy.
    roots: Mutex<Vec<(u64, Waker)>>,
    next_root: AtomicU64,
    /// Nobody looks after the park, and no worker sleeps [RT2].
    root_is_called: AtomicBool,
    /// The local tasks of each worker.
    homes: Mutex<Vec<Lease>>,
    pub(crate) vacancies: Vacancies,
    /// How many threads that have no desk are awake: see `worker/stand_by.rs`.
    pub(crate) standing: AtomicUsize,
    /// Is told of polls that last.
    watchdog: Mutex<Option<Arc<Watchdog>>>,
}

impl Commons {
    /// A commons that nobody uses, with a desk for each of these queues, or for one that is set as it is. `None`
    /// if the process has too many executors.
    pub(crate) fn hire<Q: Stealable>(queues: Vec<Q>) -> Option<&'static Commons> {
        let is_fit = |commons: &Commons| {
            commons.desks.len() == queues.len() && commons.queue == TypeId::of::<Q>()
        };
        let mut free = held(&FREE);
        let found = free.iter().position(|commons| is_fit(commons));
        let found = found.map(|index| free.swap_remove(index));
        drop(free);
        let Some(commons) = found else { return Commons::leak(queues) };
        commons.desks.iter().zip(queues).for_each(|(desk, fresh)| desk.renew(fresh));
        Some(commons)
    }

    fn leak<Q: Stealable>(queues: Vec<Q>) -> Option<&'static Commons> {
        let workers = queues.len();
        let (site, commons) = Site::new(workers + OUTSIDE, || {
            Box::leak(Box::new(Commons {
                injector: Injector::new(),
                idle: Idle::new(workers),
                desks: queues.into_iter().map(Desk::new).collect(),
                queue: TypeId::of::<Q>(),
                site: OnceLock::new(),
                ending: Ending::new(),
                is_watched: Mutex::new(false),
                looks: AtomicU32::new(0),
                park_is_free: Mutex::new(None),
                park_was_free: AtomicBool::new(false),
                roots: Mutex::new(Vec::new()),
                next_root: AtomicU64::new(0),
                root_is_called: AtomicBool::new(false),
                homes: Mutex::new(Vec::new()),
                vacancies: Vacancies::new(),
                standing: AtomicUsize::new(0),
                watchdog: Mutex::new(None),
            }))
        })?;
        commons.site.get_or_init(|| site);
        Some(commons)
    }

    /// Nobody works here any more, and no task is alive [CM1].
    pub(crate) fn release(&'static self) {
        *held(&self.park_is_free) = None;
        self.set_watchdog(None);
        self.root_is_called.store(false, Ordering::Relaxed);
        self.park_was_free.store(false, Ordering::Relaxed);
        held(&self.roots).clear();
        held(&self.homes).clear();
        self.ending.forget();
        held(&FREE).push(self);
    }

    /// Has the monitor look at it, from the first time on.
    pub(crate) fn watch(&'static self) -> io::Result<()> {
        let mut is_watched = held(&self.is_watched);
        if !*is_watched {
            monitor::watch(self)?;
            *is_watched = true;
        }
        Ok(())
    }

    fn site(&self) -> &'static Site {
        let site = self.site.get().copied();
        site.unwrap_or_else(|| unreachable!("[CM1] a commons is made with its site"))
    }

    pub(crate) fn open(&self) -> Lease {
        self.site().open()
    }

    /// The number of the list that takes what the worker at this desk spawns.
    pub(crate) fn shard(&self, desk: usize) -> u16 {
        self.site().shard(desk)
    }

    /// By which a thread knows the commons that it works for: see `here.rs`.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Wakes all who work here, and those who wait for a desk.
    pub(crate) fn wake_all(&self) {
        self.idle.wake_all();
        self.vacancies.wake_all();
    }

    pub(crate) fn set_free_flag(&self, is_free: Arc<AtomicBool>) {
        *held(&self.park_is_free) = Some(is_free);
    }

    /// From now on this one is told of polls that last.
    pub(crate) fn set_watchdog(&self, dog: Option<Arc<Watchdog>>) {
        let before = mem::replace(&mut *held(&self.watchdog), dog);
        contained(|| drop(before)); // code of users, and not under the lock
    }

    /// Of the polls that go on at the desks. For the monitor, behind its look at them.
    fn look_for_stalls(&self) {
        if let Some(dog) = &*held(&self.watchdog) {
            let desks = self.desks.iter().enumerate();
            desks.for_each(|(index, desk)| dog.look_at(&desk.stamp, Some(index)));
        }
    }

    /// A thread that works here has local tasks.
    pub(crate) fn add_home(&self, home: Lease) {
        held(&self.homes).push(home);
    }

    /// It has none any more.
    pub(crate) fn remove_home(&self, home: Lease) {
        held(&self.homes).retain(|other| other.generation() != home.generation());
    }

    /// All local tasks that are alive.
    pub(crate) fn local_tasks(&self) -> Vec<TaskRef> {
        let homes = held(&self.homes).clone();
        homes.iter().flat_map(Lease::tasks).collect()
    }

    /// Adds a thread that waits in a `block_on`, and gives it a number.
    pub(crate) fn add_root(&self, waker: Waker) -> u64 {
        let number = self.next_root.fetch_add(1, Ordering::Relaxed);
        held(&self.roots).push((number, waker));
        number
    }

    /// Whether somebody is to take the park. Says so to one who asks.
    pub(crate) fn take_root_call(&self) -> bool {
        self.root_is_called.load(Ordering::Relaxed)
            && self.root_is_called.swap(false, Ordering::Relaxed)
    }

    /// It waits no more. If it had the park, somebody else must take that.
    pub(crate) fn remove_root(&self, number: u64) {
        held(&self.roots).retain(|&(root, _)| root != number);
        if self.is_unattended() {
            self.idle.notify();
        }
    }

    /// Whether there is work that any worker may take: for the last look.
    ///
    /// The slots are left out: what stands in one is next for its owner, who is awake, and looks at it
    /// before it sleeps. Behind a long poll a searcher takes it out, or the monitor, which notifies with a
    /// fence.
    pub(crate) fn has_work(&self) -> bool {
        self.injector.look() || self.desks.iter().any(|desk| !desk.is_empty())
    }

    /// As [`has_work`](Commons::has_work), but at this desk, for the worker there who has found some.
    pub(crate) fn has_work_beside(&self, own: usize) -> bool {
        let mut others = self.desks.iter().enumerate().filter(|&(desk, _)| desk != own);
        self.injector.look() || others.any(|(_, desk)| !desk.is_empty())
    }

    /// Somebody is needed who sleeps: a worker, else a thread in a `block_on`.
    fn call_somebody(&self) {
        self.idle.notify();
        if self.is_unattended() && self.idle.sleeping() == 0 {
            // Which of them sleep is not known: one takes the park, the others only look.
            self.root_is_called.store(true, Ordering::Relaxed);
            let roots = held(&self.roots).clone();
            roots.into_iter().for_each(|(_, root)| root.wake());
        }
    }

    /// Whether somebody works who is not counted as asleep, at a desk or without one [MO2].
    fn is_anybody_awake(&self) -> bool {
        let at_work = self.desks.iter().filter(|desk| desk.is_taken()).count();
        at_work > self.idle.sleeping() || self.standing.load(Ordering::Relaxed) > 0
    }

    fn is_unattended(&self) -> bool {
        held(&self.park_is_free).as_ref().is_some_and(|is_free| is_free.load(Ordering::Relaxed))
    }
}

impl Watched for Commons {
    fn look(&self) -> bool {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let (mut has_work, mut is_held_up) = (false, false);
        for desk in &self.desks {
            let is_long = desk.stamp.look();
            is_held_up |= is_long;
            if is_long {
                has_work |= !desk.is_empty();
                if let Some(task) = desk.taker.take() {
                    self.injector.push(task);
                    has_work = true;
                }
            }
        }
        self.look_for_stalls();
        let is_free = self.is_unattended();
        let stays_free = self.park_was_free.swap(is_free, Ordering::Relaxed) && is_free;
        if (is_held_up && (has_work || !self.injector.is_empty())) || stays_free {
            self.call_somebody();
        }
        self.is_anybody_awake() || is_free
    }
}

impl Door for Commons {
    #[inline]
    fn deliver(&self, task: Task) {
        self.injector.push(task);
        self.idle.notify_unfenced();
    }

    #[inline]
    fn list_here(&self) -> usize {
        let outside = || self.desks.len() + here::count_spawn() / IN_A_ROW % OUTSIDE;
        here::desk_of(self.address()).unwrap_or_else(outside)
    }
}

impl fmt::Debug for Commons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commons")
            .field("desks", &self.desks.len())
            .field("idle", &self.idle)
            .finish()
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
