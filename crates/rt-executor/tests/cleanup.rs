//! The end of an executor: every future is dropped, on its thread, whatever its drop does.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use rt_executor::{Executor, Fifo, Handle, block_on, spawn, yield_now};
use rt_task::{Id, JoinHandle, Observer};
use rt_testkit::within;
use rt_waker::{Park, Parker, WakeBatch};

const DEADLINE: Duration = Duration::from_secs(10);

/// Does something when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A future that waits for ever, and does something when it is dropped.
fn until_dropped<F: FnMut()>(on_drop: F) -> impl Future<Output = ()> + use<F> {
    let on_drop = OnDrop(on_drop);
    async move {
        let _on_drop = on_drop;
        pending::<()>().await;
    }
}

/// Where futures were dropped.
#[derive(Clone, Default)]
struct Dropped(Arc<Mutex<Vec<ThreadId>>>);

impl Dropped {
    fn guard(&self) -> impl FnMut() + Send + use<> {
        let dropped = self.0.clone();
        move || dropped.lock().unwrap().push(thread::current().id())
    }

    fn threads(&self) -> Vec<ThreadId> {
        self.0.lock().unwrap().clone()
    }
}

/// Polled on the thread of the test, when the executor is gone.
fn is_cancelled<T>(handle: JoinHandle<T>) -> bool {
    block_on(handle).is_err_and(|error| error.is_cancelled())
}

#[test]
fn every_future_is_dropped_once_and_on_its_thread() {
    within(DEADLINE, || {
        let (dropped, executor) = (Dropped::default(), Executor::new());
        let mut handles = Vec::new();
        for round in 0..3 {
            handles.push(executor.spawn(until_dropped(dropped.guard())));
            handles.push(executor.handle().spawn(until_dropped(dropped.guard())));
            let (handle, guard) = (executor.handle(), dropped.guard());
            let sent = thread::spawn(move || handle.spawn(until_dropped(guard)));
            handles.push(sent.join().unwrap());
            // Two rounds wait when the executor ends, the third was never polled.
            if round < 2 {
                executor.run_ready();
            }
        }
        for _ in 0..3 {
            handles.push(executor.spawn(async {}));
        }
        assert_eq!(dropped.threads(), [], "nobody has a reason to drop yet");
        drop(executor);
        let here = thread::current().id();
        assert_eq!(dropped.threads(), [here; 9], "a future outlived its executor, or moved [X3]");
        assert!(handles.into_iter().all(is_cancelled), "a joiner of a dead executor hangs [X3]");
    });
}

#[test]
fn what_was_never_polled_is_dropped_too() {
    within(DEADLINE, || {
        let token = Arc::new(());
        let executor = Executor::new();
        let spawned = |token: Arc<()>| async move { drop(token) };
        let _local = executor.spawn(spawned(token.clone()));
        let (handle, held) = (executor.handle(), token.clone());
        let _sent = thread::spawn(move || handle.spawn(spawned(held))).join().unwrap();
        drop(executor);
        assert_eq!(Arc::strong_count(&token), 1, "a future outlived its executor [X3]");
    });
}

#[test]
fn outputs_that_nobody_took_are_dropped() {
    within(DEADLINE, || {
        let token = Rc::new(());
        let executor = Executor::new();
        let held = token.clone();
        let kept = executor.spawn(async move { held });
        executor.run_ready();
        drop(executor);
        assert_eq!(Rc::strong_count(&token), 2, "the handle can still take it");
        drop(kept);
        assert_eq!(Rc::strong_count(&token), 1, "an output that nobody took is leaked");
    });
}

#[test]
fn drops_that_wake_each_other() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
        let drops = Rc::new(Cell::new(0));
        for _ in 0..10 {
            let (all, drops) = (wakers.clone(), drops.clone());
            let waiting = until_dropped(move || {
                drops.set(drops.get() + 1);
                all.borrow().iter().for_each(Waker::wake_by_ref);
            });
            let wakers = wakers.clone();
            drop(executor.spawn(async move {
                poll_fn(|cx| {
                    wakers.borrow_mut().push(cx.waker().clone());
                    Poll::Ready(())
                })
                .await;
                waiting.await;
            }));
        }
        executor.run_ready();
        drop(executor);
        let counts = (drops.get(), wakers.borrow().len());
        assert_eq!(counts, (10, 10), "futures that wake each other as they are dropped [X3]");
        wakers.borrow().iter().for_each(Waker::wake_by_ref);
    });
}

