//! Code that nobody here wrote, on our executor.

use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use futures::channel::{mpsc, oneshot};
use futures::future::{self, Either, RemoteHandle};
use futures::lock::Mutex;
use futures::stream::{FuturesOrdered, FuturesUnordered};
use futures::{FutureExt, SinkExt, StreamExt, join, select};
use rt_executor::{Executor, block_on, spawn, yield_now};
use rt_testkit::within;

const DEADLINE: Duration = Duration::from_secs(20);

#[test]
fn a_bounded_channel_holds_its_sender_back() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (mut send, mut receive) = mpsc::channel(2);
        let received = executor.run(async {
            drop(spawn(async move {
                for number in 0..1000 {
                    send.send(number).await.unwrap();
                }
            }));
            let mut numbers = Vec::new();
            while let Some(number) = receive.next().await {
                numbers.push(number);
            }
            numbers
        });
        assert_eq!(received, (0..1000).collect::<Vec<_>>());
    });
}

#[test]
fn futures_unordered_polls_a_thousand_tasks() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let sum: usize = executor.run(async {
            let tasks: FuturesUnordered<_> = (0..1000)
                .map(|number| {
                    spawn(async move {
                        for _ in 0..number % 7 {
                            yield_now().await;
                        }
                        number
                    })
                })
                .collect();
            tasks.map(Result::unwrap).fold(0, |sum, number| async move { sum + number }).await
        });
        assert_eq!(sum, 1000 * 999 / 2);
    });
}

#[test]
fn futures_ordered_keeps_the_order() {
    within(DEADLINE, || {
        let order = Executor::new().run(async {
            let tasks: FuturesOrdered<_> = (0..10)
                .map(|number| {
                    spawn(async move {
                        for _ in number..10 {
                            yield_now().await;
                        }
                        number
                    })
                })
                .collect();
            tasks.map(Result::unwrap).collect::<Vec<_>>().await
        });
        assert_eq!(order, (0..10).collect::<Vec<_>>());
    });
}

#[test]
fn select_takes_what_is_ready_first_and_join_takes_all() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let first = executor.run(async {
            let mut slow = spawn(future::pending::<()>()).fuse();
            let mut fast = spawn(async {
                yield_now().await;
                3
            })
            .fuse();
            select! {
                _ = slow => 0,
                number = fast => number.unwrap(),
            }
        });
        assert_eq!(first, 3);
        let both = executor.run(async { join!(spawn(async { 1 }), spawn(async { 2 })) });
        assert_eq!((both.0.unwrap(), both.1.unwrap()), (1, 2));
    });
}

#[test]
fn what_loses_a_select_is_dropped_and_its_task_goes_on() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let (send, receive) = oneshot::channel();
        let task = executor.spawn(receive);
        let lost = executor.run(async {
            match future::select(task, std::pin::pin!(yield_now())).await {
                Either::Left(_) => None,
                Either::Right(((), task)) => Some(task),
            }
        });
        let lost = lost.expect("nobody has sent yet");
        send.send(4).unwrap();
        assert_eq!(executor.run(lost).unwrap(), Ok(4));
    });
}

#[test]
fn a_lock_is_handed_from_task_to_task() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let counter = Rc::new(Mutex::new(0));
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let counter = counter.clone();
                executor.spawn(async move {
                    let mut counter = counter.lock().await;
                    let before = *counter;
                    yield_now().await;
                    *counter = before + 1;
                })
            })
            .collect();
        executor.run(future::join_all(tasks)).into_iter().for_each(Result::unwrap);
        assert_eq!(executor.run(async { *counter.lock().await }), 100);
    });
}

#[test]
fn a_remote_handle_joins_from_another_thread() {
    use futures::task::SpawnExt;
    within(DEADLINE, || {
        let executor = Executor::new();
        let remote: RemoteHandle<i32> = executor.handle().spawn_with_handle(async { 8 }).unwrap();
        let (done, is_done) = oneshot::channel();
        let other = thread::spawn(move || {
            let number = block_on(remote);
            done.send(()).unwrap();
            number
        });
        executor.run(is_done).unwrap();
        assert_eq!(other.join().unwrap(), 8);
    });
}

#[test]
fn a_remote_handle_that_is_dropped_cancels() {
    use futures::task::LocalSpawnExt;
    within(DEADLINE, || {
        let executor = Executor::new();
        let token = Rc::new(RefCell::new(()));
        let held = token.clone();
        let remote = executor
            .spawn_local_with_handle(async move {
                future::pending::<()>().await;
                drop(held);
            })
            .unwrap();
        executor.run_ready();
        drop(remote);
        while executor.run_ready() > 0 {}
        assert_eq!((executor.alive(), Rc::strong_count(&token)), (0, 1));
    });
}

#[test]
fn our_tasks_are_joined_by_their_executor() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let task = executor.handle().spawn(async { 2 });
        let other = thread::spawn(move || futures::executor::block_on(task).unwrap());
        while executor.alive() > 0 {
            executor.wait(None);
        }
        assert_eq!(other.join().unwrap(), 2);
    });
}
