//! One thread a process that sees what stands behind a long poll.
//!
//! A worker that polls for seconds looks at nothing meanwhile: not at the task in its slot, not at its
//! ring, not at the timers it would have served. Nobody else is told, either: a task that is woken on a
//! thread is that thread's to run. So one thread looks, every [`TICK`], for as long as anybody polls.
//!
//! ```text
//!            somebody is awake, or nobody has the park
//!            ┌──────┐
//!            ▼      │
//!   ┌──► LOOKING ───┘        a look that finds all asleep
//!   │        └──────────────────────────────────────────────► ASLEEP
//!   └───────────────────────── stir: a thread goes on after a park ┘
//! ```
//!
//! * **[MO1]** Bound: what stands behind a poll is seen at the second look after it began to stand there,
//!   after at most two ticks: 20 ms.
//! * **[MO2]** An idle process has no ticks. Who goes on after a park counts as awake, also while the system
//!   lets him wait between two polls; then he looks whether the monitor sleeps. The monitor says that it
//!   sleeps, then looks once more whether anybody is awake. Between the two steps of each stands a fence:
//!   one of them sees the other.
//! * **[MO3]** No code of users runs here: no waker of theirs, no callback, no message. A poll that lasts is told
//!   by another thread: `watchdog.rs`.
//!
//! Go's `sysmon` is where this comes from (`runtime/proc.go`).

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rt_task::sync::{AtomicBool, Ordering, fence};
use rt_waker::{Parker, Unparker};

/// Between two looks: 125 of them a second cost a busy process nothing that can be measured,
/// and two of them, with the wake-up that follows, are less than the 20 ms of `[MO1]`.
pub const TICK: Duration = Duration::from_millis(8);

/// What the monitor looks at.
pub(crate) trait Watched: Sync {
    /// Sees to what stands behind a long poll. Whether anybody is awake.
    fn look(&self) -> bool;
}

static WATCHED: Mutex<Vec<&'static dyn Watched>> = Mutex::new(Vec::new());
static DOZE: OnceLock<Doze> = OnceLock::new();

/// In how many nanoseconds the next look is wanted, if that is before a tick.
static SOONER: AtomicU64 = AtomicU64::new(u64::MAX);

/// From now on the monitor looks at it, for as long as the process lives: what is idle costs a look when
/// another is not.
///
/// # Errors
///
/// If there is no monitor yet, and no thread for it can be created.
pub(crate) fn watch(watched: &'static dyn Watched) -> io::Result<()> {
    let mut all = all();
    if DOZE.get().is_none() {
        let parker = Parker::new();
        let doze = Doze::new(parker.unparker());
        thread::Builder::new().name("rt-monitor".into()).spawn(move || run(&parker))?;
        DOZE.get_or_init(|| doze);
    }
    all.push(watched);
    drop(all);
    stir();
    Ok(())
}

/// A thread goes on after a park, and counts as awake.
#[inline]
pub(crate) fn stir() {
    if let Some(doze) = DOZE.get() {
        doze.stir();
    }
}

/// How the monitor sleeps, and is woken when somebody is active again `[MO2]`.
#[derive(Debug)]
pub struct Doze {
    is_asleep: AtomicBool,
    bell: Unparker,
}

impl Doze {
    /// Awake. `bell` wakes the thread that [sleeps](Doze::sleep).
    #[must_use]
    pub fn new(bell: Unparker) -> Doze {
        Doze { is_asleep: AtomicBool::new(false), bell }
    }

    /// Sleeps until somebody is active: at once, if `is_active` says so.
    pub fn sleep(&self, parker: &Parker, is_active: impl FnOnce() -> bool) {
        self.is_asleep.store(true, Ordering::Relaxed);
        // ORDER(monitor): between saying that we sleep and looking who is active [MO2].
        fence(Ordering::SeqCst);
        if !is_active() {
            parker.wait();
        }
        self.is_asleep.store(false, Ordering::Relaxed);
    }

    /// Somebody is active, and has said so where the monitor looks.
    #[inline]
    pub fn stir(&self) {
        // ORDER(monitor): between saying that we are active and looking whether the monitor sleeps [MO2].
        fence(Ordering::SeqCst);
        if self.is_asleep.load(Ordering::Relaxed) {
            self.bell.unpark();
        }
    }
}

fn all() -> MutexGuard<'static, Vec<&'static dyn Watched>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(parker: &Parker) {
    loop {
        let sooner = Duration::from_nanos(SOONER.swap(u64::MAX, Relaxed));
        parker.wait_timeout(TICK.min(sooner));
        if !look()
            && let Some(doze) = DOZE.get()
        {
            doze.sleep(parker, look);
        }
    }
}

/// Puts the next look there, if it would come later. For what is looked at, in a look.
pub(crate) fn look_in(time: Duration) {
    let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    SOONER.fetch_min(nanos, Relaxed);
}

/// At all of them, also when the first says that it is active.
fn look() -> bool {
    let mut is_active = false;
    for watched in all().iter() {
        is_active |= watched.look();
    }
    is_active
}
