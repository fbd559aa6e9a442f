//! What happened, in order.

use std::sync::{Arc, Mutex};

/// Notes events, and prints each as it happens: if a test then hangs, one sees how far it came.
///
/// A line of it begins with `| `. The course shows these lines beside those of the solution.
///
/// ```
/// let timeline = rt_testkit::Timeline::new();
/// timeline.note("poll a");
/// timeline.note("wake a");
/// timeline.must_be(["poll a", "wake a"], "a task was not polled before it was woken");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Timeline(Arc<Mutex<Vec<String>>>);

impl Timeline {
    /// Nothing has happened.
    #[must_use]
    pub fn new() -> Timeline {
        Timeline::default()
    }

    /// Notes and prints an event.
    pub fn note(&self, event: impl Into<String>) {
        let event = event.into();
        println!("| {event}");
        self.with(|events| events.push(event));
    }

    /// What was noted so far.
    #[must_use]
    pub fn events(&self) -> Vec<String> {
        self.with(|events| events.clone())
    }

    /// That this has happened, in this order, and nothing else.
    ///
    /// # Panics
    ///
    /// If it has not; the message begins with `otherwise`, which says what a user would have seen.
    #[track_caller]
    pub fn must_be<'a>(&self, expected: impl IntoIterator<Item = &'a str>, otherwise: &str) {
        let expected: Vec<&str> = expected.into_iter().collect();
        assert_eq!(self.events(), expected, "{otherwise}");
    }

    fn with<R>(&self, change: impl FnOnce(&mut Vec<String>) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}