#[test]
fn drops_that_spawn_get_handles_that_resolve_to_cancelled() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let refused: Rc<RefCell<Vec<JoinHandle<()>>>> = Rc::default();
        let token = Arc::new(());
        let (handle, local) = (executor.handle(), executor.local_handle());
        let (held, handles) = (token.clone(), refused.clone());
        let task = executor.spawn(until_dropped(move || {
            let holding = |token: Arc<()>| async move { drop(token) };
            let mut handles = handles.borrow_mut();
            handles.push(handle.spawn(holding(held.clone())));
            handles.push(local.spawn(holding(held.clone())));
            handles.push(spawn(holding(held.clone())));
        }));
        executor.run_ready();
        drop(executor);
        let refused = refused.take();
        assert_eq!(refused.len(), 3, "all three ways to spawn work in a drop");
        assert!(refused.into_iter().all(is_cancelled), "what was spawned in a drop hangs [X3]");
        assert!(is_cancelled(task), "the joiner of a task whose drop spawned hangs [X3]");
        assert_eq!(Arc::strong_count(&token), 1, "what was refused is not dropped");
    });
}

#[test]
fn a_drop_spawns_onto_the_executor_that_ends_and_not_onto_one_around_it() {
    within(DEADLINE, || {
        let outer = Executor::new();
        outer.run(async {
            let inner = Executor::new();
            let (tally, refused) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
            let (drops, finished) = (tally.clone(), refused.clone());
            drop(inner.spawn(until_dropped(move || {
                drops.set(drops.get() + 1);
                finished.set(usize::from(spawn(async {}).is_finished()));
            })));
            inner.run_ready();
            drop(inner);
            assert_eq!(tally.get(), 1, "a future outlived its executor [X3]");
            assert_eq!(outer.alive(), 0, "a task of the inner one landed on the outer one [AM1]");
            assert_eq!(refused.get(), 1, "a spawn onto an executor that ends hangs [X3]");
            drop(spawn(async {}));
            assert_eq!(outer.alive(), 1, "the outer one is not itself again [AM1]");
        });
    });
}

#[test]
fn drops_that_panic_stop_no_other_drop() {
    within(DEADLINE, || {
        let (dropped, executor) = (Dropped::default(), Executor::new());
        let mut panicking = Vec::new();
        for _ in 0..3 {
            drop(executor.spawn(until_dropped(dropped.guard())));
            panicking.push(executor.spawn(until_dropped(|| panic!("on purpose, in a drop"))));
        }
        executor.run_ready();
        drop(executor);
        assert_eq!(dropped.threads().len(), 3, "a drop that panics kept others from theirs [X3]");
        for handle in panicking {
            let payload = block_on(handle).unwrap_err().into_panic();
            let text = payload.downcast_ref();
            assert_eq!(text, Some(&"on purpose, in a drop"), "the joiner got another payload");
        }
    });
}

#[test]
fn tasks_that_hold_each_others_handles() {
    within(DEADLINE, || {
        type Slot = Rc<RefCell<Option<JoinHandle<()>>>>;
        let (dropped, executor) = (Dropped::default(), Executor::new());
        let slots: [Slot; 2] = Default::default();
        let handles: Vec<_> = slots
            .iter()
            .map(|slot| {
                let (slot, guard) = (slot.clone(), dropped.guard());
                executor.spawn(async move {
                    let _on_drop = OnDrop(guard);
                    let other = slot.take().expect("filled before the run");
                    other.await.unwrap();
                })
            })
            .collect();
        for (slot, handle) in slots.iter().rev().zip(handles) {
            *slot.borrow_mut() = Some(handle);
        }
        executor.run_ready();
        assert_eq!(executor.alive(), 2, "each waits for the other");
        drop(executor);
        assert_eq!(dropped.threads().len(), 2, "two tasks kept each other alive [X3]");
    });
}

