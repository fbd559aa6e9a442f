//! What would have gone to the standard error, across the picture: polls that last too long, tasks that panic.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Keeps the last one, from any thread.
#[derive(Clone, Default)]
pub(crate) struct Notes {
    last: Arc<Mutex<Option<(Instant, String)>>>,
}

impl Notes {
    pub(crate) fn add(&self, note: String) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((Instant::now(), note.replace('\n', " ")));
    }

    /// The last one, and how old it is.
    pub(crate) fn last(&self) -> Option<(Duration, String)> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().map(|(at, note)| (at.elapsed(), note.clone()))
    }
}
