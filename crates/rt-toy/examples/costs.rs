//! What the toy costs: `cargo run --release -p rt-toy --example costs`
//!
//! Each row is timed in several rounds, and the median is printed; allocations are counted.
use rt_toy::{Executor, block_on, sleep, spawn, yield_now};
use std::alloc::{GlobalAlloc, Layout, System};
use std::future::poll_fn;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// The system's allocator, with a counter.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to `System` unchanged; the counters touch no memory it hands out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is the one that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `System` by `alloc` above, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROUNDS: usize = 11;

/// Runs `round`, which does `operations` of them, and prints what one costs.
fn row(name: &str, operations: u64, mut round: impl FnMut()) {
    round(); // warm up
    let (allocations, bytes) = (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    let mut nanos: Vec<f64> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        round();
        nanos.push(start.elapsed().as_nanos() as f64 / operations as f64);
    }
    let all = (ROUNDS as u64 * operations) as f64;
    let allocations = (ALLOCATIONS.load(Ordering::Relaxed) - allocations) as f64 / all;
    let bytes = (BYTES.load(Ordering::Relaxed) - bytes) as f64 / all;
    nanos.sort_by(f64::total_cmp);
    let (least, median, most) = (nanos[0], nanos[ROUNDS / 2], nanos[ROUNDS - 1]);
    println!(
        "{name:<42} {median:>8.1} ns ({least:.1} to {most:.1}) {allocations:>6.2} allocations {bytes:>5.0} bytes"
    );
}

fn main() {
    println!("one operation: median of {ROUNDS} rounds (least to most), allocations, bytes");
    let mut executor = Executor::new();

    row("spawn an empty task and await it", 100_000, || {
        executor.run(async {
            for _ in 0..100_000 {
                spawn(async {}).await.expect("it does not panic");
            }
        });
    });

    row("spawn 10,000 empty tasks, await all", 10_000, || {
        executor.run(async {
            let handles: Vec<_> = (0..10_000).map(|_| spawn(async {})).collect();
            for handle in handles {
                handle.await.expect("it does not panic");
            }
        });
    });

    row("yield, 200 tasks x 1,000", 200_000, || {
        executor.run(async {
            let yields = async || {
                for _ in 0..1_000 {
                    yield_now().await;
                }
            };
            let handles: Vec<_> = (0..200).map(|_| spawn(yields())).collect();
            for handle in handles {
                handle.await.expect("it does not panic");
            }
        });
    });

    row("wake a task that is queued already", 100_000, || {
        executor.run(poll_fn(|cx| {
            for _ in 0..100_000 {
                cx.waker().wake_by_ref();
            }
            Poll::Ready(())
        }));
    });

    row("block_on of a ready future", 100_000, || {
        for _ in 0..100_000 {
            black_box(block_on(async { black_box(1) }));
        }
    });

    row("a 10 s timer: create, poll once, drop", 20_000, || {
        for _ in 0..20_000 {
            let mut timer = sleep(Duration::from_secs(10));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut timer).poll(&mut cx).is_pending());
        }
    });
}
