//! Ten million tasks on a multi-threaded runtime, each of which is accounted for.
//!
//! They are spawned by threads of the program and by tasks at the same time. Of eight tasks two are ready at
//! once, two yield, one panics, one is aborted at once, one by another thread some time later, and one waits
//! for ever. The runtime is dropped when the tasks that spawn are done, whatever the threads do then: what
//! they spawn behind the end is refused, which counts as cancelled.

use std::error::Error;
use std::future::{Future, pending};
use std::ops::AddAssign;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc;
use std::thread;

use rt::parts::executor::block_on;
use rt::runtime::{Builder, Handle};
use rt::task::{AbortHandle, JoinHandle, yield_now};

/// Workers, and as many threads that spawn from outside.
const WORKERS: usize = 2;

/// What became of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Handles that came out of a spawn.
    pub spawned: u64,
    /// Handles that gave the output of their task.
    pub completed: u64,
    /// Handles that said that their task was cancelled.
    pub cancelled: u64,
    /// Handles that gave the panic of their task.
    pub panicked: u64,
    /// Handles that gave somebody else's output or panic, or an end that such a task can not have.
    pub wrong: u64,
    /// Futures that were dropped once.
    pub dropped: u64,
    /// Futures that were dropped twice, or never.
    pub miscounted: u64,
}

impl Accounts {
    /// Whether each task came to one end, and its future with it.
    #[must_use]
    pub fn are_balanced(&self) -> bool {
        let ended = self.completed + self.cancelled + self.panicked;
        ended == self.spawned
            && self.dropped == self.spawned
            && (self.wrong, self.miscounted) == (0, 0)
    }
}

impl AddAssign for Accounts {
    fn add_assign(&mut self, other: Accounts) {
        self.spawned += other.spawned;
        self.completed += other.completed;
        self.cancelled += other.cancelled;
        self.panicked += other.panicked;
        self.wrong += other.wrong;
        self.dropped += other.dropped;
        self.miscounted += other.miscounted;
    }
}

/// How often each future was dropped.
type Drops = Arc<[AtomicU8]>;

struct Held {
    number: usize,
    drops: Drops,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.drops[self.number].fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Ready,
    Yields,
    Panics,
    AbortedAtOnce,
    AbortedLater,
    Waits,
}

impl Life {
    fn of(number: usize) -> Life {
        match number % 8 {
            0 | 1 => Life::Ready,
            2 | 3 => Life::Yields,
            4 => Life::Panics,
            5 => Life::AbortedAtOnce,
            6 => Life::AbortedLater,
            _ => Life::Waits,
        }
    }
}

fn task(number: usize, drops: &Drops) -> impl Future<Output = usize> + Send + use<> {
    let held = Held { number, drops: drops.clone() };
    async move {
        let held = held;
        match Life::of(held.number) {
            Life::Ready => {}
            Life::Yields => yield_now().await,
            Life::Panics => resume_unwind(Box::new(held.number)),
            Life::AbortedAtOnce | Life::AbortedLater => {
                for _ in 0..3 {
                    yield_now().await;
                }
            }
            Life::Waits => pending().await,
        }
        held.number
    }
}

type Handles = Vec<(usize, JoinHandle<usize>)>;

/// Spawns the tasks of these numbers.
fn spawn(
    numbers: impl Iterator<Item = usize>,
    drops: &Drops,
    aborts: &mpsc::Sender<AbortHandle>,
    spawn: impl Fn(usize, &Drops) -> JoinHandle<usize>,
) -> Handles {
    numbers
        .map(|number| {
            let handle = spawn(number, drops);
            match Life::of(number) {
                Life::AbortedAtOnce => handle.abort(),
                Life::AbortedLater => drop(aborts.send(handle.abort_handle())),
                _ => {}
            }
            (number, handle)
        })
        .collect()
}

