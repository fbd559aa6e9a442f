//! Who is alive: one list a shard, which the wakers know nothing of.
//!
//! ```text
//!   label of a task ──► SHARDS[number] ──► Shard { lock, head, count, generation }
//!                                                        │
//!                                          task ◄──► task ◄──► task ◄─ (a ring)
//! ```
//!
//! * **[L1]** A task is in the ring of the shard that its label names, from before it is shared
//!   until after it is done; a task with the number zero is in none.
//! * **[L2]** A linked task is alive, so its cell exists: reading it under the lock is safe.
//! * **[L3]** A shard is never freed. Who unlinks the last task lets go of the lock after others
//!   may have seen the list empty; a freed lock would be touched then. Numbers and shards are
//!   used again.
//! * **[L4]** A link asks for the generation that is open. A handle of a runtime that ended can
//!   not spawn into the next one that uses the same shard.
//! * **[L5]** No waker is woken or dropped under the lock: it may be somebody's who asks the list.
//!
//! Deliberately not here: who runs the tasks. The list only answers who is alive, and says no to
//! a spawn after `close`.

use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::task::Waker;

use crate::header::{Header, Links};
use crate::id::Id;
use crate::reference::TaskRef;
use crate::snapshot::End;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::tally::Tally;

/// How many lists there can be at once: one a worker, one a thread with local tasks. 16,384 of
/// them are 128 KiB of address space, touched where used.
const SHARDS_MAX: usize = 1 << 14;

/// What a model made is gone with the execution that made it.
const IS_MODEL: bool = cfg!(rt_loom);

/// Entry zero stays empty: it is the number of the tasks that are in no list.
static SHARDS: [AtomicPtr<Shard>; SHARDS_MAX] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SHARDS_MAX];
static NUMBERS: std::sync::Mutex<Numbers> =
    std::sync::Mutex::new(Numbers { free: Vec::new(), next: 1 });

struct Numbers {
    free: Vec<u16>,
    next: u16,
}

/// Neighbours in memory are other threads': two lines apart, since processors fetch them in pairs.
#[repr(align(128))]
struct Shard {
    list: Mutex<List>,
}

struct List {
    head: Option<NonNull<Header>>,
    count: usize,
    /// Of the generation that was let in last.
    tally: Tally,
    /// Who is let in.
    open: Option<Generation>,
    /// Who was let in last.
    last: Option<Generation>,
    /// Woken when the list becomes empty after `close`.
    emptied: Option<Waker>,
}

// SAFETY: [L2] the pointers are followed under the lock only, to cells that exist; a header may be
// shared between threads.
unsafe impl Send for List {}

/// Which use of a [`Living`] a spawn belongs to: a number that nobody had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation(u64);

static NEXT_GENERATION: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

impl Generation {
    /// A new one.
    #[must_use]
    pub fn next() -> Generation {
        Generation(NEXT_GENERATION.fetch_add(1, Ordering::Relaxed))
    }
}

/// The list of the tasks that are alive, under one lock that spawns and ends take.
///
/// [`Builder::listed`](crate::Builder::listed) puts a task in; its end takes it out.
///
/// ```
/// use rt_task::{Builder, Living};
/// use rt_testkit::ByHand;
///
/// let living = Living::new().expect("a list is free");
/// let generation = living.open();
/// let hand = ByHand::new();
/// let (task, _handle) = Builder::new().listed(&living, generation).spawn(async {}, hand);
/// assert_eq!(living.count(), 1);
/// drop(task); // cancels it
/// assert_eq!(living.count(), 0);
/// ```
pub struct Living {
    shard: &'static Shard,
    number: u16,
}

impl Living {
    /// How many lists there can be at once.
    pub const MAX: usize = SHARDS_MAX - 1;

    /// A list, closed and empty. `None` if 16,383 exist.
    #[must_use]
    pub fn new() -> Option<Living> {
        let mut numbers = NUMBERS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let number = match numbers.free.pop() {
            Some(number) => number,
            None if usize::from(numbers.next) == SHARDS_MAX => return None,
            None => {
                numbers.next += 1;
                numbers.next - 1
            }
        };
        let entry = &SHARDS[usize::from(number)];
        // ORDER(shard): receives the shard that an earlier owner of the number made.
        let mut shard = entry.load(Ordering::Acquire);
        if shard.is_null() || IS_MODEL {
            shard = Box::into_raw(Box::new(Shard { list: Mutex::new(List::new()) }));
            // ORDER(shard): publishes the shard to whoever unlinks a task.
            entry.store(shard, Ordering::Release);
        }
        // SAFETY: [L3] a shard is never freed.
        Some(Living { shard: unsafe { &*shard }, number })
    }

