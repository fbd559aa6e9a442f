//! Every combination of what a task can do and what can be done to it, with exact counts.
//!
//! {Send, local} × {completes, panics, pends for ever} × {its output's drop panics, or not}
//! × {handle kept, dropped early, dropped late, polled} × {abort at each point}: 288 lives. In each:
//! one drop of the future, one of the output if there is one, one call of `ended`, one free.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use rt_task::{AbortHandle, End, JoinHandle, Polled, Task, TaskRef};
use rt_testkit::{ByHand, CountingWaker, Tally, Witness, poll, within};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Send,
    Local,
}

/// What the second poll does; the first is pending.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Complete,
    Panic,
    Pend,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Handle {
    Kept,
    DroppedEarly,
    DroppedLate,
    Polled,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Abort {
    Never,
    BeforeTheFirstPoll,
    WhileIdle,
    WhileQueuedAgain,
    WhilePolled,
    AfterTheEnd,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    kind: Kind,
    does: Does,
    drop_panics: bool,
    handle: Handle,
    abort: Abort,
}

impl Case {
    fn all() -> impl Iterator<Item = Case> {
        let mut cases = Vec::new();
        for kind in [Kind::Send, Kind::Local] {
            for does in [Does::Complete, Does::Panic, Does::Pend] {
                for drop_panics in [false, true] {
                    for handle in
                        [Handle::Kept, Handle::DroppedEarly, Handle::DroppedLate, Handle::Polled]
                    {
                        for abort in [
                            Abort::Never,
                            Abort::BeforeTheFirstPoll,
                            Abort::WhileIdle,
                            Abort::WhileQueuedAgain,
                            Abort::WhilePolled,
                            Abort::AfterTheEnd,
                        ] {
                            cases.push(Case { kind, does, drop_panics, handle, abort });
                        }
                    }
                }
            }
        }
        cases.into_iter()
    }

    fn expected_end(self) -> End {
        match (self.abort, self.does) {
            (Abort::BeforeTheFirstPoll | Abort::WhileIdle | Abort::WhileQueuedAgain, _)
            | (_, Does::Pend) => End::Cancelled,
            (_, Does::Complete) => End::Completed,
            (_, Does::Panic) => End::Panicked,
        }
    }

    fn expected_polls(self) -> usize {
        match self.abort {
            Abort::BeforeTheFirstPoll => 0,
            Abort::WhileIdle | Abort::WhileQueuedAgain => 1,
            Abort::Never | Abort::WhilePolled | Abort::AfterTheEnd => 2,
        }
    }
}

/// The output, or the payload of the panic.
struct Output {
    drop_panics: bool,
    _witness: Witness,
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.drop_panics {
            resume_unwind(Box::new("the output's drop"));
        }
    }
}

/// What a case leaves behind.
#[derive(Default)]
struct Ledger {
    futures: Tally,
    outputs: Tally,
    polls: Tally,
    /// For the abort in mid-poll.
    own: Mutex<Option<AbortHandle>>,
}

struct Life<T> {
    case: Case,
    ledger: Arc<Ledger>,
    polls: u32,
    _kind: T,
    _witness: Witness,
}

impl<T: Unpin> Future for Life<T> {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Output> {
        drop(self.ledger.polls.witness());
        self.polls += 1;
        if self.polls == 1 {
            return Poll::Pending;
        }
        if self.case.abort == Abort::WhilePolled {
            let own = self.ledger.own.lock().expect("no panic").take();
            own.expect("put there at the spawn").abort();
        }
        let output = || {
            let witness = self.ledger.outputs.witness();
            Output { drop_panics: self.case.drop_panics, _witness: witness }
        };
        match self.case.does {
            Does::Complete => Poll::Ready(output()),
            Does::Panic => resume_unwind(Box::new(output())),
            Does::Pend => Poll::Pending,
        }
    }
}

/// A scheduler that stands in the cell until the cell is freed.
#[derive(Clone)]
struct Marked {
    hand: ByHand,
    _marker: Arc<()>,
}

impl rt_task::Schedule for Marked {
    fn schedule(self, task: Task) -> Result<(), Task> {
        rt_task::Schedule::schedule(self.hand, task)
    }

    fn ended(self, task: &TaskRef, how: End) {
        rt_task::Schedule::ended(self.hand, task, how);
    }
}

fn spawn(case: Case, ledger: &Arc<Ledger>, to: Marked) -> (Task, JoinHandle<Output>) {
    let (ledger, witness) = (ledger.clone(), ledger.futures.witness());
    match case.kind {
        Kind::Send => Task::new(Life { case, ledger, polls: 0, _kind: (), _witness: witness }, to),
        Kind::Local => {
            let not_send = Rc::new(());
            Task::new_local(Life { case, ledger, polls: 0, _kind: not_send, _witness: witness }, to)
        }
    }
}

