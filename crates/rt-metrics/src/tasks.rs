//! Who is alive, and what it does: a list to look at.
//!
//! ```
//! use rt_metrics::tasks::{Phase, Tasks};
//!
//! let builder = rt_task::Builder::new().name("greeter").measured(true);
//! let (task, _handle) = builder.spawn(async {}, rt_testkit::ByHand::new());
//! let task = task.expect("only a closed list refuses");
//! let tasks: Tasks = [&*task].into_iter().collect();
//! assert_eq!((tasks[0].phase, tasks[0].polls), (Phase::Queued, Some(0)));
//! assert!(tasks.to_string().contains("greeter"));
//! ```

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::slice;
use std::time::Duration;
use std::vec;

use rt_task::{Id, Priority, Snapshot, TaskRef};

use crate::table::Table;

/// A task at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its number.
    pub id: Id,
    /// The name that it was given.
    pub name: Option<String>,
    /// Where it was spawned.
    pub place: &'static Location<'static>,
    /// Its class.
    pub class: Priority,
    /// What it does.
    pub phase: Phase,
    /// It was aborted: next its future is dropped, and not polled.
    pub is_aborted: bool,
    /// It belongs to one thread.
    pub is_local: bool,
    /// How long ago it was spawned. This and what follows is known where the task is
    /// [measured](rt_task::Builder::measured).
    pub age: Option<Duration>,
    /// How often it was polled, the poll that goes on included.
    pub polls: Option<u64>,
    /// How long it was polled, all polls together, the one that goes on included.
    pub busy: Option<Duration>,
    /// How long ago its last poll ended: zero while one goes on, `None` also before the first.
    pub since_last_poll: Option<Duration>,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// It waits for a wake.
    Idle,
    /// It is to be polled.
    Queued,
    /// It is polled, or its future is dropped.
    Running,
    /// Its future is gone.
    Done,
}

impl Phase {
    /// What a state word says.
    #[must_use]
    pub fn of(word: Snapshot) -> Phase {
        match (word.is_done(), word.is_running(), word.is_queued()) {
            (true, ..) => Phase::Done,
            (_, true, _) => Phase::Running,
            (.., true) => Phase::Queued,
            _ => Phase::Idle,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Phase::Idle => "idle",
            Phase::Queued => "queued",
            Phase::Running => "running",
            Phase::Done => "done",
        })
    }
}

impl TaskInfo {
    /// What can be said of a task now.
    #[must_use]
    pub fn of(task: &TaskRef) -> TaskInfo {
        let (word, stats) = (task.word(), task.stats());
        TaskInfo {
            id: task.id(),
            name: task.name().map(str::to_owned),
            place: task.place(),
            class: word.priority(),
            phase: Phase::of(word),
            is_aborted: word.is_cancelled(),
            is_local: word.is_local(),
            age: stats.map(|stats| stats.age()),
            polls: stats.map(|stats| stats.polls()),
            busy: stats.map(|stats| stats.busy()),
            since_last_poll: stats.and_then(|stats| stats.since_last_poll()),
        }
    }
}

/// Tasks, in the order of their numbers. A slice of [`TaskInfo`]; as text a table.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tasks: Vec<TaskInfo>,
}

impl Tasks {
    /// The task with this number.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&TaskInfo> {
        self.tasks.iter().find(|task| task.id == id)
    }
}

impl FromIterator<TaskInfo> for Tasks {
    fn from_iter<I: IntoIterator<Item = TaskInfo>>(tasks: I) -> Tasks {
        let mut tasks: Vec<_> = tasks.into_iter().collect();
        tasks.sort_by_key(|task| task.id);
        Tasks { tasks }
    }
}

impl<'a> FromIterator<&'a TaskRef> for Tasks {
    fn from_iter<I: IntoIterator<Item = &'a TaskRef>>(tasks: I) -> Tasks {
        tasks.into_iter().map(TaskInfo::of).collect()
    }
}

impl Deref for Tasks {
    type Target = [TaskInfo];

    fn deref(&self) -> &[TaskInfo] {
        &self.tasks
    }
}

impl IntoIterator for Tasks {
    type Item = TaskInfo;
    type IntoIter = vec::IntoIter<TaskInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.tasks.into_iter()
    }
}

impl<'a> IntoIterator for &'a Tasks {
    type Item = &'a TaskInfo;
    type IntoIter = slice::Iter<'a, TaskInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.tasks.iter()
    }
}

const HEAD: [&str; 9] =
    ["id", "name", "class", "state", "age", "polls", "busy", "last poll", "spawned at"];

impl fmt::Display for Tasks {
    /// A table, a line a task. What is not known is a dash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(&[1, 2, 3, 8], &HEAD);
        self.iter().for_each(|task| table.line(cells(task)));
        writeln!(f, "{table}")
    }
}

fn cells(task: &TaskInfo) -> [String; 9] {
    let time = |time: Option<Duration>| time.map_or("-".to_owned(), |time| format!("{time:.1?}"));
    let aborted = if task.is_aborted { ", aborted" } else { "" };
    let local = if task.is_local { ", local" } else { "" };
    [
        task.id.to_string(),
        task.name.clone().unwrap_or_else(|| "-".to_owned()),
        format!("{:?}", task.class),
        format!("{}{aborted}{local}", task.phase),
        time(task.age),
        task.polls.map_or("-".to_owned(), |polls| polls.to_string()),
        time(task.busy),
        time(task.since_last_poll),
        task.place.to_string(),
    ]
}
