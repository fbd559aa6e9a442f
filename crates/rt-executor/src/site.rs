//! Where the tasks of an executor belong, and the door through which they come back to it.
//!
//! An executor of one thread has one list of the living; one of many threads has several, so that
//! spawns on different threads do not meet on a lock. The number of its list stands in each task.
//!
//! * **[B1]** A site is never freed, so a task needs no count on it. It serves one executor after
//!   another, each under a generation of its own.
//! * **[B2]** A site is used again only when its lists are empty: no task of an earlier generation can
//!   be queued any more.

use std::any::Any;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::task::Waker;

use rt_task::unwind::contained;
use rt_task::{Generation, Id, Living, Tally, Task, TaskRef};

/// As many as there are lists of the living.
const SITES_MAX: usize = Living::MAX + 1;

static SITES: [OnceLock<&'static Site>; SITES_MAX] = [const { OnceLock::new() }; SITES_MAX];

/// The way into an executor from threads that are not its own, or when it does not run.
pub trait Door: Send + Sync + 'static {
    /// Takes a task in. Called by wakers: it neither polls nor blocks.
    fn deliver(&self, task: Task);

    /// Which of the site's lists takes what is spawned on this thread.
    fn list_here(&self) -> usize {
        0
    }
}

/// Is told of each task that panics, before anybody can see that it is done.
pub type OnPanic = Arc<dyn Fn(&TaskRef, &(dyn Any + Send)) + Send + Sync>;

/// Is told of the end of a site's use: who keeps the books of a runtime.
pub trait AtEnd: Send + Sync + 'static {
    /// Nobody is alive under this lease, and nobody will be; all of it can still be asked, for the last time.
    fn ended(&self, lease: Lease);
}

/// Lists of the living, and the door of the executor that they belong to.
pub struct Site {
    lists: Box<[Living]>,
    door: &'static dyn Door,
    /// And whose it is: a generation forgets no other one's.
    on_panic: RwLock<Option<(Generation, OnPanic)>>,
    at_end: Mutex<Option<(Generation, Arc<dyn AtEnd>)>>,
    /// Whether what is spawned has statistics.
    is_measured: AtomicBool,
}

/// A site in one generation: what a handle holds. When the site is somebody else's by now, it has no
/// tasks and closes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    site: &'static Site,
    generation: Generation,
}

impl Site {
    /// A site with so many lists, at least one; it is leaked. `None` if the process has too many: then
    /// no door is asked for, which would be leaked for nothing.
    #[must_use]
    pub fn new<D: Door>(
        lists: usize,
        door: impl FnOnce() -> &'static D,
    ) -> Option<(&'static Site, &'static D)> {
        let lists = (0..lists.max(1)).map(|_| Living::new()).collect::<Option<Box<[_]>>>()?;
        let door = door();
        let site: &'static Site = Box::leak(Box::new(Site {
            lists,
            door,
            on_panic: RwLock::default(),
            at_end: Mutex::default(),
            is_measured: AtomicBool::new(false),
        }));
        for list in &site.lists {
            SITES[usize::from(list.number())].get_or_init(|| site);
        }
        Some((site, door))
    }

    /// The site of a shard.
    #[must_use]
    #[inline]
    pub fn of(shard: u16) -> Option<&'static Site> {
        SITES.get(usize::from(shard))?.get().copied()
    }

    /// The way in.
    #[must_use]
    #[inline]
    pub fn door(&self) -> &'static dyn Door {
        self.door
    }

    /// Lets tasks in.
    ///
    /// # Panics
    ///
    /// If the site is in use.
    #[must_use = "close it, so that the site can be used again"]
    pub fn open(&'static self) -> Lease {
        let generation = Generation::next();
        self.lists.iter().for_each(|list| list.open_for(generation));
        let lease = Lease { site: self, generation };
        lease.set_on_panic(None);
        self.is_measured.store(false, Ordering::Relaxed);
        lease
    }

    /// A task of the present generation has panicked.
    #[cold]
    pub(crate) fn panicked(&self, task: &TaskRef, payload: &(dyn Any + Send)) {
        // Copied out: a hook is user code, and runs under no lock.
        let on_panic = self.on_panic.read().unwrap_or_else(PoisonError::into_inner).clone();
        on_panic.into_iter().for_each(|(_, on_panic)| on_panic(task, payload));
    }

    /// Whether what is spawned here has statistics.
    #[inline]
    pub(crate) fn is_measured(&self) -> bool {
        self.is_measured.load(Ordering::Relaxed)
    }

    /// The shard of a list.
    #[must_use]
    pub fn shard(&self, list: usize) -> u16 {
        self.lists[list].number()
    }
}