fn live(case: Case) {
    let (ledger, marker, hand) = (Arc::new(Ledger::default()), Arc::new(()), ByHand::new());
    let to = Marked { hand: hand.clone(), _marker: marker.clone() };
    let (task, handle) = spawn(case, &ledger, to);
    let (aborter, reference) = (handle.abort_handle(), task.reference());
    *ledger.own.lock().expect("no panic") = Some(handle.abort_handle());
    let mut handle = Some(handle);
    let (waker, wakes) = CountingWaker::new();

    if case.handle == Handle::DroppedEarly {
        drop(handle.take());
    }
    if case.abort == Abort::BeforeTheFirstPoll {
        aborter.abort();
    }
    let is_cancelled = matches!(poll(task), Polled::Cancelled);
    assert_eq!(is_cancelled, case.abort == Abort::BeforeTheFirstPoll, "{case:?}: first poll");
    let mut was_pending = false;
    if case.handle == Handle::Polled && !is_cancelled {
        let handle = handle.as_mut().expect("kept");
        was_pending = Pin::new(handle).poll(&mut Context::from_waker(&waker)).is_pending();
        assert!(was_pending, "{case:?}: a handle resolved before the end");
    }
    if !is_cancelled {
        middle(case, &reference, &hand);
    }
    assert!(aborter.is_finished(), "{case:?}: the task has not come to its end");
    assert_eq!(ledger.futures.dropped(), 1, "{case:?}: drops of the future");
    if case.abort == Abort::AfterTheEnd {
        aborter.abort();
    }
    assert_eq!(wakes.count(), usize::from(was_pending), "{case:?}: wakes of the joiner");
    last(case, handle, &ledger);
    drop((aborter, reference, ledger.own.lock().expect("no panic").take()));

    let has_output = case.expected_end() != End::Cancelled;
    assert_eq!(ledger.futures.dropped(), 1, "{case:?}: drops of the future");
    assert_eq!(ledger.outputs.dropped(), usize::from(has_output), "{case:?}: drops of the output");
    assert_eq!(ledger.polls.dropped(), case.expected_polls(), "{case:?}: polls");
    assert_eq!(hand.ended(), [case.expected_end()], "{case:?}: calls of `ended`");
    assert_eq!(hand.scheduled(), 0, "{case:?}: a task that is done stands in the queue");
    assert_eq!(Arc::strong_count(&marker), 1, "{case:?}: the cell was not freed");
}

/// From the first poll to the end.
fn middle(case: Case, task: &TaskRef, hand: &ByHand) {
    assert!(hand.pop().is_none(), "{case:?}: a pending task was queued without a wake");
    match case.abort {
        Abort::WhileIdle => task.abort(),
        Abort::WhileQueuedAgain => {
            task.wake_by_ref();
            task.abort();
        }
        _ => task.wake_by_ref(),
    }
    let queued = hand.pop().unwrap_or_else(|| panic!("{case:?}: a wake or an abort was lost"));
    match poll(queued) {
        // Nobody ends it: its executor does.
        Polled::Pending => {
            task.wake_by_ref();
            drop(hand.pop());
        }
        Polled::Again(task) => assert!(matches!(poll(task), Polled::Cancelled), "{case:?}"),
        Polled::Completed | Polled::Panicked | Polled::Cancelled => {}
    }
}

/// What becomes of the handle after the end.
fn last(case: Case, handle: Option<JoinHandle<Output>>, ledger: &Ledger) {
    let Some(mut handle) = handle else { return };
    let has_output = case.expected_end() != End::Cancelled;
    if case.handle != Handle::Polled {
        if case.handle == Handle::Kept {
            assert_eq!(ledger.outputs.dropped(), 0, "{case:?}: the output went before its handle");
        }
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(handle)));
        assert_eq!(dropped.is_err(), has_output && case.drop_panics, "{case:?}: whose panic?");
        return;
    }
    let Poll::Ready(joined) = rt_testkit::poll_once(&mut handle) else {
        panic!("{case:?}: the joiner hangs");
    };
    assert_eq!(ledger.outputs.dropped(), 0, "{case:?}: the output went before it was joined");
    let end = match &joined {
        Ok(_) => End::Completed,
        Err(error) if error.is_panic() => End::Panicked,
        Err(_) => End::Cancelled,
    };
    assert_eq!(end, case.expected_end(), "{case:?}: what the joiner is told");
    drop(handle);
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(joined)));
    assert_eq!(dropped.is_err(), has_output && case.drop_panics, "{case:?}: whose panic?");
}

#[test]
fn every_life_of_a_task_adds_up() {
    within(Duration::from_secs(60), || {
        let lives = Case::all().map(live).count();
        println!("{lives} lives, each future, output and cell accounted for");
        assert_eq!(lives, 2 * 3 * 2 * 4 * 6, "a part of the cross product is missing");
    });
}
