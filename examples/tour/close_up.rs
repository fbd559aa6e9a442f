//! The picture of the beginning and the end: a row a task and a row a worker, a column a poll.

use rt::parts::task::End;
use rt::trace::{Event, Outcome, What};

use crate::history::History;
use crate::paint::{NAME, Paint, Style, grouped};

/// What a task is after a column.
#[derive(Clone, Copy)]
enum State {
    Unborn,
    Queued,
    Waiting,
    Gone,
}

/// One poll of one task, or a time in which a worker slept.
struct Column {
    task: Option<usize>,
    worker: usize,
    /// The worker had stolen before.
    is_loot: bool,
    ended: Option<End>,
    /// After it, by task: whoever it woke is queued now.
    after: Vec<State>,
}

pub(crate) fn draw(history: &History, paint: &Paint) -> String {
    let columns = columns(history);
    let room = paint.width() - NAME;
    let (first, last) = if columns.len() <= room {
        (&columns[..], &[][..])
    } else {
        let half = (room - 3) / 2;
        (&columns[..half], &columns[columns.len() - half..])
    };
    let shown = if last.is_empty() { "all" } else { "the first and last" };
    let note = format!("a column is a poll; {shown} of {}", grouped(columns.len() as u64));
    let mut text = paint.heading("One poll after the other", &note);
    let mut line = |name: &str, cell: &dyn Fn(&Column) -> (char, Style)| {
        let mut cells: Vec<_> = first.iter().map(cell).collect();
        if !last.is_empty() {
            cells.extend([' ', '┊', ' '].map(|gap| (gap, Style::Faint)));
            cells.extend(last.iter().map(cell));
        }
        let line = format!("{name:NAME$}{}", paint.cells(&cells));
        text.push_str(line.trim_end());
        text.push('\n');
    };
    for (at, (_, row)) in history.tasks.iter().enumerate() {
        line(&row.name, &|column| task_cell(column, at));
    }
    for (at, row) in history.workers.iter().enumerate() {
        line(&row.name, &|column| worker_cell(column, at));
    }
    let legend = "\n█ polled  ░ woken: in the queue  · waits  ✓ done  ✗ panicked  ⊘ cancelled\n\
                  of a worker: █ it polled the task above  ◆ which it had stolen  z it went to sleep\n\
                  · turns to ░: the task polled in that column woke it; after z, perhaps a timer\n";
    text.push_str(&paint.paint(Style::Faint, legend));
    text
}

fn columns(history: &History) -> Vec<Column> {
    let places = history.places();
    let mut columns: Vec<Column> = Vec::new();
    let mut now = vec![State::Unborn; history.tasks.len()];
    let mut has_stolen = vec![false; history.workers.len()];
    for event in &history.events {
        let task = event.task.and_then(|id| places.get(&id).copied());
        let worker = event.worker.filter(|&worker| worker < has_stolen.len());
        match (worker, event.what) {
            (Some(worker), What::Polling | What::Parking) => {
                let is_loot = std::mem::take(&mut has_stolen[worker]);
                columns.push(Column { task, worker, is_loot, ended: None, after: Vec::new() });
            }
            (Some(worker), What::Stolen(_)) => has_stolen[worker] = true,
            _ => {}
        }
        if let Some(task) = task {
            now[task] = after(now[task], event);
        }
        // The other workers go on meanwhile: its column need not be the last.
        if let What::Ended(how) = event.what
            && let Some(column) = columns.iter_mut().rev().find(|column| column.task == task)
        {
            column.ended = Some(how);
        }
        if let Some(column) = columns.last_mut() {
            column.after.clone_from(&now);
        }
    }
    columns
}

fn after(now: State, event: &Event) -> State {
    match (event.what, now) {
        (What::Spawned | What::Polled(Outcome::Again), _) => State::Queued,
        (What::Woken | What::Aborted, State::Waiting) => State::Queued,
        (What::Polled(Outcome::Pending), _) => State::Waiting,
        (What::Polled(Outcome::Done), _) => State::Gone,
        _ => now,
    }
}

fn task_cell(column: &Column, row: usize) -> (char, Style) {
    if column.task == Some(row) {
        return match column.ended {
            None => ('█', Style::Busy),
            Some(End::Completed) => ('✓', Style::Good),
            Some(End::Panicked) => ('✗', Style::Bad),
            Some(End::Cancelled) => ('⊘', Style::Woken),
        };
    }
    match column.after[row] {
        State::Queued => ('░', Style::Woken),
        State::Waiting => ('·', Style::Faint),
        State::Unborn | State::Gone => (' ', Style::Plain),
    }
}

fn worker_cell(column: &Column, row: usize) -> (char, Style) {
    match column {
        Column { worker, .. } if *worker != row => (' ', Style::Plain),
        Column { task: None, .. } => ('z', Style::Faint),
        Column { is_loot: true, .. } => ('◆', Style::Woken),
        _ => ('█', Style::Good),
    }
}