#[test]
fn a_task_that_keeps_its_own_waker() {
    within(DEADLINE, || {
        let (dropped, executor) = (Dropped::default(), Executor::new());
        let guard = dropped.guard();
        drop(executor.spawn(async move {
            let mut own = None;
            let _on_drop = OnDrop(guard);
            poll_fn(|cx| {
                own = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
        }));
        executor.run_ready();
        drop(executor);
        assert_eq!(dropped.threads().len(), 1, "a task kept itself alive [X3]");
    });
}

#[test]
fn a_waker_that_outlives_its_executor_wakes_nobody() {
    within(DEADLINE, || {
        let (dropped, executor) = (Dropped::default(), Executor::new());
        let kept = Rc::new(RefCell::new(None));
        let (slot, guard) = (kept.clone(), dropped.guard());
        let task = executor.spawn(async move {
            let _on_drop = OnDrop(guard);
            poll_fn(|cx| {
                *slot.borrow_mut() = Some(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
        });
        executor.run_ready();
        let waker: Waker = kept.take().expect("the task was polled");
        drop(executor);
        assert_eq!(dropped.threads(), [thread::current().id()], "a waker kept a future alive [X3]");
        assert!(is_cancelled(task), "a joiner of a dead executor hangs [X3]");
        waker.wake_by_ref();
        let copy = waker.clone();
        thread::spawn(move || copy.wake()).join().unwrap();
        drop(waker);
        assert_eq!(dropped.threads().len(), 1, "a late wake dropped a future again");
    });
}

#[test]
fn a_drop_that_blocks_on_something_of_its_own() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let results = Rc::new(RefCell::new(Vec::new()));
        let told = results.clone();
        drop(executor.spawn(until_dropped(move || {
            let inner = Executor::new();
            let task = inner.spawn(async { 1 });
            told.borrow_mut().push(inner.run(task).unwrap());
            told.borrow_mut().push(block_on(async {
                yield_now().await;
                2
            }));
        })));
        executor.run_ready();
        drop(executor);
        assert_eq!(*results.borrow(), [1, 2], "a drop that blocks does not come to its end [X3]");
    });
}

#[test]
fn a_thread_that_waits_for_a_task_learns_of_the_end() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let task = executor.handle().spawn(pending::<()>());
        let waiting = thread::spawn(move || is_cancelled(task));
        executor.run_ready();
        drop(executor);
        let is_told = waiting.join().expect("it hangs or is told, and does not panic");
        assert!(is_told, "the joiner got an output of a task that was cancelled");
    });
}

/// Stops the thread that wakes a certain task, after the wake and before the task is queued; does
/// something when a certain task is aborted.
#[derive(Default)]
struct Between {
    tasks: Mutex<Vec<Stop>>,
    on_abort: Mutex<Vec<(Id, Act)>>,
}

type Act = Box<dyn FnOnce() + Send>;

struct Stop {
    id: Id,
    reached: Sender<()>,
    go_on: Receiver<()>,
}

impl Observer for Between {
    fn woken(&self, task: Id, _by: Option<Id>) {
        let mut stops = self.tasks.lock().unwrap();
        let Some(at) = stops.iter().position(|stop| stop.id == task) else { return };
        let stop = stops.swap_remove(at);
        drop(stops);
        stop.reached.send(()).unwrap();
        stop.go_on.recv().unwrap();
        thread::sleep(Duration::from_millis(10)); // an end that does not wait is over by then
    }

    fn aborted(&self, task: Id, _by: Option<Id>) {
        let mut acts = self.on_abort.lock().unwrap();
        let act = acts.iter().position(|(id, _)| *id == task).map(|at| acts.swap_remove(at).1);
        drop(acts);
        act.into_iter().for_each(|act| act());
    }
}

