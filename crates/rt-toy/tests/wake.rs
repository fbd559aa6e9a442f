//! Step 1.3: a wake queues a task once; what is done stays done; the end of the executor.
use rt_testkit::{CountingWaker, Timeline, within};
use rt_toy::{Executor, JoinHandle, block_on, spawn, yield_now};
use std::future::{pending, poll_fn};
use std::panic;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

/// A task that hands out its waker at its first poll and counts its polls, until it has `last`.
fn counted(
    executor: &Executor,
    last: usize,
) -> (Arc<AtomicUsize>, mpsc::Receiver<Waker>, JoinHandle<()>) {
    let polls = Arc::new(AtomicUsize::new(0));
    let (send, wakers) = mpsc::channel();
    let counter = polls.clone();
    let handle = executor.spawn(poll_fn(move |cx| {
        let count = counter.fetch_add(1, Ordering::Relaxed) + 1;
        let _ = send.send(cx.waker().clone());
        if count < last { Poll::Pending } else { Poll::Ready(()) }
    }));
    (polls, wakers, handle)
}

/// The processor time that this thread has used; none where the system does not say.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().map(Duration::from_nanos).ok()
}

/// How often a future of any test in here was polled after its end: `async` blocks panic then.
fn resumed() -> &'static AtomicUsize {
    static RESUMED: AtomicUsize = AtomicUsize::new(0);
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.to_string().contains("resumed after ") {
                RESUMED.fetch_add(1, Ordering::Relaxed);
            }
            default(info);
        }));
    });
    &RESUMED
}

/// Calls a closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_task_that_yields_lets_every_peer_run_first() {
    within(DEADLINE, || {
        let timeline = Timeline::new();
        let mut executor = Executor::new();
        let handles = ["a", "b", "c"].map(|name| {
            let timeline = timeline.clone();
            executor.spawn(async move {
                for turn in 1..=3 {
                    timeline.note(format!("{name}{turn}"));
                    yield_now().await;
                }
            })
        });
        executor.run(async move {
            for handle in handles {
                handle.await.expect("no task panics");
            }
        });
        let turns = ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"];
        timeline.must_be(turns, "[Y3] somebody ran twice while others waited");
    });
}

#[test]
fn a_storm_of_wakes_is_one_poll() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        let (polls, wakers, _handle) = counted(&executor, usize::MAX);
        executor.run(async {});
        let waker = wakers.recv().unwrap();
        for round in 2..10 {
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..1_000).for_each(|_| waker.wake_by_ref()));
                }
            });
            executor.run(async {});
            assert_eq!(polls.load(Ordering::Relaxed), round, "4,000 wakes are not one poll");
        }
    });
}

#[test]
fn a_wake_during_the_poll_queues_the_task_once_more() {
    within(DEADLINE, || {
        let polls = Arc::new(AtomicUsize::new(0));
        let counter = polls.clone();
        let mut executor = Executor::new();
        drop(executor.spawn(poll_fn(move |cx| {
            if counter.fetch_add(1, Ordering::Relaxed) == 0 {
                (0..100).for_each(|_| cx.waker().wake_by_ref());
            }
            Poll::<()>::Pending
        })));
        (0..4).for_each(|_| executor.run(async {}));
        assert_eq!(polls.load(Ordering::Relaxed), 2, "100 wakes in a poll: one more, no other");
    });
}

#[test]
fn a_completed_task_is_never_polled_again_however_late_it_is_woken() {
    within(DEADLINE, || {
        let resumed = resumed();
        let mut executor = Executor::new();
        let (polls, wakers, handle) = counted(&executor, 2);
        executor.run(async {});
        let waker = wakers.recv().unwrap();
        waker.wake_by_ref();
        assert_eq!(executor.run(handle), Some(()));
        for _ in 0..3 {
            waker.wake_by_ref();
            executor.run(async {});
        }
        assert_eq!(polls.load(Ordering::Relaxed), 2, "a future was polled after its end");
        assert_eq!(resumed.load(Ordering::Relaxed), 0, "`async fn` resumed after completion");
    });
}

#[test]
fn a_task_that_panicked_is_never_polled_again_either() {
    within(DEADLINE, || {
        let resumed = resumed();
        let polls = Arc::new(AtomicUsize::new(0));
        let counter = polls.clone();
        let mut executor = Executor::new();
        let (send, wakers) = mpsc::channel();
        let handle = executor.spawn(poll_fn(move |cx| -> Poll<()> {
            counter.fetch_add(1, Ordering::Relaxed);
            let _ = send.send(cx.waker().clone());
            panic!("on purpose");
        }));
        assert_eq!(executor.run(handle), None, "a panic is no output");
        wakers.recv().unwrap().wake();
        executor.run(async {});
        assert_eq!(polls.load(Ordering::Relaxed), 1, "a future that panicked was polled again");
        assert_eq!(resumed.load(Ordering::Relaxed), 0, "`async fn` resumed after panicking");
    });
}