async fn spawn_inside(
    numbers: impl Iterator<Item = usize>,
    drops: Drops,
    aborts: mpsc::Sender<AbortHandle>,
) -> Handles {
    let (mut handles, mut numbers) = (Vec::new(), numbers.peekable());
    while numbers.peek().is_some() {
        let some = numbers.by_ref().take(100);
        handles
            .extend(spawn(some, &drops, &aborts, |number, drops| rt::spawn(task(number, drops))));
        yield_now().await;
    }
    handles
}

/// One runtime with so many tasks.
fn round(tasks: usize) -> Result<Accounts, Box<dyn Error>> {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).build()?;
    let drops: Drops = (0..tasks).map(|_| AtomicU8::new(0)).collect();
    let (aborts, to_abort) = mpsc::channel::<AbortHandle>();
    let ways = 2 * WORKERS;
    let aborting = thread::spawn(move || to_abort.iter().for_each(|task| task.abort()));
    let outside: Vec<_> = (0..WORKERS)
        .map(|way| {
            let (drops, aborts) = (drops.clone(), aborts.clone());
            let handle: Handle = runtime.handle().clone();
            let numbers = (way..tasks).step_by(ways);
            let each = move |number, drops: &Drops| handle.spawn(task(number, drops));
            thread::spawn(move || spawn(numbers, &drops, &aborts, each))
        })
        .collect();
    let inside: Vec<_> = (WORKERS..ways)
        .map(|way| {
            let numbers = (way..tasks).step_by(ways);
            runtime.spawn(spawn_inside(numbers, drops.clone(), aborts.clone()))
        })
        .collect();
    drop(aborts);
    let mut handles = Handles::new();
    for spawner in inside {
        handles.extend(runtime.block_on(spawner)?);
    }
    drop(runtime);
    for spawner in outside {
        handles.extend(spawner.join().map_err(|_| "a thread that spawns has panicked")?);
    }
    aborting.join().map_err(|_| "the thread that aborts has panicked")?;
    Ok(settle(handles, &drops))
}

/// When the runtime is gone.
fn settle(handles: Handles, drops: &Drops) -> Accounts {
    let mut accounts = Accounts { spawned: handles.len() as u64, ..Accounts::default() };
    for (number, handle) in handles {
        let life = Life::of(number);
        let is_right = match block_on(handle) {
            Ok(output) => {
                accounts.completed += 1;
                output == number && !matches!(life, Life::Panics | Life::Waits)
            }
            Err(error) if error.is_panic() => {
                accounts.panicked += 1;
                let payload = error.into_panic().downcast_ref::<usize>().copied();
                payload == Some(number) && life == Life::Panics
            }
            Err(error) => {
                accounts.cancelled += 1;
                error.is_cancelled() // any of them may be behind the end
            }
        };
        accounts.wrong += u64::from(!is_right);
    }
    let once = drops.iter().filter(|drops| drops.load(Ordering::Relaxed) == 1).count();
    accounts.dropped = once as u64;
    accounts.miscounted = (drops.len() - once) as u64;
    accounts
}

/// So many tasks, some of them on each of several runtimes, one after another.
///
/// # Errors
///
/// If a runtime can not be built, or a thread that spawns panics.
pub fn of_tasks(tasks: usize, on_each: usize) -> Result<Accounts, Box<dyn Error>> {
    let (mut left, mut accounts) = (tasks, Accounts::default());
    while left > 0 {
        let some = left.min(on_each);
        accounts += round(some)?;
        left -= some;
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::Accounts;

    #[test]
    fn a_task_or_a_future_too_many_or_too_few_is_noticed() {
        let right = Accounts {
            spawned: 6,
            completed: 3,
            cancelled: 2,
            panicked: 1,
            dropped: 6,
            ..Accounts::default()
        };
        assert!(right.are_balanced());
        assert!(!Accounts { completed: 2, ..right }.are_balanced());
        assert!(!Accounts { cancelled: 3, ..right }.are_balanced());
        assert!(!Accounts { dropped: 5, ..right }.are_balanced());
        assert!(!Accounts { miscounted: 1, ..right }.are_balanced());
        assert!(!Accounts { wrong: 1, ..right }.are_balanced());
    }
}
