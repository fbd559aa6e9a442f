//! Who sleeps, who searches, and who is woken when there is work.
//!
//! Waking a thread costs as much as a thousand spawns, and a wake-up that is missing costs everything. So
//! a thread is woken only if it is needed, and always if it is.
//!
//! # Vocabulary
//!
//! * A worker **works**: it polls tasks, and goes on to its own queue. It is not counted.
//! * It **searches**: its own queue is empty and it looks into the others. It holds a [`Searching`].
//!   At most [`MAX_SEARCHING`] do at a time: several would find the same task, and fight over it.
//! * It **sleeps**: it is counted as asleep and parks, or is about to. It holds a [`Sleeping`].
//! * It is **chosen**: somebody has counted it as searching and wakes it.
//! * The **last look** is a look at everything that may hold work, after one has been counted out.
//!
//! # Protocol
//!
//! ```text
//!                 search: if nobody does
//!    WORKING ────────────────────────────────► SEARCHING ◄───────────────────┐
//!     ▲  ▲ │ ▲                                  │  │                         │ wake: it was chosen
//!     │  │ │ └───── finish: found something ────┘  │ sleep: gives up         │
//!     │  │ │        last look ► notify             │ last look ► notify      │
//!     │  │ └── sleep: somebody else searches ──────┼─► SLEEPING ─ notify ─► CHOSEN
//!     │  │     last look ► notify                  └────►  │
//!     │  └────────── wake: a timer, a token of old ────────┘
//!     └───────────── wake, after wake_all ─────────────────┘
//! ```
//!
//! Who pushes what others may take calls `notify`: if somebody searches, or nobody sleeps, that is one
//! load. Else the worker that fell asleep last is chosen, since its cache is warm. One at a time: a
//! searcher that finds work and sees more wakes the next one, and so on, as long as there is more.
//!
//! # What must hold
//!
//! * **[ID1]** `searching` counts the [`Searching`] values and the chosen who have not woken yet. A worker
//!   is counted before it is woken: a second push finds it searching, and wakes nobody else.
//! * **[ID2]** `sleeping` is the length of the list of sleepers. Both change under the lock.
//! * **[ID3]** Whoever is counted as asleep, and whoever stops as the last searcher, looks at everything
//!   **after** that, and notifies if it sees work. The look comes behind a `SeqCst` fence; what it reads are
//!   [`Stealer::is_empty`](crate::Stealer::is_empty), [`Injector::look`](crate::Injector::look), and the
//!   caller's own flags. Not the slots: what stands in one is next for its owner, who is awake.
//! * **[ID4]** Wakers are called when the lock is free again.
//! * **[ID5]** "Work" is for anybody, so who sees it may rely on a searcher. What concerns one worker, or each
//!   of them, as a shutdown does, no searcher does for it: it says [`LastLook::Stay`].
//!
//! # Why no wake-up is lost: a proof with two actors
//!
//! *Pusher* P makes work visible, then reads the counts. *Worker* W changes the counts, then looks for work.
//!
//! ```text
//!   P                                       W
//!   1  pushes                               1  counts itself out: searching - 1, or sleeping + 1
//!   2  fence(SeqCst), or: it held a lock    2  fence(SeqCst), or: it takes that lock
//!   3  reads the counts                     3  looks
//! ```
//!
//! *Claim*: W sees the push, or P sees W's change. Suppose P reads counts from before W1. Then P2 comes
//! before W2 in the order of the fences (or of the lock): were it behind, P3 would have to see W1. So P1
//! comes before W3, and W sees the push.
//!
//! Now P reads one of three things.
//!
//! * *Somebody searches.* In the order of changes of the word, the one by which the last searcher counts
//!   itself out comes later than what P read. So P did not see it, and by the claim that searcher sees the
//!   push in its last look: it notifies, or somebody has taken the task.
//! * *Nobody searches, nobody sleeps.* All work. Whoever is the first to go idle counts itself as a searcher
//!   or as asleep, later than what P read; in the end it makes a last look, and the claim holds for it.
//! * *Nobody searches, somebody sleeps.* P takes the lock and asks again, with one compare-and-swap that
//!   counts a sleeper as a searcher. If that fails, one of the other two was read.
//!
//! In the last look W itself is in the place of P: it has seen work, and `notify` has a fence of its own.
//! A sleeper that is notified before it parks finds the token, and its park returns at once
//! (`rt-waker/parker.rs`, [P1]).
//!
//! # What that costs
//!
//! Both fences are needed only where no lock orders the two. What goes to the injector was pushed under its
//! lock, and the last look takes that lock: so whoever pushes there calls [`Idle::notify_unfenced`], which
//! is one load of a word that changes only when somebody goes idle. Nor does a worker need a fence that has
//! pushed to its own ring, and asks at its next poll boundary: its push may still lie in its store buffer
//! while a colleague makes its last look. But the task is not lost. The worker itself polls it, or asks
//! again after the next poll; and what stands through a long poll is found by the monitor, which notifies
//! with a fence.
//!
//! The form is that of rayon-core's `sleep/README.md`, the rule of one searcher that of Go's scheduler; that a
//! searcher which gives up looks again is what tokio #1768 is about.
//!
//! Not here: the spinning of a searcher, which queues there are, parking.

