//! Ten million wakes that race with the end of their runtime.
//!
//! A runtime has many tasks that wait. Threads fire each waker once, while the runtime is dropped:
//!
//! ```text
//!   who drops                    a thread that fires
//!   begins: a store              reads: has it begun?
//!   drops the runtime            wakes
//!   has ended: a store           reads: has it ended?
//! ```
//!
//! **What is counted**: a wake whose thread saw that the drop had begun, before it, and did not see that the
//! drop had ended, after it. So at least a part of each wake that counts was concurrent to the drop; the
//! wakes before and after it are made too, and do not count. One waker is fired once, so that each
//! race has a task of its own.

use std::error::Error;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

use rt::parts::executor::block_on;
use rt::runtime::{Builder, Runtime, RuntimeFlavor};
use rt::task::{JoinHandle, yield_now};

/// Threads that fire.
const FIRING: usize = 2;

/// What came of so many rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Races {
    /// Runtimes that were dropped.
    pub runtimes: u64,
    /// Wakes that were made.
    pub wakes: u64,
    /// Those that were concurrent to the drop.
    pub races: u64,
    /// Futures that were dropped twice or never, and handles that said anything but "cancelled".
    pub wrong: u64,
}

/// Which kind of runtime is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The executor of one thread.
    CurrentThread,
    /// Workers on threads of their own.
    MultiThread,
}

impl Kind {
    fn build(self) -> std::io::Result<Runtime> {
        match self {
            Kind::CurrentThread => Builder::new_current_thread().build(),
            Kind::MultiThread => Builder::new_multi_thread().worker_threads(2).build(),
        }
    }
}

struct Held {
    number: usize,
    drops: Arc<[AtomicU8]>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.drops[self.number].fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Span {
    has_begun: AtomicBool,
    has_ended: AtomicBool,
}

/// Fires each once, and says how many of the wakes were concurrent to the drop.
fn fire(wakers: Vec<Waker>, end: &Span) -> u64 {
    let mut races = 0;
    for waker in wakers {
        // ORDER(race): receives that the drop has begun.
        let has_begun = end.has_begun.load(Ordering::Acquire);
        waker.wake();
        // ORDER(race): receives that the drop has ended.
        let has_ended = end.has_ended.load(Ordering::Acquire);
        races += u64::from(has_begun && !has_ended);
    }
    races
}

/// Tasks that wait, and all their wakers.
fn wait_with_wakers(runtime: &Runtime, tasks: usize) -> (Vec<Waker>, Arc<[AtomicU8]>, Handles) {
    let drops: Arc<[AtomicU8]> = (0..tasks).map(|_| AtomicU8::new(0)).collect();
    let wakers = Arc::new(Mutex::new(Vec::with_capacity(tasks)));
    let handles = (0..tasks).map(|number| {
        let (held, exposed) = (Held { number, drops: drops.clone() }, wakers.clone());
        let mut is_first = true;
        runtime.spawn(poll_fn(move |cx| {
            let _held = &held;
            if std::mem::replace(&mut is_first, false) {
                let mut wakers = exposed.lock().unwrap_or_else(PoisonError::into_inner);
                wakers.push(cx.waker().clone());
            }
            Poll::<()>::Pending
        }))
    });
    let handles: Handles = handles.collect();
    let count = || wakers.lock().unwrap_or_else(PoisonError::into_inner).len();
    while count() < tasks {
        if runtime.handle().runtime_flavor() == RuntimeFlavor::CurrentThread {
            runtime.block_on(yield_now());
        }
        thread::yield_now();
    }
    let wakers = std::mem::take(&mut *wakers.lock().unwrap_or_else(PoisonError::into_inner));
    (wakers, drops, handles)
}

type Handles = Vec<JoinHandle<()>>;

fn round(kind: Kind, tasks: usize) -> Result<Races, Box<dyn Error>> {
    let runtime = kind.build()?;
    let (mut wakers, drops, handles) = wait_with_wakers(&runtime, tasks);
    let (end, start) = (Arc::new(Span::default()), Arc::new(Barrier::new(FIRING + 1)));
    let firing: Vec<_> = (0..FIRING)
        .map(|number| {
            let share = wakers.split_off(wakers.len() * (FIRING - 1 - number) / (FIRING - number));
            let (end, start) = (end.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                fire(share, &end)
            })
        })
        .collect();
    start.wait();
    // ORDER(race): publishes that the drop begins.
    end.has_begun.store(true, Ordering::Release);
    drop(runtime);
    // ORDER(race): publishes the drop.
    end.has_ended.store(true, Ordering::Release);
    let mut races = Races { runtimes: 1, wakes: tasks as u64, ..Races::default() };
    for thread in firing {
        races.races += thread.join().map_err(|_| "a wake has panicked")?;
    }
    let is_cancelled =
        |handle: JoinHandle<()>| block_on(handle).is_err_and(|error| error.is_cancelled());
    races.wrong += handles.into_iter().map(|handle| u64::from(!is_cancelled(handle))).sum::<u64>();
    races.wrong +=
        drops.iter().map(|drops| u64::from(drops.load(Ordering::Relaxed) != 1)).sum::<u64>();
    Ok(races)
}

/// Until there were so many races, with so many tasks on each runtime.
///
/// # Errors
///
/// If a runtime can not be built, or a wake panics.
pub fn until(races: u64, kind: Kind, on_each: usize) -> Result<Races, Box<dyn Error>> {
    let mut all = Races::default();
    while all.races < races {
        let some = round(kind, on_each)?;
        all.runtimes += some.runtimes;
        all.wakes += some.wakes;
        all.races += some.races;
        all.wrong += some.wrong;
    }
    Ok(all)
}
