//! The picture of the whole run: a row a task, then a row a worker; a column is so many milliseconds.

use crate::history::{Doing, History};
use crate::paint::{NAME, Paint, Style, grouped};
use crate::share::{Share, level, millis, shares};
use crate::stage::{End, How};
use crate::workers;

/// Polls, wakes, milliseconds and the end, right of the picture.
const NUMBERS: usize = 36;

pub(crate) fn draw(history: &History, ends: &[End], paint: &Paint) -> String {
    let columns = paint.width() - NAME - NUMBERS;
    let took = history.end.duration_since(history.start);
    let step = took / u32::try_from(columns).unwrap_or(u32::MAX);
    let workers = history.workers.len();
    let note = format!("{workers} workers, one column is {:.1} ms", millis(step));
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
    let header = format!(
        "\n{:NAME$}{:columns$}  {:>7} {:>7} {:>8}  parks\n",
        "", "", "polls", "steals", "busy ms"
    );
    text.push_str(&paint.paint(Style::Faint, &header));
    for worker in &history.workers {
        text.push_str(&workers::lines(history, worker, columns, paint));
    }
    text.push_str(&paint.paint(Style::Faint, &legend(history)));
    text
}

fn legend(history: &History) -> String {
    let mut text = String::from(
        "\n▁▄█ share of the column in which it was polled  ░ only in the queue  · waits\n\
         of a worker: share in which it polled  z it mostly slept  ◆ it took tasks out of another's queue\n",
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

fn task_cells(shares: &[Share]) -> Vec<(char, Style)> {
    let cells = shares.iter().map(|share| match share {
        Share { polled, .. } if *polled > 0.0 => level(*polled, Style::Busy),
        Share { queued, waiting, .. } if queued + waiting <= 0.0 => (' ', Style::Plain),
        Share { queued, waiting, .. } if queued > waiting => ('░', Style::Woken),
        _ => ('·', Style::Faint),
    });
    cells.collect()
}
