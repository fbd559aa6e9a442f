//! Waking: nothing is lost, nothing is queued twice.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use rt_task::{End, JoinHandle, Polled, Task, TaskRef};
use rt_testkit::{ByHand, Tally, poll, poll_once, poll_with_waker, waker_of};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

/// Ends a task that pends for ever: woken, it is queued, and dropped in place of a poll.
fn end(handle: &JoinHandle<()>, hand: &ByHand) {
    handle.task().wake_by_ref();
    drop(hand.pop());
}

#[test]
fn wake_while_idle_queues_once() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle) = Task::new(pending::<()>(), hand.clone());
        let _ = poll(task);
        handle.task().wake_by_ref();
        handle.task().wake_by_ref();
        handle.task().clone().wake();
        assert_eq!(hand.scheduled(), 1, "two threads may poll the task at once: [S1]");
        end(&handle, &hand);
    });
}

#[test]
fn wake_while_queued_leads_to_one_poll() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle) = Task::new(pending::<()>(), hand.clone());
        handle.task().wake_by_ref();
        assert_eq!(hand.scheduled(), 0, "about to be polled, and queued again: [S1]");
        assert!(matches!(poll(task), Polled::Pending), "the poll answers the wake before it: [S7]");
        end(&handle, &hand);
    });
}

#[test]
fn wake_while_running_requeues_once() {
    within(|| {
        let hand = ByHand::new();
        let polls = Arc::new(AtomicUsize::new(0));
        let seen = polls.clone();
        let future = poll_fn(move |cx| {
            if polls.fetch_add(1, Ordering::Relaxed) == 0 {
                cx.waker().wake_by_ref();
                cx.waker().wake_by_ref();
                let kept = cx.waker().clone();
                kept.wake();
            }
            Poll::<()>::Pending
        });
        let (task, handle) = Task::new(future, hand.clone());
        let Polled::Again(task) = poll_with_waker(task) else {
            panic!("a wake during the poll was lost, the task hangs: [S7]");
        };
        assert_eq!(hand.scheduled(), 0, "two threads may poll the task at once: [S1]");
        assert!(matches!(poll_with_waker(task), Polled::Pending), "one wake, two more polls: [S7]");
        assert_eq!(seen.load(Ordering::Relaxed), 2, "the future was not polled again: [S7]");
        end(&handle, &hand);
    });
}

#[test]
fn wake_while_the_last_poll_runs_does_nothing() {
    within(|| {
        let hand = ByHand::new();
        let future = poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        });
        let (task, _handle) = Task::new(future, hand.clone());
        assert!(matches!(poll_with_waker(task), Polled::Completed), "the output is lost");
        assert_eq!(hand.scheduled(), 0, "polled after its end: [S3]");
    });
}

#[test]
fn a_waker_may_outlive_its_task() {
    within(|| {
        let hand = ByHand::new();
        let tally = Tally::new();
        let held = tally.witness();
        let future = async move {
            let _held = held;
        };
        let (task, handle) = Task::new(future, hand.clone());
        let waker = waker_of(&task);
        drop(handle);
        let _ = poll(task);
        assert_eq!(tally.dropped(), 1, "a waker keeps the future of a task that is done: [H5]");
        waker.wake_by_ref();
        waker.wake();
        assert_eq!(hand.scheduled(), 0, "a late wake queued a task that is done: [S3]");
    });
}

#[test]
fn a_task_that_stores_its_own_waker_is_freed_at_its_end() {
    within(|| {
        let hand = ByHand::new();
        let tally = Tally::new();
        let held = tally.witness();
        let mut stored = None;
        let future = poll_fn(move |cx| {
            let _ = &held;
            match stored.replace(cx.waker().clone()) {
                None => Poll::Pending,
                Some(_) => Poll::Ready(()),
            }
        });
        let (task, handle) = Task::new(future, hand.clone());
        let _ = poll_with_waker(task);
        handle.task().wake_by_ref();
        assert_eq!(hand.run(), 1, "the wake is lost, the task hangs: [S7]");
        assert!(handle.is_finished() && tally.dropped() == 1, "it keeps itself alive: [H5]");
    });
}

#[test]
fn a_wake_that_nobody_takes_in_cancels_the_task() {
    within(|| {
        let hand = ByHand::new();
        let tally = Tally::new();
        let held = tally.witness();
        let (task, mut handle) = Task::new(
            async move {
                let _held = held;
                pending::<()>().await;
            },
            hand.clone(),
        );
        let _ = poll(task);
        hand.refuse();
        handle.task().wake_by_ref();
        assert_eq!(tally.dropped(), 1, "nobody will run the task, and its future leaked");
        let Poll::Ready(Err(error)) = poll_once(&mut handle) else { panic!("the joiner hangs") };
        assert!(error.is_cancelled(), "the joiner was told {error:?}");
        assert_eq!(hand.ended(), [End::Cancelled], "an executor's counters are wrong");
    });
}

#[test]
fn a_thousand_wakes_from_four_threads_queue_once() {
    within(|| {
        const THREADS: usize = 4;
        let hand = ByHand::new();
        let (task, handle) = Task::new(pending::<()>(), hand.clone());
        let _ = poll(task);
        let barrier = Arc::new(Barrier::new(THREADS));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (task, barrier) = (handle.task().clone(), barrier.clone());
                thread::spawn(move || {
                    barrier.wait();
                    (0..250).for_each(|_| task.wake_by_ref());
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("a wake panicked"));
        assert_eq!(hand.scheduled(), 1, "a thousand wakes are one queue entry: [S1]");
        end(&handle, &hand);
    });
}

#[test]
fn a_reference_survives_the_trip_through_a_raw_waker() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle) = Task::new(pending::<()>(), hand.clone());
        let _ = poll(task);
        let count = handle.task().word().count();
        let raw = handle.task().clone().into_raw();
        assert_eq!(
            handle.task().as_raw(),
            raw,
            "two words for one task, `will_wake` is wrong: [R1]"
        );
        // SAFETY: made by `into_raw` above, and undone once.
        let reference = unsafe { TaskRef::from_raw(raw) };
        reference.wake();
        assert_eq!(handle.task().word().count(), count, "a reference was lost or invented: [R1]");
        assert_eq!(hand.scheduled(), 1, "the wake through the raw word was lost: [S7]");
        end(&handle, &hand);
    });
}

/// glommio #379: the count is at zero, and the task still stands in the queue.
#[test]
fn a_task_that_is_queued_survives_its_last_waker() {
    within(|| {
        let (hand, tally) = (ByHand::new(), Tally::new());
        let (held, mut polls) = (tally.witness(), 0);
        let future = poll_fn(move |_| {
            let _ = &held;
            polls += 1;
            if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
        });
        let (task, handle) = Task::new(future, hand.clone());
        let waker = waker_of(handle.task());
        drop(handle);
        assert!(matches!(poll(task), Polled::Pending), "the future is not ready");
        waker.wake_by_ref();
        drop(waker); // nothing but the queue holds it
        assert_eq!((hand.scheduled(), tally.dropped()), (1, 0), "freed while it is queued: [S6]");
        let task = hand.pop().expect("it is queued");
        assert!(matches!(poll(task), Polled::Completed), "the second poll is the last");
        assert_eq!(tally.dropped(), 1, "a finished future keeps what it holds: [H5]");
    });
}
