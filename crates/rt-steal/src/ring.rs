//! A worker's queue: a ring that its owner pushes to and pops from, and that others steal from.
//!
//! ```text
//!                  head                         tail
//!                   │ claimed by whoever         │ moved by the owner alone,
//!                   ▼ moves it (one CAS)         ▼ after it filled the place
//!   ┌────┬────┬────┬────┬────┬────┬────┬────┬────┬────┬────┬────┐
//!   │    │    │    │ T8 │ T9 │ T10│ T11│ T12│ T13│    │    │    │   places: index % CAPACITY
//!   └────┴────┴────┴────┴────┴────┴────┴────┴────┴────┴────┴────┘
//!                   └── half: one ───┘
//!                       thief's claim: it copies T8 to T10 into its own ring, behind its own
//!                       tail, where nobody looks; moves this head by three; then its own tail
//! ```
//!
//! Both indices only grow, and have 64 bits: at a push a nanosecond they come round after five
//! hundred years.
//!
//! * **[RG1]** `tail` is stored by the owner alone. The places from `head` to `tail` hold a task each,
//!   `tail - head` is at most [`CAPACITY`].
//! * **[RG2]** `head` is changed only by compare-and-swap, and never holds a value twice. Whoever moves
//!   it from `h` to `h + n` has the tasks at `h..h + n`, and nobody else has: of all the swaps that
//!   expect `h`, one succeeds.
//! * **[RG3]** A place is overwritten only after its owner has received, by an acquiring load, a head
//!   that is past it.
//! * **[RG4]** A thief claims half of what it sees, the older half and rounded up, but no more than it
//!   has room for.
//! * **[RG5]** A full ring gives away its older half in one piece, and behind it the task that had no
//!   room; or, if a thief has made room, nothing, and keeps the task.
//!
//! # Why a thief may copy first and claim afterwards
//!
//! A thief reads places that the owner may be about to overwrite. That is no data race, since a task is
//! one word and a place is atomic; but is what it read what it claimed? Let its swap from `h` to `h + n`
//! succeed, and let `W` be a store that overwrites one of `h..h + n` later on. The owner stored `W` after
//! it had read a head past `h` [RG3]. No such head stands before the thief's own swap, in the order of
//! changes of `head`: the value right behind `h` is the thief's [RG2]. So the owner read the thief's value
//! or a later one; all changes are read-modify-writes, which keep the thread of synchronisation; the swap
//! releases and the load acquires. So the thief's reads happen before `W`, and did not see it. If the swap
//! fails, the copies are words behind the thief's tail, which never become tasks.
//!
//! That is why indices may not come round: a thief that was suspended between reading `head` and its swap
//! for as long as it takes to come round to the same number would claim other tasks than it copied. With
//! indices of 8 and 16 bits it happened (tokio #2387, #5041).
//!
//! The owner's swap in `pop` needs neither half: all that it claims it has put there itself.
//!
//! Not here: who steals, from whom, and when.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use rt_executor::{Fifo, RunQueue, Stealable, Victim};
use rt_task::sync::{Arc, AtomicPtr, AtomicU64, Ordering};
use rt_task::{Priority, Task, TaskList};

/// How many tasks a [`Ring`] takes: as tokio's and Go's. A model has four.
pub const CAPACITY: usize = if cfg!(rt_loom) { 4 } else { 256 };

const ROOM: u64 = CAPACITY as u64;

static_assertions::const_assert!(CAPACITY.is_power_of_two());
static_assertions::assert_eq_size!(Option<Task>, *mut ());

