//! Interleaved rounds, and the figure in the middle of what they give.

use crate::cell::{Column, Sample};
use crate::row::Row;

/// The samples of each column. Rounds are interleaved, and each one starts with another column.
pub(crate) fn interleave(
    row: Row,
    columns: &[Column],
    rounds: usize,
) -> Result<Vec<Vec<Sample>>, String> {
    let mut samples = vec![Vec::new(); columns.len()];
    for round in 0..rounds {
        for turn in 0..columns.len() {
            let index = (round + turn) % columns.len();
            samples[index].push(columns[index].measure_apart(row)?);
        }
    }
    Ok(samples)
}

pub(crate) fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// The upper one of the middle two, if they are two.
pub(crate) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let figures = sorted(figures);
    figures[figures.len() / 2]
}