#[test]
fn a_sleeping_executor_is_woken_by_another_thread_and_does_not_spin() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        let (polls, wakers, handle) = counted(&executor, 3);
        let before = cpu_time();
        let waking = thread::spawn(move || {
            for _ in 0..2 {
                let waker = wakers.recv().unwrap();
                thread::sleep(Duration::from_millis(50)); // time in which a busy loop would show
                waker.wake();
            }
        });
        assert_eq!(executor.run(handle), Some(()), "the wake of another thread got lost");
        waking.join().unwrap();
        assert_eq!(polls.load(Ordering::Relaxed), 3, "polled without having been woken");
        if let (Some(before), Some(after)) = (before, cpu_time()) {
            let used = after - before;
            assert!(used < Duration::from_millis(50), "an idle executor burned a core: {used:?}");
        }
    });
}

#[test]
fn no_wake_of_many_threads_is_lost() {
    within(DEADLINE, || {
        const WAKES: usize = 5_000;
        let done = Arc::new(AtomicUsize::new(0));
        let mut executor = Executor::new();
        let (send, wakers) = mpsc::channel::<Waker>();
        let seen = done.clone();
        let handle = executor.spawn(poll_fn(move |cx| {
            let _ = send.send(cx.waker().clone());
            // A plain counter: that the last increment is seen is what a wake promises.
            if seen.load(Ordering::Relaxed) < 4 * WAKES { Poll::Pending } else { Poll::Ready(()) }
        }));
        let waking = thread::spawn(move || {
            let waker = wakers.recv().unwrap();
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..WAKES {
                            done.fetch_add(1, Ordering::Relaxed);
                            waker.wake_by_ref();
                        }
                    });
                }
            });
        });
        assert_eq!(executor.run(handle), Some(()), "the last wake, or what it told, got lost");
        waking.join().unwrap();
    });
}

#[test]
fn who_waits_for_a_handle_is_woken_and_the_newest_waker_wins() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        let mut handle = executor.spawn(async {
            yield_now().await;
            5
        });
        let (older, older_wakes) = CountingWaker::new();
        let (newer, newer_wakes) = CountingWaker::new();
        for waker in [&older, &newer] {
            let poll = Pin::new(&mut handle).poll(&mut Context::from_waker(waker));
            assert!(poll.is_pending(), "a task that never ran had an output");
        }
        executor.run(async { yield_now().await });
        assert_eq!((older_wakes.count(), newer_wakes.count()), (0, 1), "the wrong joiner was told");
        assert_eq!(block_on(handle), Some(5));
    });
}

#[test]
fn a_chain_of_tasks_that_join_each_other_comes_to_its_end() {
    within(DEADLINE, || {
        let mut executor = Executor::new();
        let mut last = executor.spawn(async { 0 });
        for _ in 0..1_000 {
            let before = last;
            last = executor.spawn(async move {
                yield_now().await;
                before.await.expect("no task panics") + 1
            });
        }
        assert_eq!(executor.run(last), Some(1_000), "a joiner was forgotten");
    });
}

#[test]
fn dropping_the_executor_drops_pending_futures_even_if_their_wakers_live_on() {
    within(DEADLINE, || {
        let alive = Arc::new(());
        let token = alive.clone();
        let (send, wakers) = mpsc::channel();
        let mut executor = Executor::new();
        let handle = executor.spawn(async move {
            let _token = token;
            let own = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await; // a circle
            let _ = send.send(own.clone());
            pending::<()>().await
        });
        executor.run(async {});
        let waker = wakers.recv().unwrap();
        waker.wake_by_ref();
        drop(executor);
        assert_eq!(Arc::strong_count(&alive), 1, "a waker kept its future alive: a leak");
        assert_eq!(block_on(handle), None, "who waits for a dropped task waits for ever");
        waker.wake(); // nobody is there; nothing happens
    });
}

#[test]
fn drops_that_wake_spawn_and_panic_do_not_disturb_the_end_of_the_executor() {
    within(DEADLINE, || {
        let drops = Arc::new(AtomicUsize::new(0));
        let (send, handles) = mpsc::channel();
        let mut executor = Executor::new();
        for number in 0..30 {
            let (drops, send) = (drops.clone(), send.clone());
            let slot: Arc<Mutex<Option<Waker>>> = Arc::default();
            let mine = slot.clone();
            let guard = OnDrop(move || {
                if let Some(waker) = slot.lock().unwrap().take() {
                    waker.wake();
                }
                let counter = drops.clone();
                let last = OnDrop(move || {
                    counter.fetch_add(1, Ordering::Relaxed);
                });
                let _ = send.send(spawn(async move {
                    let _last = last;
                    pending::<()>().await
                }));
                assert!(number % 3 != 0, "on purpose: a drop that panics");
            });
            drop(executor.spawn(async move {
                let _guard = guard;
                poll_fn(move |cx| {
                    *mine.lock().unwrap() = Some(cx.waker().clone());
                    Poll::<()>::Pending
                })
                .await
            }));
        }
        drop(send);
        executor.run(async {});
        drop(executor);
        assert_eq!(drops.load(Ordering::Relaxed), 30, "a future spawned by a drop leaked");
        let handles: Vec<_> = handles.into_iter().collect();
        assert_eq!(handles.len(), 30, "a drop found no executor to spawn on: [Y4]");
        let cancelled = handles.into_iter().filter_map(block_on).count();
        assert_eq!(cancelled, 0, "a task ran to its end on an executor that was being dropped");
    });
}
