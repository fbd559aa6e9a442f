//! Chapter 7, part 10: ten thousand runtimes come and go, and nothing is left of them.
//!
//! The only test of its process: it counts all threads, all descriptors and all bytes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::future::{pending, poll_fn};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use rt::parts::executor::block_on;
use rt::runtime::{Builder, Runtime, RuntimeFlavor};
use rt::task::{JoinHandle, yield_now};
use rt::time::sleep;

/// The system's allocator, with a count of what is out.
struct Counting;

static LIVE: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: usize) -> isize {
    isize::try_from(bytes).expect("an allocation is smaller than that")
}

// SAFETY: [GA1] every call goes to `System` unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(count(layout.size()), Ordering::Relaxed);
        // SAFETY: [GA1] the caller's promise is the one that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(count(layout.size()), Ordering::Relaxed);
        // SAFETY: [GA1] as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// In kilobytes: one that is forgotten is seen.
type Ballast = [u64; 512];

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).expect("Linux").count()
}

/// Two tasks that await each other's handle, and so own each other (tokio #4724).
fn await_each_other(runtime: &Runtime) {
    let (first, to_first) = oneshot::channel::<JoinHandle<()>>();
    let (second, to_second) = oneshot::channel::<JoinHandle<()>>();
    let waits = |other: oneshot::Receiver<JoinHandle<()>>| async move {
        let ballast: Ballast = [1; 512];
        let _ended = other.await.expect("it was sent").await;
        assert_eq!(ballast[7], 1);
    };
    let handles = [runtime.spawn(waits(to_first)), runtime.spawn(waits(to_second))];
    let [one, two] = handles;
    first.send(two).expect("it waits");
    second.send(one).expect("it waits");
}

/// A task whose future owns its own waker (tokio #6505).
fn keep_its_own_waker(runtime: &Runtime) {
    let mut kept = Vec::new();
    drop(runtime.spawn(poll_fn(move |cx| {
        kept.push((cx.waker().clone(), [2_u64; 512]));
        Poll::<()>::Pending
    })));
}

/// A timer far away, a job whose handle goes, an abort, a panic, an output that nobody takes.
fn end_in_every_way(runtime: &Runtime) {
    drop(runtime.spawn(sleep(Duration::from_secs(3600))));
    drop(runtime.spawn_blocking(|| [3_u64; 512]));
    runtime.spawn(pending::<()>()).abort();
    drop(runtime.spawn(async { resume_unwind(Box::new([4_u64; 512])) }));
    drop(runtime.spawn(async {
        yield_now().await;
        [5_u64; 512]
    }));
}

async fn local_tasks() {
    let kept = rt::spawn_local(async {
        let shared = std::rc::Rc::new([6_u64; 512]);
        pending::<()>().await;
        drop(shared);
    });
    rt::spawn_local(yield_now()).await.expect("no panic");
    drop(kept);
}

/// The handle that is returned outlives its runtime.
fn one_life(runtime: &Runtime) -> JoinHandle<()> {
    await_each_other(runtime);
    keep_its_own_waker(runtime);
    end_in_every_way(runtime);
    if runtime.handle().runtime_flavor() == RuntimeFlavor::MultiThread {
        runtime.block_on(runtime.spawn(local_tasks())).expect("no panic");
    }
    runtime.block_on(async {
        local_tasks().await;
        sleep(Duration::from_nanos(1)).await;
    });
    runtime.spawn(pending::<()>())
}

fn lives(rounds: usize) {
    for round in 0..rounds {
        let runtime = if round % 4 == 0 {
            Builder::new_current_thread().build()
        } else {
            Builder::new_multi_thread().worker_threads(2).build()
        };
        let runtime = runtime.expect("threads enough");
        let waits = one_life(&runtime);
        drop(runtime);
        assert!(block_on(waits).is_err_and(|error| error.is_cancelled()));
    }
}

#[test]
fn ten_thousand_runtimes_leave_no_thread_no_descriptor_and_no_memory() {
    let rounds = if std::env::var_os("RT_FULL").is_some() { 10_000 } else { 500 };
    rt_testkit::within(Duration::from_secs(900), move || {
        let look = || {
            rt::parts::task::trim();
            (entries("/proc/self/task"), entries("/proc/self/fd"), LIVE.load(Ordering::Relaxed))
        };
        lives(100);
        let (threads, fds, bytes) = look();
        lives(rounds);
        // The kernel lists a thread for a moment after it has told who joins it.
        while entries("/proc/self/task") > threads {
            thread::yield_now();
        }
        let after = look();
        assert_eq!((after.0, after.1), (threads, fds), "threads or descriptors are left");
        println!("{rounds} runtimes: {} bytes more than before", after.2 - bytes);
        // Stocks of recycled cells of threads that have ended may stand in the depot or not.
        assert!(after.2 - bytes < 20_000, "{} bytes after {rounds} runtimes", after.2 - bytes);
    });
}
