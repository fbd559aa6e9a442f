//! The spans that are entered on this thread: of the task that is polled, and of those whose polls wait for it in
//! a `block_on`.

use std::cell::RefCell;

use ::tracing::Span;
use rt_task::Id;

use crate::tracing::spans;
use crate::tracing::telling::tell;

thread_local! {
    static STACK: RefCell<Vec<(Id, Span)>> = const { RefCell::new(Vec::new()) };
}

/// A poll begins.
#[cold]
pub(super) fn enter(task: Id) {
    let Some(span) = spans::take(task) else { return };
    let entered = tell(|| span.with_subscriber(|(number, subscriber)| subscriber.enter(number)));
    if entered.is_some() {
        let _ = STACK.try_with(|stack| stack.borrow_mut().push((task, span)));
    } else {
        leave(task, span);
    }
}

/// A poll ends, and with it any inside of it whose end nobody told.
#[cold]
pub(super) fn exit(task: Id) {
    while let Some((inner, span)) = pop(task) {
        tell(|| span.with_subscriber(|(number, subscriber)| subscriber.exit(number)));
        leave(inner, span);
        if inner == task {
            return;
        }
    }
}

/// The innermost, if the task is entered here.
fn pop(task: Id) -> Option<(Id, Span)> {
    let pop = |stack: &RefCell<Vec<(Id, Span)>>| {
        let mut stack = stack.borrow_mut();
        stack.iter().rev().any(|(entered, _)| *entered == task).then(|| stack.pop())?
    };
    STACK.try_with(pop).ok()?
}

/// The span goes back to the others, or is closed if its task has ended during the poll.
fn leave(task: Id, span: Span) {
    let closed = spans::put_back(task, span);
    close(closed);
}

/// Drops a span: its subscriber is told.
pub(super) fn close(span: Option<Span>) {
    if let Some(span) = span {
        tell(|| drop(span));
    }
}
