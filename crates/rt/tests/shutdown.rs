//! Chapter 7, part 8: the end of a runtime, wherever and however it comes.
//!
//! Each test stands for a fault that a runtime was shipped with, and is run on both kinds of runtime where both
//! can have it. What the end reports is in `shutdown_report.rs`; what it leaves behind in
//! `nothing_is_left.rs`; thread-locals and statics in `thread_locals.rs`.

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use rt::parts::executor::block_on;
use rt::runtime::{Builder, Runtime, RuntimeFlavor};
use rt::task::{JoinHandle, yield_now};
use rt::time::sleep;
use rt_testkit::{Tally, within};

const LIMIT: Duration = Duration::from_secs(60);

fn each_kind(test: impl Fn(Runtime)) {
    test(Builder::new_current_thread().build().unwrap());
    test(Builder::new_multi_thread().worker_threads(2).build().unwrap());
}

fn is_current(runtime: &Runtime) -> bool {
    runtime.handle().runtime_flavor() == RuntimeFlavor::CurrentThread
}

fn is_cancelled<T>(handle: JoinHandle<T>) -> bool {
    block_on(handle).is_err_and(|error| error.is_cancelled())
}

/// Keeps what a closure only has to own.
fn ignore<T>(_owned: &T) {}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A task that waits for ever, and does that when it is dropped.
fn waits_and_then(on_drop: impl FnMut() + Send + 'static) -> impl Future<Output = ()> + Send {
    let guard = OnDrop(on_drop);
    async move {
        let _guard = guard;
        pending::<()>().await;
    }
}

/// tokio #2046, #3548: dropped under the scheduler's lock, they would wait for that lock.
#[test]
fn tasks_that_are_dropped_at_the_end_may_wake_and_spawn_others() {
    within(LIMIT, || {
        each_kind(|runtime| {
            let (tally, late) = (Tally::new(), Arc::new(Mutex::new(Vec::new())));
            let (mut next, mut handles) = (None, Vec::new());
            for number in 0..100 {
                let (wakes, woken) = oneshot::channel::<()>();
                let mut wakes_next = next.replace(wakes);
                let (held, spawned) = (tally.witness(), late.clone());
                let spawner = runtime.handle().clone();
                let on_drop = move || {
                    let _held = &held;
                    drop(wakes_next.take()); // wakes a task that is dropped itself by now, or not yet
                    let task = if number % 2 == 0 {
                        rt::spawn(pending::<()>())
                    } else {
                        spawner.spawn(pending::<()>())
                    };
                    spawned.lock().unwrap().push(task);
                };
                let waits = waits_and_then(on_drop);
                handles.push(runtime.spawn(async move {
                    let _either = futures::future::join(waits, woken).await;
                }));
            }
            if is_current(&runtime) {
                runtime.block_on(yield_now());
            }
            drop(runtime);
            assert_eq!(tally.dropped(), 100, "a future outlived its runtime");
            assert!(handles.into_iter().all(is_cancelled));
            let late = std::mem::take(&mut *late.lock().unwrap());
            assert_eq!(late.len(), 100);
            assert!(late.into_iter().all(is_cancelled), "a task was let in at the end");
        });
    });
}

/// iroh-blobs #260: it waits for the thread that it is on. In a poll: `multi_thread.rs`, in a job:
/// `blocking.rs`; a current-thread runtime is borrowed while its tasks are polled.
#[test]
fn a_runtime_may_be_dropped_by_the_abort_of_a_task_of_its_own() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let handle = runtime.handle().clone();
        let (says, hears) = mpsc::channel();
        drop(handle.spawn(waits_and_then(move || says.send(()).unwrap())));
        let owns = handle.spawn(async move {
            let _owned = runtime;
            pending::<()>().await;
        });
        owns.abort();
        assert!(is_cancelled(owns), "a worker waits for itself");
        assert!(is_cancelled(handle.spawn(async {})));
        hears.recv_timeout(LIMIT).expect("the other task lives on");
    });
}

#[test]
fn a_runtime_may_be_dropped_in_a_task_and_in_a_job_of_another() {
    within(LIMIT, || {
        each_kind(|other| {
            each_kind(|runtime| {
                let tally = Tally::new();
                let waits = |runtime: &Runtime| {
                    let held = tally.witness();
                    runtime.spawn(waits_and_then(move || ignore(&held)))
                };
                let task = waits(&runtime);
                other.block_on(other.spawn(async move { drop(runtime) })).unwrap();
                assert!(is_cancelled(task));
                let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
                let task = waits(&runtime);
                other.block_on(other.spawn_blocking(move || drop(runtime))).unwrap();
                assert!(is_cancelled(task));
                assert_eq!(tally.dropped(), 2);
            });
        });
    });
}

