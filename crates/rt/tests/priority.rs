//! Chapter 9: who is polled before whom. `--nocapture` prints the figures.
//!
//! All bounds are numbers of polls: they hold on any machine, however busy.

use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures::channel::oneshot;
use rt::parts::executor::TURN;
use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt::task::Priority::{self, High, Low, Normal};
use rt::task::{Id, JoinHandle, yield_now};
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

fn one_thread(every: u32) -> Runtime {
    Builder::new_current_thread().priority_ageing(every).build().unwrap()
}

fn workers(workers: usize, every: u32) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers).priority_ageing(every).build().unwrap()
}

fn spawn<F>(class: Priority, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    rt::task::Builder::new().priority(class).spawn(future)
}

/// Runs a future in a task, so that what it spawns is in the queue of the same thread, and waits for it.
fn inside<T: Send + 'static>(
    runtime: &Runtime,
    future: impl Future<Output = T> + Send + 'static,
) -> T {
    let task = runtime.spawn(future);
    runtime.block_on(task).unwrap()
}

/// One poll: on which thread, of which class, of whom.
type Polled = (ThreadId, Priority, Id);

/// What was polled, in order.
#[derive(Clone, Default)]
struct Log {
    polls: Arc<Mutex<Vec<Polled>>>,
    is_over: Arc<AtomicBool>,
}

impl Log {
    fn note(&self, class: Priority) {
        self.polls.lock().unwrap().push((thread::current().id(), class, rt::task::id()));
    }

    fn len(&self) -> usize {
        self.polls.lock().unwrap().len()
    }

    fn take(&self) -> Vec<Polled> {
        std::mem::take(&mut *self.polls.lock().unwrap())
    }

    /// Of the thread that has fewer, if there are two.
    fn polls_of_the_second(&self) -> usize {
        let polls = self.polls.lock().unwrap();
        let first = polls.first().map(|polled| polled.0);
        let own = polls.iter().filter(|polled| Some(polled.0) == first).count();
        own.min(polls.len() - own)
    }

    fn classes(&self) -> Vec<Priority> {
        self.polls.lock().unwrap().iter().map(|&(_, class, _)| class).collect()
    }

    fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Wakes itself until it is over, and is noted at each poll.
    async fn endless(self, class: Priority) {
        while !self.is_over.load(Ordering::Relaxed) {
            self.note(class);
            yield_now().await;
        }
    }

    async fn once(self, class: Priority) {
        self.note(class);
    }

    /// So many of each class.
    fn flood(&self, each: usize) {
        for class in Priority::ALL {
            (0..each).for_each(|_| drop(spawn(class, self.clone().endless(class))));
        }
    }
}

/// The most polls of others between two of this class.
fn longest_wait(order: &[Priority], class: Priority) -> usize {
    order.split(|&polled| polled == class).map(<[_]>::len).max().unwrap_or(0)
}

/// The most polls below this class in so many.
fn most_below(order: &[Priority], class: Priority, window: usize) -> usize {
    let below = |polls: &[Priority]| polls.iter().filter(|&&polled| polled > class).count();
    order.windows(window).map(below).max().unwrap_or(0)
}

/// The polls of one thread while nothing came or went, against the bounds of the documentation.
fn check_bounds(order: &[Polled], every: u32, where_: &str) {
    let bound = if every == 1 { 2 } else { 2 * every as usize - 1 };
    let classes: Vec<Priority> = order.iter().map(|&(_, class, _)| class).collect();
    for class in Priority::ALL {
        let ids: HashSet<Id> =
            order.iter().filter(|polled| polled.1 == class).map(|polled| polled.2).collect();
        if ids.is_empty() {
            continue;
        }
        let waited = longest_wait(&classes, class);
        println!("{where_}, every {every}: {class:?} waits for {waited} polls of others at most");
        assert!(waited <= bound, "{where_}: a {class:?} task waited for {waited} polls of others");
        // One alone is not ready while it is polled: with two, one always is.
        if class == High && ids.len() > 1 {
            let lower = most_below(&classes, High, every as usize);
            assert!(lower <= 1, "{where_}: {lower} polls of {every} went before a High task");
        }
    }
}

#[test]
fn on_one_thread_no_class_starves_and_none_is_held_up() {
    within(LIMIT, || {
        for every in [1, 2, 5, 16] {
            let (runtime, log) = (one_thread(every), Log::default());
            let (flood, polls) = (log.clone(), 40 * every as usize);
            runtime.block_on(async move {
                flood.flood(3);
                while flood.len() < polls {
                    yield_now().await;
                }
                flood.end();
            });
            let order = log.take();
            let first = order.iter().position(|polled| polled.1 == Low);
            let seen: HashSet<Priority> = order.iter().map(|polled| polled.1).collect();
            assert_eq!(seen.len(), 3, "a class starves: {seen:?}");
            assert!(first.is_some_and(|first| first <= 2 * every as usize), "{first:?}");
            check_bounds(&order[..polls], every, "one thread");
        }
    });
}