/// The owner's end: first in, first out, with room for [`CAPACITY`] tasks.
///
/// It may go to another thread, but two can not push: it is not `Sync`.
///
/// ```
/// use rt_executor::RunQueue;
/// use rt_steal::Ring;
/// use rt_task::Task;
/// use rt_testkit::ByHand;
///
/// let (mut owner, mut thief) = (Ring::new(), Ring::new());
/// let mut ids = Vec::new();
/// for _ in 0..4 {
///     let (task, _handle) = Task::new(async {}, ByHand::new());
///     ids.push(task.id());
///     owner.push(task).unwrap();
/// }
/// let stealer = owner.stealer(); // for another thread
/// let first = stealer.steal_into(&mut thief); // half, the oldest: one to run, one to keep
/// assert_eq!(first.unwrap().id(), ids[0]);
/// assert_eq!(thief.pop().unwrap().id(), ids[1]);
/// assert_eq!(owner.pop().unwrap().id(), ids[2]);
/// ```
pub struct Ring {
    shared: Arc<Body>,
    /// What `shared.tail` says.
    tail: u64,
    /// The tail at which the ring is full, by the head that was received last: looked up again when
    /// it is reached, once in `CAPACITY` pushes at best.
    limit: u64,
    not_sync: PhantomData<Cell<()>>,
}

static_assertions::assert_impl_all!(Ring: Send);
static_assertions::assert_not_impl_any!(Ring: Sync);

/// The thieves' end of a [`Ring`]. It stays usable, and is empty, when the ring is gone.
#[derive(Clone)]
pub struct Stealer {
    shared: Arc<Body>,
}

static_assertions::assert_impl_all!(Stealer: Send, Sync);

struct Body {
    ends: Ends,
    places: [AtomicPtr<()>; CAPACITY],
}

/// The two indices, on a line of their own: who steals takes both, who polls has both.
#[repr(align(64))]
struct Ends {
    head: AtomicU64,
    tail: AtomicU64,
}

impl Body {
    #[inline]
    fn place(&self, index: u64) -> &AtomicPtr<()> {
        &self.places[(index % ROOM) as usize]
    }

    /// How many are in, by what can be seen of the two indices. A head past the tail that is seen
    /// says that all below the tail are taken.
    fn len(&self) -> usize {
        let tail = self.ends.tail.load(Ordering::Relaxed);
        let head = self.ends.head.load(Ordering::Relaxed);
        distance(head, tail).unwrap_or(0).min(CAPACITY as u64) as usize
    }
}

/// From `head` to `tail`, unless it is not ahead.
#[inline]
fn distance(head: u64, tail: u64) -> Option<u64> {
    let distance = tail.wrapping_sub(head);
    (distance.cast_signed() > 0).then_some(distance)
}

impl Ring {
    /// An empty one.
    #[must_use]
    pub fn new() -> Ring {
        Ring::starting_at(0)
    }

