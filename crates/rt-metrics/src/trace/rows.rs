//! What threads are called, and in which order they stand.

use std::collections::HashMap;

use crate::trace::event::Thread;

/// The workers first, then the others as they were first seen: the number of each and what it is called. No
/// two are called the same.
pub(crate) fn rows(mut threads: Vec<Thread>) -> impl Iterator<Item = (usize, String)> {
    threads.sort_by_key(|thread| (thread.worker.is_none(), thread.worker, thread.number));
    let mut counts: HashMap<String, usize> = HashMap::new();
    threads.into_iter().map(move |thread| {
        let name = match (thread.worker, thread.name) {
            (Some(worker), _) => format!("worker {worker}"),
            (None, Some(name)) => name,
            (None, None) => format!("thread {}", thread.number),
        };
        let count = counts.entry(name.clone()).or_default();
        *count += 1;
        let name = if *count == 1 { name } else { format!("{name} ({count})") };
        (thread.number, name)
    })
}
