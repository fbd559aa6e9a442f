//! What is drawn, whoever draws it.

use std::panic::Location;

use rt_task::{End, Id, Priority};

use crate::trace::event::{Outcome, What};

/// What a trace looks like, in nanoseconds since its first event.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Picture {
    /// When the last event was.
    pub span: u64,
    /// How many events there are.
    pub events: usize,
    /// How many were dropped.
    pub dropped: u64,
    /// The workers first.
    pub threads: Vec<Row>,
    /// In the order in which they were spawned, as far as that was seen.
    pub tasks: Vec<Task>,
    /// In the order in which they began.
    pub bars: Vec<Bar>,
    /// In their order.
    pub wakes: Vec<Wake>,
    /// In their order.
    pub marks: Vec<Mark>,
}

/// A thread.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Row {
    /// What it is called: `worker 0`, or its name. Different for each.
    pub name: String,
    /// How many of its events were dropped.
    pub dropped: u64,
}

/// A task.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Task {
    /// Its number.
    pub id: Id,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where it was spawned, if that was seen.
    pub place: Option<&'static Location<'static>>,
    /// The class it was spawned with, if that was seen.
    pub priority: Option<Priority>,
    /// When it was spawned, if that was seen.
    pub spawned: Option<u64>,
    /// When and how it ended, if that was seen.
    pub ended: Option<(u64, End)>,
}

/// Something that lasts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Bar {
    /// On which thread: a place in [`Picture::threads`].
    pub thread: usize,
    /// What.
    pub doing: Doing,
    /// Which task, if it is one: a place in [`Picture::tasks`].
    pub task: Option<usize>,
    /// When it began.
    pub from: u64,
    /// When it ended.
    pub to: u64,
    /// What came of a poll; `None` if that was not seen.
    pub outcome: Option<Outcome>,
    /// How the task ended, if it did here.
    pub ended: Option<End>,
    /// What led to the poll: a place in [`Picture::wakes`].
    pub wake: Option<usize>,
}

/// What a thread does while a bar lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doing {
    /// It polls a task.
    Poll,
    /// It runs a job that blocks.
    Job,
    /// It waits.
    Park,
}

/// A task was made to run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Wake {
    /// When.
    pub at: u64,
    /// On which thread: a place in [`Picture::threads`].
    pub thread: usize,
    /// Whom: a place in [`Picture::tasks`].
    pub task: usize,
    /// Which task did, if one did: a place in [`Picture::tasks`].
    pub by: Option<usize>,
    /// Why.
    pub cause: Cause,
}

/// Why a task was made to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// It was new.
    Spawn,
    /// A task, or some thread, woke it.
    Wake,
    /// It was to be cancelled.
    Abort,
    /// The time of a timer had come.
    Timer,
    /// Something happened to a socket.
    Socket,
}

impl Cause {
    /// As pictures say it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Cause::Spawn => "spawned",
            Cause::Wake => "woken",
            Cause::Abort => "aborted",
            Cause::Timer => "timer",
            Cause::Socket => "socket",
        }
    }
}

/// Something that happened in a moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mark {
    /// When.
    pub at: u64,
    /// On which thread: a place in [`Picture::threads`].
    pub thread: usize,
    /// To which task, if to one: a place in [`Picture::tasks`].
    pub task: Option<usize>,
    /// Which task did it, if one did: a place in [`Picture::tasks`].
    pub by: Option<usize>,
    /// What.
    pub what: What,
}

impl Task {
    /// What it is called: its name, else where it was spawned, else its number.
    ///
    /// ```
    /// # use rt_metrics::trace::{Trace, What};
    /// let (trace, id) = (Trace::new(10), rt_task::Id::next());
    /// trace.record(Some(id), None, What::Polling);
    /// assert_eq!(trace.picture().tasks[0].label(), format!("task {id}"));
    /// ```
    #[must_use]
    pub fn label(&self) -> String {
        match (&self.name, self.place) {
            (Some(name), _) => name.clone(),
            (None, Some(place)) => {
                let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
                format!("{file}:{}", place.line())
            }
            (None, None) => format!("task {}", self.id),
        }
    }
}
