//! Every cell runs to its end: the workloads check their own results, the cells say six numbers.

use std::process::{Command, Output};

const ROWS: [&str; 13] =
    ["S1", "S1in", "S2", "S2in", "S3", "S4", "S5", "T1", "T2", "T2b", "T3", "T3y", "S9"];

fn bench(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rt-bench")).args(arguments).output().expect("the binary runs")
}

fn every_row_ends_on(runtime: &str) {
    for row in ROWS {
        let cell = bench(&["cell", runtime, row, "1"]);
        let message = String::from_utf8_lossy(&cell.stderr);
        assert!(cell.status.success(), "{row} on {runtime}: {message}");
    }
}

#[test]
fn every_row_ends_on_tokio() {
    every_row_ends_on("tokio");
}

#[test]
fn every_row_ends_on_smol() {
    every_row_ends_on("smol");
}

#[test]
fn every_row_ends_on_rt() {
    every_row_ends_on("rt");
}

#[test]
fn a_cell_answers_with_six_numbers() {
    let cell = bench(&["cell", "smol", "S5"]);
    let line = String::from_utf8_lossy(&cell.stdout);
    let numbers: Vec<f64> = line.split_whitespace().map(|word| word.parse().unwrap()).collect();
    assert_eq!(numbers.len(), 6, "{line}");
    assert!(numbers[0] > 0.0, "a link of the chain takes time: {line}");
}

#[test]
fn a_round_prints_a_line_for_each_runtime() {
    let table = bench(&["S5", "S9", "--rounds", "1", "--runtimes", "smol,tokio"]);
    let text = String::from_utf8_lossy(&table.stdout);
    assert!(table.status.success(), "{text}");
    for name in ["smol", "tokio"] {
        let lines = text.lines().filter(|line| line.trim_start().starts_with(name)).count();
        assert_eq!(lines, 2, "two rows on {name}:\n{text}");
    }
}

#[test]
fn what_is_unknown_is_named() {
    for arguments in [&["S99"][..], &["--runtimes", "nobody"], &["--rounds", "0"], &["count", "S1"]]
    {
        let refused = bench(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?} is refused");
        let message = String::from_utf8_lossy(&refused.stderr);
        assert!(message.contains("usage: rt-bench"), "{message}");
    }
}
