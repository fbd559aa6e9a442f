//! What becomes of tasks, seen from outside of a test.

use std::sync::{Mutex, PoisonError};

use rt_task::{End, Id, Observer, Spawned};

/// Prints what happens to every task, with small numbers for names, as a
/// [`Timeline`](crate::Timeline) does.
struct Watch {
    /// In the order in which they were seen.
    tasks: Mutex<Vec<Id>>,
}

static WATCH: Watch = Watch { tasks: Mutex::new(Vec::new()) };

/// From here on, unless a test puts its own observer in the place.
pub(crate) fn watch() {
    rt_task::observe(Some(&WATCH));
}

impl Watch {
    fn name(&self, task: Id) -> String {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tasks.iter().position(|known| *known == task);
        let number = known.unwrap_or_else(|| {
            tasks.push(task);
            tasks.len() - 1
        });
        format!("task {}", number + 1)
    }

    fn say(&self, what: &str, task: Id, by: Option<Id>) {
        let by = by.map_or(String::new(), |by| format!(" by {}", self.name(by)));
        println!("| {what} {}{by}", self.name(task));
    }
}

impl Observer for Watch {
    fn spawned(&self, task: Spawned<'_>, by: Option<Id>) {
        self.say("spawn", task.id, by);
    }

    fn woken(&self, task: Id, by: Option<Id>) {
        self.say("wake", task, by);
    }

    fn aborted(&self, task: Id, by: Option<Id>) {
        self.say("abort", task, by);
    }

    fn ended(&self, task: Id, how: End) {
        println!("| end {}: {how:?}", self.name(task));
    }
}