mod counts;

use std::fmt;
use std::mem::{self, ManuallyDrop};
use std::sync::Arc;
use std::task::Waker;

use rt_task::sync::{AtomicU64, Mutex, Ordering, fence, lock};

use self::counts::{Counts, Notice};

/// How many workers search at a time. The proof does not depend on it being one.
pub const MAX_SEARCHING: usize = 1;

/// Who of the workers sleeps and who searches.
///
/// ```
/// use rt_steal::{Idle, LastLook};
/// use rt_waker::Parker;
///
/// let idle = Idle::new(2);
/// let parker = Parker::new();
/// idle.register(0, parker.waker());
///
/// let searching = idle.search();
/// assert!(searching.is_some() && idle.search().is_none()); // one at a time
/// let sleeping = idle.sleep(0, searching, || LastLook::Nothing);
/// idle.notify(); // somebody has pushed: this chooses worker 0
/// idle.notify(); // it searches already: this wakes nobody
/// parker.wait(); // returns at once
/// let searching = sleeping.wake().expect("it was chosen, and is counted as searching");
/// searching.finish(|| false); // found a task, and there is no other
/// assert_eq!((idle.searching(), idle.sleeping()), (0, 0));
/// ```
pub struct Idle {
    counts: AtomicU64,
    beds: Mutex<Beds>,
}

struct Beds {
    /// Who sleeps; who fell asleep last is the last.
    asleep: Vec<usize>,
    workers: Vec<Bed>,
}

struct Bed {
    /// In an `Arc`, because cloning a waker is user code, which runs under no lock.
    waker: Option<Arc<Waker>>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Awake,
    /// In the list of sleepers.
    Asleep,
    /// Counted as searching, and does not know it yet.
    Chosen,
}

/// What a worker saw that is about to sleep.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastLook {
    /// No reason to stay awake.
    Nothing,
    /// Work that any worker can do: one of those who sleep is woken if nobody searches. It is the one
    /// who looked, unless another fell asleep meanwhile.
    Work,
    /// Something that this worker must do itself, as at a shutdown: its park returns at once.
    Stay,
}

/// Evidence: this worker is counted as searching.
///
/// It ends with [`Searching::finish`] or [`Idle::sleep`]. Dropped otherwise, by a panic, it is counted
/// out all the same, and if it was the last one, a sleeper is woken in its place.
#[must_use = "dropped, the worker does not count as searching any more, and another one is woken"]
pub struct Searching<'a> {
    idle: &'a Idle,
}

/// Evidence: this worker is counted as asleep, or was chosen meanwhile. It ends with
/// [`Sleeping::wake`], after the park.
#[must_use = "dropped, the worker does not count as asleep any more"]
pub struct Sleeping<'a> {
    idle: &'a Idle,
    worker: usize,
}

impl Idle {
    /// For workers `0..workers`, all of them working.
    #[must_use]
    pub fn new(workers: usize) -> Idle {
        let awake = |_| Bed { waker: None, state: State::Awake };
        let workers: Vec<Bed> = (0..workers).map(awake).collect();
        let beds = Beds { asleep: Vec::with_capacity(workers.len()), workers };
        Idle { counts: AtomicU64::new(Counts::NONE.bits()), beds: Mutex::new(beds) }
    }