static BETWEEN: Between =
    Between { tasks: Mutex::new(Vec::new()), on_abort: Mutex::new(Vec::new()) };

#[test]
fn a_spawn_that_comes_while_the_end_marks_the_tasks_is_refused() {
    within(DEADLINE, || {
        rt_task::observe(Some(&BETWEEN));
        let executor = Executor::new();
        let task = executor.spawn(pending::<()>());
        executor.run_ready();
        let (handle, (send, spawned)) = (executor.handle(), mpsc::channel());
        let act = move || send.send(handle.spawn(pending::<()>())).unwrap();
        BETWEEN.on_abort.lock().unwrap().push((task.id(), Box::new(act)));
        drop(executor); // hangs if the spawn slips in between the marks and the closing [X3]
        let late = spawned.recv().expect("every task that is alive is marked");
        assert!(is_cancelled(late), "a spawn onto an executor that ends hangs [X3]");
    });
}

/// Ends an executor while another thread stands between the wake of its task and the push.
fn end_between_wake_and_push(spawn: impl FnOnce(&Executor, Slot, Dropped) -> JoinHandle<()>) {
    rt_task::observe(Some(&BETWEEN));
    let (dropped, executor, slot) = (Dropped::default(), Executor::new(), Slot::default());
    let task = spawn(&executor, slot.clone(), dropped.clone());
    let (go, go_on) = mpsc::channel();
    // Dropped by the end of the executor, so the other thread goes on in the midst of it.
    drop(executor.spawn(until_dropped(move || go.send(()).unwrap())));
    executor.run_ready();
    let (reached, is_reached) = mpsc::channel();
    BETWEEN.tasks.lock().unwrap().push(Stop { id: task.id(), reached, go_on });
    let waker = slot.lock().unwrap().take().expect("the task was polled");
    let waking = thread::spawn(move || waker.wake());
    is_reached.recv().unwrap();
    drop(executor);
    assert_eq!(dropped.threads(), [thread::current().id()], "not dropped once and at home [X3]");
    assert!(is_cancelled(task), "a joiner of a dead executor hangs [X3]");
    waking.join().unwrap();
}

type Slot = Arc<Mutex<Option<Waker>>>;

/// Gives its waker away and waits for ever.
async fn exposed(slot: Slot, guard: impl FnMut()) {
    let _on_drop = OnDrop(guard);
    poll_fn(|cx| {
        *slot.lock().unwrap() = Some(cx.waker().clone());
        Poll::<()>::Pending
    })
    .await;
}

#[test]
fn the_end_waits_for_a_thread_between_its_wake_and_its_push() {
    within(DEADLINE, || {
        end_between_wake_and_push(|executor, slot, dropped| {
            executor.handle().spawn(exposed(slot, dropped.guard()))
        });
    });
}

#[test]
fn the_end_waits_for_a_thread_that_wakes_a_local_task() {
    within(DEADLINE, || {
        end_between_wake_and_push(|executor, slot, dropped| {
            let not_send = Rc::new(());
            let mut guard = dropped.guard();
            executor.spawn(exposed(slot, move || {
                let _keeps_the_future_from_being_send = &not_send;
                guard();
            }))
        });
    });
}

#[test]
fn spawns_that_race_with_the_end_all_resolve() {
    const THREADS: usize = 3;
    const EACH: usize = 200;
    within(DEADLINE, || {
        for _ in 0..20 {
            let (executor, drops) = (Executor::new(), Arc::new(AtomicUsize::new(0)));
            let start = Arc::new(Barrier::new(THREADS + 1));
            let spawn_all = |handle: Handle| {
                let (start, drops) = (start.clone(), drops.clone());
                move || {
                    start.wait();
                    let guards = (0..EACH).map(|_| {
                        let drops = drops.clone();
                        OnDrop(move || _ = drops.fetch_add(1, Ordering::Relaxed))
                    });
                    let spawned = guards.map(|guard| handle.spawn(async move { drop(guard) }));
                    spawned.collect::<Vec<_>>()
                }
            };
            let threads: Vec<_> =
                (0..THREADS).map(|_| thread::spawn(spawn_all(executor.handle()))).collect();
            start.wait();
            executor.run_ready();
            drop(executor);
            for handle in threads.into_iter().flat_map(|thread| thread.join().unwrap()) {
                let outcome = block_on(handle);
                let is_known =
                    outcome.as_ref().map_or_else(|error| error.is_cancelled(), |()| true);
                assert!(is_known, "neither run nor cancelled: {outcome:?}");
            }
            assert_eq!(
                drops.load(Ordering::Relaxed),
                THREADS * EACH,
                "futures outlived their executor [X3]"
            );
        }
    });
}

