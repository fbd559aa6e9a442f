//! The curve: what an operation takes by the number of workers, a table for each runtime.

use crate::cell::{Column, Sample};
use crate::rounds::{interleave, median};
use crate::row::Row;
use crate::runtime::Flavor;

/// More than the machine has cores is part of it: a runtime shares them with others.
const WORKERS: [usize; 4] = [1, 2, 4, 8];

/// Measures each row on each runtime with each number of workers, all interleaved, and prints the tables.
pub(crate) fn curve(rows: &[Row], runtimes: &[Column], rounds: usize) -> Result<(), String> {
    if let Some(column) = runtimes.iter().find(|column| column.flavor != Flavor::CurrentThread) {
        let runtime = column.runtime();
        return Err(format!("`{column}`: a curve has its own numbers of workers; say `{runtime}`"));
    }
    let columns: Vec<_> = runtimes
        .iter()
        .flat_map(|runtime| WORKERS.map(|workers| runtime.with_workers(workers)))
        .collect();
    let mut lines = vec![Vec::new(); runtimes.len()];
    for (at, &row) in rows.iter().enumerate() {
        eprintln!("{row}, row {} of {}", at + 1, rows.len());
        let samples = interleave(row, &columns, rounds)?;
        for (lines, samples) in lines.iter_mut().zip(samples.chunks(WORKERS.len())) {
            lines.push(line(row, samples));
        }
    }
    for (runtime, lines) in runtimes.iter().zip(lines) {
        println!("{}", head(*runtime));
        lines.iter().for_each(|line| println!("{line}"));
        println!();
    }
    Ok(())
}

fn head(runtime: Column) -> String {
    let mut head = format!("row  {:<15}", "figure");
    for workers in WORKERS {
        let column = runtime.with_workers(workers);
        head.push_str(&format!("{:>34}", format!("{column}, cpu ns, switches")));
    }
    head
}

fn line(row: Row, samples: &[Vec<Sample>]) -> String {
    let figure = row.facts().figure;
    let mut line = format!("{row:<5}{:<15}", figure.to_string());
    for samples in samples {
        let middle = |of: fn(&Sample) -> f64| median(samples.iter().map(of));
        let figure = median(samples.iter().map(|sample| sample.figure(figure)));
        let (cpu, switches) = (middle(|sample| sample.cpu), middle(|sample| sample.switches));
        line.push_str(&format!("{figure:>14.1}{cpu:>13.1}{switches:>7.0}"));
    }
    line
}
