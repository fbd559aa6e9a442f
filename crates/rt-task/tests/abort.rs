//! Abort: from anywhere, at any moment, once or often; the future is dropped, never in mid-poll.

use std::future::{Future, pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use rt_task::{End, Id, JoinHandle, Polled, Task};
use rt_testkit::{ByHand, CountingWaker, Tally, poll, poll_once};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

/// A task that never ends by itself, and what counts its future's drops.
fn endless(hand: &ByHand) -> (Task, JoinHandle<()>, Tally) {
    let tally = Tally::new();
    let held = tally.witness();
    let future = async move {
        let _held = held;
        pending::<()>().await;
    };
    let (task, handle) = Task::new(future, hand.clone());
    (task, handle, tally)
}

fn assert_cancelled<T: std::fmt::Debug>(handle: &mut JoinHandle<T>) {
    match poll_once(handle) {
        Poll::Ready(Err(error)) => assert!(error.is_cancelled(), "the joiner was told {error:?}"),
        other => panic!("the joiner of an aborted task sees {other:?}"),
    }
}

#[test]
fn abort_before_the_first_poll_drops_the_future_unpolled() {
    within(|| {
        let hand = ByHand::new();
        let ran = Arc::new(AtomicBool::new(false));
        let seen = ran.clone();
        let future = async move { ran.store(true, Ordering::Relaxed) };
        let (task, mut handle) = Task::new(future, hand.clone());
        handle.abort();
        assert_eq!(hand.scheduled(), 0, "the task stands in the queue twice: [S1]");
        assert!(matches!(poll(task), Polled::Cancelled), "an aborted task was polled");
        assert!(!seen.load(Ordering::Relaxed), "an aborted task ran");
        assert_cancelled(&mut handle);
    });
}

#[test]
fn abort_while_idle_queues_the_task_to_be_dropped() {
    within(|| {
        let hand = ByHand::new();
        let (task, mut handle, tally) = endless(&hand);
        let _ = poll(task);
        handle.abort();
        assert_eq!(tally.dropped(), 0, "abort dropped the future on the caller's thread: [S2]");
        assert_eq!(hand.scheduled(), 1, "nobody will drop the future of the aborted task: [S7]");
        assert!(!handle.is_finished(), "its joiner goes on while the future lives: [S3]");
        let task = hand.pop().expect("queued");
        assert!(matches!(poll(task), Polled::Cancelled), "an aborted task was polled");
        assert_eq!(tally.dropped(), 1, "the future leaked: [H5]");
        assert_cancelled(&mut handle);
        assert_eq!(hand.ended(), [End::Cancelled], "an executor's counters are wrong");
    });
}

#[test]
fn abort_while_queued_again_is_seen_at_the_next_start() {
    within(|| {
        let hand = ByHand::new();
        let (task, mut handle, tally) = endless(&hand);
        let _ = poll(task);
        handle.task().wake_by_ref();
        handle.abort();
        assert_eq!(hand.scheduled(), 1, "the task stands in the queue twice: [S1]");
        assert_eq!(hand.run(), 1, "the abort was lost: the task hangs: [S7]");
        assert_eq!(tally.dropped(), 1, "the future leaked: [H5]");
        assert_cancelled(&mut handle);
    });
}

#[test]
fn abort_during_a_pending_poll_drops_the_future_after_it() {
    within(|| {
        let hand = ByHand::new();
        let (task, mut handle, tally) = endless(&hand);
        let polled = task.poll(|task, running| {
            task.abort();
            running.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
            assert_eq!(tally.dropped(), 0, "the future was dropped inside its own poll: [S2]");
        });
        let Polled::Again(task) = polled else {
            panic!("the abort was lost, the task hangs: [S7]")
        };
        assert!(matches!(poll(task), Polled::Cancelled), "an aborted task was polled");
        assert_eq!((tally.dropped(), hand.scheduled()), (1, 0), "leaked, or queued: [H5], [S3]");
        assert_cancelled(&mut handle);
    });
}

#[test]
fn abort_during_the_last_poll_is_too_late() {
    within(|| {
        let hand = ByHand::new();
        let slot = Arc::new(std::sync::Mutex::new(None::<rt_task::AbortHandle>));
        let own = slot.clone();
        let future = poll_fn(move |_| {
            let own = own.lock().expect("no panic").take().expect("put there below");
            own.abort();
            Poll::Ready("made it")
        });
        let (task, mut handle) = Task::new(future, hand.clone());
        *slot.lock().expect("no panic") = Some(handle.abort_handle());
        assert!(matches!(poll(task), Polled::Completed), "the last poll does not count");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok("made it"))), "output thrown away");
        let found = (hand.scheduled(), hand.ended());
        assert_eq!(found, (0, vec![End::Completed]), "done, and queued or ended again: [S3]");
    });
}