    /// The number that stands in the label of every task in the list: from 1 to 16,383.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Lets tasks in, of a new generation.
    ///
    /// # Panics
    ///
    /// If the list is open, or not empty.
    #[track_caller]
    pub fn open(&self) -> Generation {
        let generation = Generation::next();
        self.open_for(generation);
        generation
    }

    /// Lets tasks in, of a generation that several lists share.
    ///
    /// # Panics
    ///
    /// If the list is open, or not empty.
    #[track_caller]
    pub fn open_for(&self, generation: Generation) {
        let mut list = lock(&self.shard.list);
        assert!(
            list.open.is_none() && list.head.is_none(),
            "a list is opened again only when it is over"
        );
        list.open = Some(generation);
        list.last = Some(generation);
        list.tally = Tally::default();
    }

    /// The list, if it is or was last open for this generation. Who asks about another one asks too
    /// late: the list is somebody else's by now.
    fn of(&self, generation: Generation) -> Option<MutexGuard<'_, List>> {
        Some(lock(&self.shard.list)).filter(|list| list.last == Some(generation))
    }

    /// As [`close`](Living::close), if the list is still this generation's.
    pub fn close_for(&self, generation: Generation, emptied: Waker) {
        if let Some(list) = self.of(generation) {
            List::close(list, emptied);
        }
    }

    /// Lets no task of this generation in from now on. Who is woken when the last one is done stays.
    pub fn shut_for(&self, generation: Generation) {
        if let Some(mut list) = self.of(generation) {
            list.open = None;
        }
    }

    /// How many tasks of this generation are alive.
    #[must_use]
    pub fn count_of(&self, generation: Generation) -> usize {
        self.of(generation).map_or(0, |list| list.count)
    }

    /// What became of the tasks of this generation. All zero when the list is another one's.
    #[must_use]
    pub fn tally_of(&self, generation: Generation) -> Tally {
        self.of(generation).map_or_else(Tally::default, |list| list.tally)
    }

    /// References to all of this generation that are alive, the youngest first.
    #[must_use]
    pub fn tasks_of(&self, generation: Generation) -> Vec<TaskRef> {
        self.of(generation).map_or_else(Vec::new, |list| list.tasks())
    }

    /// A reference to the task of this generation with this number, if it is alive. Looks at one after the
    /// other under the lock, which takes some 10 ns each: for reports.
    #[must_use]
    pub fn find(&self, generation: Generation, id: Id) -> Option<TaskRef> {
        self.of(generation).and_then(|list| list.find(id))
    }

    /// Lets no task in from now on. `emptied` is woken, once, when the last one is done; at once if
    /// there is none, or if somebody closes the list again, whose waker then takes its place.
    pub fn close(&self, emptied: Waker) {
        List::close(lock(&self.shard.list), emptied);
    }

    /// Whether a task of this generation is let in.
    #[must_use]
    pub fn is_open(&self, generation: Generation) -> bool {
        lock(&self.shard.list).open == Some(generation)
    }

    /// How many tasks are alive.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.shard.list).count
    }

    /// References to all that are alive, the youngest first.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskRef> {
        lock(&self.shard.list).tasks()
    }

    /// Links a task that is not shared yet. `false` if the list is closed, or open for others.
    pub(crate) fn link(&self, mut header: NonNull<Header>, generation: Generation) -> bool {
        let mut list = lock(&self.shard.list);
        if list.open != Some(generation) {
            list.refuse(generation);
            return false;
        }
        // SAFETY: [H1] the cell is not shared before this function returns, and the lock keeps
        // the readers of the list away.
        unsafe { header.as_mut() }.set_shard(self.number);
        // SAFETY: [L1] it was in no list.
        unsafe { list.insert(header) };
        list.tally.begin();
        true
    }
}

/// Takes a task that is done out of its list, if it is in one, and counts how it ended. The waker that is
/// returned says that a closed list has become empty.
#[must_use]
#[inline]
pub(crate) fn unlink(header: NonNull<Header>, how: End) -> Option<Waker> {
    // SAFETY: [S6] the caller holds the reference of being alive.
    let number = unsafe { header.as_ref() }.shard();
    if number == 0 {
        return None;
    }
    // ORDER(shard): receives the shard.
    let shard = SHARDS[usize::from(number)].load(Ordering::Acquire);
    // SAFETY: [L3] a shard is never freed.
    let shard = unsafe { &*shard };
    let mut list = lock(&shard.list);
    // SAFETY: [L1] it is in this list.
    unsafe { list.remove(header) };
    list.tally.end(how);
    if list.head.is_none() && list.open.is_none() { list.emptied.take() } else { None }
}

