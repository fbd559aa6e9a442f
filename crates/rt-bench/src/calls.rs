//! System calls per operation, under strace: as with instructions, the difference of two runs.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::process::{self, Command};

use crate::cell::Column;
use crate::row::Row;

/// What `rt` may do in the steady state of a row, if something is said of it.
pub(crate) fn allowed(row: Row) -> Option<&'static [&'static str]> {
    match row {
        Row::N1 | Row::N1one => Some(&["epoll_wait", "recvfrom", "sendto"]),
        Row::S1in | Row::T2 => Some(&[]),
        _ => None,
    }
}

/// Fewer in an operation are not its own: memory that grows, a thread that is preempted.
const SELDOM: f64 = 0.01;

/// Prints the calls of each row and runtime, the failed ones in parentheses. Whether `rt` does only what it
/// may.
pub(crate) fn calls(rows: &[Row], columns: &[Column]) -> Result<bool, String> {
    if matches!(Command::new("strace").arg("-V").output(), Err(error) if error.kind() == ErrorKind::NotFound)
    {
        println!("skipped: this needs strace, which is not installed here");
        return Ok(true);
    }
    let mut is_kept = true;
    for &row in rows {
        println!("{row:<5} {}: system calls an operation", row.facts().what);
        for &column in columns {
            let calls = per_operation(row, column)?;
            let text: Vec<_> =
                calls.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let verdict = match allowed(row) {
                Some(allowed) if column.is_ours() => {
                    let is_so = calls.keys().all(|name| allowed.contains(&name.as_str()));
                    is_kept &= is_so;
                    if is_so { "  ok" } else { "  NOT ALLOWED" }
                }
                _ => "",
            };
            println!("      {column:<7} {}{verdict}", text.join(", "));
        }
    }
    Ok(is_kept)
}

fn per_operation(row: Row, column: Column) -> Result<BTreeMap<String, String>, String> {
    let repeats = row.facts().repeats[0];
    let once = under_strace(row, column, repeats)?;
    let twice = under_strace(row, column, repeats * 2)?;
    let operations = (repeats * row.facts().operations) as f64;
    let mut calls = BTreeMap::new();
    for (name, &[all, failed]) in &twice {
        let before = once.get(name).copied().unwrap_or_default();
        let [all, failed] = [(all, before[0]), (failed, before[1])]
            .map(|(now, before)| now.saturating_sub(before) as f64 / operations);
        if all >= SELDOM {
            let failed = if failed >= SELDOM { format!(" ({failed:.2})") } else { String::new() };
            calls.insert(name.clone(), format!("{all:.2}{failed}"));
        }
    }
    Ok(calls)
}

/// How often each call was made, and how often it failed.
fn under_strace(
    row: Row,
    column: Column,
    repeats: u64,
) -> Result<BTreeMap<String, [u64; 2]>, String> {
    let this = env::current_exe().map_err(|error| format!("where is this binary? {error}"))?;
    let table = env::temp_dir().join(format!("rt-bench-{}.strace", process::id()));
    let run = Command::new("strace")
        .args(["-f", "-c", "-o"])
        .arg(&table)
        .arg(this)
        .args(["cell", &column.to_string(), &row.to_string(), &repeats.to_string()])
        .output();
    let run = run.map_err(|error| format!("can not start strace: {error}"))?;
    if !run.status.success() {
        return Err(format!("{row} on {column} failed: {}", String::from_utf8_lossy(&run.stderr)));
    }
    let text = fs::read_to_string(&table);
    let text = text.map_err(|error| format!("can not read {}: {error}", table.display()))?;
    let _removed = fs::remove_file(&table);
    Ok(text.lines().filter_map(line).collect())
}

/// `% time, seconds, usecs/call, calls, errors, name`, where errors may be missing.
fn line(line: &str) -> Option<(String, [u64; 2])> {
    let words: Vec<_> = line.split_whitespace().collect();
    let (name, calls) = (*words.last()?, words.get(3)?.parse().ok()?);
    let failed = if words.len() == 6 { words[4].parse().ok()? } else { 0 };
    (name != "total").then(|| (name.to_owned(), [calls, failed]))
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn a_line_of_strace_is_read_with_and_without_errors() {
        let with = line(" 47.10    0.250897          12     20001     10001 recvfrom");
        assert_eq!(with, Some(("recvfrom".to_owned(), [20001, 10001])));
        let without = line(" 28.78    0.153281          15     10000           sendto");
        assert_eq!(without, Some(("sendto".to_owned(), [10000, 0])));
        assert_eq!(line("% time     seconds  usecs/call     calls    errors syscall"), None);
        assert_eq!(line("100.00    0.5    12     40000     10001 total"), None);
    }
}