/// Two executors, the second on the memory of the first, with what the first left behind.
fn succession() -> (Handle, JoinHandle<()>, Waker, Executor) {
    for _ in 0..1000 {
        let (old, slot) = (Executor::new(), Slot::default());
        let task = old.spawn(exposed(slot.clone(), || {}));
        old.run_ready();
        let (handle, shard) = (old.handle(), task.task().shard());
        let waker = slot.lock().unwrap().take().expect("the task was polled");
        drop(old);
        let next = Executor::new();
        if next.spawn(async {}).task().shard() == shard {
            next.run_ready();
            return (handle, task, waker, next);
        }
    }
    unreachable!("other tests of this file take the memory between, but not for ever")
}

#[test]
fn what_a_dead_executor_left_behind_does_not_touch_the_next_one() {
    within(DEADLINE, || {
        let (handle, task, waker, next) = succession();
        let polls = Rc::new(Cell::new(0));
        let counter = polls.clone();
        let _waiting = next.spawn(poll_fn(move |_| {
            counter.set(counter.get() + 1);
            Poll::<()>::Pending
        }));
        next.run_ready();
        assert!(handle.is_closed(), "the handle of the first one");
        assert!(!next.handle().is_closed(), "the handle of the second one");
        let (stray, has_run) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (held, ran) = (stray.clone(), has_run.clone());
        let refused = handle.spawn(async move {
            ran.store(1, Ordering::Relaxed);
            drop(held);
        });
        assert_eq!(Arc::strong_count(&stray), 1, "what is refused is dropped at once");
        waker.wake_by_ref();
        waker.wake();
        task.abort();
        refused.abort();
        assert_eq!(next.due(), None, "nothing of all this came to the second executor");
        let counts = (next.run_ready(), next.alive(), polls.get());
        assert_eq!(counts, (0, 1, 1), "a dead executor's tasks disturb the next one [B2]");
        assert!(is_cancelled(task) && is_cancelled(refused), "a joiner of a dead executor hangs");
        assert_eq!(has_run.load(Ordering::Relaxed), 0, "it ran where it does not belong");
        drop(next);
    });
}

#[test]
fn an_executor_is_dropped_while_its_thread_unwinds() {
    within(DEADLINE, || {
        let dropped = Dropped::default();
        let guard = dropped.guard();
        let unwinding = catch_unwind(AssertUnwindSafe(|| {
            let executor = Executor::new();
            drop(executor.spawn(until_dropped(guard)));
            drop(executor.spawn(until_dropped(|| panic!("a second one, in a drop"))));
            executor.run(async {
                yield_now().await;
                resume_unwind(Box::new("the first one"));
            })
        }));
        let payload = unwinding.expect_err("the root panicked");
        assert_eq!(payload.downcast_ref(), Some(&"the first one"), "another panic came out");
        let here = thread::current().id();
        assert_eq!(dropped.threads(), [here], "a future outlived its executor [X3]");
    });
}

#[test]
fn a_panic_of_the_root_leaves_nothing_of_it_behind() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let drops = Cell::new(0);
        let run = AssertUnwindSafe(|| {
            executor.run(async {
                let _on_drop = OnDrop(|| drops.set(drops.get() + 1));
                yield_now().await;
                resume_unwind(Box::new(()));
            })
        });
        assert!(catch_unwind(run).is_err(), "the panic of the root was swallowed");
        assert_eq!(drops.get(), 1, "a root that panicked is not dropped");
        let output = executor.run(async { spawn(async { 3 }).await.unwrap() });
        assert_eq!(output, 3, "after a panic of the root the executor is broken");
    });
}