    /// Says how a worker is woken: before it sleeps for the first time, and again when another
    /// thread takes its place.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    pub fn register(&self, worker: usize, waker: Waker) {
        let waker = Arc::new(waker);
        let before = lock(&self.beds).workers[worker].waker.replace(waker);
        drop(before);
    }

    /// Begins to search, unless somebody does.
    #[inline]
    pub fn search(&self) -> Option<Searching<'_>> {
        let more =
            |counts: Counts| (counts.searching() < MAX_SEARCHING).then(|| counts.with_searcher());
        self.change(more).ok().map(|_| Searching { idle: self })
    }

    /// Somebody has pushed what others may take, and has done so without a lock that the last look
    /// takes too: if it needs a worker that sleeps, one is woken. A fence and a load otherwise.
    // COURSE(7.6) stub: todo
    pub fn notify(&self) {
        // ORDER(idle): the push comes before the counts are read.
        fence(Ordering::SeqCst);
        self.notify_unfenced();
    }

    /// The same without the fence: for who has pushed under a lock that the last look takes, as into
    /// the [`Injector`](crate::Injector), and for a worker that asks again after its next poll. One load
    /// if nobody sleeps.
    #[inline]
    pub fn notify_unfenced(&self) {
        if self.is_anybody_needed() {
            self.wake_one();
        }
    }

    /// Whether a [`notify`](Idle::notify) would wake somebody, at this moment.
    #[must_use]
    #[inline]
    pub fn is_anybody_needed(&self) -> bool {
        self.counts().notice() == Notice::Sleeper
    }

    /// Counts a worker as asleep, and takes its last look: `look` says whether there is work anywhere,
    /// or another reason not to sleep. If so its park returns at once, unless it is work and another
    /// worker takes care of it. Then the caller parks, and calls [`Sleeping::wake`].
    ///
    /// # Panics
    ///
    /// If the worker has registered no waker.
    // COURSE(7.5) stub: todo
    pub fn sleep<'a>(
        &'a self,
        worker: usize,
        searching: Option<Searching<'a>>,
        look: impl FnOnce() -> LastLook,
    ) -> Sleeping<'a> {
        self.lie_down(worker, searching.is_some());
        // It was counted out in the same step in which the worker was counted as asleep.
        mem::forget(searching);
        let sleeping = Sleeping { idle: self, worker };
        // ORDER(idle): the count comes before the look.
        fence(Ordering::SeqCst);
        match look() {
            LastLook::Nothing => {}
            LastLook::Work => self.notify(),
            LastLook::Stay => self.unpark(worker),
        }
        sleeping
    }

    /// Wakes everybody who sleeps; nobody is counted as searching for that. What they shall see must
    /// be written before, and be part of the last look, as a reason to [`LastLook::Stay`]: who falls
    /// asleep afterwards sees it there.
    pub fn wake_all(&self) {
        let mut beds = lock(&self.beds);
        let asleep = mem::take(&mut beds.asleep);
        let wakers: Vec<Arc<Waker>> = asleep
            .into_iter()
            .filter_map(|index| {
                let worker = &mut beds.workers[index];
                worker.state = State::Awake;
                let _ = self.change(|counts| Some(counts.without_sleeper()));
                worker.waker.clone()
            })
            .collect();
        drop(beds);
        wakers.iter().for_each(|waker| waker.wake_by_ref());
    }

    /// How many sleep.
    #[must_use]
    pub fn sleeping(&self) -> usize {
        self.counts().sleeping()
    }

    /// How many search, those included who were chosen and have not woken yet.
    #[must_use]
    pub fn searching(&self) -> usize {
        self.counts().searching()
    }

    #[inline]
    fn counts(&self) -> Counts {
        Counts::from_bits(self.counts.load(Ordering::Relaxed))
    }

    /// Changes the counts in one step; says what they were before. What the change publishes goes
    /// through the fences and the lock.
    #[inline]
    fn change(&self, next: impl Fn(Counts) -> Option<Counts>) -> Result<Counts, Counts> {
        let next = |bits| next(Counts::from_bits(bits)).map(Counts::bits);
        let changed = self.counts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        changed.map(Counts::from_bits).map_err(Counts::from_bits)
    }

    fn lie_down(&self, worker: usize, was_searching: bool) {
        let mut beds = lock(&self.beds);
        let bed = &mut beds.workers[worker];
        assert!(
            bed.waker.is_some(),
            "worker {worker} can not be woken: call `Idle::register` first"
        );
        bed.state = State::Asleep;
        beds.asleep.push(worker);
        let _ = self.change(|counts| {
            let counts = counts.with_sleeper();
            Some(if was_searching { counts.without_searcher() } else { counts })
        });
    }

    /// Wakes the sleeper that fell asleep last, if it is still needed: when the lock is free [ID4].
    #[cold]
    // COURSE(7.6) stub: todo
    fn wake_one(&self) {
        let chosen = self.choose();
        // Outside of the lock [ID4].
        if let Some(waker) = chosen {
            waker.wake_by_ref();
        }
    }

    /// Counts the sleeper that fell asleep last as a searcher, in one step, if it is still needed
    /// [ID1], and takes it off the list [ID2]. How it is woken.
    // COURSE(7.6) stub: todo
    fn choose(&self) -> Option<Arc<Waker>> {
        let mut beds = lock(&self.beds);
        let choose = |counts: Counts| {
            let is_needed = counts.notice() == Notice::Sleeper;
            is_needed.then(|| counts.without_sleeper().with_searcher())
        };
        self.change(choose).ok()?;
        // There is one [ID2].
        let index = beds.asleep.pop()?;
        let worker = &mut beds.workers[index];
        worker.state = State::Chosen;
        worker.waker.clone()
    }

    #[cold]
    fn unpark(&self, worker: usize) {
        let waker = lock(&self.beds).workers[worker].waker.clone();
        if let Some(waker) = waker {
            waker.wake_by_ref();
        }
    }

    fn get_up(&self, worker: usize) -> Option<Searching<'_>> {
        let mut beds = lock(&self.beds);
        match mem::replace(&mut beds.workers[worker].state, State::Awake) {
            State::Awake => None,
            State::Chosen => Some(Searching { idle: self }),
            State::Asleep => {
                let place = beds.asleep.iter().rposition(|&asleep| asleep == worker);
                beds.asleep.remove(place.expect("[ID2] a sleeper is in the list"));
                let _ = self.change(|counts| Some(counts.without_sleeper()));
                None
            }
        }
    }

    /// Counts a searcher out. Whether it was the last one.
    fn stop_searching(&self) -> bool {
        let before = self.change(|counts| Some(counts.without_searcher()));
        before.is_ok_and(|counts| counts.searching() == 1)
    }
}

