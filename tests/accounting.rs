//! Every future, output and cell is accounted for. Alone in its file: it counts what the whole
//! process allocates.
//!
//! `RT_TASKS` tasks (default 200,000; ten million with `RT_FULL`).

use std::alloc::{GlobalAlloc, Layout, System};
use std::env;
use std::future::{Future, pending};
use std::sync::Mutex;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::time::Duration;

use rt::runtime::Runtime;
use rt::task::{JoinHandle, yield_now};
use rt_testkit::within;

struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);
static BLOCKS: AtomicIsize = AtomicIsize::new(0);

// SAFETY: hands everything to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as isize, Ordering::Relaxed);
        BLOCKS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        BLOCKS.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// One test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// What the harness itself may allocate meanwhile, and what a runtime keeps once and for all.
const SLACK: isize = 64 << 10;

fn is_full() -> bool {
    env::var("RT_FULL").is_ok_and(|full| !full.is_empty() && full != "0")
}

fn tasks() -> usize {
    let default = if is_full() { 10_000_000 } else { 200_000 };
    env::var("RT_TASKS").map_or(default, |tasks| tasks.parse().unwrap())
}

/// A value whose lives are counted.
struct Counted(&'static AtomicIsize);

impl Counted {
    fn new(alive: &'static AtomicIsize) -> Counted {
        alive.fetch_add(1, Ordering::Relaxed);
        Counted(alive)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs a body twice on a runtime: what is there after the second time and was not before it was
/// lost.
fn accounted(body: fn(&Runtime)) {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    within(Duration::from_secs(900), move || {
        let round = || {
            let runtime = Runtime::new().unwrap();
            body(&runtime);
            drop(runtime);
            rt::parts::task::trim();
        };
        round();
        let (bytes, blocks) = (BYTES.load(Ordering::Relaxed), BLOCKS.load(Ordering::Relaxed));
        round();
        let bytes = BYTES.load(Ordering::Relaxed) - bytes;
        let blocks = BLOCKS.load(Ordering::Relaxed) - blocks;
        assert!(bytes <= SLACK && blocks <= 100, "{bytes} bytes in {blocks} blocks were lost");
    });
}

#[test]
fn tasks_that_are_joined_leave_nothing_behind() {
    static FUTURES: AtomicIsize = AtomicIsize::new(0);
    static OUTPUTS: AtomicIsize = AtomicIsize::new(0);
    static JOINED: AtomicUsize = AtomicUsize::new(0);
    accounted(|runtime| {
        JOINED.store(0, Ordering::Relaxed);
        runtime.block_on(async {
            let mut left = tasks();
            while left > 0 {
                let some = left.min(10_000);
                left -= some;
                let handles: Vec<_> = (0..some).map(|number| rt::spawn(work(number))).collect();
                for (number, handle) in handles.into_iter().enumerate() {
                    let (joined, _output) = handle.await.unwrap();
                    assert_eq!(joined, number);
                    JOINED.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        assert_eq!(JOINED.load(Ordering::Relaxed), tasks());
        assert_eq!(FUTURES.load(Ordering::Relaxed), 0, "futures that were not dropped");
        assert_eq!(OUTPUTS.load(Ordering::Relaxed), 0, "outputs that were not dropped");
    });

    fn work(number: usize) -> impl Future<Output = (usize, Counted)> + Send {
        let future = Counted::new(&FUTURES);
        async move {
            let _future = future;
            if number.is_multiple_of(3) {
                yield_now().await;
            }
            (number, Counted::new(&OUTPUTS))
        }
    }
}

#[test]
fn tasks_that_are_detached_aborted_or_left_leave_nothing_behind() {
    static ALIVE: AtomicIsize = AtomicIsize::new(0);
    static LEFT: AtomicIsize = AtomicIsize::new(0);
    accounted(|runtime| {
        let mut kept = Vec::new();
        runtime.block_on(async {
            for number in 0..tasks() / 10 {
                let value = Counted::new(&ALIVE);
                let handle = rt::spawn(async move {
                    if number % 2 == 0 {
                        pending::<()>().await;
                    }
                    value
                });
                match number % 5 {
                    0 => drop(handle),
                    1 => handle.abort(),
                    2 => drop(handle.abort_on_drop()),
                    3 => kept.push(handle),
                    _ if number % 2 == 1 => drop(handle.await.unwrap()),
                    _ => drop(handle),
                }
                if number % 5 == 3 {
                    yield_now().await;
                }
            }
        });
        runtime.block_on(async {
            for handle in kept.into_iter().filter(JoinHandle::is_finished) {
                handle.await.map(drop).unwrap();
            }
        });
        LEFT.store(ALIVE.load(Ordering::Relaxed), Ordering::Relaxed);
    });
    assert_eq!(ALIVE.load(Ordering::Relaxed), 0, "values that were not dropped");
    assert!(LEFT.load(Ordering::Relaxed) > 0, "none was left for the end of the runtime");
}

#[test]
fn local_tasks_leave_nothing_behind() {
    static ALIVE: AtomicIsize = AtomicIsize::new(0);
    accounted(|runtime| {
        runtime.block_on(async {
            for number in 0..tasks() / 10 {
                let value = std::rc::Rc::new(Counted::new(&ALIVE));
                let handle = rt::spawn_local(async move {
                    if number % 2 == 0 {
                        pending::<()>().await;
                    }
                    value
                });
                if number % 2 == 1 {
                    drop(handle.await.unwrap());
                }
            }
        });
        assert_eq!(ALIVE.load(Ordering::Relaxed), 0, "values that were not dropped");
    });
}

#[test]
fn timers_leave_nothing_behind() {
    accounted(|runtime| {
        runtime.block_on(async {
            let mut timers = Vec::new();
            for number in 0..tasks() / 10 {
                let duration = Duration::from_secs(3600) + Duration::from_micros(number as u64);
                let mut timer = Box::pin(rt::time::sleep(duration));
                assert!(futures::poll!(&mut timer).is_pending());
                timers.push(timer);
            }
        });
    });
}

#[test]
fn so_many_tasks_may_wait_at_once_and_each_costs_so_much() {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    within(Duration::from_secs(900), || {
        let count = if is_full() { 1_000_000 } else { 100_000 };
        let before = BYTES.load(Ordering::Relaxed);
        let runtime = Runtime::new().unwrap();
        let (stop, stopped) = futures::channel::oneshot::channel::<()>();
        let handles = runtime.block_on(async {
            let handles: Vec<_> = (0..count).map(|_| rt::spawn(pending::<()>())).collect();
            let last = rt::spawn(async move { stop.send(()).unwrap() });
            stopped.await.unwrap(); // all have been polled once
            last.await.unwrap();
            handles
        });
        let bytes = BYTES.load(Ordering::Relaxed) - before;
        let each = bytes as f64 / f64::from(count);
        println!("{count} tasks pending at once, {each:.1} bytes each, its handle included");
        assert!(each < 200.0, "{each:.1} bytes for a task without a state of its own");
        runtime.block_on(async {
            handles.iter().for_each(JoinHandle::abort);
            for handle in handles {
                assert!(handle.await.unwrap_err().is_cancelled());
            }
        });
        drop(runtime);
        rt::parts::task::trim();
        let left = BYTES.load(Ordering::Relaxed) - before;
        assert!(left <= 4 * SLACK, "{left} bytes were lost");
    });
}
