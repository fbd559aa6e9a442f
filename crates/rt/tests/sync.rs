//! Chapter 6, part 11: tokio's channels and locks, and how to be fair with them.
#![cfg(feature = "sync")]

use std::sync::Arc;
use std::time::Duration;

use rt::runtime::Builder;
use rt::sync::{Mutex, Semaphore, mpsc, oneshot, watch};
use rt::task::coop::{BUDGET, cooperative};
use rt::task::yield_now;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn channels_and_locks_wake_the_tasks_that_wait_for_them() {
    within(LIMIT, || {
        rt::block_on(async {
            let (numbers, mut received) = mpsc::channel(1);
            let (stop, mut stopped) = watch::channel(false);
            let sum = Arc::new(Mutex::new(0));
            let adder = rt::spawn({
                let sum = sum.clone();
                async move {
                    while let Some(number) = received.recv().await {
                        *sum.lock().await += number;
                    }
                    stop.send(true).unwrap();
                }
            });
            for number in 1..=100 {
                numbers.send(number).await.unwrap(); // there is room for one
            }
            drop(numbers);
            stopped.wait_for(|stopped| *stopped).await.unwrap();
            adder.await.unwrap();
            assert_eq!(*sum.lock().await, 5050);
        });
    });
}

#[test]
fn a_channel_brings_what_another_thread_sends() {
    within(LIMIT, || {
        let (answer, receiver) = oneshot::channel();
        let thread = std::thread::spawn(move || answer.send(42).unwrap());
        assert_eq!(rt::block_on(async { rt::spawn(receiver).await.unwrap() }), Ok(42));
        thread.join().unwrap();
    });
}

/// Takes messages that are always there until `other` has run, `most` at the utmost.
async fn take_until(other: impl Fn() -> bool, most: u32, is_wrapped: bool) -> u32 {
    let mut taken = 0;
    while taken < most && !other() {
        let (sender, receiver) = oneshot::channel();
        sender.send(1).unwrap();
        taken += match is_wrapped {
            true => cooperative(receiver).await.unwrap(),
            false => receiver.await.unwrap(),
        };
    }
    taken
}

/// On one thread: with workers the others have their turn elsewhere.
fn on_one_thread<F: Future>(future: F) -> F::Output {
    Builder::new_current_thread().build().unwrap().block_on(future)
}

/// How many of at most a thousand messages a task takes before another one gets its turn.
fn taken_before_another_runs(is_wrapped: bool) -> u32 {
    on_one_thread(async {
        let others = Arc::new(Semaphore::new(0));
        let greedy = rt::spawn({
            let others = others.clone();
            async move { take_until(|| others.available_permits() > 0, 1000, is_wrapped).await }
        });
        let other = rt::spawn(async move { others.add_permits(1) });
        let taken = greedy.await.unwrap();
        other.await.unwrap();
        taken
    })
}

#[test]
fn a_task_on_a_channel_that_is_never_empty_gives_way_if_it_is_wrapped() {
    within(LIMIT, || {
        // The one that the budget refuses is taken in the next poll.
        assert_eq!(taken_before_another_runs(true), BUDGET + 1, "another task got no turn");
    });
}

/// What the documentation of `rt::sync` warns of. If this fails, tokio's types have learnt to ask
/// for our budget, and the warning may go.
#[test]
fn a_task_on_a_channel_that_is_never_empty_does_not_give_way_by_itself() {
    within(LIMIT, || assert_eq!(taken_before_another_runs(false), 1000));
}

#[test]
fn a_wrapped_receiver_goes_on_in_the_next_poll_and_loses_nothing() {
    within(LIMIT, || {
        on_one_thread(async {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            (0..1000).for_each(|number| sender.send(number).unwrap());
            drop(sender);
            let reader = rt::spawn(async move {
                let mut numbers = Vec::new();
                while let Some(number) = cooperative(receiver.recv()).await {
                    numbers.push(number);
                }
                numbers
            });
            let beside = rt::spawn(async move {
                let mut turns = 0;
                while !reader.is_finished() {
                    turns += 1;
                    yield_now().await;
                }
                (turns, reader.await.unwrap())
            });
            let (turns, numbers) = beside.await.unwrap();
            assert!(turns >= 1000 / BUDGET, "{turns} turns beside 1000 messages");
            assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
        });
    });
}