impl Searching<'_> {
    /// It has found something. If it was the last one who searched, `has_more` says whether there is
    /// work left anywhere beside the task that it polls next, what else it has stolen included; then another
    /// one is woken.
    // COURSE(7.6) stub: todo
    pub fn finish(self, has_more: impl FnOnce() -> bool) {
        let idle = ManuallyDrop::new(self).idle;
        if !idle.stop_searching() {
            return;
        }
        // ORDER(idle): the count comes before the look.
        fence(Ordering::SeqCst);
        if has_more() {
            idle.notify();
        }
    }
}

impl Drop for Searching<'_> {
    /// Nobody looks: so somebody else must.
    // COURSE(7.6) stub: leak
    fn drop(&mut self) {
        if self.idle.stop_searching() {
            self.idle.notify();
        }
    }
}

impl<'a> Sleeping<'a> {
    /// After the park: counts the worker as awake. If it was chosen it searches, and is counted so;
    /// else it was woken by a timer, by [`Idle::wake_all`], or for nothing.
    pub fn wake(self) -> Option<Searching<'a>> {
        let sleeping = ManuallyDrop::new(self);
        sleeping.idle.get_up(sleeping.worker)
    }
}

impl Drop for Sleeping<'_> {
    fn drop(&mut self) {
        drop(self.idle.get_up(self.worker));
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Idle").field(&self.counts()).finish()
    }
}

impl fmt::Debug for Searching<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Searching").finish_non_exhaustive()
    }
}

impl fmt::Debug for Sleeping<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleeping").field("worker", &self.worker).finish_non_exhaustive()
    }
}
