//! The tasks that are alive, in the order that was asked for.

use std::cmp::{Ordering, Reverse};
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::widgets::{Cell, Row, Table};
use rt::runtime::TaskInfo;

use super::keys::{Controls, Order};
use super::look::Sample;
use super::text::{class, count, head, heat, left, percent, place, right, time};

/// From here on, there is room for where a task was spawned.
const WIDE: u16 = 96;
const SPAWNED_AT: usize = 3;

/// A title, what it is the order of, and how wide the column is; zero is what is left.
const COLUMNS: [(&str, Option<Order>, u16); 10] = [
    ("id", Some(Order::Number), 6),
    ("ALIVE TASKS", Some(Order::Name), 0),
    ("class", None, 6),
    ("spawned at", None, 16),
    ("state", None, 7),
    ("now", Some(Order::Now), 5),
    ("busy", Some(Order::Busy), 6),
    ("polls", Some(Order::Polls), 7),
    ("age", Some(Order::Age), 6),
    ("last poll", Some(Order::LastPoll), 10),
];

pub(crate) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    sample: &Sample<'_>,
    controls: &mut Controls,
) {
    let is_wide = area.width >= WIDE;
    let is_shown = |column: usize| is_wide || column != SPAWNED_AT;
    let tasks = sorted(sample, controls.order);
    let page = usize::from(area.height.saturating_sub(1));
    let first = controls.scroll(tasks.len(), page);
    let rows = tasks.iter().skip(first).take(page).map(|(busy, task)| {
        let cells = cells(task, sample.share(*busy));
        Row::new(
            cells.into_iter().enumerate().filter(|(at, _)| is_shown(*at)).map(|(_, cell)| cell),
        )
    });
    let columns = COLUMNS.iter().enumerate().filter(|(at, _)| is_shown(*at));
    let (titles, widths): (Vec<_>, Vec<_>) =
        columns.map(|(at, column)| (title(at, column, controls.order), width(column.2))).unzip();
    let table = Table::new(rows, widths).header(Row::new(titles).style(head()));
    frame.render_widget(table, area);
}

fn width(width: u16) -> Constraint {
    if width == 0 { Constraint::Fill(1) } else { Constraint::Length(width) }
}

/// With an arrow where it is what tasks are sorted by.
fn title(at: usize, column: &(&str, Option<Order>, u16), order: Order) -> Cell<'static> {
    let arrow = match column.1 {
        Some(own) if own == order && matches!(order, Order::Name | Order::Number) => "▲",
        Some(own) if own == order => "▼",
        _ => "",
    };
    let text = format!("{}{arrow}", column.0);
    if (1..=4).contains(&at) { left(text) } else { right(text) }
}

/// The tasks, and how long each was polled lately.
fn sorted<'a>(sample: &'a Sample<'_>, order: Order) -> Vec<(Duration, &'a TaskInfo)> {
    let tasks = &sample.now.tasks;
    let mut tasks: Vec<_> = tasks.iter().map(|task| (sample.busy_lately(task), task)).collect();
    // Stable: what is equal stays in the order of the numbers, and does not dance.
    tasks.sort_by(|one, other| compare(order, one, other));
    tasks
}

fn compare(order: Order, one: &(Duration, &TaskInfo), other: &(Duration, &TaskInfo)) -> Ordering {
    let key = |(busy, task): &(Duration, &TaskInfo)| match order {
        Order::Now => busy.as_nanos(),
        Order::Busy => task.busy.unwrap_or_default().as_nanos(),
        Order::Polls => task.polls.unwrap_or(0).into(),
        Order::Age => task.age.unwrap_or_default().as_nanos(),
        Order::LastPoll => task.since_last_poll.unwrap_or_default().as_nanos(),
        Order::Name | Order::Number => 0,
    };
    match order {
        Order::Name => one.1.name.cmp(&other.1.name),
        _ => Reverse(key(one)).cmp(&Reverse(key(other))),
    }
}

fn cells(task: &TaskInfo, share: f64) -> [Cell<'static>; 10] {
    let known = |time_known: Option<Duration>| right(time_known.map_or("-".to_owned(), time));
    let state = if task.is_aborted { "aborted".to_owned() } else { task.phase.to_string() };
    [
        right(task.id.to_string()),
        left(task.name.as_deref().unwrap_or("-")),
        left(class(task.class)),
        left(place(task.place, usize::from(COLUMNS[SPAWNED_AT].2))),
        left(state),
        right(percent(share)).style(heat(share)),
        known(task.busy),
        right(task.polls.map_or("-".to_owned(), count)),
        known(task.age),
        known(task.since_last_poll),
    ]
}
