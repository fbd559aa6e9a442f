//! The picture of the beginning and the end: a row a task, a column a poll.

use std::collections::HashMap;

use rt::parts::task::End;
use rt::task::Id;
use rt::trace::{Event, Outcome, What};

use crate::history::History;
use crate::paint::{Paint, Style, grouped};

const NAME: usize = 9;

/// What a task is after a column.
#[derive(Clone, Copy)]
enum State {
    Unborn,
    Queued,
    Waiting,
    Gone,
}

/// One poll of one task, or a time in which the thread slept.
struct Column {
    task: Option<usize>,
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
    let rows = history.tasks.iter().map(|(_, row)| row.name.as_str()).enumerate();
    let rows = rows.map(|(at, name)| (Some(at), name)).chain([(None, "(idle)")]);
    for (task, name) in rows {
        let mut cells: Vec<_> = first.iter().map(|column| cell(column, task)).collect();
        if !last.is_empty() {
            cells.extend([' ', '┊', ' '].map(|gap| (gap, Style::Faint)));
            cells.extend(last.iter().map(|column| cell(column, task)));
        }
        let line = format!("{name:NAME$}{}", paint.cells(&cells));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let legend = "\n█ polled  ░ woken: in the queue  · waits  ✓ done  ✗ panicked  ⊘ cancelled\n\
                  · turns to ░: the task polled in that column woke it; after (idle), a timer\n";
    text.push_str(&paint.paint(Style::Faint, legend));
    text
}

fn columns(history: &History) -> Vec<Column> {
    let places: HashMap<Id, usize> =
        history.tasks.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
    let mut columns: Vec<Column> = Vec::new();
    let mut now = vec![State::Unborn; history.tasks.len()];
    for event in &history.events {
        let task = event.task.and_then(|id| places.get(&id).copied());
        if matches!(event.what, What::Polling | What::Parking) {
            columns.push(Column { task, ended: None, after: Vec::new() });
        }
        if let Some(task) = task {
            now[task] = after(now[task], event);
        }
        if let Some(column) = columns.last_mut() {
            if let What::Ended(how) = event.what
                && column.task == task
            {
                column.ended = Some(how);
            }
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

fn cell(column: &Column, row: Option<usize>) -> (char, Style) {
    if column.task == row {
        return match (row, column.ended) {
            (None, _) => ('█', Style::Good),
            (_, None) => ('█', Style::Busy),
            (_, Some(End::Completed)) => ('✓', Style::Good),
            (_, Some(End::Panicked)) => ('✗', Style::Bad),
            (_, Some(End::Cancelled)) => ('⊘', Style::Woken),
        };
    }
    match row.map(|row| column.after[row]) {
        Some(State::Queued) => ('░', Style::Woken),
        Some(State::Waiting) => ('·', Style::Faint),
        Some(State::Unborn | State::Gone) | None => (' ', Style::Plain),
    }
}
