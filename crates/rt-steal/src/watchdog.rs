//! Who is told of polls that do not end.
//!
//! ```text
//!   worker ──► stamp ◄── look ── monitor ──► a short queue ──► rt-watchdog ──► Watchdog::tell
//!                                 [MO3]                        code of users
//! ```
//!
//! The monitor looks at stamps anyway. Where it has seen one poll for as long as a threshold, it says so once,
//! to a thread that may run code of users: that looks up who the task is, calls functions, writes.
//!
//! * **[WD1]** Never before the threshold: it counts from the look that found the poll.
//! * **[WD2]** Bound: a look finds the poll at most a [`TICK`] after it began, and the next one is put to where
//!   the threshold is reached. So it is told a tick after its threshold, plus what the system takes to wake
//!   two threads.
//! * **[WD3]** Once a poll: the stamp that was told of is kept, and a poll has a stamp of its own.
//! * **[WD4]** The queue holds [`QUEUE`] reports. What comes while it is full is told by a later look, if the
//!   poll still goes on then.

use std::fmt;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rt_task::Id;
use rt_task::sync::Ordering;
use rt_task::unwind::contained;

use crate::monitor::{self, Watched};
use crate::stamp::Stamp;

/// Reports that may wait for the thread that tells them.
const QUEUE: usize = 64;

/// Is told of polls that last.
pub struct Watchdog {
    threshold: Duration,
    tell: Box<dyn Fn(Stalled) + Send + Sync>,
}

/// A poll that lasts.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Stalled {
    /// The task. It may have come to its end since.
    pub task: Id,
    /// When the poll was seen first: at most a [`TICK`](crate::TICK) after it began.
    pub since: Instant,
    /// For how long it had gone on when it was seen last. Who is told may be told late, and the poll may be over.
    pub elapsed: Duration,
    /// The number of the worker, if it is one.
    pub worker: Option<usize>,
}

impl Watchdog {
    /// Calls `tell` for each poll that goes on for as long as `threshold`: once a poll, on a thread of its own, while
    /// the poll goes on or just after it. A panic in it ends there. It may block; others' reports wait then.
    pub fn new(
        threshold: Duration,
        tell: impl Fn(Stalled) + Send + Sync + 'static,
    ) -> Arc<Watchdog> {
        Arc::new(Watchdog { threshold, tell: Box::new(tell) })
    }

    /// What polls are measured by.
    #[must_use]
    pub fn threshold(&self) -> Duration {
        self.threshold
    }

    /// Looks at one stamp. For the monitor: runs no code of users [MO3].
    pub(crate) fn look_at(self: &Arc<Watchdog>, stamp: &Stamp, worker: Option<usize>) {
        let Some(poll) = stamp.lasting() else { return };
        let elapsed = poll.since.elapsed();
        let left = self.threshold.saturating_sub(elapsed);
        if !left.is_zero() {
            return monitor::look_in(left); // [WD2]
        }
        if report(self, Stalled { task: poll.task, since: poll.since, elapsed, worker }) {
            stamp.set_told(poll); // [WD3]
        }
    }
}

/// A stamp that is no worker's: it stands above a thread that polls tasks, and says so through this.
///
/// Whoever drives the thread [begins](Watch::begin) and [ends](Watch::end) each poll, and says when it
/// [waits](Watch::set_awake).
#[derive(Debug)]
pub struct Watch {
    stamp: Stamp,
    is_awake: AtomicBool,
    worker: Option<usize>,
    dog: Arc<Watchdog>,
}

/// Evidence that the monitor looks at a [`Watch`]. Dropped, it looks no more.
#[derive(Debug)]
#[must_use = "dropped, nobody looks"]
pub struct Watching {
    watch: Arc<Watch>,
}

impl Watch {
    /// A thread that is asleep. `worker` is its number, if it is one.
    #[must_use]
    pub fn new(dog: Arc<Watchdog>, worker: Option<usize>) -> Arc<Watch> {
        let is_awake = AtomicBool::new(false);
        Arc::new(Watch { stamp: Stamp::new(), is_awake, worker, dog })
    }

    /// From now on the monitor looks at it, until the result is dropped.
    ///
    /// # Errors
    ///
    /// If there is no monitor yet, and no thread for it can be created.
    pub fn watch(self: Arc<Watch>) -> io::Result<Watching> {
        let mut is_registered = held(&WATCHES.is_registered);
        if !*is_registered {
            monitor::watch(&WATCHES)?;
            *is_registered = true;
        }
        drop(is_registered);
        held(&WATCHES.all).push(self.clone());
        Ok(Watching { watch: self })
    }

    /// A poll begins. For the thread itself.
    #[inline]
    pub fn begin(&self, task: Id) {
        self.stamp.begin(Some(task));
    }

    /// It ends, or is about to block in a way that is meant: if one goes on. For the thread itself.
    #[inline]
    pub fn end(&self) {
        if self.stamp.is_polling() {
            self.stamp.tick();
        }
    }

    /// Whether the monitor must look although nobody else works: said when the thread has waited, and taken back
    /// before it waits. Who is a worker of a [`Team`](crate::Team) need not say so.
    pub fn set_awake(&self, is_awake: bool) {
        self.is_awake.store(is_awake, Ordering::Relaxed);
        if is_awake {
            monitor::stir(); // [MO2]
        }
    }
}

impl Watching {
    /// At what it looks.
    #[must_use]
    pub fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut all = held(&WATCHES.all);
        let gone = all.iter().position(|watch| Arc::ptr_eq(watch, &self.watch));
        let gone = gone.map(|index| all.swap_remove(index));
        drop(all);
        drop(gone); // never the last: `self` has one more
    }
}

static WATCHES: Watches = Watches { all: Mutex::new(Vec::new()), is_registered: Mutex::new(false) };

struct Watches {
    all: Mutex<Vec<Arc<Watch>>>,
    is_registered: Mutex<bool>,
}

impl Watched for Watches {
    fn look(&self) -> bool {
        let mut is_active = false;
        for watch in held(&self.all).iter() {
            watch.stamp.look();
            watch.dog.look_at(&watch.stamp, watch.worker);
            is_active |= watch.is_awake.load(Ordering::Relaxed);
        }
        is_active
    }
}

type Report = (Arc<Watchdog>, Stalled);

/// The way to the thread that tells, once there is one.
static REPORTS: Mutex<Option<SyncSender<Report>>> = Mutex::new(None);

/// Hands a report over. `false` if it must wait: the queue is full, or the system gives no thread.
fn report(dog: &Arc<Watchdog>, stalled: Stalled) -> bool {
    let mut reports = held(&REPORTS);
    if reports.is_none() {
        let (sender, queue) = sync_channel(QUEUE);
        let thread = thread::Builder::new().name("rt-watchdog".into());
        if thread.spawn(move || run(&queue)).is_ok() {
            *reports = Some(sender);
        }
    }
    let Some(reports) = &*reports else { return false };
    // What finds no room is dropped here, and no code of users with it: who looks holds the watchdog, too.
    reports.try_send((dog.clone(), stalled)).is_ok()
}

fn run(queue: &Receiver<Report>) {
    for (dog, stalled) in queue {
        contained(|| (dog.tell)(stalled));
        contained(|| drop(dog));
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").field("threshold", &self.threshold).finish_non_exhaustive()
    }
}