impl List {
    /// Lets nobody in any more. `emptied` is woken when the last task has left, at once if there is
    /// none. The waker of an earlier close that still waits is woken now. None is woken or dropped under
    /// the lock [L5].
    // COURSE(2.12) stub: todo
    fn close(mut list: MutexGuard<'_, List>, emptied: Waker) {
        list.open = None;
        let now = match list.head {
            None => Some(emptied),
            Some(_) => list.emptied.replace(emptied),
        };
        drop(list);
        now.into_iter().for_each(Waker::wake);
    }

    fn tasks(&self) -> Vec<TaskRef> {
        let mut tasks = Vec::with_capacity(self.count);
        let _all: Option<()> = self.walk(|task| {
            tasks.push(TaskRef::clone(task));
            None
        });
        tasks
    }

    fn find(&self, id: Id) -> Option<TaskRef> {
        self.walk(|task| (task.id() == id).then(|| TaskRef::clone(task)))
    }

    /// Looks at one after the other, until `see` has found something.
    fn walk<R>(&self, mut see: impl FnMut(&TaskRef) -> Option<R>) -> Option<R> {
        let mut next = self.head;
        while let Some(header) = next {
            // SAFETY: [L2] linked, and whoever has the list holds its lock.
            let task = unsafe { TaskRef::borrowed(header) };
            if let Some(found) = see(&task) {
                return Some(found);
            }
            // SAFETY: [H3] as above.
            next = unsafe { links(header, |links| links.next) }
                .filter(|&next| Some(next) != self.head);
        }
        None
    }

    fn new() -> List {
        let tally = Tally::default();
        List { head: None, count: 0, tally, open: None, last: None, emptied: None }
    }

    /// Somebody of this generation was not let in.
    #[cold]
    fn refuse(&mut self, generation: Generation) {
        if self.last == Some(generation) {
            self.tally.refused += 1;
        }
    }

    /// Links a task in as the head of the ring, and counts it.
    ///
    /// # Safety
    ///
    /// `header` is alive and in no list; the caller holds the lock. [L1]
    // COURSE(2.12) stub: todo
    unsafe fn insert(&mut self, header: NonNull<Header>) {
        let next = self.head.replace(header).unwrap_or(header);
        // SAFETY: [L2] linked, or the new one.
        let last = unsafe { links(next, |links| links.previous.replace(header)) };
        let previous = last.unwrap_or(header);
        // SAFETY: [L2] linked, or the new one.
        unsafe { links(previous, |links| links.next = Some(header)) };
        let around = Links { next: Some(next), previous: Some(previous) };
        // SAFETY: [L2] the new one.
        unsafe { links(header, |links| *links = around) };
        self.count += 1;
    }

    /// Takes a task out of the ring; the one behind it becomes the head, if it was that.
    ///
    /// # Safety
    ///
    /// `header` is in this list; the caller holds the lock. [L1]
    // COURSE(2.12) stub: todo
    unsafe fn remove(&mut self, header: NonNull<Header>) {
        // SAFETY: [L2] linked.
        let Links { next: Some(next), previous: Some(previous) } =
            (unsafe { links(header, |links| *links) })
        else {
            unreachable!("[L1] a listed task is linked until it is done")
        };
        // SAFETY: [L2] linked.
        unsafe { links(previous, |links| links.next = Some(next)) };
        // SAFETY: [L2] linked.
        unsafe { links(next, |links| links.previous = Some(previous)) };
        if self.head == Some(header) {
            self.head = Some(next).filter(|&next| next != header);
        }
        self.count -= 1;
    }
}

/// Reads or changes the links of a cell.
///
/// # Safety
///
/// The cell exists, and the lock of its list is held. [H3]
unsafe fn links<R>(header: NonNull<Header>, change: impl FnOnce(&mut Links) -> R) -> R {
    // SAFETY: [H3] the caller holds the lock.
    unsafe { header.as_ref() }.living.with_mut(|links| change(unsafe { &mut *links }))
}

impl Drop for Living {
    /// Gives the number back, if nobody is alive; else it is never used again.
    fn drop(&mut self) {
        let is_empty = {
            let mut list = lock(&self.shard.list);
            list.open = None;
            list.head.is_none()
        };
        if is_empty {
            let mut numbers = NUMBERS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            numbers.free.push(self.number);
        }
    }
}

impl fmt::Debug for Living {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = lock(&self.shard.list);
        f.debug_struct("Living")
            .field("number", &self.number)
            .field("count", &list.count)
            .field("is_open", &list.open.is_some())
            .finish()
    }
}