/// The pool's own thread is the one that would be joined.
#[test]
fn the_last_of_several_owners_may_be_a_job() {
    within(LIMIT, || {
        each_kind(|runtime| {
            let handle = runtime.handle().clone();
            let (runtime, task) = (Arc::new(runtime), handle.spawn(pending::<()>()));
            let owners = [(); 3].map(|()| {
                let owner = runtime.clone();
                handle.spawn_blocking(move || drop(owner))
            });
            drop(runtime);
            for job in owners {
                block_on(job).expect("a job that ran was cancelled, or waits for itself");
            }
            assert!(is_cancelled(task));
            drop(handle);
        });
    });
}

#[test]
fn a_runtime_may_be_dropped_while_its_thread_unwinds() {
    within(LIMIT, || {
        each_kind(|runtime| {
            let tally = Tally::new();
            let held = tally.witness();
            let task = runtime.spawn(waits_and_then(move || {
                let _held = &held;
                resume_unwind(Box::new("in the drop of a future, in the end, in an unwinding"));
            }));
            if is_current(&runtime) {
                runtime.block_on(yield_now());
            }
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                let _runtime = runtime;
                resume_unwind(Box::new("oh"));
            }));
            assert_eq!(unwound.unwrap_err().downcast_ref(), Some(&"oh"));
            assert!(block_on(task).unwrap_err().is_panic());
            assert_eq!(tally.dropped(), 1);
        });
    });
}

#[test]
fn a_runtime_may_be_dropped_while_a_task_of_its_own_unwinds() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let handle = runtime.handle().clone();
        let task = handle.spawn(pending::<()>());
        let unwinds = handle.spawn(async move {
            let _runtime = runtime;
            resume_unwind(Box::new("oh"));
        });
        assert!(block_on(unwinds).unwrap_err().is_panic());
        assert!(is_cancelled(task));
    });
}

/// tokio #8406: the job waits for a thread that nobody could create.
#[test]
fn a_job_whose_thread_can_not_be_created_is_told_and_holds_up_no_end() {
    within(LIMIT, || {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.thread_stack_size(1 << 46).build().unwrap();
        let tally = Tally::new();
        let held = tally.witness();
        let spawned = catch_unwind(AssertUnwindSafe(|| runtime.spawn_blocking(move || drop(held))));
        assert!(spawned.is_err(), "a stack of 64 TiB");
        assert_eq!(tally.dropped(), 1, "the job is an orphan: nobody drops it");
        let (tried, permit) = runtime.block_on(async {
            let tried = rt::task::try_spawn_blocking(|| 1);
            (tried.is_err(), rt::task::reserve_blocking().await.unwrap().spawn(|| 2).is_err())
        });
        assert!(tried && permit);
        assert_eq!(runtime.block_on(runtime.spawn(async { 3 })).unwrap(), 3);
        drop(runtime);
    });
}

/// async-executor #163: pushed, and then it touches what was freed. The full count is in `rt-soak`.
#[test]
fn a_waker_that_fires_during_the_drop_does_no_harm() {
    within(Duration::from_secs(300), || {
        for _ in 0..100 {
            each_kind(|runtime| {
                let (tally, wakers) = (Tally::new(), Arc::new(Mutex::new(Vec::new())));
                let handles: Vec<_> = (0..64)
                    .map(|_| {
                        let (held, exposed) = (tally.witness(), wakers.clone());
                        runtime.spawn(poll_fn(move |cx| {
                            let _held = &held;
                            let mut wakers = exposed.lock().unwrap();
                            if wakers.len() < 64 {
                                wakers.push(cx.waker().clone());
                            }
                            Poll::<()>::Pending
                        }))
                    })
                    .collect();
                while wakers.lock().unwrap().len() < 64 {
                    if is_current(&runtime) {
                        runtime.block_on(yield_now());
                    }
                    thread::yield_now();
                }
                let is_over = Arc::new(AtomicBool::new(false));
                let (over, fired) = (is_over.clone(), std::mem::take(&mut *wakers.lock().unwrap()));
                let (begins, has_begun) = mpsc::channel();
                let fires = thread::spawn(move || {
                    begins.send(()).unwrap();
                    while !over.load(Ordering::Relaxed) {
                        fired.iter().for_each(Waker::wake_by_ref);
                    }
                    fired.into_iter().for_each(Waker::wake); // of tasks that are gone
                });
                has_begun.recv().unwrap();
                drop(runtime);
                assert_eq!(tally.dropped(), 64, "a future outlived its runtime");
                is_over.store(true, Ordering::Relaxed);
                fires.join().unwrap();
                assert!(handles.into_iter().all(is_cancelled));
            });
        }
    });
}

