//! An executor of a few lines that records to a trace, and one test at a time: tasks are seen by every
//! trace of the process.

#![allow(dead_code)] // each test takes what it needs

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rt_metrics::trace::{Outcome, Trace, What};
use rt_task::{Builder, JoinHandle, Polled};
use rt_testkit::{ByHand, poll_with_waker};

static ALONE: Mutex<()> = Mutex::new(());

pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct Stage {
    pub(crate) trace: Trace,
    hand: ByHand,
    pub(crate) worker: Option<usize>,
}

impl Stage {
    pub(crate) fn new(capacity: usize) -> Stage {
        Stage { trace: Trace::new(capacity), hand: ByHand::new(), worker: Some(0) }
    }

    pub(crate) fn spawn<F>(&self, name: &str, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let (task, handle) = Builder::new().name(name).spawn(future, self.hand.clone());
        self.hand.push(task.expect("it is in no list that could be closed"));
        handle
    }

    /// Polls what is scheduled, until nothing is.
    pub(crate) fn run(&self) {
        while let Some(task) = self.hand.pop() {
            let id = task.id();
            self.trace.record(Some(id), self.worker, What::Polling);
            let polled = poll_with_waker(task);
            let outcome = match polled {
                Polled::Pending => Outcome::Pending,
                Polled::Again(_) => Outcome::Again,
                _ => Outcome::Done,
            };
            self.trace.record(Some(id), self.worker, What::Polled(outcome));
            if let Polled::Again(task) = polled {
                self.hand.push(task);
            }
        }
    }

    /// Something that happens to the thread.
    pub(crate) fn note(&self, what: What) {
        self.trace.record(None, self.worker, what);
    }
}

/// What a page must show and not obey.
pub(crate) const HOSTILE: [&str; 8] = [
    "</script><script>window.isHurt = 1</script>",
    "<img src=x onerror='window.isHurt = 1'>",
    "\"];window.isHurt = 1;//",
    "'\"`${window.isHurt = 1}\\",
    "<!-- ]]> --> &lt;b&gt; {/* data */} /* main.js */",
    "zero \0 escape \u{1b}[31m newline \n tab \t del \u{7f} c1 \u{85}",
    "separators \u{2028}\u{2029} right to left \u{202e} emoji 🦀 lone \u{fffe}",
    "",
];
