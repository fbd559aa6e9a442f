//! Which part of a column of the picture something lasted.

use std::time::{Duration, Instant};

use crate::history::{Doing, History, Row};
use crate::paint::Style;

/// From hardly ever to all the time.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Which part of a column it was at what.
#[derive(Clone, Copy, Default)]
pub(crate) struct Share {
    pub(crate) queued: f64,
    pub(crate) polled: f64,
    pub(crate) waiting: f64,
}

pub(crate) fn shares(history: &History, row: &Row, columns: usize) -> Vec<Share> {
    let scale = scale(history, columns);
    let place = |at: Instant| at.duration_since(history.start).as_secs_f64() * scale;
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

/// Columns a second.
pub(crate) fn scale(history: &History, columns: usize) -> f64 {
    let took = history.end.duration_since(history.start).as_secs_f64();
    columns as f64 / took.max(f64::MIN_POSITIVE)
}

pub(crate) fn level(share: f64, style: Style) -> (char, Style) {
    if share <= 0.0 {
        return (' ', Style::Plain);
    }
    // A share may be a little more than 1, by rounding.
    let at = ((share * LEVELS.len() as f64) as usize).min(LEVELS.len() - 1);
    (LEVELS[at], style)
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
