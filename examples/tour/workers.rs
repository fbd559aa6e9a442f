//! The rows of the workers, below those of the tasks.

use crate::history::{Doing, History, Row};
use crate::paint::{NAME, Paint, Style, grouped};
use crate::share::{Share, level, millis, scale, shares};

/// How busy it was, or that it slept; and below, where it stole.
pub(crate) fn lines(history: &History, worker: &Row, columns: usize, paint: &Paint) -> String {
    let shares = shares(history, worker, columns);
    let cells: Vec<_> = shares
        .iter()
        .map(|share| match share {
            Share { polled, waiting, .. } if polled >= waiting => level(*polled, Style::Good),
            _ => ('z', Style::Faint),
        })
        .collect();
    let mut thefts = vec![(' ', Style::Plain); columns];
    let scale = scale(history, columns);
    for theft in &worker.thefts {
        let column = theft.duration_since(history.start).as_secs_f64() * scale;
        thefts[(column as usize).min(columns - 1)] = ('◆', Style::Woken);
    }
    let numbers = format!(
        "{:>7} {:>7} {:>8.1}  {:>5}",
        grouped(worker.polls),
        grouped(worker.thefts.len() as u64),
        millis(worker.total(Doing::Polled)),
        grouped(worker.parks)
    );
    let (cells, thefts) = (paint.cells(&cells), paint.cells(&thefts));
    let steals = format!("{:NAME$}{thefts}", " steals");
    format!("{:NAME$}{cells}  {numbers}\n{}\n", worker.name, steals.trim_end())
}