/// A worker's task spawns all, and goes on computing until the other worker has some: it has stolen them.
fn flood_two_workers(runtime: &Runtime, log: &Log) {
    let inner = log.clone();
    inside(runtime, async move {
        inner.flood(8);
        while inner.len() == 0 {
            std::hint::spin_loop();
        }
    });
    // From outside, a few at a time, so that both workers find some of each class.
    for _ in 0..16 {
        let before = log.len();
        let _entered = runtime.enter();
        log.flood(1);
        while log.len() < before + 4 * TURN {
            thread::yield_now();
        }
    }
}

#[test]
fn on_two_workers_that_steal_no_class_starves_and_none_is_held_up() {
    within(LIMIT, || {
        for every in [2, 16] {
            let (runtime, log) = (workers(2, every), Log::default());
            flood_two_workers(&runtime, &log);
            // From here on nothing comes or goes: nobody is idle, so nobody steals.
            drop(log.take());
            // Both polled, however long the system kept one of them waiting.
            while log.polls_of_the_second() < 2_000 {
                thread::sleep(Duration::from_millis(1));
            }
            let order = log.take();
            log.end();
            let threads: HashSet<ThreadId> = order.iter().map(|polled| polled.0).collect();
            let seen: HashSet<Priority> = order.iter().map(|polled| polled.1).collect();
            assert_eq!((threads.len(), seen.len()), (2, 3), "workers and classes that were polled");
            for (number, worker) in threads.into_iter().enumerate() {
                let own: Vec<Polled> =
                    order.iter().copied().filter(|polled| polled.0 == worker).collect();
                check_bounds(&own, every, &format!("worker {number} of two"));
            }
        }
    });
}

