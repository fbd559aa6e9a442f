//! Who the tasks are.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rt_task::Id;

use crate::trace::event::Who;

/// All tasks that live, and those that ended last. Locked when a task is spawned and when it ends.
pub(crate) struct Names {
    /// How many of those that ended are kept.
    capacity: usize,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    spawned: u64,
    alive: HashMap<Id, Entry>,
    ended: VecDeque<Entry>,
}

/// With its place in the order of spawns: numbers of tasks have none.
#[derive(Clone)]
struct Entry {
    place: u64,
    who: Who,
}

impl Names {
    pub(crate) fn new(capacity: usize) -> Names {
        Names { capacity, book: Mutex::default() }
    }

    pub(crate) fn spawned(&self, who: Who) {
        let mut book = self.book();
        let place = book.spawned;
        book.spawned += 1;
        book.alive.insert(who.id, Entry { place, who });
    }

    pub(crate) fn ended(&self, task: Id) {
        let mut book = self.book();
        let Some(entry) = book.alive.remove(&task) else { return };
        book.ended.push_back(entry);
        if book.ended.len() > self.capacity {
            book.ended.pop_front();
        }
    }

    /// In the order in which they were spawned.
    pub(crate) fn read(&self) -> Vec<Who> {
        let book = self.book();
        let mut entries: Vec<Entry> = book.alive.values().chain(&book.ended).cloned().collect();
        drop(book);
        entries.sort_unstable_by_key(|entry| entry.place);
        entries.into_iter().map(|entry| entry.who).collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
