//! Every cell runs to its end: the workloads check their own results, the cells say seven numbers.

use std::process::{Command, Output};

const ROWS: [&str; 24] = [
    "S1", "S1in", "S2", "S2in", "S3", "S4", "S5", "S6", "S6b", "S7", "S7s", "S8", "S8f", "S8j",
    "T1", "T2", "T2p", "T2b", "T3", "T3y", "S9", "W1", "W2", "W3",
];

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
fn every_row_ends_on_tokio_with_two_workers() {
    every_row_ends_on("tokio2");
}

#[test]
fn every_row_ends_on_smol_with_two_workers() {
    every_row_ends_on("smol2");
}

#[test]
fn every_row_ends_on_rt_with_two_workers() {
    every_row_ends_on("rt2");
}

#[test]
fn any_number_of_workers_is_a_column() {
    for runtime in ["tokio1", "smol1", "rt1", "tokio3", "smol3", "rt3"] {
        for row in ["S2in", "S7", "S8j", "T2p"] {
            let cell = bench(&["cell", runtime, row, "1"]);
            let message = String::from_utf8_lossy(&cell.stderr);
            assert!(cell.status.success(), "{row} on {runtime}: {message}");
        }
    }
}

#[test]
fn a_curve_has_a_table_for_each_runtime() {
    let curve = bench(&["curve", "S5", "S7s", "--rounds", "1", "--runtimes", "smol,rt"]);
    let text = String::from_utf8_lossy(&curve.stdout);
    assert!(curve.status.success(), "{text}");
    let heads: Vec<_> = text.lines().filter(|line| line.starts_with("row")).collect();
    assert_eq!(heads.len(), 2, "{text}");
    for (head, runtime) in heads.iter().zip(["smol", "rt"]) {
        for workers in [1, 2, 4, 8] {
            assert!(head.contains(&format!(" {runtime}{workers},")), "{text}");
        }
    }
    for row in ["S5 ", "S7s "] {
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with(row)).collect();
        assert_eq!(lines.len(), 2, "{row} of two runtimes:\n{text}");
        for line in lines {
            let words = line.split_whitespace().rev().take(12);
            let numbers: Vec<f64> = words.map(|word| word.parse().unwrap()).collect();
            // From the last: switches, CPU, figure.
            let figures: Vec<_> = numbers.iter().skip(2).step_by(3).collect();
            assert_eq!(figures.len(), 4, "{text}");
            assert!(figures.iter().all(|&&figure| figure > 0.0), "all take time:\n{text}");
        }
    }
}

#[test]
fn a_tie_is_asked_for_where_one_is_expected() {
    let table = bench(&["S8j", "--workers", "2", "--rounds", "1", "--runtimes", "smol2,rt2"]);
    let text = String::from_utf8_lossy(&table.stdout);
    let peer = text.lines().find(|line| line.trim_start().starts_with("smol2")).expect("a line");
    assert!(peer.contains(">= 0.95 ok") || peer.contains(">= 0.95 behind"), "{text}");
    // What is asked for decides on the exit code, and nothing else does.
    let expected = if peer.contains("behind") { 1 } else { 0 };
    assert_eq!(table.status.code(), Some(expected), "{text}");
}

#[test]
fn smol_is_also_measured_with_its_static_executor_where_that_is_not_its_column() {
    let table = bench(&["S9", "--rounds", "1", "--runtimes", "smol-static2,smol2"]);
    let text = String::from_utf8_lossy(&table.stdout);
    let bytes = |runtime: &str| -> f64 {
        let mut lines = text.lines().map(str::split_whitespace);
        let mut line = lines.find(|line| line.clone().next() == Some(runtime)).expect("a line");
        line.nth(1).expect("a figure").parse().expect("a number")
    };
    assert!(bytes("smol-static2") < bytes("smol2"), "a list of the tasks occupies memory:\n{text}");
}

#[test]
fn a_cell_answers_with_seven_numbers() {
    let cell = bench(&["cell", "smol", "S5"]);
    let line = String::from_utf8_lossy(&cell.stdout);
    let numbers: Vec<f64> = line.split_whitespace().map(|word| word.parse().unwrap()).collect();
    assert_eq!(numbers.len(), 7, "{line}");
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
fn two_workers_are_a_table_of_their_own() {
    let table = bench(&["W1", "--workers", "2", "--rounds", "1"]);
    let text = String::from_utf8_lossy(&table.stdout);
    // Whether a bound of time holds is not this test's affair: 1 says that it does not.
    assert!(matches!(table.status.code(), Some(0 | 1)), "{text}");
    let names: Vec<_> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["row", "W1", "tokio2", "smol2", "rt2"], "{text}");
    let ratios = text.lines().filter(|line| line.contains(">= 1.00")).count();
    assert_eq!(ratios, 2, "both peers are compared with rt2:\n{text}");
    let ours = text.lines().find(|line| line.trim_start().starts_with("rt2"));
    assert!(ours.is_some_and(|line| line.contains("<= 100000")), "two workers' goal:\n{text}");
}

#[test]
fn what_computes_is_compared_with_plain_loops() {
    let table = bench(&["S8f", "--runtimes", "rt2", "--rounds", "1"]);
    let text = String::from_utf8_lossy(&table.stdout);
    let ours = text.lines().find(|line| line.trim_start().starts_with("rt2")).expect("a line");
    let (_, efficiency) = ours.rsplit_once("efficiency ").expect("an efficiency");
    assert!(efficiency.trim().parse::<f64>().unwrap() > 0.0, "{text}");
}

#[test]
fn what_is_unknown_is_named() {
    for arguments in [
        &["S99"][..],
        &["--runtimes", "nobody"],
        &["--rounds", "0"],
        &["--workers", "0"],
        &["--runtimes", "rt0"],
        &["curve", "--workers", "2"],
        &["count", "S1"],
    ] {
        let refused = bench(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?} is refused");
        let message = String::from_utf8_lossy(&refused.stderr);
        assert!(message.contains("usage: rt-bench"), "{message}");
    }
}
