//! Nothing is allocated once warm. Alone in its file: it counts what the whole process allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use rt_timer::{Clock, Instant, TimerDriver, sleep};
use rt_waker::Parker;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller's.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn arming_resetting_and_dropping_a_timer_allocates_nothing_once_warm() {
    let driver = TimerDriver::new(Parker::new(), Clock::real());
    let _entered = driver.timers().enter();
    let mut cx = Context::from_waker(Waker::noop());
    let mut round = || {
        let mut timer = sleep(Duration::from_secs(10));
        assert!(Pin::new(&mut timer).poll(&mut cx).is_pending());
        timer.reset(Instant::now() + Duration::from_secs(20));
        assert!(Pin::new(&mut timer).poll(&mut cx).is_pending());
    };
    round();
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..1000 {
        round();
    }
    // The harness has threads of its own: a handful is theirs, a thousand would be ours.
    let allocated = ALLOCATIONS.load(Ordering::Relaxed) - before;
    assert!(allocated < 100, "{allocated} allocations for a thousand timers");
}
