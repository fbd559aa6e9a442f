//! One measurement: a runtime, a row, and a process of its own, so that no row inherits another one's heap.
//!
//! The process is this binary again, as `rt-bench cell RUNTIME ROW [REPEATS]`, and its answer is one line.

use std::env;
use std::fmt;
use std::process::Command;
use std::str::FromStr;

use crate::measure::Laps;
use crate::row::{Figure, Row};
use crate::runtime::{Runtime, Workers};
use crate::runtimes::{Rt, Rt2, Smol2, Tokio2};
use crate::runtimes::{Smol, SmolOwning, Tokio};

/// A column of the table.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) workers: Workers,
    run: fn(Row, Laps) -> Laps,
}

/// All columns: a new runtime is a file in `runtimes/` and a line here.
pub(crate) const COLUMNS: &[Column] = &[
    Column { name: "tokio", workers: Workers::One, run: run_on::<Tokio> },
    Column { name: "smol", workers: Workers::One, run: run_on_smol },
    Column { name: "rt", workers: Workers::One, run: run_on::<Rt> },
    Column { name: "tokio2", workers: Workers::Two, run: run_on::<Tokio2> },
    Column { name: "smol2", workers: Workers::Two, run: run_on::<Smol2> },
    Column { name: "rt2", workers: Workers::Two, run: run_on::<Rt2> },
];

fn run_on<R: Runtime>(row: Row, laps: Laps) -> Laps {
    if row.has_timers() {
        R::block_on_with_timers(row.run::<R>(laps))
    } else {
        R::block_on(row.run::<R>(laps))
    }
}

fn run_on_smol(row: Row, laps: Laps) -> Laps {
    match row {
        Row::S9 => run_on::<SmolOwning>(row, laps),
        _ => run_on::<Smol>(row, laps),
    }
}

impl Column {
    /// The columns of that table.
    pub(crate) fn of(workers: Workers) -> Vec<Column> {
        COLUMNS.iter().filter(|column| column.workers == workers).copied().collect()
    }

    /// Every other column is a peer.
    pub(crate) fn is_ours(self) -> bool {
        self.name.starts_with("rt")
    }

    /// The timed lap, in this process.
    pub(crate) fn measure(self, row: Row) -> Sample {
        let facts = row.facts();
        let [warm_up, timed] = facts.repeats;
        let laps = (self.run)(row, Laps::timed(warm_up, timed));
        let spent = laps.spent();
        let operations = (timed * facts.operations) as f64;
        Sample {
            wall: spent.wall.as_nanos() as f64 / operations,
            cpu: spent.cpu.as_nanos() as f64 / operations,
            resident: spent.resident as f64 / operations,
            switches: spent.switches as f64,
            lateness: laps.lateness().map(|late| late.as_secs_f64() * 1e3),
            plain: laps.plain().as_nanos() as f64 / facts.operations as f64,
        }
    }

    /// So many repeats and nothing else, in this process.
    pub(crate) fn repeat(self, row: Row, repeats: u64) {
        (self.run)(row, Laps::counted(repeats));
    }

    /// The timed lap, in a process of its own.
    pub(crate) fn measure_apart(self, row: Row) -> Result<Sample, String> {
        let this = env::current_exe().map_err(|error| format!("where is this binary? {error}"))?;
        let cell = Command::new(this).args(["cell", self.name, &row.to_string()]).output();
        let cell = cell.map_err(|error| format!("can not start a cell: {error}"))?;
        if !cell.status.success() {
            let message = String::from_utf8_lossy(&cell.stderr);
            return Err(format!("{row} on {} failed, {}: {message}", self.name, cell.status));
        }
        String::from_utf8_lossy(&cell.stdout).parse()
    }
}

impl FromStr for Column {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        COLUMNS.iter().find(|column| column.name == name).copied().ok_or_else(|| {
            let known: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
            format!("no runtime `{name}` in this build; there are {}", known.join(", "))
        })
    }
}

/// What a cell says: nanoseconds and bytes per operation, except as noted.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    pub(crate) resident: f64,
    /// Voluntary context switches of the whole lap.
    pub(crate) switches: f64,
    /// Milliseconds, p50 and p99; zero where nothing is waited for.
    pub(crate) lateness: [f64; 2],
    /// The wall time without a runtime; zero where there is no such thing.
    pub(crate) plain: f64,
}

impl Sample {
    pub(crate) fn figure(&self, figure: Figure) -> f64 {
        match figure {
            Figure::Wall => self.wall,
            Figure::Cpu => self.cpu,
            Figure::Resident => self.resident,
            Figure::Latency => self.lateness[0] * 1e6,
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99] = self.lateness;
        let Self { wall, cpu, resident, switches, plain, .. } = self;
        write!(f, "{wall} {cpu} {resident} {switches} {p50} {p99} {plain}")
    }
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let numbers: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[wall, cpu, resident, switches, p50, p99, plain]) => {
                Ok(Self { wall, cpu, resident, switches, lateness: [p50, p99], plain })
            }
            _ => Err(format!("a cell answered `{line}`, not seven numbers")),
        }
    }
}
