//! The table: interleaved rounds, medians, and what is asked of `rt`.

use std::time::Duration;

use crate::cell::{Column, Sample};
use crate::rounds::{interleave, median, sorted};
use crate::row::{Figure, Row};
use crate::runtime::Flavor;

/// Measures all cells and prints the table. False if `rt` is behind a peer where it must not be.
pub(crate) fn compare(rows: &[Row], columns: &[Column], rounds: usize) -> Result<bool, String> {
    let mut all_met = true;
    println!(
        "{:<18} {:>11} {:>24} {:>11} {:>9}  ratio to rt, required     goal",
        "row   runtime", "median", "min..max", "cpu ns", "switches"
    );
    for &row in rows {
        let facts = row.facts();
        println!("{row:<5} {}, {}", facts.what, facts.figure);
        let samples = interleave(row, columns, rounds)?;
        for (&column, theirs) in columns.iter().zip(&samples) {
            let verdict = if column.is_ours() {
                against_goal(row, column.flavor, theirs)
            } else if let Some(ours) = ours_beside(column, columns) {
                let (text, met) = against_peer(row, column, theirs, &samples[ours]);
                all_met &= met;
                text
            } else {
                String::new()
            };
            println!("{}", line(row, column, theirs, &verdict).trim_end());
        }
    }
    Ok(all_met)
}

/// Our column of the same flavor.
fn ours_beside(peer: Column, columns: &[Column]) -> Option<usize> {
    columns.iter().position(|column| column.is_ours() && column.flavor == peer.flavor)
}

fn line(row: Row, column: Column, samples: &[Sample], verdict: &str) -> String {
    let figures = sorted(samples.iter().map(|sample| sample.figure(row.facts().figure)));
    let range = format!("{:.1}..{:.1}", figures[0], figures[figures.len() - 1]);
    let cpu = median(samples.iter().map(|sample| sample.cpu));
    let switches = median(samples.iter().map(|sample| sample.switches));
    let late = match (lateness(samples), efficiency(samples)) {
        (_, efficiency) if efficiency > 0.0 => format!("  efficiency {efficiency:.2}"),
        ([_, 0.0], _) => String::new(),
        ([p50, p99], _) => format!("  late p50 {:.1?}, p99 {:.1?}", time(p50), time(p99)),
    };
    let middle = median(figures.into_iter());
    format!(
        "      {column:<12} {middle:>11.1} {range:>24} {cpu:>11.1} {switches:>9.0}  {verdict:<26}{late}"
    )
}

/// The median of the ratios peer ÷ ours, round by round: what was measured side by side is compared.
fn against_peer(row: Row, peer: Column, theirs: &[Sample], ours: &[Sample]) -> (String, bool) {
    let figure = row.facts().figure;
    let ratio = median(
        theirs.iter().zip(ours).map(|(theirs, ours)| theirs.figure(figure) / ours.figure(figure)),
    );
    let required = row.required(peer.runtime(), peer.flavor);
    let met = ratio >= required;
    let word = if met { "ok" } else { "behind" };
    (format!("{ratio:>8.2} >= {required:.2} {word}"), met)
}

fn against_goal(row: Row, flavor: Flavor, ours: &[Sample]) -> String {
    let facts = row.facts();
    if let Some(goal) = row.efficiency_goal(flavor) {
        let word = if efficiency(ours) >= goal { "met" } else { "goal missed" };
        return format!("{:>26} efficiency >= {goal} {word}", "");
    }
    let Some(goal) = row.goal(flavor) else {
        return String::new();
    };
    let mut met = median(ours.iter().map(|sample| sample.figure(facts.figure))) <= goal;
    let mut text = format!("{:>26} <= {goal}", "");
    if facts.figure == Figure::Cpu {
        let [_, p99] = lateness(ours);
        met &= p99 <= Row::LATENESS_GOAL.as_secs_f64() * 1e3;
        text.push_str(&format!(", p99 <= {:?}", Row::LATENESS_GOAL));
    }
    // What is wished for is no failure.
    let word = if met { "met" } else { "goal missed" };
    format!("{text} {word}")
}

/// What plain loops take of the time; zero where there are none.
fn efficiency(samples: &[Sample]) -> f64 {
    median(samples.iter().map(|sample| sample.plain / sample.wall))
}

fn lateness(samples: &[Sample]) -> [f64; 2] {
    [0, 1].map(|index| median(samples.iter().map(|sample| sample.lateness[index])))
}

fn time(milliseconds: f64) -> Duration {
    Duration::from_secs_f64(milliseconds / 1e3)
}
