//! What two workers polled, and in which order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use rt::parts::executor::TURN;
use rt::runtime::Runtime;
use rt::task::{Id, Priority, yield_now};

use crate::priorities::start::{inside, spawn};

/// One poll: on which thread, of which class, of whom.
pub(crate) type Polled = (ThreadId, Priority, Id);

/// What was polled, in order.
#[derive(Clone, Default)]
pub(crate) struct Log {
    polls: Arc<Mutex<Vec<Polled>>>,
    pub(crate) is_over: Arc<AtomicBool>,
}

impl Log {
    pub(crate) fn note(&self, class: Priority) {
        self.polls.lock().unwrap().push((thread::current().id(), class, rt::task::id()));
    }

    pub(crate) fn len(&self) -> usize {
        self.polls.lock().unwrap().len()
    }

    pub(crate) fn take(&self) -> Vec<Polled> {
        std::mem::take(&mut *self.polls.lock().unwrap())
    }

    /// Of the thread that has fewer, if there are two.
    pub(crate) fn polls_of_the_second(&self) -> usize {
        let polls = self.polls.lock().unwrap();
        let first = polls.first().map(|polled| polled.0);
        let own = polls.iter().filter(|polled| Some(polled.0) == first).count();
        own.min(polls.len() - own)
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Wakes itself until it is over, and is noted at each poll.
    pub(crate) async fn endless(self, class: Priority) {
        while !self.is_over.load(Ordering::Relaxed) {
            self.note(class);
            yield_now().await;
        }
    }

    /// So many of each of these classes.
    pub(crate) fn flood(&self, classes: &[Priority], each: usize) {
        for &class in classes {
            (0..each).for_each(|_| drop(spawn(class, self.clone().endless(class))));
        }
    }
}

/// Keeps both workers busy with tasks of these classes: from then on nobody is idle, and so nobody steals.
///
/// A worker's task spawns all, and goes on computing until the other worker has some: it has stolen them.
pub(crate) fn flood_two_workers(runtime: &Runtime, log: &Log, classes: &'static [Priority]) {
    let inner = log.clone();
    inside(runtime, async move {
        inner.flood(classes, 8);
        while inner.len() == 0 {
            std::hint::spin_loop();
        }
    });
    // From outside, a few at a time, so that both workers find some of each class.
    for _ in 0..16 {
        let before = log.len();
        let _entered = runtime.enter();
        log.flood(classes, 1);
        while log.len() < before + 4 * TURN {
            thread::yield_now();
        }
    }
}
