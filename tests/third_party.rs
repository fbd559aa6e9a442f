//! Libraries that nobody here wrote, on our runtime.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use event_listener::Event;
use futures::channel::{mpsc, oneshot};
use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt, SinkExt, StreamExt};
use rt::runtime::{Builder, Runtime};
use rt::task::yield_now;
use rt::time::sleep;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

/// Whose clock can be stopped, and whose tasks take turns.
fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

// futures

#[test]
fn a_pipeline_of_futures_channels_counts_words() {
    within(LIMIT, || {
        let text = "the quick brown fox jumps over the lazy dog and the cat";
        let counts = rt::block_on(async {
            let (mut lines, mut to_split) = mpsc::channel::<String>(1);
            let (mut words, mut to_count) = mpsc::channel::<String>(2);
            let read = rt::spawn(async move {
                for _ in 0..100 {
                    lines.send(text.into()).await.unwrap();
                }
            });
            let split = rt::spawn(async move {
                while let Some(line) = to_split.next().await {
                    for word in line.split(' ') {
                        words.send(word.into()).await.unwrap();
                    }
                }
            });
            let count = rt::spawn(async move {
                let mut counts = BTreeMap::<String, usize>::new();
                while let Some(word) = to_count.next().await {
                    *counts.entry(word).or_default() += 1;
                }
                counts
            });
            read.await.unwrap();
            split.await.unwrap();
            count.await.unwrap()
        });
        assert_eq!(counts["the"], 300);
        assert_eq!(counts.values().sum::<usize>(), 1200, "words were lost between the stages");
    });
}

#[test]
fn futures_unordered_gives_join_handles_as_they_end() {
    within(LIMIT, || {
        one_thread().block_on(async {
            rt::time::pause();
            let mut tasks: FuturesUnordered<_> = (0..100_u64)
                .map(|number| {
                    rt::spawn(async move {
                        sleep(Duration::from_millis(number * 37 % 100)).await;
                        number * 37 % 100
                    })
                })
                .collect();
            let mut order = Vec::new();
            while let Some(done) = tasks.next().await {
                order.push(done.unwrap());
            }
            assert!(order.is_sorted(), "{order:?}");
            assert_eq!(order.len(), 100);
        });
    });
}

#[test]
fn futures_select_races_a_task_against_a_timer() {
    within(LIMIT, || {
        one_thread().block_on(async {
            rt::time::pause();
            for (work, expected) in [(1, "work"), (3, "time is up")] {
                let mut work = rt::spawn(sleep(Duration::from_secs(work))).fuse();
                let mut deadline = sleep(Duration::from_secs(2)).fuse();
                let winner = futures::select! {
                    outcome = work => outcome.map(|()| "work").unwrap(),
                    () = deadline => "time is up",
                };
                assert_eq!(winner, expected);
            }
        });
    });
}

#[test]
fn streams_of_futures_run_so_many_at_once() {
    within(LIMIT, || {
        rt::block_on(async {
            let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let squares: BTreeSet<usize> = stream::iter(0..50)
                .map(|number| {
                    let (running, most) = (&running, &most);
                    async move {
                        most.fetch_max(
                            running.fetch_add(1, Ordering::SeqCst) + 1,
                            Ordering::SeqCst,
                        );
                        yield_now().await;
                        running.fetch_sub(1, Ordering::SeqCst);
                        number * number
                    }
                })
                .buffer_unordered(7)
                .collect()
                .await;
            assert_eq!(squares.len(), 50);
            assert_eq!(most.load(Ordering::SeqCst), 7);
        });
    });
}

#[test]
fn a_shared_future_is_awaited_by_many_tasks() {
    within(LIMIT, || {
        rt::block_on(async {
            let (sender, receiver) = oneshot::channel::<u32>();
            let shared = receiver.map(Result::unwrap).shared();
            let tasks: Vec<_> = (0..20).map(|_| rt::spawn(shared.clone())).collect();
            yield_now().await;
            sender.send(11).unwrap();
            for outcome in futures::future::join_all(tasks).await {
                assert_eq!(outcome.unwrap(), 11);
            }
        });
    });
}

