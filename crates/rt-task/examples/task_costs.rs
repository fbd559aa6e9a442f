//! What a task costs without an executor: `cargo run --release -p rt-task --example task_costs`
//!
//! Each row is timed in several rounds, and the median is printed; allocations are counted. The queue
//! is one thread-local slot, so that what is measured is the task.
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::pending;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use rt_task::{Builder, JoinHandle, Living, Polled, Schedule, Task};

/// The system's allocator, with a counter.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to `System` unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise is the one that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static WOKEN: Cell<Option<Task>> = const { Cell::new(None) };
}

/// A queue of one place.
#[derive(Clone, Copy)]
struct Slot;

impl Schedule for Slot {
    fn schedule(self, task: Task) -> Result<(), Task> {
        WOKEN.set(Some(task));
        Ok(())
    }
}

fn poll(task: Task) -> Polled {
    task.poll(|_, running| running.poll(&mut Context::from_waker(Waker::noop())))
}

fn join<T>(mut handle: JoinHandle<T>) -> T {
    let mut cx = Context::from_waker(Waker::noop());
    match Future::poll(Pin::new(&mut handle), &mut cx) {
        Poll::Ready(Ok(output)) => output,
        _ => unreachable!("it was polled to its end"),
    }
}

const ROUNDS: usize = 11;

fn row(name: &str, operations: u64, mut round: impl FnMut()) {
    round();
    let mut times = [0.0; ROUNDS];
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for time in &mut times {
        let start = Instant::now();
        round();
        *time = start.elapsed().as_nanos() as f64 / operations as f64;
    }
    let allocations = (ALLOCATIONS.load(Ordering::Relaxed) - before) as f64;
    times.sort_by(f64::total_cmp);
    let each = allocations / (operations * ROUNDS as u64) as f64;
    println!("{name:<58} {:>7.1} ns {each:>6.2} allocations", times[ROUNDS / 2]);
}

fn main() {
    const MANY: u64 = 1_000_000;
    row("spawn, poll to the end, join", MANY, || {
        for number in 0..MANY {
            let (task, handle) = Task::new(async move { number }, Slot);
            drop(poll(task));
            black_box(join(handle));
        }
    });
    row("the same, in a list of the living", MANY, || {
        let living = Living::new().expect("a list is free");
        let generation = living.open();
        for number in 0..MANY {
            let builder = Builder::new().listed(&living, generation);
            let (task, handle) = builder.spawn(async move { number }, Slot);
            drop(poll(task.expect("the list is open")));
            black_box(join(handle));
        }
    });
    row("spawn 10,000, then poll and join them (each)", 100 * 10_000, || {
        for _ in 0..100 {
            let tasks: Vec<_> = (0..10_000u64).map(|n| Task::new(async move { n }, Slot)).collect();
            for (task, handle) in tasks {
                drop(poll(task));
                black_box(join(handle));
            }
        }
    });
    row("wake an idle task, and poll it", MANY, || {
        let (task, handle) = Task::new(pending::<()>(), Slot);
        drop(poll(task));
        for _ in 0..MANY {
            handle.task().wake_by_ref();
            drop(poll(WOKEN.take().expect("it was woken")));
        }
        handle.abort();
        drop(poll(WOKEN.take().expect("it was aborted")));
    });
    row("wake a task that is queued already", MANY, || {
        let (task, handle) = Task::new(pending::<()>(), Slot);
        (0..MANY).for_each(|_| handle.task().wake_by_ref());
        drop(task);
    });
}