    /// An empty one whose indices begin somewhere else: for tests of what happens when they come
    /// round.
    #[doc(hidden)]
    #[must_use]
    pub fn starting_at(index: u64) -> Ring {
        let ends = Ends { head: AtomicU64::new(index), tail: AtomicU64::new(index) };
        let places = std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut()));
        let shared = Arc::new(Body { ends, places });
        Ring { shared, tail: index, limit: index.wrapping_add(ROOM), not_sync: PhantomData }
    }

    /// How many tasks are in. Thieves may make it less at any moment.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.tail.wrapping_sub(self.shared.ends.head.load(Ordering::Relaxed)) as usize
    }

    /// Whether none is in.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.shared.ends.head.load(Ordering::Relaxed) == self.tail
    }

    /// The thieves' end.
    #[must_use]
    pub fn stealer(&self) -> Stealer {
        Stealer { shared: self.shared.clone() }
    }

    /// Receives how far the head is.
    #[inline]
    fn look_for_room(&mut self) {
        // ORDER(ring_room): receives the thieves' claims, and that they have read what they claimed.
        let head = self.shared.ends.head.load(Ordering::Acquire);
        self.limit = head.wrapping_add(ROOM);
    }

    /// Shows the places up to `tail` to everybody.
    #[inline]
    fn publish(&mut self, tail: u64) {
        self.tail = tail;
        // ORDER(ring): publishes the places below it, and the tasks there.
        self.shared.ends.tail.store(tail, Ordering::Release);
    }

    /// The older half, if the ring is full. Nothing if a thief has made room: what a thief claims at
    /// the same time is its own [RG2].
    // COURSE(7.3) stub: todo
    fn take_half(&mut self) -> TaskList {
        let mut half = TaskList::new();
        let ends = &self.shared.ends;
        let head = self.tail.wrapping_sub(ROOM);
        let next = head.wrapping_add(ROOM / 2);
        // Fails if a thief has made room.
        if ends.head.compare_exchange(head, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            for offset in 0..ROOM / 2 {
                let place = self.shared.place(head.wrapping_add(offset));
                // SAFETY: [RG2] we moved the head past it.
                half.extend(unsafe { task_in(place.load(Ordering::Relaxed)) });
            }
        }
        half
    }

    /// Claims half of what `victim` has, as far as there is room. All but the first `handed_out`
    /// (none or one) come into this ring, and are shown in it when they are claimed, not before [RG2]
    /// [RG4]. The oldest one's word, and how many; `None` if there is nothing, or no room.
    // COURSE(7.2) stub: todo
    fn claim(&mut self, victim: &Body, handed_out: u64) -> Option<(*mut (), u64)> {
        self.look_for_room();
        let room = self.limit.wrapping_sub(self.tail) + handed_out;
        loop {
            // ORDER(ring): receives the places below it, and the tasks there; and the head that the
            // owner knew of, so that no older one is read below [RG1].
            let tail = victim.ends.tail.load(Ordering::Acquire);
            let head = victim.ends.head.load(Ordering::Relaxed);
            let len = distance(head, tail)?;
            let count = len.div_ceil(2).min(room);
            if count == 0 {
                return None;
            }
            for offset in handed_out..count {
                let word = victim.place(head.wrapping_add(offset)).load(Ordering::Relaxed);
                let to = self.tail.wrapping_add(offset - handed_out);
                self.shared.place(to).store(word, Ordering::Relaxed);
            }
            let oldest = victim.place(head).load(Ordering::Relaxed);
            let next = head.wrapping_add(count);
            // ORDER(ring_room): publishes that the places were read: they may be overwritten.
            let claim =
                victim.ends.head.compare_exchange(head, next, Ordering::Release, Ordering::Relaxed);
            if claim.is_ok() {
                self.publish(self.tail.wrapping_add(count - handed_out));
                return Some((oldest, count));
            }
        }
    }
}

/// The task that a word stands for.
///
/// # Safety
///
/// The caller has claimed the place that the word comes from. [RG2]
#[inline]
unsafe fn task_in(word: *mut ()) -> Option<Task> {
    // SAFETY: [RG2] a claimed place holds the word of a task, which nobody else takes back.
    NonNull::new(word).map(|word| unsafe { Task::from_raw(word) })
}

impl RunQueue for Ring {
    /// Behind all others. A ring that is still full after a look at how far the thieves are hands the
    /// task back: `[RG1]`, `[RG3]`.
    #[inline]
    // COURSE(7.1) stub: todo
    fn push(&mut self, task: Task) -> Result<(), Task> {
        if self.tail == self.limit {
            self.look_for_room();
            if self.tail == self.limit {
                return Err(task);
            }
        }
        self.shared.place(self.tail).store(task.into_raw().as_ptr(), Ordering::Relaxed);
        self.publish(self.tail.wrapping_add(1));
        Ok(())
    }