#[test]
fn futures_channels_carry_values_between_threads_and_tasks() {
    within(LIMIT, || {
        let (sender, receiver) = mpsc::unbounded::<u64>();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let sender = sender.clone();
                thread::spawn(move || {
                    (1..=1000).for_each(|number| sender.unbounded_send(number).unwrap());
                })
            })
            .collect();
        drop(sender);
        let sum = rt::block_on(async {
            let task = rt::spawn(receiver.fold(0, |sum, number| async move { sum + number }));
            task.await.unwrap()
        });
        assert_eq!(sum, 4 * 500_500, "values from other threads were lost");
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

// async-channel

#[test]
fn workers_share_an_async_channel_and_end_when_it_is_closed() {
    within(LIMIT, || {
        let done = rt::block_on(async {
            let (jobs, queue) = async_channel::bounded::<u64>(4);
            let workers: Vec<_> = (0..5)
                .map(|_| {
                    let queue = queue.clone();
                    rt::spawn(async move {
                        let (mut count, mut sum) = (0, 0);
                        while let Ok(job) = queue.recv().await {
                            yield_now().await;
                            count += 1;
                            sum += job;
                        }
                        (count, sum)
                    })
                })
                .collect();
            for job in 1..=1000 {
                jobs.send(job).await.unwrap();
            }
            jobs.close();
            let mut done = Vec::new();
            for worker in workers {
                done.push(worker.await.unwrap());
            }
            done
        });
        assert_eq!(done.iter().map(|(_, sum)| sum).sum::<u64>(), 500_500);
        assert!(done.iter().all(|(count, _)| *count > 0), "a worker got nothing: {done:?}");
    });
}

#[test]
fn a_thread_feeds_an_async_channel_and_waits_when_it_is_full() {
    within(LIMIT, || {
        let (sender, receiver) = async_channel::bounded(2);
        let feeder = thread::spawn(move || {
            (0..1000).for_each(|number| sender.send_blocking(number).unwrap());
        });
        let got = rt::block_on(async {
            let mut got = Vec::new();
            while let Ok(number) = receiver.recv().await {
                got.push(number);
            }
            got
        });
        feeder.join().unwrap();
        assert!(got.into_iter().eq(0..1000));
    });
}

// async-lock

#[test]
fn an_async_mutex_protects_a_counter_across_awaits() {
    within(LIMIT, || {
        let total = rt::block_on(async {
            let counter = Arc::new(async_lock::Mutex::new(0));
            let tasks: Vec<_> = (0..20)
                .map(|_| {
                    let counter = counter.clone();
                    rt::spawn(async move {
                        for _ in 0..50 {
                            let mut guard = counter.lock().await;
                            let before = *guard;
                            yield_now().await; // others would see the old value
                            *guard = before + 1;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            *counter.lock().await
        });
        assert_eq!(total, 1000);
    });
}

#[test]
fn a_semaphore_a_barrier_a_once_cell_and_a_read_write_lock() {
    within(LIMIT, || {
        rt::block_on(async {
            let semaphore = Arc::new(async_lock::Semaphore::new(3));
            let barrier = Arc::new(async_lock::Barrier::new(10));
            let cell = Arc::new(async_lock::OnceCell::new());
            let table = Arc::new(async_lock::RwLock::new(BTreeSet::new()));
            let (inside, most, made) =
                <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
            let tasks: Vec<_> = (0..10)
                .map(|number| {
                    let (semaphore, barrier, cell) =
                        (semaphore.clone(), barrier.clone(), cell.clone());
                    let (table, inside, most, made) =
                        (table.clone(), inside.clone(), most.clone(), made.clone());
                    rt::spawn(async move {
                        let permit = semaphore.acquire().await;
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        yield_now().await;
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(permit);
                        table.write().await.insert(number);
                        let made_here = || async {
                            yield_now().await;
                            made.fetch_add(1, Ordering::SeqCst)
                        };
                        cell.get_or_init(made_here).await;
                        let is_leader = barrier.wait().await.is_leader();
                        assert_eq!(
                            table.read().await.len(),
                            10,
                            "somebody passed the barrier early"
                        );
                        is_leader
                    })
                })
                .collect();
            let mut leaders = 0;
            for task in tasks {
                leaders += usize::from(task.await.unwrap());
            }
            assert_eq!(leaders, 1);
            assert_eq!(most.load(Ordering::SeqCst), 3, "how many held a permit at once");
            assert_eq!(made.load(Ordering::SeqCst), 1, "how often the cell was filled");
        });
    });
}

// event-listener

#[test]
fn an_event_from_another_thread_is_never_missed() {
    within(LIMIT, || {
        let (rounds, event, back) = <(Arc<AtomicUsize>, Arc<Event>, Arc<Event>)>::default();
        let other = thread::spawn({
            let (rounds, event, back) = (rounds.clone(), event.clone(), back.clone());
            move || {
                for round in 0..2000 {
                    rounds.store(2 * round + 1, Ordering::SeqCst);
                    event.notify(usize::MAX);
                    loop {
                        let listener = back.listen();
                        if rounds.load(Ordering::SeqCst) == 2 * round + 2 {
                            break;
                        }
                        event_listener::Listener::wait(listener);
                    }
                }
            }
        });
        rt::block_on(async {
            let task = rt::spawn(async move {
                for round in 0..2000 {
                    loop {
                        let listener = event.listen();
                        if rounds.load(Ordering::SeqCst) == 2 * round + 1 {
                            break;
                        }
                        listener.await;
                    }
                    rounds.store(2 * round + 2, Ordering::SeqCst);
                    back.notify(usize::MAX);
                }
            });
            task.await.unwrap();
        });
        other.join().unwrap();
    });
}

// tokio::sync

#[test]
fn a_bank_on_tokio_channels_keeps_its_books() {
    enum Order {
        Pay { from: usize, to: usize, amount: u64, done: tokio::sync::oneshot::Sender<bool> },
        Read { account: usize, value: tokio::sync::oneshot::Sender<u64> },
    }
    within(LIMIT, || {
        rt::block_on(async {
            let (orders, mut inbox) = tokio::sync::mpsc::channel(3);
            let bank = rt::spawn(async move {
                let mut accounts = [100_u64; 8];
                while let Some(order) = inbox.recv().await {
                    match order {
                        Order::Pay { from, to, amount, done } => {
                            let is_covered = accounts[from] >= amount;
                            if is_covered {
                                accounts[from] -= amount;
                                accounts[to] += amount;
                            }
                            let _ = done.send(is_covered);
                        }
                        Order::Read { account, value } => drop(value.send(accounts[account])),
                    }
                }
            });
            let clients: Vec<_> = (0..8_usize)
                .map(|client| {
                    let orders = orders.clone();
                    rt::spawn(async move {
                        let mut paid = 0;
                        for round in 0..100_usize {
                            let (done, is_done) = tokio::sync::oneshot::channel();
                            let to = (client + round) % 8;
                            let order = Order::Pay { from: client, to, amount: 7, done };
                            orders.send(order).await.ok().unwrap();
                            paid += u64::from(is_done.await.unwrap());
                        }
                        paid
                    })
                })
                .collect();
            let mut paid = 0;
            for client in clients {
                paid += client.await.unwrap();
            }
            assert!(paid > 0);
            let mut sum = 0;
            for account in 0..8 {
                let (value, is_read) = tokio::sync::oneshot::channel();
                orders.send(Order::Read { account, value }).await.ok().unwrap();
                sum += is_read.await.unwrap();
            }
            assert_eq!(sum, 800, "money was lost or made");
            drop(orders);
            bank.await.unwrap();
        });
    });
}

#[test]
fn watch_broadcast_and_notify_reach_every_task() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let (state, watching) = tokio::sync::watch::channel("starting");
            let (news, _) = tokio::sync::broadcast::channel::<u32>(16);
            let stop = Arc::new(tokio::sync::Notify::new());
            let tasks: Vec<_> = (0..5)
                .map(|_| {
                    let (mut watching, mut news) = (watching.clone(), news.subscribe());
                    let stop = stop.clone();
                    rt::spawn(async move {
                        let stopped = stop.notified();
                        let mut sum = 0;
                        watching.wait_for(|state| *state == "ready").await.unwrap();
                        while let Ok(number) = news.recv().await {
                            sum += number;
                        }
                        stopped.await;
                        sum
                    })
                })
                .collect();
            yield_now().await;
            state.send("ready").unwrap();
            for number in 1..=10 {
                news.send(number).unwrap();
                yield_now().await;
            }
            drop(news);
            yield_now().await;
            stop.notify_waiters();
            for task in tasks {
                assert_eq!(task.await.unwrap(), 55, "a subscriber missed something");
            }
        });
    });
}

#[test]
fn tokio_locks_are_fair_and_released_by_an_abort() {
    within(LIMIT, || {
        one_thread().block_on(async {
            let lock = Arc::new(tokio::sync::Mutex::new(Vec::new()));
            let holder = rt::spawn({
                let lock = lock.clone();
                async move {
                    let _guard = lock.lock().await;
                    std::future::pending::<()>().await;
                }
            });
            yield_now().await;
            let tasks: Vec<_> = (0..10)
                .map(|number| {
                    let lock = lock.clone();
                    rt::spawn(async move { lock.lock().await.push(number) })
                })
                .collect();
            yield_now().await;
            assert!(lock.try_lock().is_err());
            holder.abort();
            for task in tasks {
                task.await.unwrap();
            }
            assert!(
                lock.lock().await.iter().copied().eq(0..10),
                "in the order in which they asked"
            );
        });
    });
}
