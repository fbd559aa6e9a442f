//! Urgent tasks beside a backlog that is never done: for how many polls of others each of them waits, if all are of one class,
//! and if they are High and the backlog is Low. And that the backlog goes on meanwhile.
//!
//! Run it with `cargo run --example priorities`. It prints, the number of threads first,
//!
//! ```text
//! 1 with 3 Normal beside 100 Normal each: an urgent task waits for 102 polls of others, the backlog for 3
//! 1 with 3 High beside 100 Low each: an urgent task waits for 3 polls of others, the backlog for 15
//! 2 with 3 Normal beside 100 Normal each: an urgent task waits for 102 polls of others, the backlog for 3
//! 2 with 3 High beside 100 Low each: an urgent task waits for 3 polls of others, the backlog for 15
//! ```
//!
//! An urgent task wants to be polled all the time: so it waits for the other two, and now and then for one of the backlog, which gets
//! each sixteenth poll.

#![forbid(unsafe_code)]

use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};

use rt::runtime::{Builder, Runtime};
use rt::task::Priority::{self, High, Low, Normal};
use rt::task::{JoinHandle, yield_now};

/// Tasks that are never done, on each thread.
const BACKLOG: usize = 100;
/// Tasks on each thread that would like to be polled all the time, and so often.
const URGENT: usize = 3;
const TIMES: usize = 200;
/// Each sixteenth poll is a lower one's, unless `Builder::priority_ageing` says otherwise.
const EVERY: usize = 16;

/// Of each thread its polls, in order: the number of the task, if it was an urgent one.
type Polls = HashMap<ThreadId, Vec<Option<usize>>>;

#[derive(Clone)]
struct Load {
    urgent: Priority,
    backlog: Priority,
    polls: Arc<Mutex<Polls>>,
    is_over: Arc<AtomicBool>,
    /// As many as there are threads.
    barrier: Arc<Barrier>,
}

impl Load {
    fn note(&self, urgent: Option<usize>) {
        let mut polls = self.polls.lock().expect("nobody panics");
        polls.entry(thread::current().id()).or_default().push(urgent);
    }

    async fn stand_in_line(self) {
        while !self.is_over.load(Relaxed) {
            self.note(None);
            yield_now().await;
        }
    }

    async fn hurry(self, number: usize) {
        for _ in 0..TIMES {
            self.note(Some(number));
            yield_now().await;
        }
    }

    /// Puts a backlog and urgent tasks into the queue of this thread, and gives the handles of the urgent ones.
    async fn fill(self, numbers: Range<usize>) -> Vec<JoinHandle<()>> {
        // A poll that waits for that of another thread: so each thread gets its own, and nobody steals.
        self.barrier.wait();
        let spawn = |class| rt::task::Builder::new().priority(class);
        for _ in 0..BACKLOG {
            drop(spawn(self.backlog).spawn(self.clone().stand_in_line()));
        }
        let urgent = |number| spawn(self.urgent).spawn(self.clone().hurry(number));
        let urgent = numbers.map(urgent).collect();
        self.barrier.wait();
        urgent
    }
}

/// The polls of each thread while there were urgent tasks.
async fn run(threads: usize, urgent: Priority, backlog: Priority) -> Polls {
    let barrier = Arc::new(Barrier::new(threads));
    let (polls, is_over) = (Arc::default(), Arc::default());
    let load = Load { urgent, backlog, polls, is_over, barrier };
    let numbers = (0..threads).map(|thread| thread * URGENT..(thread + 1) * URGENT);
    let fills: Vec<_> = numbers.map(|numbers| rt::spawn(load.clone().fill(numbers))).collect();
    for fill in fills {
        for urgent in fill.await.expect("nobody panics") {
            urgent.await.expect("nobody panics");
        }
    }
    load.is_over.store(true, Relaxed);
    std::mem::take(&mut *load.polls.lock().expect("nobody panics"))
}

fn urgent_ones(polls: &[Option<usize>]) -> HashSet<usize> {
    polls.iter().copied().flatten().collect()
}

/// The most polls of others between two of the same urgent task.
fn longest_wait_of_urgent(polls: &[Option<usize>]) -> usize {
    let gaps = urgent_ones(polls).into_iter().flat_map(|number| {
        let parts: Vec<_> = polls.split(|&polled| polled == Some(number)).map(<[_]>::len).collect();
        parts[1..parts.len() - 1].to_vec() // before its first poll and after its last one it is not there
    });
    gaps.max().unwrap_or(0)
}

/// The most polls of urgent tasks between two of the backlog.
fn longest_wait_of_backlog(polls: &[Option<usize>]) -> usize {
    polls.split(Option::is_none).map(<[_]>::len).max().unwrap_or(0)
}

/// Prints and gives both waits, the longest of all threads, and how many urgent tasks a thread had at most.
fn waits(threads: usize, runtime: &Runtime, [urgent, backlog]: [Priority; 2]) -> [usize; 3] {
    let polls = runtime.block_on(run(threads, urgent, backlog));
    assert_eq!(polls.len(), threads, "threads that polled");
    // While the system lets a thread wait in the midst of it all, another may take a task: then it has one more.
    let count = |polls: &[Option<usize>]| urgent_ones(polls).len();
    let waits = [longest_wait_of_urgent, longest_wait_of_backlog, count]
        .map(|wait| polls.values().map(|polls| wait(polls)).max().unwrap_or(0));
    println!(
        "{threads} with {URGENT} {urgent:?} beside {BACKLOG} {backlog:?} each: an urgent task waits for {} polls of \
         others, the backlog for {}",
        waits[0], waits[1]
    );
    waits
}

fn main() -> io::Result<()> {
    let one = Builder::new_current_thread().build()?;
    let two = Builder::new_multi_thread().worker_threads(2).build()?;
    for (threads, runtime) in [(1, one), (2, two)] {
        let [urgent, ..] = waits(threads, &runtime, [Normal, Normal]);
        assert!(urgent >= BACKLOG, "the line is shorter than the backlog");
        let [urgent, backlog, count] = waits(threads, &runtime, [High, Low]);
        assert!(urgent <= count, "more than the other urgent ones, and one of the backlog");
        assert!(backlog < EVERY, "the backlog waits for more than its bound");
    }
    Ok(())
}
