//! The picture of the whole run: a row a task, a column so many milliseconds.

use std::time::Duration;

use crate::history::{Doing, History, Row};
use crate::paint::{Paint, Style, grouped};
use crate::stage::{End, How};

const NAME: usize = 9;
/// Polls, wakes, milliseconds and the end, right of the picture.
const NUMBERS: usize = 36;
/// From hardly ever to all the time.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(crate) fn draw(history: &History, ends: &[End], paint: &Paint) -> String {
    let columns = paint.width() - NAME - NUMBERS;
    let took = history.end.duration_since(history.start);
    let step = took / u32::try_from(columns).unwrap_or(u32::MAX);
    let note = format!("one thread, one column is {:.1} ms", millis(step));
    let mut text = paint.heading("What the runtime did", &note);
    let header = format!(
        "{:NAME$}{:columns$}  {:>7} {:>7} {:>8}  {}\n",
        "", "", "polls", "wakes", "busy ms", "end"
    );
    text.push_str(&paint.paint(Style::Faint, &header));

    for end in ends {
        let Some((_, row)) = history.tasks.iter().find(|(id, _)| *id == end.id) else { continue };
        let numbers = format!(
            "{:>7} {:>7} {:>8.1}",
            grouped(row.polls),
            grouped(row.wakes),
            millis(row.total(Doing::Polled))
        );
        let cells = task_cells(&shares(history, row, columns));
        let (how, style) = ending(&end.how);
        text.push_str(&format!(
            "{:NAME$}{}  {numbers}  {}\n",
            row.name,
            paint.cells(&cells),
            paint.paint(style, how)
        ));
    }
    text.push_str(&thread_line(history, columns, paint));
    text.push_str(&paint.paint(Style::Faint, &legend(history)));
    text
}

fn thread_line(history: &History, columns: usize, paint: &Paint) -> String {
    let row = &history.thread;
    let shares = shares(history, row, columns);
    let cells: Vec<_> = shares.iter().map(|share| level(share.waiting, Style::Good)).collect();
    let numbers =
        format!("{:>7} {:>7} {:>8.1}", grouped(row.polls), "", millis(row.total(Doing::Waiting)));
    let cells = paint.cells(&cells);
    format!("{:NAME$}{cells}  {numbers}  {}\n", "(idle)", paint.paint(Style::Good, "parks"))
}

fn legend(history: &History) -> String {
    let mut text = String::from(
        "\n▁▄█ share of the column in which it was polled  ░ only in the queue  · waits\n\
         (idle): nobody had anything to do, and the thread slept\n",
    );
    if history.dropped > 0 {
        let dropped = grouped(history.dropped);
        text.push_str(&format!("{dropped} events before these were dropped: it keeps the last\n"));
    }
    text
}

fn ending(how: &How) -> (&'static str, Style) {
    match how {
        How::Done => ("done", Style::Good),
        How::TooLate => ("too late", Style::Bad),
        How::Aborted => ("aborted", Style::Woken),
        How::Panicked(_) => ("panicked", Style::Bad),
    }
}

/// Which part of a column it was at what.
#[derive(Clone, Copy, Default)]
struct Share {
    queued: f64,
    polled: f64,
    waiting: f64,
}

fn shares(history: &History, row: &Row, columns: usize) -> Vec<Share> {
    let took = history.end.duration_since(history.start).as_secs_f64().max(f64::MIN_POSITIVE);
    let scale = columns as f64 / took;
    let place = |at: std::time::Instant| at.duration_since(history.start).as_secs_f64() * scale;
    let mut shares = vec![Share::default(); columns];
    for span in &row.spans {
        let (from, to) = (place(span.from), place(span.to));
        // Both are between 0 and `columns`.
        let (first, last) = (from as usize, (to.ceil() as usize).min(columns));
        for (column, share) in shares.iter_mut().enumerate().take(last).skip(first) {
            let part = to.min(column as f64 + 1.0) - from.max(column as f64);
            match span.doing {
                Doing::Queued => share.queued += part,
                Doing::Polled => share.polled += part,
                Doing::Waiting => share.waiting += part,
            }
        }
    }
    shares
}

fn task_cells(shares: &[Share]) -> Vec<(char, Style)> {
    let cells = shares.iter().map(|share| match share {
        Share { polled, .. } if *polled > 0.0 => level(*polled, Style::Busy),
        Share { queued, waiting, .. } if queued + waiting <= 0.0 => (' ', Style::Plain),
        Share { queued, waiting, .. } if queued > waiting => ('░', Style::Woken),
        _ => ('·', Style::Faint),
    });
    cells.collect()
}

fn level(share: f64, style: Style) -> (char, Style) {
    if share <= 0.0 {
        return (' ', Style::Plain);
    }
    // A share may be a little more than 1, by rounding.
    let at = ((share * LEVELS.len() as f64) as usize).min(LEVELS.len() - 1);
    (LEVELS[at], style)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
