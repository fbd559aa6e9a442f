//! Nothing is left behind: bytes that are allocated, and threads that the system knows.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Waker};
use std::time::Duration;

use rt_blocking::Config;
use rt_task::JoinHandle;
use rt_toy::block_on;

/// The system's allocator, with a count of what is out.
struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: usize) -> isize {
    isize::try_from(bytes).expect("an allocation is smaller than that")
}

// SAFETY: every call goes to `System` unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(count(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise is the one that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(count(layout.size()), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn threads() -> usize {
    fs::read_dir("/proc/self/task").expect("Linux").count()
}

/// Jobs that end in every way there is, in a pool that ends.
fn everything() {
    let pool = Config::new().max_threads(3).capacity(4).build();
    let jobs: Vec<_> =
        (0..100).map(|number| pool.spawn(move || vec![number; 100]).unwrap()).collect();
    jobs.into_iter().for_each(|job| assert_eq!(block_on(job).unwrap().len(), 100));
    let jobs: Vec<JoinHandle<Vec<u8>>> =
        (0..100).map(|_| pool.spawn(|| vec![1; 100]).unwrap()).collect();
    jobs.iter().for_each(JoinHandle::abort);
    jobs.iter().for_each(|job| job.task().wake_by_ref());
    drop(jobs);
    let (gate, wait) = channel::<()>();
    let first = pool.spawn(move || wait.recv().unwrap_or(())).unwrap();
    // It runs, and nothing else does.
    while (pool.metrics().running, pool.metrics().queued) != (1, 0) {
        std::thread::yield_now();
    }
    let permits: Vec<_> = (0..3).map(|_| block_on(pool.reserve()).unwrap()).collect();
    let mut waiting = [(); 10].map(|()| pool.reserve());
    for reserve in &mut waiting {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(std::pin::Pin::new(reserve).poll(&mut cx).is_pending());
    }
    assert!(pool.try_spawn(|| ()).unwrap_err().is_full());
    drop(permits);
    let queued = pool.spawn(|| vec![1; 100]).unwrap();
    pool.close();
    drop((waiting, gate, queued));
    block_on(first).unwrap();
    assert!(pool.join(Duration::MAX).is_complete());
}

#[test]
fn nothing_is_left_of_a_pool_that_has_ended() {
    rt_testkit::within(Duration::from_secs(60), || {
        let look = || {
            rt_task::trim();
            LIVE.load(Ordering::Relaxed)
        };
        let at_first = threads();
        (0..20).for_each(|_| everything());
        let before = look();
        (0..200).for_each(|_| everything());
        let after = look();
        // The kernel lists a thread for a moment after it has told who joins it.
        while threads() > at_first {
            std::thread::yield_now();
        }
        // Stocks of recycled cells of threads that have ended may stand in the depot or not.
        assert!(after - before < 20_000, "{} bytes after 200 pools", after - before);
    });
}
