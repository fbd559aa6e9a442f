//! The counts that a change may not raise by more than three percent, and the compiler they hold for.

use std::fmt;
use std::fs;

use crate::row::Row;

/// The compiler of this binary.
const RUSTC: &str = env!("RUSTC_VERSION");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.txt");
/// What is more than this times the baseline fails.
const TOLERANCE: f64 = 1.03;

/// The file `baseline.txt`: a line that names a compiler, then `ROW COUNT` lines; `#` starts a comment.
pub(crate) struct Baseline {
    rustc: String,
    counts: Vec<(Row, f64)>,
}

/// What a baseline says about a count.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Measured with another compiler: no verdict.
    OtherRustc,
    /// The baseline has no such row.
    Unknown,
    Holds,
    /// By this factor.
    Exceeded(f64),
}

impl Baseline {
    pub(crate) fn load() -> Result<Self, String> {
        let text =
            fs::read_to_string(PATH).map_err(|error| format!("can not read {PATH}: {error}"))?;
        Self::parse(&text).map_err(|error| format!("{PATH}: {error}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rustc = lines.next().ok_or("no line that names the compiler")?.to_owned();
        let counts = lines.map(|line| {
            let (row, count) =
                line.split_once(' ').ok_or_else(|| format!("`{line}` is not `ROW COUNT`"))?;
            let count = count.trim().parse().map_err(|error| format!("`{line}`: {error}"))?;
            Ok((row.parse()?, count))
        });
        Ok(Self { rustc, counts: counts.collect::<Result<_, String>>()? })
    }

    /// Takes in the counts of this compiler; those of another one go.
    pub(crate) fn update(mut self, counts: &[(Row, f64)]) -> Self {
        if self.rustc != RUSTC {
            self = Self { rustc: RUSTC.to_owned(), counts: Vec::new() };
        }
        self.counts.retain(|(known, _)| counts.iter().all(|(row, _)| row != known));
        self.counts.extend(counts);
        self
    }

    pub(crate) fn save(&self) -> Result<(), String> {
        let lines: String =
            self.counts.iter().map(|(row, count)| format!("{row} {count:.2}\n")).collect();
        let text = format!(
            "# What rt may cost per operation, written by `count --save`.\n{}\n{lines}",
            self.rustc
        );
        fs::write(PATH, text).map_err(|error| format!("can not write {PATH}: {error}"))
    }

    /// False if one of the counts is above its baseline.
    pub(crate) fn holds(&self, counts: &[(Row, f64)]) -> bool {
        !counts.iter().any(|&(row, count)| matches!(self.judge(row, count), Verdict::Exceeded(_)))
    }

    pub(crate) fn judge(&self, row: Row, count: f64) -> Verdict {
        if self.rustc != RUSTC {
            return Verdict::OtherRustc;
        }
        match self.counts.iter().find(|&&(known, _)| known == row) {
            None => Verdict::Unknown,
            Some(&(_, known)) if count <= known * TOLERANCE => Verdict::Holds,
            Some(&(_, known)) => Verdict::Exceeded(count / known),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherRustc => {
                write!(f, "no verdict: the baseline is another compiler's, this is {RUSTC}")
            }
            Self::Unknown => f.write_str("no baseline yet: `count --save` writes it"),
            Self::Holds => f.write_str("baseline ok"),
            Self::Exceeded(factor) => write!(f, "baseline x {factor:.3} FAIL"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(rustc: &str) -> Baseline {
        Baseline::parse(&format!("# comment\n{rustc}\nS3 100\n")).unwrap()
    }

    #[test]
    fn three_percent_more_fails_under_the_same_compiler() {
        assert_eq!(with(RUSTC).judge(Row::S3, 102.9), Verdict::Holds);
        assert_eq!(with(RUSTC).judge(Row::S3, 104.0), Verdict::Exceeded(1.04));
    }

    #[test]
    fn another_compiler_gives_no_verdict() {
        assert_eq!(with("rustc 1.0.0").judge(Row::S3, 1e6), Verdict::OtherRustc);
    }

    #[test]
    fn a_row_without_a_line_gives_no_verdict() {
        assert_eq!(with(RUSTC).judge(Row::T2, 1.0), Verdict::Unknown);
    }

    #[test]
    fn a_line_that_is_no_count_is_an_error() {
        assert!(Baseline::parse("rustc 1.0.0\nS3 many\n").is_err());
        assert!(Baseline::parse("rustc 1.0.0\nS33 1\n").is_err());
    }
}