#[derive(Clone, Copy)]
enum Fault {
    Clone,
    Wake,
    Drop,
}

static ON_CLONE: RawWakerVTable =
    RawWakerVTable::new(|_| resume_unwind(Box::new("clone")), |_| (), |_| (), |_| ());
static ON_WAKE: RawWakerVTable = RawWakerVTable::new(
    |_| RawWaker::new(std::ptr::null(), &ON_WAKE),
    |_| resume_unwind(Box::new("wake")),
    |_| resume_unwind(Box::new("wake")),
    |_| (),
);

/// Its drop panics when the last one goes.
struct Angry;

impl Wake for Angry {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Angry {
    fn drop(&mut self) {
        if !thread::panicking() {
            resume_unwind(Box::new("drop"));
        }
    }
}

fn faulty(fault: Fault) -> Waker {
    let table = match fault {
        Fault::Clone => &ON_CLONE,
        Fault::Wake => &ON_WAKE,
        Fault::Drop => return Waker::from(Arc::new(Angry)),
    };
    // SAFETY: [W1] the functions of these tables touch no memory.
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), table)) }
}

/// Polls with a waker whose code panics. The last one of it may go here, or where it was stored.
fn poll_badly<F: Future + Unpin>(future: &mut F, fault: Fault) {
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let waker = faulty(fault);
        let _pending = Pin::new(&mut *future).poll(&mut Context::from_waker(&waker));
    }));
    drop(polled);
}

/// futures #2886, #1797, tokio #3689, compio #888.
#[test]
fn wakers_that_panic_stop_neither_a_runtime_nor_its_end() {
    within(LIMIT, || {
        for fault in [Fault::Clone, Fault::Wake, Fault::Drop] {
            each_kind(|runtime| {
                let tally = Tally::new();
                let held = tally.witness();
                let (go, may_go) = oneshot::channel::<()>();
                let mut joined = runtime.spawn(async move { may_go.await.is_ok() });
                let mut stays = runtime.spawn(waits_and_then(move || ignore(&held)));
                let (gate, wait) = mpsc::channel::<()>();
                let mut job = runtime.spawn_blocking(move || wait.recv().map_or(4, |()| 5));
                let mut timer = Box::pin(sleep(Duration::from_millis(2)));
                let mut never = Box::pin(sleep(Duration::from_secs(600)));
                runtime.block_on(async {
                    poll_badly(&mut joined, fault);
                    poll_badly(&mut stays, fault);
                    poll_badly(&mut job, fault);
                    poll_badly(&mut timer, fault);
                    poll_badly(&mut never, fault);
                    go.send(()).unwrap();
                    drop(gate);
                    // All of them woke, and dropped, what they were given. A waker that is replaced
                    // before is dropped in the poll that replaces it, and its panic is that one's.
                    while !(joined.is_finished() && job.is_finished() && timer.is_elapsed()) {
                        sleep(Duration::from_millis(4)).await;
                    }
                    rt::spawn(yield_now()).await.unwrap();
                });
                assert!(runtime.block_on(joined).unwrap(), "the waker's panic cost the output");
                assert_eq!(runtime.block_on(job).unwrap(), 4);
                runtime.block_on(timer);
                poll_badly(&mut stays, fault);
                drop(runtime);
                assert_eq!(tally.dropped(), 1);
                assert!(is_cancelled(stays));
                let _ = catch_unwind(AssertUnwindSafe(|| drop(never)));
            });
        }
    });
}

#[test]
fn the_end_of_an_idle_runtime_wakes_each_of_many_workers_once_or_twice() {
    within(LIMIT, || {
        let workers = 64;
        let (parks, unparks) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (parking, parked) = (parks.clone(), unparks.clone());
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers)
            .on_thread_park(move || {
                parking.fetch_add(1, Ordering::SeqCst);
            })
            .on_thread_unpark(move || {
                parked.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        // Until all sleep, or are about to.
        let sleeping = || {
            let parks = parks.load(Ordering::SeqCst);
            parks.saturating_sub(unparks.load(Ordering::SeqCst))
        };
        while sleeping() < workers {
            thread::yield_now();
        }
        let before = unparks.load(Ordering::SeqCst);
        drop(runtime);
        let woken = unparks.load(Ordering::SeqCst) - before;
        println!("{woken} wake-ups end {workers} workers");
        assert!((workers..=2 * workers).contains(&woken), "{woken} wake-ups");
    });
}
