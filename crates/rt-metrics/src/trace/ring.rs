//! The last events of one thread.
//!
//! * **[TR3]** A thread that has too many events drops its own oldest one, and nobody else's. What was dropped is
//!   counted: a reader can tell whether it sees all.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rt_task::Id;

use crate::trace::event::{Event, Thread, What};

/// One thread writes, so its lock is free but for the moment in which somebody reads. Neighbours in
/// memory are other threads': two lines apart, since processors fetch them in pairs.
#[repr(align(128))]
pub(crate) struct Ring {
    number: usize,
    name: Option<String>,
    capacity: usize,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    worker: Option<usize>,
    entries: VecDeque<Entry>,
    dropped: u64,
}

/// An event without what the ring knows.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) at: Instant,
    pub(crate) task: Option<Id>,
    pub(crate) by: Option<Id>,
    pub(crate) what: What,
}

impl Entry {
    pub(crate) fn now(task: Option<Id>, by: Option<Id>, what: What) -> Entry {
        Entry { at: Instant::now(), task, by, what }
    }
}

impl Ring {
    pub(crate) fn new(number: usize, name: Option<String>, capacity: usize) -> Ring {
        Ring { number, name, capacity, book: Mutex::default() }
    }

    /// Takes one event in. The oldest goes if there is no room, and is counted [TR3]. Whoever
    /// once said which worker the thread is has said it for good.
    // COURSE(10.4) stub: leak
    pub(crate) fn push(&self, entry: Entry, worker: Option<usize>) {
        let mut book = self.book();
        book.worker = worker.or(book.worker);
        if book.entries.len() >= self.capacity {
            book.dropped += 1;
            book.entries.pop_front();
        }
        if self.capacity > 0 {
            book.entries.push_back(entry);
        }
    }

    /// What is there, the oldest first, and whose it is.
    // COURSE(10.4) stub: todo
    pub(crate) fn read(&self, events: &mut Vec<Event>) -> Thread {
        let book = self.book();
        let worker = book.worker;
        events.extend(book.entries.iter().map(|&Entry { at, task, by, what }| Event {
            at,
            task,
            by,
            thread: self.number,
            worker,
            what,
        }));
        let (number, name) = (self.number, self.name.clone());
        Thread { number, name, worker, dropped: book.dropped }
    }

    /// How many events are there.
    pub(crate) fn len(&self) -> usize {
        self.book().entries.len()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.book().dropped
    }

    /// Gives its memory back: the trace is gone, and a thread may keep the shell of the ring.
    pub(crate) fn clear(&self) {
        let entries = std::mem::take(&mut self.book().entries);
        drop(entries);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