    /// The oldest that no thief has claimed: `[RG2]`. It is the caller's alone.
    #[inline]
    // COURSE(7.1) stub: todo
    fn pop(&mut self) -> Option<Task> {
        let mut head = self.shared.ends.head.load(Ordering::Relaxed);
        while head != self.tail {
            let word = self.shared.place(head).load(Ordering::Relaxed);
            let next = head.wrapping_add(1);
            let end = &self.shared.ends.head;
            match end.compare_exchange_weak(head, next, Ordering::Relaxed, Ordering::Relaxed) {
                // SAFETY: [RG2] we moved the head past it.
                Ok(_) => return unsafe { task_in(word) },
                Err(newer) => head = newer,
            }
        }
        None
    }

    #[inline]
    fn is_empty(&self) -> bool {
        Ring::is_empty(self)
    }

    #[inline]
    fn len(&self) -> usize {
        Ring::len(self)
    }
}

impl Stealable for Ring {
    type Stealer = Stealer;
    type Local = Fifo;

    fn stealer(&self) -> Stealer {
        Ring::stealer(self)
    }

    fn local(&self) -> Fifo {
        Fifo::new()
    }

    fn renew(&mut self, _: Ring) {}

    /// One room for all classes.
    fn room(&self, _: Priority) -> usize {
        CAPACITY - Ring::len(self)
    }

    fn steal(&mut self, from: &Stealer) -> usize {
        self.claim(&from.shared, 0).map_or(0, |(_, count)| count as usize)
    }

    /// What `[RG5]` says: the older half and the task behind it, or nothing, and the task is in.
    #[cold]
    // COURSE(7.3) stub: todo
    fn overflow(&mut self, mut task: Task) -> TaskList {
        loop {
            let mut half = self.take_half();
            if !half.is_empty() {
                half.push_back(task);
                return half;
            }
            match self.push(task) {
                Ok(()) => return half,
                Err(back) => task = back,
            }
        }
    }
}

impl Stealer {
    /// Moves half of the tasks, the oldest, to the thief: hands out the first, to run now, and puts
    /// the others into its ring. `None` if nothing was there.
    pub fn steal_into(&self, thief: &mut Ring) -> Option<Task> {
        let (oldest, _) = thief.claim(&self.shared, 1)?;
        // SAFETY: [RG2] we moved the head past it.
        unsafe { task_in(oldest) }
    }

    /// How many tasks were in at that moment.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A mark behind the newest one, for [`lasts`](Stealer::lasts).
    ///
    /// ```
    /// use rt_executor::RunQueue;
    /// use rt_steal::Ring;
    /// use rt_task::Task;
    /// use rt_testkit::ByHand;
    ///
    /// let mut ring = Ring::new();
    /// let (task, _handle) = Task::new(async {}, ByHand::new());
    /// ring.push(task).unwrap();
    /// let stealer = ring.stealer();
    /// let mark = stealer.mark();
    /// assert!(stealer.lasts(mark));
    /// let (behind, _handle) = Task::new(async {}, ByHand::new());
    /// ring.push(behind).unwrap();
    /// drop(ring.pop());
    /// assert!(!stealer.lasts(mark)); // who stands there now came later
    /// ```
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.shared.ends.tail.load(Ordering::Relaxed)
    }

    /// Whether one of those is still in who were in when the mark was made.
    #[must_use]
    pub fn lasts(&self, mark: u64) -> bool {
        distance(self.shared.ends.head.load(Ordering::Relaxed), mark).is_some()
    }
}

impl Victim for Stealer {
    type Mark = u64;

    fn is_empty(&self) -> bool {
        Stealer::is_empty(self)
    }

    fn len(&self) -> usize {
        Stealer::len(self)
    }

    fn mark(&self) -> u64 {
        Stealer::mark(self)
    }

    fn lasts(&self, mark: u64) -> bool {
        Stealer::lasts(self, mark)
    }
}

impl Default for Ring {
    fn default() -> Ring {
        Ring::new()
    }
}

impl Drop for Ring {
    /// Cancels what is left, the oldest first.
    // COURSE(7.1) stub: leak
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("len", &self.len()).finish()
    }
}

impl fmt::Debug for Stealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stealer").field("len", &self.len()).finish()
    }
}
