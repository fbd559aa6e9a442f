//! The list of tasks that a client of the console has, kept up from what the server sends.

use std::collections::HashMap;

use console_api::field::Name;
use console_api::instrument::Update;
use console_api::tasks::{Stats, Task};

/// By the number of the span.
#[derive(Default)]
pub(crate) struct List {
    tasks: HashMap<u64, Task>,
    stats: HashMap<u64, Stats>,
    /// Metadata of callsites: their targets.
    targets: HashMap<u64, String>,
    pub(crate) dropped_events: u64,
}

/// A line of the list.
pub(crate) struct Line<'a> {
    task: &'a Task,
    pub(crate) stats: &'a Stats,
    pub(crate) target: &'a str,
}

impl List {
    pub(crate) fn update(&mut self, update: Update) {
        for metadata in update.new_metadata.into_iter().flat_map(|new| new.metadata) {
            if let (Some(id), Some(metadata)) = (metadata.id, metadata.metadata) {
                self.targets.insert(id.id, metadata.target);
            }
        }
        let Some(update) = update.task_update else { return };
        for task in update.new_tasks {
            let id = task.id.as_ref().expect("a task has a number").id;
            self.tasks.insert(id, task);
        }
        self.stats.extend(update.stats_update);
        self.dropped_events += update.dropped_events;
    }

    /// The tasks of that name.
    pub(crate) fn named(&self, name: &str) -> Vec<Line<'_>> {
        let lines = self.tasks.iter().filter_map(|(id, task)| {
            let (stats, metadata) = (self.stats.get(id)?, task.metadata.as_ref()?.id);
            Some(Line { task, stats, target: self.targets.get(&metadata)? })
        });
        lines.filter(|line| line.field("task.name").as_deref() == Some(name)).collect()
    }
}

impl Line<'_> {
    /// As the console shows it.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let is_it = |of: &Option<Name>| matches!(of, Some(Name::StrName(of)) if of == name);
        let field = self.task.fields.iter().find(|field| is_it(&field.name))?;
        field.value.as_ref().map(ToString::to_string)
    }

    pub(crate) fn file(&self) -> &str {
        self.task.location.as_ref().and_then(|place| place.file.as_deref()).unwrap_or_default()
    }

    pub(crate) fn line(&self) -> Option<u32> {
        self.task.location.as_ref()?.line
    }

    pub(crate) fn polls(&self) -> u64 {
        self.stats.poll_stats.as_ref().map_or(0, |polls| polls.polls)
    }

    /// The console warns of a task that waits and has none: it would never be woken again.
    pub(crate) fn wakers(&self) -> i64 {
        self.stats.waker_clones as i64 - self.stats.waker_drops as i64
    }
}