#[test]
fn the_slot_lets_no_low_task_pass_a_high_one() {
    within(LIMIT, || {
        let (runtime, log) = (workers(1, 1_000), Log::default());
        let inner = log.clone();
        inside(&runtime, async move {
            // Each takes the slot, and puts the one before it into the queue.
            for class in [High, Low, High, Normal, Low] {
                drop(spawn(class, inner.clone().once(class)));
            }
        });
        inside(&runtime, yield_now());
        while log.len() < 5 {
            thread::yield_now();
        }
        assert_eq!(log.classes(), [High, High, Normal, Low, Low], "spawned, the last one Low");
        log.take();

        let (wakes, woken): (Vec<_>, Vec<_>) = (0..3).map(|_| oneshot::channel::<()>()).unzip();
        let inner = log.clone();
        inside(&runtime, async move {
            let tasks = woken.into_iter().zip([Low, High, Low]).map(|(woken, class)| {
                let log = inner.clone();
                spawn(class, async move {
                    woken.await.unwrap();
                    log.note(class);
                })
            });
            let tasks: Vec<JoinHandle<()>> = tasks.collect();
            yield_now().await; // all of them wait
            yield_now().await;
            wakes.into_iter().for_each(|wakes| wakes.send(()).unwrap());
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(log.classes(), [High, Low, Low], "woken, the last one Low");
    });
}

/// Two Low tasks that wake each other for ever through the slot, beside High ones.
#[test]
fn a_ping_pong_of_low_tasks_through_the_slot_keeps_the_bounds() {
    within(LIMIT, || {
        let every = 4;
        let (runtime, log) = (workers(1, every), Log::default());
        let inner = log.clone();
        inside(&runtime, async move {
            let wakers = Arc::new([(); 2].map(|()| Mutex::new(None::<Waker>)));
            for side in 0..2 {
                let (wakers, log) = (wakers.clone(), inner.clone());
                drop(spawn(
                    Low,
                    poll_fn(move |cx| {
                        log.note(Low);
                        *wakers[side].lock().unwrap() = Some(cx.waker().clone());
                        let other = wakers[1 - side].lock().unwrap().take();
                        other.into_iter().for_each(Waker::wake);
                        if log.is_over.load(Ordering::Relaxed) {
                            return Poll::Ready(());
                        }
                        Poll::Pending
                    }),
                ));
            }
            (0..2).for_each(|_| drop(spawn(High, inner.clone().endless(High))));
        });
        while log.len() < 2_000 {
            thread::yield_now();
        }
        log.end();
        check_bounds(&log.take()[..2_000], every, "one worker with a ping-pong");
    });
}

/// What a task does to be polled three times: it yields, and it is woken by a thread.
async fn yields_and_waits(log: Log, woken: oneshot::Receiver<()>) {
    log.note(High);
    yield_now().await;
    log.note(High);
    woken.await.unwrap();
    log.note(High);
}

#[test]
fn a_task_keeps_its_class_when_it_yields_is_woken_and_is_aborted() {
    within(LIMIT, || {
        for runtime in [one_thread(1_000), workers(1, 1_000)] {
            let log = Log::default();
            let inner = log.clone();
            let body = async move {
                let (wakes, woken) = oneshot::channel();
                let lows: Vec<_> = (0..3).map(|_| spawn(Low, inner.clone().endless(Low))).collect();
                let high = spawn(High, yields_and_waits(inner.clone(), woken));
                while inner.len() < 20 {
                    yield_now().await;
                }
                let order = inner.take();
                assert_eq!((order[0].1, order[1].1), (High, High), "it yielded, and came later");
                thread::spawn(move || wakes.send(()).unwrap()).join().unwrap();
                assert_eq!(high.priority(), High);
                let aborted = spawn(High, pending::<()>());
                yield_now().await;
                aborted.abort();
                assert_eq!(aborted.priority(), High, "an abort changes the class");
                let (task, handle) = (aborted, high.abort_handle());
                assert!(task.await.unwrap_err().is_cancelled());
                high.await.unwrap();
                assert_eq!(handle.priority(), High, "its end changes the class");
                inner.end();
                for low in lows {
                    low.await.unwrap();
                }
            };
            // Of the class that is first, so that only High tasks come before it.
            let task = runtime.block_on(async { spawn(High, body) });
            runtime.block_on(task).unwrap();
        }
    });
}

/// Dropped in the order in which they are polled: an abort goes through the queue.
#[test]
fn an_aborted_task_is_dropped_in_the_order_of_its_class() {
    struct Notes(Log, Priority);
    impl Drop for Notes {
        fn drop(&mut self) {
            self.0.note(self.1);
        }
    }
    within(LIMIT, || {
        for runtime in [one_thread(1_000), workers(1, 1_000)] {
            let log = Log::default();
            let inner = log.clone();
            inside(&runtime, async move {
                let tasks = [Low, Normal, High].map(|class| {
                    let notes = Notes(inner.clone(), class);
                    spawn(class, async move {
                        let _notes = notes;
                        pending::<()>().await;
                    })
                });
                while tasks.iter().any(|task| task.task().word().is_queued()) {
                    yield_now().await;
                }
                tasks.iter().for_each(JoinHandle::abort);
                for task in tasks {
                    assert!(task.await.unwrap_err().is_cancelled());
                }
            });
            assert_eq!(log.classes(), [High, Normal, Low]);
        }
    });
}

#[test]
fn a_class_that_is_changed_while_the_task_is_queued_counts_from_its_next_queueing() {
    within(LIMIT, || {
        for runtime in [one_thread(1_000), workers(1, 1_000)] {
            let order = Arc::new(Mutex::new(Vec::new()));
            let seen = order.clone();
            inside(&runtime, async move {
                let twice = |name: &'static str, class| {
                    let seen = seen.clone();
                    spawn(class, async move {
                        seen.lock().unwrap().push(name);
                        yield_now().await;
                        seen.lock().unwrap().push(name);
                    })
                };
                let (a, b, c) = (twice("a", Low), twice("b", Low), twice("c", Normal));
                a.set_priority(High);
                b.abort_handle().set_priority(Normal);
                for task in [a, b, c] {
                    task.await.unwrap();
                }
            });
            // In the lanes in which they stood, and then in the new ones.
            assert_eq!(*order.lock().unwrap(), ["c", "c", "a", "a", "b", "b"]);
        }
    });
}

#[test]
fn a_class_that_is_changed_all_the_time_loses_no_task() {
    within(LIMIT, || {
        for runtime in [one_thread(2), workers(2, 2)] {
            let yields = || async {
                for _ in 0..200 {
                    yield_now().await;
                }
            };
            let tasks: Vec<_> = {
                let _entered = runtime.enter();
                (0..600).map(|number| spawn(Priority::ALL[number % 3], yields())).collect()
            };
            let aborts: Vec<_> = tasks.iter().map(JoinHandle::abort_handle).collect();
            let is_over = Arc::new(AtomicBool::new(false));
            let over = is_over.clone();
            let changes = thread::spawn(move || {
                for round in 0.. {
                    for (number, task) in aborts.iter().enumerate() {
                        task.set_priority(Priority::ALL[(number + round) % 3]);
                    }
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
            runtime.block_on(async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
            is_over.store(true, Ordering::Relaxed);
            changes.join().unwrap();
        }
    });
}

/// Spawns local tasks of all classes, and says in which order they are polled.
async fn local_order() -> Vec<Priority> {
    let log = Log::default();
    let spawn =
        |class| rt::task::Builder::new().priority(class).spawn_local(log.clone().once(class));
    let tasks = [Low, High, Normal, High].map(spawn);
    for task in tasks {
        task.await.unwrap();
    }
    log.classes()
}

#[test]
fn local_tasks_have_classes_wherever_they_run() {
    within(LIMIT, || {
        let expected = [High, Low, High, Normal]; // each second poll is a lower one's

        let local: LocalRuntime =
            Builder::new_current_thread().priority_ageing(2).build_local().unwrap();
        assert_eq!(local.block_on(local_order()), expected, "on a local runtime");
        let one = one_thread(2);
        assert_eq!(one.block_on(local_order()), expected, "in `block_on` on one thread");
        let many = workers(2, 2);
        assert_eq!(many.block_on(local_order()), expected, "in `block_on` beside workers");
        assert_eq!(inside(&many, local_order()), expected, "on a worker");
        // And when a worker has left its place: whoever takes over has such a queue, too.
        let order = inside(&workers(1, 2), async {
            rt::task::block_in_place(|| ());
            let task = rt::spawn(local_order());
            task.await.unwrap()
        });
        assert_eq!(order, expected, "on a worker that is not the first at its desk");
    });
}

/// From outside, while tasks of the highest class flood the only worker: polls of the flood until it ran.
fn polls_before(runtime: &Runtime, class: Priority, polls: &Arc<AtomicUsize>) -> usize {
    let _entered = runtime.enter();
    let before = polls.load(Ordering::Relaxed);
    let (sender, ran) = mpsc::channel();
    let counted = polls.clone();
    drop(spawn(class, async move {
        sender.send(counted.load(Ordering::Relaxed)).unwrap();
    }));
    ran.recv().unwrap() - before
}

#[test]
fn what_comes_from_outside_gets_its_turn_whatever_its_class() {
    within(LIMIT, || {
        let every = 8;
        // The second flood is more than a lane takes: what overflows comes in again, before each turn.
        for flood in [4, 1_000] {
            let runtime = workers(1, every);
            let is_over = Arc::new(AtomicBool::new(false));
            let polls = Arc::new(AtomicUsize::new(0));
            for _ in 0..flood {
                let (is_over, polls) = (is_over.clone(), polls.clone());
                let _entered = runtime.enter();
                drop(spawn(High, async move {
                    while !is_over.load(Ordering::Relaxed) {
                        polls.fetch_add(1, Ordering::Relaxed);
                        yield_now().await;
                    }
                }));
            }
            for class in [Normal, Low] {
                let waits = (0..50).map(|_| polls_before(&runtime, class, &polls));
                // Polls between the count and the spawn are not its wait: the least of fifty has hardly any.
                let waited = waits.min().unwrap();
                println!("behind {flood} High ones a {class:?} task waited for {waited} polls");
                let bound = TURN + 2 * every as usize - 1;
                assert!(waited <= bound + TURN, "a {class:?} task waited for {waited} polls");
            }
            is_over.store(true, Ordering::Relaxed);
        }
    });
}

#[test]
fn a_high_task_from_outside_waits_for_the_turn_and_for_no_more_than_one_low_one() {
    within(LIMIT, || {
        for (name, runtime) in [("one thread", one_thread(16)), ("a worker", workers(1, 16))] {
            let (log, (sender, receiver)) = (Log::default(), mpsc::channel::<usize>());
            let inner = log.clone();
            // Spawned by a thread while a turn goes on, after so many polls of Low tasks.
            let low = move || {
                let log = inner.clone();
                let sender = sender.clone();
                async move {
                    let handle = rt::runtime::Handle::current();
                    for round in 0..200 {
                        log.note(Low);
                        if round == 100 {
                            let (log, sender) = (log.clone(), sender.clone());
                            let handle = handle.clone();
                            let spawns = move || {
                                let before = log.len();
                                let _entered = handle.enter();
                                drop(spawn(High, async move {
                                    sender.send(log.len() - before).unwrap();
                                }));
                            };
                            thread::spawn(spawns).join().unwrap();
                        }
                        yield_now().await;
                    }
                }
            };
            let tasks: Vec<_> = {
                let _entered = runtime.enter();
                (0..3).map(|_| spawn(Low, low())).collect()
            };
            runtime.block_on(async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
            for _ in 0..3 {
                let waited = receiver.recv().unwrap();
                println!("{name}: a High task from outside waited for {waited} polls of Low ones");
                assert!(waited <= TURN + 1, "{name}: it waited for {waited} polls of Low ones");
            }
        }
    });
}

#[test]
#[should_panic(expected = "`Builder::priority_ageing` is 0: no lower class would ever be polled")]
fn an_ageing_of_never_is_refused() {
    Builder::new_current_thread().priority_ageing(0);
}
