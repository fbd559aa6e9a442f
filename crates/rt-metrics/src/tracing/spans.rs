//! The spans of the tasks that live, and are wanted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::tracing::{Span, span};
use rt_task::Id;

/// So that threads seldom meet: a lock is held for a look-up, and neighbouring numbers have different ones.
const SHARDS: usize = 64;

type Shard = Mutex<BTreeMap<Id, Entry>>;

static ALL: [Shard; SHARDS] = [const { Mutex::new(BTreeMap::new()) }; SHARDS];

struct Entry {
    number: span::Id,
    /// Empty during a poll [TG3].
    span: Option<Span>,
}

/// The span of a task that begins to live. One that nobody wants is not kept.
pub(super) fn insert(task: Id, span: Span) {
    if let Some(number) = span.id() {
        shard(task).insert(task, Entry { number, span: Some(span) });
    }
}

/// What subscribers know the task by.
pub(super) fn number_of(task: Id) -> Option<u64> {
    shard(task).get(&task).map(|entry| entry.number.into_u64())
}

/// For a poll, or for its end: nobody else asks for it meanwhile.
pub(super) fn take(task: Id) -> Option<Span> {
    shard(task).get_mut(&task)?.span.take()
}

/// After a poll. A task that has ended has no place any more, and the span comes back.
pub(super) fn put_back(task: Id, span: Span) -> Option<Span> {
    match shard(task).get_mut(&task) {
        Some(entry) => entry.span.replace(span),
        None => Some(span),
    }
}

/// The task has ended. Its span, unless it is being polled.
pub(super) fn remove(task: Id) -> Option<Span> {
    shard(task).remove(&task)?.span
}

fn shard(task: Id) -> MutexGuard<'static, BTreeMap<Id, Entry>> {
    let place = task.get() % SHARDS as u64;
    ALL[place as usize].lock().unwrap_or_else(PoisonError::into_inner)
}
