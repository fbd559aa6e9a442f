//! Counts that noise can not touch: instructions and allocations per operation, under valgrind.
//!
//! A cell is run with N and with 2N repeats, and the difference is divided by the operations between: what
//! start and end cost cancels out. Only the busiest thread's instructions count, for the smol stack starts a
//! helper that has no part in a row.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{self, Command};

use crate::baseline::Baseline;
use crate::cell::Column;
use crate::row::{Counted, Row};
use crate::runtime::Flavor;

/// Prints the counts beside goal and baseline, and returns those of `rt`.
pub(crate) fn count(
    rows: &[Row],
    columns: &[Column],
    baseline: &Baseline,
) -> Result<Vec<(Row, f64)>, String> {
    let mut ours = Vec::new();
    if matches!(Command::new("valgrind").arg("--version").output(), Err(error) if error.kind() == ErrorKind::NotFound)
    {
        println!("skipped: counts need valgrind, which is not installed here");
        return Ok(ours);
    }
    println!("row   runtime  per operation  goal and baseline of rt");
    for &row in rows {
        let Some((counted, goal)) = row.facts().count else {
            return Err(format!("{row} has no goal for a count"));
        };
        println!("{row:<5} {counted:?}: {}", row.facts().what);
        for column in columns {
            let count = per_operation(row, *column, counted)?;
            let mut verdict = String::new();
            if column.is_ours() && column.flavor == Flavor::CurrentThread {
                let met =
                    if (count * 100.0).round() <= goal * 100.0 { "met" } else { "goal missed" };
                verdict = format!("<= {goal} {met}; {}", baseline.judge(row, count));
                ours.push((row, count));
            }
            println!("{}", format!("      {column:<7} {count:>14.2}  {verdict}").trim_end());
        }
    }
    Ok(ours)
}

fn per_operation(row: Row, column: Column, counted: Counted) -> Result<f64, String> {
    let facts = row.facts();
    let count = |repeats: u64| {
        let arguments = ["cell", &column.to_string(), &row.to_string(), &repeats.to_string()];
        under_valgrind(&arguments.map(str::to_owned), counted)
    };
    let (once, twice) = (count(facts.counted_repeats)?, count(facts.counted_repeats * 2)?);
    Ok((twice - once) / (facts.counted_repeats * facts.operations) as f64)
}

/// What this binary does with such arguments: the instructions of its busiest thread.
pub(crate) fn instructions_of(arguments: &[String]) -> Result<f64, String> {
    under_valgrind(arguments, Counted::Instructions)
}

fn under_valgrind(arguments: &[String], counted: Counted) -> Result<f64, String> {
    let this = env::current_exe().map_err(|error| format!("where is this binary? {error}"))?;
    let folder = env::temp_dir().join(format!("rt-bench-{}", process::id()));
    fs::create_dir_all(&folder)
        .map_err(|error| format!("can not make {}: {error}", folder.display()))?;
    let mut valgrind = Command::new("valgrind");
    match counted {
        Counted::Instructions => {
            let out = format!("--callgrind-out-file={}", folder.join("callgrind").display());
            valgrind.args(["--tool=callgrind", "--separate-threads=yes", &out])
        }
        Counted::Allocations => {
            valgrind.args(["--tool=memcheck", "--leak-check=no", "--undef-value-errors=no"])
        }
    };
    let run = valgrind.arg(this).args(arguments).output();
    let run = run.map_err(|error| format!("can not start valgrind: {error}"))?;
    let message = String::from_utf8_lossy(&run.stderr);
    let total = match counted {
        _ if !run.status.success() => None,
        Counted::Instructions => busiest_thread(&folder),
        Counted::Allocations => allocations(&message),
    };
    // What is left in the folder of temporary files is no reason to fail.
    drop(fs::remove_dir_all(&folder));
    let what = arguments.join(" ");
    total.ok_or_else(|| format!("`{what}` under valgrind, {}: {message}", run.status))
}

/// The largest total of callgrind's files, which are one a thread.
fn busiest_thread(folder: &Path) -> Option<f64> {
    let files = fs::read_dir(folder).ok()?.flatten();
    files
        .filter_map(|file| instructions(&fs::read_to_string(file.path()).ok()?))
        .max_by(f64::total_cmp)
}

/// From the line `totals: 123456` of callgrind's file.
fn instructions(text: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix("totals:")?.trim().parse().ok())
}

/// From the line `total heap usage: 1,234 allocs, …` of memcheck's message.
fn allocations(message: &str) -> Option<f64> {
    let (_, usage) = message.split_once("total heap usage: ")?;
    let (allocations, _) = usage.split_once(" allocs")?;
    allocations.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_found_in_what_the_tools_write() {
        assert_eq!(instructions("version: 1\nsummary: 7\n\ntotals: 123456\n"), Some(123_456.0));
        assert_eq!(
            allocations("==1==   total heap usage: 1,234 allocs, 9 frees, 8 bytes allocated"),
            Some(1234.0)
        );
    }

    #[test]
    fn what_the_tools_did_not_write_is_no_count() {
        assert_eq!(instructions("version: 1\n"), None);
        assert_eq!(allocations("==1== Command: true"), None);
    }
}