impl Lease {
    /// The site.
    #[must_use]
    #[inline]
    pub fn site(&self) -> &'static Site {
        self.site
    }

    /// The generation.
    #[must_use]
    #[inline]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The list that takes what is spawned on this thread.
    #[must_use]
    #[inline]
    pub fn living_here(&self) -> &'static Living {
        match &self.site.lists[..] {
            [only] => only,
            lists => &lists[self.site.door.list_here() % lists.len()],
        }
    }

    /// How many tasks are alive.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.site.lists.iter().map(|list| list.count_of(self.generation)).sum()
    }

    /// What became of the tasks. Of each list the numbers are of one moment, so their sum is too that they
    /// make: `spawned = completed + cancelled + panicked + alive`.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tallies().sum()
    }

    /// The same list by list. All zero when the site is somebody else's.
    pub fn tallies(&self) -> impl Iterator<Item = Tally> + use<> {
        let Lease { site, generation } = *self;
        site.lists.iter().map(move |list| list.tally_of(generation))
    }

    /// References to all that are alive.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskRef> {
        self.site.lists.iter().flat_map(|list| list.tasks_of(self.generation)).collect()
    }

    /// A reference to the task with this number, if it is alive. See [`Living::find`].
    #[must_use]
    pub fn find(&self, id: Id) -> Option<TaskRef> {
        self.site.lists.iter().find_map(|list| list.find(self.generation, id))
    }

    /// From now on what is spawned has [`Stats`](rt_task::Stats), until the executor ends.
    pub fn measure(&self) {
        let _on_panic = self.site.on_panic.write().unwrap_or_else(PoisonError::into_inner);
        // Under the lock: the next generation takes it to forget what this one wanted.
        if self.is_open() {
            self.site.is_measured.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a spawn is let in.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.site.lists[0].is_open(self.generation)
    }

    /// From now on `hook` is told of each task that panics, on the thread where it does. A panic in it
    /// ends there, after its message.
    pub fn on_panic(&self, hook: OnPanic) {
        self.set_on_panic(Some(hook));
    }

    fn set_on_panic(&self, hook: Option<OnPanic>) {
        let mut on_panic = self.site.on_panic.write().unwrap_or_else(PoisonError::into_inner);
        let hook = hook.map(|hook| (self.generation, hook));
        // Under the lock: the next generation takes it to forget the hook of this one.
        let unused = if self.is_open() { mem::replace(&mut *on_panic, hook) } else { hook };
        drop(on_panic);
        contained(|| drop(unused));
    }

    /// `books` are told when the executor is over, before somebody else has the site. Said once, while it
    /// is open.
    pub fn at_end(&self, books: Arc<dyn AtEnd>) {
        *self.site.at_end.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((self.generation, books));
    }

    /// The executor is over, and nobody is alive: who keeps the books is told, and its hook for panics goes.
    pub fn end(&self) {
        let is_mine = |(generation, _): &mut (Generation, _)| *generation == self.generation;
        let mut at_end = self.site.at_end.lock().unwrap_or_else(PoisonError::into_inner);
        let books = at_end.take_if(is_mine);
        drop(at_end);
        books.into_iter().for_each(|(_, books)| contained(|| books.ended(*self)).unwrap_or(()));
        let mut on_panic = self.site.on_panic.write().unwrap_or_else(PoisonError::into_inner);
        let unused = on_panic.take_if(|(generation, _)| *generation == self.generation);
        drop(on_panic);
        contained(|| drop(unused));
    }

    /// Lets no task in from now on. Who ends the executor, before or after, is told of the last task all the same.
    pub fn shut(&self) {
        self.site.lists.iter().for_each(|list| list.shut_for(self.generation));
    }

    /// Lets no task in from now on. `emptied` is woken whenever one of the lists has become empty.
    pub fn close(&self, emptied: &Waker) {
        for list in &self.site.lists {
            list.close_for(self.generation, emptied.clone());
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("lists", &self.lists).finish_non_exhaustive()
    }
}