#[test]
fn an_executor_in_a_thread_local_ends_with_its_thread() {
    thread_local! {
        static EXECUTOR: RefCell<Option<Executor>> = const { RefCell::new(None) };
    }
    within(DEADLINE, || {
        let dropped = Dropped::default();
        let guards = [dropped.guard(), dropped.guard(), dropped.guard()];
        let (send, handles) = mpsc::channel();
        let ending = thread::spawn(move || {
            let executor = Executor::new();
            let [waiting, queued, spawning] = guards;
            let waiting = executor.handle().spawn(until_dropped(waiting));
            let (handle, mut guard) = (executor.handle(), spawning);
            let spawning = executor.handle().spawn(until_dropped(move || {
                assert!(handle.spawn(async {}).is_finished(), "refused, also here");
                guard();
            }));
            executor.run_ready();
            let queued = executor.handle().spawn(until_dropped(queued));
            send.send([waiting, queued, spawning]).unwrap();
            EXECUTOR.set(Some(executor));
            thread::current().id()
        });
        let thread = ending.join().unwrap();
        assert_eq!(dropped.threads(), [thread; 3], "a future outlived its thread [X3]");
        let handles = handles.recv().expect("sent before its end");
        assert!(handles.into_iter().all(is_cancelled), "a joiner of a dead executor hangs [X3]");
    });
}

#[test]
fn an_executor_with_a_hundred_thousand_waiting_tasks_ends() {
    within(DEADLINE, || {
        let token = Rc::new(());
        let executor = Executor::new();
        for _ in 0..100_000 {
            let held = token.clone();
            drop(executor.spawn(async move {
                pending::<()>().await;
                drop(held);
            }));
        }
        executor.run(yield_now());
        drop(executor);
        assert_eq!(Rc::strong_count(&token), 1, "a future outlived its executor [X3]");
    });
}

/// A park whose waker can not be dropped without a panic.
struct Brittle(Parker);

struct BrittleWaker;

impl Wake for BrittleWaker {
    fn wake(self: Arc<Self>) {}

    fn wake_by_ref(self: &Arc<Self>) {}
}

impl Drop for BrittleWaker {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("on purpose: a waker's drop");
        }
    }
}

impl Park for Brittle {
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        self.0.park(timeout, ready);
    }

    fn waker(&self) -> Waker {
        Waker::from(Arc::new(BrittleWaker))
    }
}

#[test]
fn a_bell_that_can_not_be_dropped_does_not_stop_the_end() {
    within(DEADLINE, || {
        let (dropped, executor) =
            (Dropped::default(), Executor::with(Brittle(Parker::new()), Fifo::new(), ()));
        let task = executor.spawn(until_dropped(dropped.guard()));
        executor.run_ready();
        drop(executor);
        let here = thread::current().id();
        assert_eq!(dropped.threads(), [here], "a waker's drop keeps futures alive [X3]");
        assert!(is_cancelled(task), "a joiner of a dead executor hangs [X3]");
    });
}

#[test]
fn a_future_is_free_to_drop_the_handle_of_what_it_waits_for() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (dropped, inner) = (Dropped::default(), Rc::new(RefCell::new(None)));
        *inner.borrow_mut() = Some(executor.spawn(until_dropped(dropped.guard())));
        let waits = inner.clone();
        let mut task = Box::pin(async move {
            let handle = waits.take().expect("once");
            handle.await
        });
        executor.run(poll_fn(|cx| {
            assert!(task.as_mut().poll(cx).is_pending(), "it waits for a task that never ends");
            Poll::Ready(())
        }));
        drop(task);
        executor.run_ready();
        assert_eq!(executor.alive(), 1, "a handle that is dropped detaches");
        drop(executor);
        assert_eq!(dropped.threads().len(), 1, "a future outlived its executor [X3]");
    });
}
