//! The table: interleaved rounds, medians, and what is asked of `rt`.

use crate::cell::{Column, OURS, Sample};
use crate::row::{Figure, Row};

/// Measures all cells and prints the table. False if `rt` is behind a peer where it must not be.
pub(crate) fn compare(rows: &[Row], columns: &[Column], rounds: usize) -> Result<bool, String> {
    let mut all_met = true;
    println!(
        "row   runtime   median        min..max   cpu ns  switches  ratio to rt, required     goal"
    );
    for &row in rows {
        let facts = row.facts();
        println!("{row:<5} {}, {}", facts.what, facts.figure);
        let samples = interleave(row, columns, rounds)?;
        let ours =
            columns.iter().position(|column| column.name == OURS).map(|index| &samples[index][..]);
        for (column, samples) in columns.iter().zip(&samples) {
            let verdict = if column.name == OURS {
                against_goal(row, samples)
            } else if let Some(ours) = ours {
                let (text, met) = against_peer(row, column.name, samples, ours);
                all_met &= met;
                text
            } else {
                String::new()
            };
            println!("{}", line(row, column.name, samples, &verdict).trim_end());
        }
    }
    Ok(all_met)
}

/// The samples of each column. Rounds are interleaved, and each one starts with another column.
fn interleave(row: Row, columns: &[Column], rounds: usize) -> Result<Vec<Vec<Sample>>, String> {
    let mut samples = vec![Vec::new(); columns.len()];
    for round in 0..rounds {
        for turn in 0..columns.len() {
            let index = (round + turn) % columns.len();
            samples[index].push(columns[index].measure_apart(row)?);
        }
    }
    Ok(samples)
}

fn line(row: Row, name: &str, samples: &[Sample], verdict: &str) -> String {
    let figures = sorted(samples.iter().map(|sample| sample.figure(row.facts().figure)));
    let range = format!("{:.1}..{:.1}", figures[0], figures[figures.len() - 1]);
    let cpu = median(samples.iter().map(|sample| sample.cpu));
    let switches = median(samples.iter().map(|sample| sample.switches));
    let late = match lateness(samples) {
        [_, 0.0] => String::new(),
        [p50, p99] => format!("  late p50 {p50:.2} ms, p99 {p99:.2} ms"),
    };
    let middle = median(figures.into_iter());
    format!(
        "      {name:<7} {middle:>8.1} {range:>15} {cpu:>8.1} {switches:>9.0}  {verdict:<26}{late}"
    )
}

/// The median of the ratios peer ÷ ours, round by round: what was measured side by side is compared.
fn against_peer(row: Row, peer: &str, theirs: &[Sample], ours: &[Sample]) -> (String, bool) {
    let figure = row.facts().figure;
    let ratio = median(
        theirs.iter().zip(ours).map(|(theirs, ours)| theirs.figure(figure) / ours.figure(figure)),
    );
    let required = row.required(peer);
    let met = ratio >= required;
    let word = if met { "ok" } else { "FAIL" };
    (format!("{ratio:>8.2} >= {required:.2} {word}"), met)
}

fn against_goal(row: Row, ours: &[Sample]) -> String {
    let facts = row.facts();
    let Some(goal) = facts.goal else {
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

fn lateness(samples: &[Sample]) -> [f64; 2] {
    [0, 1].map(|index| median(samples.iter().map(|sample| sample.lateness[index])))
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// The upper one of the middle two, if they are two.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let figures = sorted(figures);
    figures[figures.len() / 2]
}