#[test]
fn abort_after_the_end_does_nothing() {
    within(|| {
        let hand = ByHand::new();
        let (task, mut handle) = Task::new(async { 8 }, hand.clone());
        let _ = poll(task);
        handle.abort();
        handle.abort_handle().abort();
        assert_eq!(hand.scheduled(), 0, "a task that is done was queued: [S3]");
        assert!(matches!(poll_once(&mut handle), Poll::Ready(Ok(8))), "the output is lost");
        handle.abort();
    });
}

#[test]
fn abort_twice_is_abort_once() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle, tally) = endless(&hand);
        let _ = poll(task);
        let aborter = handle.abort_handle();
        handle.abort();
        aborter.abort();
        aborter.clone().abort();
        assert_eq!(hand.run(), 1, "one drop, however often it is asked for: [S1]");
        let found = (tally.dropped(), hand.ended());
        assert_eq!(found, (1, vec![End::Cancelled]), "dropped or ended not once: [S3]");
    });
}

#[test]
fn abort_wakes_the_joiner_when_the_future_is_gone() {
    within(|| {
        let hand = ByHand::new();
        let (waker, wakes) = CountingWaker::new();
        let (task, mut handle, tally) = endless(&hand);
        let _ = poll(task);
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(std::pin::Pin::new(&mut handle).poll(&mut cx).is_pending(), "nobody aborted it");
        handle.abort();
        assert_eq!(wakes.count(), 0, "the joiner goes on while the future still lives: [S3]");
        assert_eq!(hand.run(), 1, "the abort was lost, the task hangs: [S7]");
        let found = (wakes.count(), tally.dropped());
        assert_eq!(found, (1, 1), "the joiner of an aborted task hangs: [S4]");
        assert_cancelled(&mut handle);
    });
}

#[test]
fn abort_from_another_thread_leaves_the_drop_to_the_executor() {
    within(|| {
        let hand = ByHand::new();
        let (task, handle, tally) = endless(&hand);
        let _ = poll(task);
        let aborter = handle.abort_handle();
        thread::spawn(move || aborter.abort()).join().expect("abort panicked");
        assert_eq!(tally.dropped(), 0, "the aborting thread dropped the future: [S2]");
        assert_eq!((hand.run(), tally.dropped()), (1, 1), "the abort was lost: [S7]");
    });
}

#[test]
fn dropping_the_right_to_poll_cancels_the_task() {
    within(|| {
        let hand = ByHand::new();
        let (task, mut handle, tally) = endless(&hand);
        drop(task);
        assert_eq!(tally.dropped(), 1, "an executor that forgets a task leaks its future: [S1]");
        assert_cancelled(&mut handle);
        assert_eq!(hand.ended(), [End::Cancelled], "an executor's counters are wrong");
    });
}

#[test]
fn a_cancelled_future_is_dropped_with_its_task_as_the_current_one() {
    struct Asks(Arc<std::sync::Mutex<Vec<Option<Id>>>>);
    impl Drop for Asks {
        fn drop(&mut self) {
            let current = rt_task::current();
            self.0.lock().expect("no panic").push(current);
        }
    }
    within(|| {
        let hand = ByHand::new();
        let found = Arc::new(std::sync::Mutex::new(Vec::new()));
        let spawn = || {
            let asks = Asks(found.clone());
            Task::new(
                async move {
                    let _asks = asks;
                    pending::<()>().await;
                },
                hand.clone(),
            )
        };
        let ((aborted, first), (dropped, second)) = (spawn(), spawn());
        first.abort();
        let _ = poll(aborted);
        drop(dropped);
        let found = found.lock().expect("no panic").clone();
        let own = [Some(first.id()), Some(second.id())];
        assert_eq!(found, own, "what a future does in its drop is done in nobody's name: [S2]");
        assert_eq!(rt_task::current(), None, "a task that is gone is current");
    });
}

#[test]
fn a_future_whose_drop_aborts_and_wakes_its_own_task_is_dropped_once() {
    struct Own(Arc<std::sync::Mutex<Option<rt_task::TaskRef>>>, Tally);
    impl Drop for Own {
        fn drop(&mut self) {
            drop(self.1.witness());
            let Some(own) = self.0.lock().expect("no panic").take() else { return };
            own.abort();
            own.wake();
        }
    }
    within(|| {
        let hand = ByHand::new();
        let slot = Arc::new(std::sync::Mutex::new(None));
        let tally = Tally::new();
        let own = Own(slot.clone(), tally.clone());
        let (task, mut handle) = Task::new(
            async move {
                let _own = own;
                pending::<()>().await;
            },
            hand.clone(),
        );
        *slot.lock().expect("no panic") = Some(task.reference());
        handle.abort();
        assert!(matches!(poll(task), Polled::Cancelled), "an aborted task was polled");
        let found = (tally.dropped(), hand.scheduled());
        assert_eq!(found, (1, 0), "dropped twice, or queued again while it ends: [S1]");
        assert_cancelled(&mut handle);
    });
}
